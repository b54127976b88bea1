/** Thresholds in words. */
import { expect, test } from "vitest";
import { countedThresholds, limitText } from "../../../../hosts/policy/threshold/description.ts";
import { definitionsOf, thresholdsSchema } from "../../../../hosts/policy/threshold/threshold.ts";

const WRITTEN = thresholdsSchema.parse([
  { name: "a", key: ["ip", 'header["x"]'], limit: { requests: 10, per: "1m", burst: 2 }, for: "10m" },
  { name: "b", kind: "forced_browsing", limit: { requests: 30, per: "30s" }, action: "report" },
  { name: "c", kind: "multi_attack", limit: { requests: 3, per: "1h" }, action: "gray", for: "1h" },
]);

test("what a limit is", () => {
  expect(definitionsOf(WRITTEN).map(limitText)).toEqual([
    '10 requests in 1m, 2 at once, by ip and header["x"]',
    "30 answers that there is no such page in 30s by ip",
    "3 different attacks in 1h by ip",
  ]);
});

test("those that a request counts for, and what is done beyond them", () => {
  expect(countedThresholds(WRITTEN, [0b101, 0])).toEqual([
    'a: 10 requests in 1m, 2 at once, by ip and header["x"]; beyond that requests are answered 429 for 10m',
    "c: 3 different attacks in 1h by ip; beyond that the client is on the gray list for 1h",
  ]);
  expect(countedThresholds(WRITTEN, [0, 0b111])).toEqual([]);
});
