/** Reading from the cursor on: batches are bounded, repeat until they are acknowledged, and step over damage. */
import { expect, test } from "vitest";
import { encodeEntry } from "../../../../hosts/records/spool/entry.ts";
import { SEGMENT_HEAD_BYTES, Segments } from "../../../../hosts/records/spool/segments.ts";
import { SpoolReader } from "../../../../hosts/records/spool/spool-reader.ts";
import { randomBy, SimulatedDisk } from "./simulated-disk.ts";

const START = { segment: 0, offset: 0 };

/** Segments whose entries have these numbers; 0 for a damaged one, -1 for a size that cannot be true. */
async function segmentsOf(...contents: readonly (readonly number[])[]): Promise<Segments> {
  const segments = await Segments.recover(new SimulatedDisk(randomBy(1)));
  for (const numbers of contents) {
    const { segment, file } = await segments.begin(1);
    for (const seq of numbers) {
      const entry = encodeEntry(Math.max(seq, 1), Buffer.from(`record ${seq}`));
      if (seq === 0) entry[20] = 0xff;
      if (seq < 0) entry.writeUInt32LE(0xffffffff, 0);
      await file.write(entry, segment.size);
      segment.size += entry.length;
    }
  }
  return segments;
}

test("a batch has so many records or bytes, over the ends of segments", async () => {
  const reader = new SpoolReader(await segmentsOf([1, 2], [3, 4]), START, () => {});
  expect((await reader.read(3, 1000))?.records.map(String)).toEqual(["record 1", "record 2", "record 3"]);
  expect((await reader.read(9, 17))?.records.map(String)).toEqual(["record 1", "record 2"]);
  expect((await reader.read(9, 1))?.records).toHaveLength(1);
});

test("what is acknowledged is forgotten, but for the segment that is written to", async () => {
  const segments = await segmentsOf([1, 2], [3, 4]);
  const open = segments.list[1] ?? null;
  const reader = new SpoolReader(segments, START, () => {});
  const batch = await reader.read(9, 1000);
  if (batch !== null) await reader.acknowledge(batch, open);
  expect([reader.hasMore, await reader.read(9, 1000)]).toEqual([false, null]);
  expect(segments.list).toEqual([open]);
  await reader.close();
});

test("damage is stepped over and told once, and what was written twice comes once", async () => {
  let damaged = 0;
  const segments = await segmentsOf([1, 0, 2, -1, 9], [2, 3], [0]);
  const reader = new SpoolReader(segments, START, () => damaged++);
  const first = await reader.read(9, 1000);
  expect((await reader.read(9, 1000))?.records.map(String)).toEqual(["record 1", "record 2", "record 3"]);
  expect([first?.lastSeq, damaged]).toEqual([3, 3]);
});

test("a cursor behind what is left begins with what is left", async () => {
  const segments = await segmentsOf([1], [2]);
  expect((await new SpoolReader(segments, { segment: 2, offset: 0 }, () => {}).read(9, 99))?.lastSeq).toBe(2);
  const beyond = new SpoolReader(segments, { segment: 2, offset: SEGMENT_HEAD_BYTES * 99 }, () => {});
  expect([beyond.hasMore, await beyond.read(9, 99)]).toEqual([false, null]);
});
