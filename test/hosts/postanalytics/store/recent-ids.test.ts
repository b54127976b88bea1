/** The ids that came last. */
import { expect, test } from "vitest";
import { RecentIds } from "../../../../hosts/postanalytics/store/recent-ids.ts";

test("the newest are remembered, and no more than asked for", () => {
  const ids = new RecentIds(3);
  for (const id of ["a", "b", "c", "b", "d"]) ids.add(id);
  expect(["a", "b", "c", "d"].map((id) => ids.has(id))).toEqual([false, true, true, true]);
});
