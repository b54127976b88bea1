/**
 * From a pattern's tree to a machine over bytes with empty steps (Thompson's construction): characters outside ASCII
 * become their UTF-8 bytes. A byte that begins no character counts as one of its own, so that it hides nothing.
 */
import { PatternFault } from "./fault.ts";
import { LAST_CODE_POINT, type Place, type Range, type Tree } from "./tree.ts";

/** One step of the machine; numbers are those of other steps. */
export type Step =
  | { readonly kind: "bytes"; readonly low: number; readonly high: number; readonly next: number }
  | { readonly kind: "fork"; readonly to: readonly number[] }
  | { readonly kind: "place"; readonly place: Place; readonly next: number }
  | { readonly kind: "match" };

/** A machine: its steps, and the one that it begins with. */
export interface Program {
  readonly steps: readonly Step[];
  readonly start: number;
}

/** Steps of the largest machine. */
const STEPS_MAX = 20_000;

/** First and last code point of each length in UTF-8, and the lead byte's fixed bits (RFC 3629 §3). */
const LENGTHS: readonly (readonly [first: number, last: number, lead: number])[] = [
  [0, 0x7f, 0],
  [0x80, 0x7ff, 0xc0],
  [0x800, 0xffff, 0xe0],
  [0x10000, 0x10ffff, 0xf0],
];
/** Surrogates are no characters. */
const SURROGATES: Range = [0xd800, 0xdfff];
/** Bytes that never begin a character. */
const STRAY: readonly Range[] = [
  [0x80, 0xc1],
  [0xf5, 0xff],
];

/**
 * @returns the machine of a tree
 * @throws PatternFault when it would have too many steps
 */
export function programOf(tree: Tree): Program {
  const builder = new Builder();
  const match = builder.add({ kind: "match" });
  const start = builder.build(tree, match);
  return { steps: builder.steps, start };
}

class Builder {
  readonly steps: Step[] = [];

  add(step: Step): number {
    if (this.steps.length >= STEPS_MAX) {
      throw new PatternFault(0, "the pattern is too large — write fewer alternatives, or smaller counts in {n,m}");
    }
    return this.steps.push(step) - 1;
  }

  /** @returns the step where the tree begins; it goes on at `next` */
  build(tree: Tree, next: number): number {
    switch (tree.kind) {
      case "set":
        return this.#set(tree.ranges, next);
      case "sequence":
        return tree.parts.reduceRight((after, part) => this.build(part, after), next);
      case "either":
        return this.add({ kind: "fork", to: tree.parts.map((part) => this.build(part, next)) });
      case "place":
        return this.add({ kind: "place", place: tree.place, next });
      case "repeat":
        return this.#repeat(tree.part, tree.least, tree.most, next);
    }
  }

  #repeat(part: Tree, least: number, most: number, next: number): number {
    let after = next;
    if (most === Number.POSITIVE_INFINITY) {
      const loop: number[] = [];
      after = this.add({ kind: "fork", to: loop });
      loop.push(this.build(part, after), next);
    } else {
      for (let count = least; count < most; count++) {
        after = this.add({ kind: "fork", to: [this.build(part, after), next] });
      }
    }
    for (let count = 0; count < least; count++) after = this.build(part, after);
    return after;
  }

  #set(ranges: readonly Range[], next: number): number {
    const to: number[] = [];
    const tails = new Map<string, number>();
    for (const [first, last] of ranges) {
      for (const bytes of byteRanges(first, last)) {
        to.push(
          bytes.reduceRight((after, [low, high]) => {
            // Characters share the ends of their bytes.
            const key = `${low} ${high} ${after}`;
            const known = tails.get(key) ?? this.add({ kind: "bytes", low, high, next: after });
            tails.set(key, known);
            return known;
          }, next),
        );
      }
    }
    const takesAll = ranges.some(([first, last]) => first <= 0x80 && last === LAST_CODE_POINT);
    if (takesAll) to.push(...STRAY.map(([from, end]) => this.add({ kind: "bytes", low: from, high: end, next })));
    return to.length === 1 ? (to[0] ?? next) : this.add({ kind: "fork", to: [...new Set(to)] });
  }
}

/** @returns rows of byte ranges that together are the UTF-8 forms of the code points */
export function byteRanges(first: number, last: number): (readonly Range[])[] {
  if (first > last) return [];
  if (first <= SURROGATES[1] && last >= SURROGATES[0]) {
    return [...byteRanges(first, SURROGATES[0] - 1), ...byteRanges(SURROGATES[1] + 1, last)];
  }
  return LENGTHS.flatMap(([low, high, lead], index) => {
    const from = Math.max(first, low);
    const to = Math.min(last, high);
    return from > to ? [] : splitRange(from, to, index, lead);
  });
}

/** Splits a range of characters of one length so that each byte runs through a range of its own. */
function splitRange(first: number, last: number, tail: number, lead: number): Range[][] {
  if (tail === 0) return [[[lead | first, lead | last]]];
  const span = 1 << (6 * tail);
  const [low, high] = [Math.floor(first / span), Math.floor(last / span)];
  const head = (byte: number): number => lead | byte;
  const rest = (from: number, to: number): Range[][] => splitRange(from % span, to % span, tail - 1, 0).map(marked);
  if (low === high) return rest(first, last).map((bytes) => [[head(low), head(low)], ...bytes]);
  const rows: Range[][] = [];
  let [from, to] = [low, high];
  if (first % span !== 0) {
    rows.push(...rest(first, span - 1).map((bytes): Range[] => [[head(low), head(low)], ...bytes]));
    from++;
  }
  const isCut = last % span !== span - 1;
  if (isCut) to--;
  if (from <= to) rows.push(...rest(0, span - 1).map((bytes): Range[] => [[head(from), head(to)], ...bytes]));
  if (isCut) rows.push(...rest(0, last % span).map((bytes): Range[] => [[head(high), head(high)], ...bytes]));
  return rows;
}

/** Gives the first byte of a row the bits of a following one; those behind it have them. */
function marked(bytes: readonly Range[]): Range[] {
  const [[low, high] = [0, 0], ...others] = bytes;
  return [[low | 0x80, high | 0x80], ...others];
}
