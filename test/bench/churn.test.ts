/** Changes of a policy under load, the short form: no wrong verdict, nothing dropped, memory as before. */
import { expect, test } from "vitest";
import { churn, churnHolds, churnLines } from "./churn.ts";

test("every answer is that of the policy which its record names", async () => {
  const figures = await churn({ swaps: 60, perSecond: 20, requestsPerSecond: 60 });
  expect(figures, churnLines(figures)).toMatchObject({ wrong: 0, dropped: 0, leftover: 0, refused: 6 });
  expect(figures.policiesSeen).toBeGreaterThan(3);
  expect(figures.coreGrowthBytes).toBe(0);
}, 120_000);

test("a wrong verdict, a lost request and a policy that should have been refused are noticed", () => {
  const good = {
    ...{ swaps: 20, refused: 2, requests: 9, wrong: 0, dropped: 0, policiesSeen: 5, leftover: 0 },
    ...{ coreGrowthBytes: 0, heapGrowthBytes: 1 },
  };
  expect(churnHolds(good)).toBe(true);
  for (const bad of [{ wrong: 1 }, { dropped: 1 }, { refused: 1 }, { leftover: 1 }, { coreGrowthBytes: 65_536 }]) {
    expect(churnHolds({ ...good, ...bad })).toBe(false);
  }
});
