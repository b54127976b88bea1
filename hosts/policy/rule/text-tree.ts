/** Tests of texts as patterns, so that the core has one way to look at bytes: a machine. */
import { parsePattern } from "../regex/parser.ts";
import { literalTree, mergeRanges, type Range, type Tree } from "../regex/tree.ts";

const BEGIN: Tree = { kind: "place", place: "begin" };
const END: Tree = { kind: "place", place: "end" };
const [UPPER_A, UPPER_Z, CASE] = [0x41, 0x5a, 0x20];

/**
 * @param test `==`, `startsWith`, `endsWith`, `contains` or `matches`
 * @param texts what is compared with; for `==` any of them
 * @param isLower the text that is tested has its ASCII letters made lower first
 */
export function textTree(test: string, texts: readonly string[], isLower: boolean): Tree {
  const [text = ""] = texts;
  const tree = test === "matches" ? parsePattern(text) : placed(test, texts.map(literalTree));
  return isLower ? lowered(tree) : tree;
}

function placed(test: string, texts: readonly Tree[]): Tree {
  const middle: Tree = { kind: "either", parts: texts };
  const parts = [
    ...(test === "==" || test === "startsWith" ? [BEGIN] : []),
    middle,
    ...(test === "==" || test === "endsWith" ? [END] : []),
  ];
  return { kind: "sequence", parts };
}

/** @returns a tree that finds in any text what this one finds in the text in lower case */
function lowered(tree: Tree): Tree {
  switch (tree.kind) {
    case "set":
      return { kind: "set", ranges: loweredRanges(tree.ranges) };
    case "repeat":
      return { ...tree, part: lowered(tree.part) };
    case "sequence":
    case "either":
      return { kind: tree.kind, parts: tree.parts.map(lowered) };
    case "place":
      return tree;
  }
}

/** A lower text holds no upper letters: they find nothing, and lower ones find both. */
function loweredRanges(ranges: readonly Range[]): Range[] {
  const kept = ranges.flatMap(([first, last]): Range[] => [
    [first, Math.min(last, UPPER_A - 1)],
    [Math.max(first, UPPER_Z + 1), last],
  ]);
  const upper = ranges.map(([first, last]): Range => {
    return [Math.max(first, UPPER_A + CASE) - CASE, Math.min(last, UPPER_Z + CASE) - CASE];
  });
  return mergeRanges([...kept, ...upper].filter(([first, last]) => first <= last));
}
