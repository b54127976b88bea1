/** Counts by policy: what is clean, what is an error, how long it took, and which policies are remembered. */
import { expect, test } from "vitest";
import { TrafficCounts, timeClass } from "../../../../hosts/policy/follow/traffic.ts";
import { reportSchema, TRAFFIC_KEPT_MAX } from "../../../../hosts/policy/wire.ts";
import { eventOf, matchOf } from "../../demo/stage.ts";

const [A = "", B = "", ...MORE] = ["a", "b", "c", "d", "e"].map((digit) => digit.repeat(64));

test("a request counts for the policy that it began with", () => {
  const traffic = new TrafficCounts();
  traffic.add(eventOf({ policy: A }));
  traffic.begin(A);
  traffic.add(eventOf({ policy: A, status: 502, addedMicros: 64 }));
  traffic.begin(B);
  traffic.add(eventOf({ policy: A, addedMicros: 65 }));
  traffic.add(eventOf({ policy: B, status: 403 }, { action: "block" }));
  traffic.add(eventOf({ policy: B, status: 403, watched: true }, { action: "block" }));
  // What attackers make fail tells nothing of a policy.
  traffic.add(eventOf({ policy: B, status: 500 }, { matches: [matchOf(Buffer.from("x"))] }));
  expect(traffic.counts).toMatchObject([
    { hash: B, requests: 3, blocked: 1, clean: 0, errors: 0 },
    { hash: A, requests: 2, blocked: 0, clean: 2, errors: 1 },
  ]);
  expect(traffic.counts[1]?.times.slice(0, 3)).toEqual([1, 1, 0]);
  traffic.begin(A);
  expect(traffic.counts.map(({ hash, requests }) => [hash, requests])).toEqual([
    [A, 2],
    [B, 3],
  ]);
  for (const hash of MORE) traffic.begin(hash);
  expect(traffic.counts).toHaveLength(TRAFFIC_KEPT_MAX);
  expect(() => reportSchema.shape.traffic.parse(traffic.counts)).not.toThrow();
});

test.each([
  [0, 0],
  [64, 0],
  [65, 1],
  [128, 1],
  [1000, 4],
  [1e9, 15],
])("%d µs is in class %d", (micros, index) => {
  expect(timeClass(micros)).toBe(index);
});
