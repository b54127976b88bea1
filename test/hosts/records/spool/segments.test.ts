/** Segments after a crash: what was written whole is found, and an empty one is gone. */
import { expect, test } from "vitest";
import { encodeEntry } from "../../../../hosts/records/spool/entry.ts";
import { quietly, SEGMENT_HEAD_BYTES, Segments } from "../../../../hosts/records/spool/segments.ts";
import { randomBy, SimulatedDisk } from "./simulated-disk.ts";

test("the newest segment ends where its last whole entry does, and numbers are never used again", async () => {
  const disk = new SimulatedDisk(randomBy(1));
  const { file } = await (await Segments.recover(disk)).begin(5);
  const entries = Buffer.concat([encodeEntry(5, Buffer.from("one")), encodeEntry(6, Buffer.from("two"))]);
  await file.write(entries, SEGMENT_HEAD_BYTES);
  await file.write(entries.subarray(0, 9), SEGMENT_HEAD_BYTES + entries.length);
  const found = await Segments.recover(disk);
  expect(found.list).toMatchObject([{ number: 1, size: SEGMENT_HEAD_BYTES + entries.length }]);
  expect([found.lastSeq, found.tornBytes, found.bytes]).toEqual([6, 9, SEGMENT_HEAD_BYTES + entries.length]);
  expect((await found.begin(7)).segment.number).toBe(2);
});

test("a segment without entries is removed, and the number that it promised is kept", async () => {
  const disk = new SimulatedDisk(randomBy(1));
  await (await Segments.recover(disk)).begin(9);
  const found = await Segments.recover(disk);
  expect([found.list, found.lastSeq, await disk.list()]).toEqual([[], 8, []]);
});

test("what is done quietly fails quietly", async () => {
  await expect(quietly(() => Promise.reject(new Error("no")))).resolves.toBeUndefined();
});
