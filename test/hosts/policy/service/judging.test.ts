/** What is harm on canaries, and what attackers may send without making any. */
import { expect, test } from "vitest";
import {
  addCounts,
  type Counts,
  type Difference,
  harmOf,
  NO_TRAFFIC,
  worseThan,
} from "../../../../hosts/policy/service/judging.ts";
import { TIME_CLASSES } from "../../../../hosts/policy/wire.ts";

const FIVE: Difference = { requests: 400, added: 20, clients: 50, stopped: 18 };

test.each<[string, Difference, string]>([
  ["five requests in a hundred", FIVE, "it blocks 5 % of 400 requests that pass without it, more than 1 %"],
  ["one request in a hundred", { ...FIVE, added: 4 }, ""],
  ["too few requests to tell", { ...FIVE, requests: 19, added: 19 }, ""],
  ["a flood of one client that the new rule is for", { requests: 9000, added: 8000, clients: 50, stopped: 1 }, ""],
  ["a flood of two", { requests: 9000, added: 8000, clients: 50, stopped: 2 }, ""],
  ["three clients of many", { ...FIVE, stopped: 3 }, "it blocks 5 %"],
  // Behind a proxy that hides them all clients are one.
  ["the only client that there is", { ...FIVE, clients: 1, stopped: 1 }, "it blocks 5 %"],
])("%s", (_what, difference, why) => {
  expect(harmOf(difference, 0.01)).toEqual(expect.stringContaining(why));
  if (why === "") expect(harmOf(difference, 0.01)).toBe("");
});

/** Requests without a finding, so many with errors, all in one class of times but for some that are slow. */
function counts(clean: number, errors = 0, slow: readonly [number, number] = [0, 0]): Counts {
  const times = Array.from({ length: TIME_CLASSES }, () => 0);
  times[2] = clean - slow[1];
  times[slow[0]] = (times[slow[0]] ?? 0) + slow[1];
  return { requests: clean, blocked: 0, clean, errors, times };
}

test.each<[string, Counts, Counts, Counts, RegExp]>([
  ["nothing", NO_TRAFFIC, NO_TRAFFIC, NO_TRAFFIC, /^$/],
  ["errors on canaries alone", counts(400, 20), counts(9000, 9), counts(4000, 4), /5 % .* 5xx, and 0.1 %/],
  ["errors that all hosts have", counts(400, 40), counts(9000, 9), counts(4000, 400), /^$/],
  ["errors that the same hosts had", counts(400, 40), counts(9000, 900), counts(4000, 4), /^$/],
  ["four errors", counts(100, 4), counts(9000), counts(9000), /^$/],
  ["errors, and nothing to compare with", counts(400, 100), NO_TRAFFIC, counts(19), /^$/],
  ["slow requests", counts(400, 0, [9, 8]), counts(9000), counts(4000), /takes up to 33 ms .*, and up to 0.26 ms/],
  ["slow requests, fewer than one in a hundred", counts(1000, 0, [9, 9]), counts(9000), counts(4000), /^$/],
  ["slow requests everywhere", counts(400, 0, [9, 8]), counts(9000), counts(4000, 0, [8, 400]), /^$/],
  ["requests twice as slow", counts(400, 0, [3, 400]), counts(9000), counts(4000), /^$/],
])("%s", (_what, canary, before, rest, why) => {
  expect(worseThan(canary, before, rest)).toMatch(why);
});

test("counts are added and taken away, and none is below nothing", () => {
  const sum = addCounts(counts(10, 1), counts(5, 2, [9, 1]));
  expect(sum).toMatchObject({ requests: 15, clean: 15, errors: 3 });
  expect([sum.times[2], sum.times[9]]).toEqual([14, 1]);
  expect(addCounts(counts(5, 1), sum, -1)).toEqual(NO_TRAFFIC);
});
