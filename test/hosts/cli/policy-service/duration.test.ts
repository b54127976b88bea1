/** Times of the command line. */
import { expect, test } from "vitest";
import { durationOf } from "../../../../hosts/cli/policy-service/duration.ts";

test.each([
  ["90s", 90_000],
  ["10m", 600_000],
  ["4h", 14_400_000],
  ["90d", 7_776_000_000],
])("%s", (text, milliseconds) => {
  expect(durationOf(text, "ttl")).toBe(milliseconds);
});

test.each(["", "0s", "4", "4w", "-1h", "1.5h", "9999999s", "4000d"])("%s is no time", (text) => {
  expect(() => durationOf(text, "ttl")).toThrowError(/--ttl is ".*" — it takes a time up to 3650 days/);
});

test("the longest is the caller's", () => {
  expect(() => durationOf("25h", "live", 86_400_000)).toThrowError("up to 1 days");
});
