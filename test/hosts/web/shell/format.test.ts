/** Numbers and times as people read them. */
import { expect, test } from "vitest";
import * as format from "../../../../hosts/web/shell/format.ts";

test.each([
  [0, "0", "0"],
  [9999, "9,999", "9,999"],
  [12_345, "12,345", "12.3k"],
  [10_400_000, "10,400,000", "10.4m"],
])("%i is %s, and %s where there is no room", (count, long, short) => {
  expect(format.countText(count)).toBe(long);
  expect(format.shortCount(count)).toBe(short);
});

test("shares, plurals and sizes", () => {
  expect(format.shareText(1, 8)).toBe("12.5%");
  expect(format.shareText(0, 0)).toBe("–");
  expect(format.countOf(1, "record")).toBe("1 record");
  expect(format.countOf(2000, "entry", "entries")).toBe("2,000 entries");
  expect(format.sizeText(1023)).toBe("1023 B");
  expect(format.sizeText(1536)).toBe("1.5 KiB");
  expect(format.sizeText(3 * 1024 ** 3)).toBe("3.0 GiB");
});

test.each([
  [-5, "0 ms"],
  [999, "999 ms"],
  [61_000, "1 min 1 s"],
  [3_600_000, "1 h"],
  [3_660_000, "1 h 1 min"],
  [86_400_000 * 3 + 1000, "3 d"],
])("%i ms last %s", (ms, text) => expect(format.durationText(ms)).toBe(text));

test("what took how long", () => {
  expect(format.tookText(41.6)).toBe("42 ms");
  expect(format.tookText(1449)).toBe("1.4 s");
  expect(format.microsText(380)).toBe("380 µs");
  expect(format.microsText(1400)).toBe("1.4 ms");
  expect(format.microsText(2_500_000)).toBe("2.5 s");
});

test("moments, near and far", () => {
  const now = new Date(2026, 10, 21, 14, 3, 9).getTime();
  expect(format.momentText(now, now)).toBe("14:03:09");
  expect(format.momentText(now - 86_400_000, now)).toBe("11-20 14:03");
  expect(format.exactTime(now)).toMatch(/^2026-11-21 14:03:09 · 2026-11-\d\dT.*Z$/);
  expect(format.agoText(now, now)).toBe("now");
  expect(format.agoText(now - 200_000, now)).toBe("3 min ago");
  expect(format.agoText(now + 29.5 * 86_400_000, now)).toBe("in 29 d");
});
