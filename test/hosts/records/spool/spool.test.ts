/** The spool on a real disk and on a simulated one: nothing durable is lost, and what is left out is counted. */
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { recordSchema } from "../../../../hosts/records/record.ts";
import { NodeDisk } from "../../../../hosts/records/spool/disk.ts";
import { Spool, type SpoolLimits, type SpoolNotice } from "../../../../hosts/records/spool/spool.ts";
import { sampleRecord } from "../sample.ts";
import { randomBy, SimulatedDisk } from "./simulated-disk.ts";
import { live } from "./simulation.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "merlon-spool-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function openSpool(folder: string, limits: Partial<SpoolLimits> = {}, notices: SpoolNotice[] = []) {
  return await Spool.open(new NodeDisk(folder), limits, (notice) => notices.push(notice));
}

function segmentsOf(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".seg"));
}

/** Numbers of all records in the spool, acknowledged on the way. */
async function drain(spool: Spool): Promise<number[]> {
  const numbers: number[] = [];
  for (let batch = await spool.read(10, 1 << 20); batch !== null; batch = await spool.read(10, 1 << 20)) {
    for (const bytes of batch.records) numbers.push(recordSchema.parse(JSON.parse(bytes.toString())).seq);
    await spool.acknowledge(batch);
  }
  return numbers;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

describe("on a real disk", () => {
  test("records come out as they went in, in order, and go when they are acknowledged", async () => {
    const folder = makeFolder();
    const spool = await openSpool(folder, { segmentBytes: 4096 });
    expect([spool.hasRecords, await spool.read(1, 1)]).toEqual([false, null]);
    for (let i = 0; i < 25; i++) expect(spool.append(sampleRecord())).toBe(i + 1);
    await spool.flush();
    expect([spool.durable, spool.hasRecords]).toEqual([25, true]);
    const first = await spool.read(3, 1 << 20);
    expect(await spool.read(3, 1 << 20)).toEqual(first);
    expect(first?.records).toHaveLength(3);
    expect(await drain(spool)).toEqual(range(1, 25));
    expect([spool.hasRecords, spool.oldestMs]).toEqual([false, 0]);
    expect(segmentsOf(folder)).toHaveLength(1);
    expect(statSync(join(folder, segmentsOf(folder)[0] ?? "")).mode & 0o077).toBe(0);
    await spool.close();
  });

  test("what is not acknowledged is there after a restart, and numbers go on", async () => {
    const folder = makeFolder();
    const before = await openSpool(folder);
    for (let i = 0; i < 5; i++) before.append(sampleRecord());
    await before.flush();
    const batch = await before.read(2, 1 << 20);
    if (batch !== null) await before.acknowledge(batch);
    await before.close();
    const after = await openSpool(folder);
    expect(after.append(sampleRecord())).toBe(6);
    await after.flush();
    expect(await drain(after)).toEqual([3, 4, 5, 6]);
    await after.close();
    const last = await openSpool(folder);
    expect([last.hasRecords, last.append(sampleRecord())]).toEqual([false, 7]);
    await last.close();
  });

  test.each([1, 5, 17, 300])("an end that is torn by %i bytes costs the last record and no other", async (bytes) => {
    const folder = makeFolder();
    const spool = await openSpool(folder);
    for (let i = 0; i < 4; i++) spool.append(sampleRecord());
    await spool.close();
    const path = join(folder, segmentsOf(folder)[0] ?? "");
    truncateSync(path, statSync(path).size - bytes);
    const notices: SpoolNotice[] = [];
    const after = await openSpool(folder, {}, notices);
    expect(notices.map(({ event }) => event)).toEqual(["spool_damaged"]);
    expect(after.append(sampleRecord())).toBe(5);
    await after.flush();
    expect(await drain(after)).toEqual([1, 2, 3, 5]);
    await after.close();
  });

  test("a damaged entry in the middle is stepped over and counted once", async () => {
    const folder = makeFolder();
    const spool = await openSpool(folder);
    for (let i = 0; i < 3; i++) spool.append(sampleRecord());
    await spool.close();
    const path = join(folder, segmentsOf(folder)[0] ?? "");
    const bytes = readFileSync(path);
    const second = 16 + 16 + bytes.readUInt32LE(16);
    bytes[second + 40] = (bytes[second + 40] ?? 0) ^ 0xff;
    rmSync(path);
    appendFileSync(path, bytes);
    const after = await openSpool(folder);
    await after.read(10, 1 << 20);
    expect(await drain(after)).toEqual([1, 3]);
    expect(after.counters.damaged).toBe(1);
    await after.close();
  });

  test("a folder that is gone stops no append, is told once, and what waited is counted", async () => {
    const folder = makeFolder();
    const notices: SpoolNotice[] = [];
    const spool = await openSpool(folder, { retryMs: 1 }, notices);
    rmSync(folder, { recursive: true });
    for (let i = 0; i < 3; i++) expect(spool.append(sampleRecord())).toBe(i + 1);
    await spool.flush();
    await spool.flush();
    expect(notices.map(({ event }) => event)).toEqual(["spool_failing"]);
    expect(spool.isWell).toBe(false);
    await spool.close();
    expect(spool.counters).toMatchObject({ detected: 3, stored: 0, dropped: { disk: 3, full: 0 } });
  });
});

describe("at the cap", () => {
  test("new records lose what the request held, then are left out; all is counted, each told once", async () => {
    const notices: SpoolNotice[] = [];
    const folder = makeFolder();
    const spool = await openSpool(folder, { bytesMax: 30_000, segmentBytes: 4096 }, notices);
    for (let i = 0; i < 200; i++) {
      spool.append(sampleRecord({ sampled: { kept: true, group: "g", count_since_last: 3 } }));
      if (i % 10 === 0) await spool.flush();
    }
    await spool.flush();
    const { counters } = spool;
    expect(notices.map(({ event }) => event)).toEqual(["spool_filling", "spool_full"]);
    expect(counters.slimmed).toBeGreaterThan(0);
    expect(counters.dropped.full).toBeGreaterThan(0);
    expect(counters.detected).toBe(600);
    expect(counters.stored + counters.dropped.full).toBe(600);
    expect(spool.bytes).toBeLessThan(31_000);
    const kept: boolean[] = [];
    let sum = 0;
    for (let batch = await spool.read(9, 1 << 20); batch !== null; batch = await spool.read(9, 1 << 20)) {
      for (const bytes of batch.records) {
        const { sampled } = recordSchema.parse(JSON.parse(bytes.toString()));
        kept.push(sampled.kept);
        sum += sampled.count_since_last;
      }
      await spool.acknowledge(batch);
    }
    expect(sum).toBe(counters.stored);
    // The oldest are whole: what came last lost its body first.
    expect(kept).toEqual([...kept].sort((one, other) => Number(other) - Number(one)));
    expect(spool.append(sampleRecord())).not.toBeNull();
    await spool.close();
    const after = await openSpool(folder);
    expect(after.droppedEver).toBe(counters.dropped.full);
    await after.close();
  });

  test("a disk that takes nothing fills the queue in memory and no more", async () => {
    const disk = new SimulatedDisk(randomBy(1));
    const notices: SpoolNotice[] = [];
    const spool = await Spool.open(disk, { queueBytes: 20_000, retryMs: 1 }, (notice) => notices.push(notice));
    disk.room = 0;
    for (let i = 0; i < 100; i++) spool.append(sampleRecord());
    await spool.flush();
    for (let i = 0; i < 100; i++) spool.append(sampleRecord());
    expect(spool.counters.dropped.disk + spool.counters.dropped.full).toBeGreaterThan(100);
    disk.room = Number.POSITIVE_INFINITY;
    await vi.waitFor(() => expect(notices.at(-1)?.event).toBe("spool_well"), { timeout: 20_000 });
    const { detected, stored, dropped } = spool.counters;
    expect(detected).toBe(stored + dropped.full + dropped.disk);
    expect(await drain(spool)).toHaveLength(stored);
    await spool.close();
  });
});

test("a clock that jumps changes nothing", async () => {
  const folder = makeFolder();
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const spool = await openSpool(folder);
  for (const now of [1_790_000_000_000, 0, 4_000_000_000_000]) {
    vi.setSystemTime(now);
    spool.append(sampleRecord());
    await spool.flush();
    expect(spool.oldestMs).toBeGreaterThanOrEqual(0);
  }
  await spool.close();
  vi.setSystemTime(1000);
  const after = await openSpool(folder);
  expect(after.oldestMs).toBeGreaterThanOrEqual(0);
  expect(await drain(after)).toEqual([1, 2, 3]);
  await after.close();
});

describe("crashes at any step of the disk", () => {
  const WORLDS = [
    { name: "kills", world: { faults: 0, power: 0, records: 40 } },
    { name: "losses of power", world: { faults: 0, power: 1, records: 40 } },
    { name: "both, on a disk that fails", world: { faults: 0.05, power: 0.5, records: 40 } },
  ];

  test.each(WORLDS)("lose no durable record and miscount none: $name", async ({ world }) => {
    const seed = Number(process.env["MERLON_FUZZ_SEED"] ?? 7);
    const lives = await live(randomBy(seed), 200, world);
    expect({ seed, lost: lives.lost, miscounted: lives.miscounted }).toEqual({ seed, lost: [], miscounted: 0 });
    expect(lives.durable).toBeGreaterThan(200);
  });
});
