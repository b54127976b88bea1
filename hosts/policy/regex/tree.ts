/** What a pattern says, as a tree: sets of characters, and how they follow each other. Bytes come later. */

/** Code points from the first to the last. */
export type Range = readonly [first: number, last: number];

/** What must hold between two characters: at the text's ends, at a line's, where a word begins or ends. */
export type Place = "begin" | "end" | "lineBegin" | "lineEnd" | "word" | "notWord";

/** One part of a pattern. An empty sequence matches nothing's place; an empty set matches no character. */
export type Tree =
  | { readonly kind: "set"; readonly ranges: readonly Range[] }
  | { readonly kind: "sequence"; readonly parts: readonly Tree[] }
  | { readonly kind: "either"; readonly parts: readonly Tree[] }
  | { readonly kind: "repeat"; readonly part: Tree; readonly least: number; readonly most: number }
  | { readonly kind: "place"; readonly place: Place };

/** Highest code point. */
export const LAST_CODE_POINT = 0x10ffff;

/** @returns a tree of these characters, one after another */
export function literalTree(text: string): Tree {
  const parts = [...text].map((character): Tree => {
    const code = character.codePointAt(0) ?? 0;
    return { kind: "set", ranges: [[code, code]] };
  });
  return { kind: "sequence", parts };
}

/** @returns the ranges in order, those that touch made one */
export function mergeRanges(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

/** @returns what is not in the ranges */
export function invertRanges(ranges: readonly Range[]): Range[] {
  const inverted: Range[] = [];
  let from = 0;
  for (const [first, last] of mergeRanges(ranges)) {
    if (first > from) inverted.push([from, first - 1]);
    from = last + 1;
  }
  if (from <= LAST_CODE_POINT) inverted.push([from, LAST_CODE_POINT]);
  return inverted;
}
