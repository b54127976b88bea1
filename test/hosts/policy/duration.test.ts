/** Spans of time: what is one, what is none, and in words. */
import { expect, test } from "vitest";
import { parseSeconds, secondsText, spanSchema } from "../../../hosts/policy/duration.ts";

test.each([
  ["30s", 30],
  ["90m", 5400],
  ["4h", 14_400],
  ["1d", 86_400],
])("%s", (text, seconds) => {
  expect(parseSeconds(text)).toBe(seconds);
  expect(secondsText(seconds)).toBe(text);
});

test.each(["", "1", "s", "1.5h", "1w", "-1s", "1 s", "1234567s"])("%j is none", (text) => {
  expect(parseSeconds(text)).toBeUndefined();
  expect(spanSchema(1, 60).safeParse(text).error?.issues[0]?.message).toContain("is no span of time");
});

test("a span out of range is told the range", () => {
  expect(spanSchema(1, 60).safeParse("61s").error?.issues[0]?.message).toBe("is out of range; write one from 1s to 1m");
});
