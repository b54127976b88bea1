/** How entries lie in a file: read as written, and what is damaged told from what was cut short. */
import { expect, test } from "vitest";
import {
  ENTRY_BYTES_MAX,
  FRAME_BYTES,
  frameEntries,
  isSegmentHeader,
  scanEntries,
  segmentHeader,
} from "../../../../hosts/postanalytics/store/segment.ts";

const TEXTS = ["one", "two, longer", "🧱", "x".repeat(1000)];
const FRAMES = frameEntries(TEXTS.map((text) => Buffer.from(text)));

function textsOf(bytes: Buffer): string[] {
  return scanEntries(bytes, 0, true).entries.map((entry) => entry.bytes.toString());
}

test("entries are read as they were written, with their places", () => {
  const { entries, ...rest } = scanEntries(FRAMES, 16, true);
  expect(entries.map(({ bytes }) => bytes.toString())).toEqual(TEXTS);
  expect(entries.map(({ at }) => at)).toEqual([16, 16 + 11, 16 + 11 + 19, 16 + 11 + 19 + 12]);
  expect(rest).toEqual({ end: 16 + FRAMES.length, damaged: 0, broken: false });
});

test("cut anywhere, the whole ones are read and the rest waits for more", () => {
  const ends = scanEntries(FRAMES, 0, true).entries.map(({ at, bytes }) => at + FRAME_BYTES + bytes.length);
  for (let size = 0; size < FRAMES.length; size++) {
    const whole = ends.filter((end) => end <= size);
    const scan = scanEntries(FRAMES.subarray(0, size), 0, false);
    expect([scan.entries.length, scan.end, scan.broken]).toEqual([whole.length, whole.at(-1) ?? 0, false]);
  }
});

test("an entry with any byte changed is passed over, the others are read", () => {
  for (let at = 11; at < 11 + 19; at++) {
    const rotten = Buffer.from(FRAMES);
    rotten.writeUInt8(rotten.readUInt8(at) ^ 0x40, at);
    expect(textsOf(rotten)).toEqual(TEXTS.filter((text) => text !== "two, longer"));
    expect(scanEntries(rotten, 0, true).damaged).toBe(1);
  }
});

test.each([
  ["zeros", Buffer.alloc(100)],
  ["a length beyond any entry", Buffer.from([0xff, 0xff, 0xff, 0x7f, 1, 2, 3, 4, 5, 6, 7, 8])],
  ["a wrong checksum at the end", Buffer.from([1, 0, 0, 0, 1, 2, 3, 4, 5])],
])("%s behind whole entries end them", (_, garbage) => {
  const scan = scanEntries(Buffer.concat([FRAMES, garbage]), 0, true);
  expect([scan.entries.length, scan.end, scan.broken]).toEqual([TEXTS.length, FRAMES.length, true]);
});

test("the longest entry fits", () => {
  const longest = Buffer.alloc(ENTRY_BYTES_MAX, 1);
  expect(scanEntries(frameEntries([longest]), 0, true).entries[0]?.bytes.equals(longest)).toBe(true);
});

test("a header belongs to one segment", () => {
  expect(isSegmentHeader(segmentHeader(7), 7)).toBe(true);
  expect(isSegmentHeader(segmentHeader(7), 8)).toBe(false);
  expect(isSegmentHeader(segmentHeader(7).subarray(0, 15), 7)).toBe(false);
});
