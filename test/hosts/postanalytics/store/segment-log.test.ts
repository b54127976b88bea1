/** The log: what it acknowledged is there after every restart, in order, whatever the disk did. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isBefore, SegmentLog, type SegmentLogOptions } from "../../../../hosts/postanalytics/store/segment-log.ts";
import { chance, createRandom } from "../../../bench/random.ts";
import { FailingDisk } from "./failing-file.ts";
import { temporaryFolder } from "./stage.ts";

const LIVES = 25;

async function openLog(folder: string, options: SegmentLogOptions = {}): Promise<SegmentLog> {
  const log = await SegmentLog.open(folder, options);
  onTestFinished(() => log.close());
  return log;
}

function bytesOf(texts: readonly string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text));
}

async function readAll(log: SegmentLog, bytesMax = 4096): Promise<{ texts: string[]; damaged: number }> {
  const texts: string[] = [];
  let damaged = 0;
  for (let place = log.begin; isBefore(place, log.end); ) {
    const part = await log.read(place, bytesMax);
    texts.push(...part.entries.map(({ bytes }) => bytes.toString()));
    damaged += part.damaged;
    expect(isBefore(place, part.next)).toBe(true);
    place = part.next;
  }
  return { texts, damaged };
}

test("entries are there when it is opened again, over many segments", async () => {
  const folder = temporaryFolder();
  const texts = Array.from({ length: 500 }, (_, i) => `entry ${i} ${"x".repeat(i % 90)}`);
  const log = await openLog(folder, { segmentBytesMax: 1000 });
  for (let at = 0; at < texts.length; at += 7) await log.append(bytesOf(texts.slice(at, at + 7)));
  await log.close();
  const again = await openLog(folder, { segmentBytesMax: 1000 });
  expect(again.segments.length).toBeGreaterThan(20);
  expect(await readAll(again)).toEqual({ texts, damaged: 0 });
  await again.append(bytesOf(["last"]));
  expect((await readAll(again)).texts.at(-1)).toBe("last");
});

test("writers at once keep their own order and share the disk", async () => {
  const log = await openLog(temporaryFolder());
  await Promise.all(Array.from({ length: 200 }, (_, i) => log.append(bytesOf([`${i} a`, `${i} b`]))));
  const { texts } = await readAll(log);
  expect(texts).toEqual(Array.from({ length: 200 }, (_, i) => [`${i} a`, `${i} b`]).flat());
});

test("what an interrupted write left behind is cut off and kept aside", async () => {
  const folder = temporaryFolder();
  const log = await openLog(folder);
  await log.append(bytesOf(["whole"]));
  const { offset } = log.end;
  await log.append(bytesOf(["interrupted"]));
  await log.close();
  const path = join(folder, "0000000000000001.segment");
  writeFileSync(path, readFileSync(path).subarray(0, offset + 10));
  const again = await openLog(folder);
  expect(again.tornBytes).toBe(10);
  expect(readdirSync(folder)).toContain(`0000000000000001.${offset}.torn`);
  await again.append(bytesOf(["next"]));
  expect(await readAll(again)).toEqual({ texts: ["whole", "next"], damaged: 0 });
});

test("an entry that has rotted is counted, and those behind it are read", async () => {
  const folder = temporaryFolder();
  const log = await openLog(folder, { segmentBytesMax: 300 });
  const texts = Array.from({ length: 40 }, (_, i) => `entry number ${i}`);
  for (const text of texts) await log.append(bytesOf([text]));
  await log.close();
  for (const number of [1, 3]) {
    const path = join(folder, `${String(number).padStart(16, "0")}.segment`);
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(60) ^ 1, 60);
    writeFileSync(path, bytes);
  }
  const { texts: read, damaged } = await readAll(await openLog(folder));
  expect(damaged).toBe(2);
  expect(read.length).toBe(38);
  expect(read.at(-1)).toBe("entry number 39");
});

test("at its cap it refuses, and takes more when a segment was dropped", async () => {
  const log = await openLog(temporaryFolder(), { segmentBytesMax: 500, bytesMax: 1500 });
  const entry = Buffer.alloc(400, 1);
  for (let i = 0; i < 3; i++) await log.append([entry]);
  await expect(log.append([entry])).rejects.toMatchObject({ code: "MERLON_STORE" });
  await log.drop(1);
  await log.append([entry]);
  expect(log.segments.map(({ number }) => number)).toEqual([2, 3, 4]);
});

test("an entry that is too long or empty is a mistake of the caller", async () => {
  const log = await openLog(temporaryFolder());
  expect(() => log.append([Buffer.alloc(0)])).toThrow(RangeError);
  expect(() => log.append([Buffer.alloc(65_537)])).toThrow(RangeError);
});

const SEED = Number(process.env["MERLON_SEED"] ?? Math.floor(Math.random() * 1e9));

// 20 disks, 25 lives each: 500 power cuts under writes that tear, disks that fill up and syncs that fail.
test.each(Array.from({ length: 20 }, (_, i) => SEED + i))(
  "what was acknowledged survives every power cut, seed %i",
  async (seed) => {
    const random = createRandom(seed);
    const folder = temporaryFolder();
    const disk = new FailingDisk(random, 0.05);
    const acknowledged: string[] = [];
    const written = new Set<string>();
    let next = 0;
    for (let life = 0; life < LIVES; life++) {
      const options = { segmentBytesMax: 600, openFile: disk.open };
      const log = await SegmentLog.open(folder, options).catch(() => undefined);
      if (log === undefined) {
        await disk.cutPower();
        continue;
      }
      const appends: Promise<void>[] = [];
      for (let i = random(12); i >= 0; i--) {
        const texts = Array.from({ length: 1 + random(4) }, () => `${next++} ${"y".repeat(random(80))}`);
        for (const text of texts) written.add(text);
        const kept = log.append(bytesOf(texts)).then(
          () => void acknowledged.push(...texts),
          () => {},
        );
        appends.push(kept);
        if (chance(random, 0.5)) await kept;
      }
      await Promise.all(appends);
      // The process ends without a word; the power goes too, half of the time.
      await log.close().catch(() => {});
      if (chance(random, 0.5)) await disk.cutPower();
    }
    await disk.cutPower();
    const { texts, damaged } = await readAll(await openLog(folder));
    expect(disk.errors).toBeGreaterThan(5);
    expect(damaged).toBe(0);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.filter((text) => !written.has(text))).toEqual([]);
    const there = new Set(texts);
    expect(acknowledged.filter((text) => !there.has(text))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(50);
    const places = texts.map((text) => Number(text.split(" ")[0]));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  },
);
