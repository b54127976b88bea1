/** Durations and times of expressions: what is one, and its nanoseconds. */
import { expect, test } from "vitest";
import {
  isDuration,
  isTimestamp,
  nanosOfMs,
  parseDuration,
  parseTimestamp,
  secondsOfNanos,
} from "../../../../hosts/policy/expression/time.ts";

test.each([
  ["24h", 86_400_000_000_000n],
  ["1h30m", 5_400_000_000_000n],
  ["-1.5s", -1_500_000_000n],
  ["10ms5us1ns", 10_005_001n],
  ["0", 0n],
  ["7d", undefined],
  ["1", undefined],
  ["", undefined],
  ["1.s", undefined],
  ["400000000000s", undefined],
])("the duration %s has %s nanoseconds", (text, nanos) => {
  expect(parseDuration(text)).toBe(nanos);
});

test.each([
  ["1970-01-01T00:00:01Z", 1_000_000_000n],
  ["1970-01-01T01:00:00.5+01:00", 500_000_000n],
  ["1969-12-31t23:59:59z", -1_000_000_000n],
  ["0001-01-01T00:00:00Z", -62_135_596_800_000_000_000n],
  ["2023-02-30T00:00:00Z", undefined],
  ["2023-02-03T24:00:00Z", undefined],
  ["2023-02-03T00:00:00", undefined],
  ["2023-02-03", undefined],
  ["0001-01-01T00:00:00+00:01", undefined],
])("the time %s is %s", (text, nanos) => {
  expect(parseTimestamp(text)).toBe(nanos);
});

test("seconds are rounded down, before 1970 too", () => {
  expect([secondsOfNanos(1_999_999_999n), secondsOfNanos(-1n), secondsOfNanos(-1_000_000_000n)]).toEqual([
    1n,
    -1n,
    -1n,
  ]);
  expect(nanosOfMs(1500.9)).toBe(1_500_000_000n);
  expect([isDuration(1n << 80n), isTimestamp(1n << 80n), isDuration(-1n), isTimestamp(0n)]).toEqual([
    false,
    false,
    true,
    true,
  ]);
});
