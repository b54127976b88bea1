/** What processes tell each other is bounded, since it comes from another process. */
import { expect, test } from "vitest";
import { COUNTS_TOLD_MAX, countsSchema } from "../../../../hosts/policy/threshold/exchange.ts";

test("counts are taken", () => {
  expect(countsSchema.parse([["id", "key", 0xffff_ffff, true, 3]])).toHaveLength(1);
});

test.each([
  ["a negative amount", [["id", "key", 0, true, -1]]],
  ["an amount that is none", [["id", "key", 0, true, Number.NaN]]],
  ["a long key", [["id", "k".repeat(65), 0, true, 1]]],
  ["too many", Array.from({ length: COUNTS_TOLD_MAX + 1 }, () => ["id", "key", 0, true, 1])],
  ["something else", "counts"],
])("%s is refused", (_what, message) => {
  expect(countsSchema.safeParse(message).success).toBe(false);
});
