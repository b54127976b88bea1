/** A version that is tried, in one line. */
import { expect, test } from "vitest";
import { rolloutLine } from "../../../../hosts/cli/policy-service/rollout-line.ts";
import type { RolloutState } from "../../../../hosts/policy/wire.ts";

const STATE: RolloutState = {
  ...{ stage: "trial", hash: "0123456789ab".padEnd(64, "f"), at: 0, canaries: ["shop shop-1"], why: "", by: "service" },
  ...{ requests: 1200, wouldBlock: 3, wouldPass: 1 },
};

test.each<[Partial<RolloutState>, string]>([
  [{}, "candidate 0123456789ab is tried (canaries: shop-1); 1,200 requests, 3 blocked only by it, 1 only without"],
  [
    { stage: "rolled_back", why: "it is\u001b[1m bad" },
    "is rolled back (canaries: shop-1): it is\\u{1b}[1m bad; 1,200",
  ],
  [{ stage: "published", by: "alice", canaries: [] }, "is published by alice; 1,200"],
  [{ canaries: Array.from({ length: 9 }, (_, at) => `n i${at}`) }, "(canaries: i0, i1, i2, i3, i4 and 4 more)"],
])("%j", (change, line) => {
  expect(rolloutLine({ ...STATE, ...change })).toContain(line);
});
