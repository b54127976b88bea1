/** Ranges of characters: merged, and turned into what they are not. */
import { expect, test } from "vitest";
import { invertRanges, LAST_CODE_POINT, literalTree, mergeRanges } from "../../../../hosts/policy/regex/tree.ts";

test("ranges that touch or meet become one", () => {
  expect(
    mergeRanges([
      [5, 9],
      [1, 2],
      [3, 4],
      [7, 12],
      [20, 20],
    ]),
  ).toEqual([
    [1, 12],
    [20, 20],
  ]);
});

test("twice turned is as it was", () => {
  const ranges = [[0, 3] as const, [10, 20] as const];
  expect(invertRanges(ranges)).toEqual([
    [4, 9],
    [21, LAST_CODE_POINT],
  ]);
  expect(invertRanges(invertRanges(ranges))).toEqual(ranges);
  expect(invertRanges([[0, LAST_CODE_POINT]])).toEqual([]);
});

test("a text is its characters, not its halves", () => {
  expect(literalTree("a😀")).toMatchObject({ parts: [{ ranges: [[0x61, 0x61]] }, { ranges: [[0x1f600, 0x1f600]] }] });
});
