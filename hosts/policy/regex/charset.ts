/** Named sets of characters of RE2's syntax, and what `(?i)` adds to a set. */
import { invertRanges, mergeRanges, type Range } from "./tree.ts";

const DIGITS: readonly Range[] = [[0x30, 0x39]];
const UPPER: Range = [0x41, 0x5a];
const LOWER: Range = [0x61, 0x7a];
const LETTERS: readonly Range[] = [UPPER, LOWER];
const ALNUM: readonly Range[] = [...DIGITS, ...LETTERS];
/** `\w`: letters, digits and the underscore, ASCII alone as in RE2. */
export const WORD: readonly Range[] = [...ALNUM, [0x5f, 0x5f]];
/** `\s`: tab, line feed, form feed, carriage return, space; no vertical tab, as in RE2. */
const SPACES: readonly Range[] = [
  [0x09, 0x0a],
  [0x0c, 0x0d],
  [0x20, 0x20],
];

const PERL: Readonly<Record<string, readonly Range[]>> = { d: DIGITS, w: WORD, s: SPACES };

/** Names between `[:` and `:]`. */
const POSIX: Readonly<Record<string, readonly Range[]>> = {
  alnum: ALNUM,
  alpha: LETTERS,
  ascii: [[0, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: DIGITS,
  graph: [[0x21, 0x7e]],
  lower: [LOWER],
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  upper: [UPPER],
  word: WORD,
  xdigit: [...DIGITS, [0x41, 0x46], [0x61, 0x66]],
};

/** @returns the set of `\d`, `\W` and the like by its letter; undefined where the letter names none */
export function perlSet(letter: string): readonly Range[] | undefined {
  const set = Object.hasOwn(PERL, letter.toLowerCase()) ? PERL[letter.toLowerCase()] : undefined;
  return set === undefined || letter === letter.toLowerCase() ? set : invertRanges(set);
}

/** @returns the set of a name such as `alpha` or `^alpha`; undefined where there is none */
export function posixSet(name: string): readonly Range[] | undefined {
  const bare = name.replace(/^\^/, "");
  const set = Object.hasOwn(POSIX, bare) ? POSIX[bare] : undefined;
  return set === undefined || bare === name ? set : invertRanges(set);
}

/** Names that `posixSet` knows, for suggestions. */
export const POSIX_NAMES = Object.keys(POSIX);

/** Wider ranges are folded in their ASCII part alone; nobody writes one in order to fold it. */
const FOLDED_MAX = 1024;
/** Two letters outside ASCII that fold to ASCII ones: long s, and the Kelvin sign. */
const ODD_FOLDS: readonly (readonly [from: number, to: number])[] = [
  [0x73, 0x17f],
  [0x6b, 0x212a],
];

/** @returns the ranges with the other cases of their letters */
export function foldRanges(ranges: readonly Range[]): Range[] {
  const folded: Range[] = [...ranges];
  for (const [first, last] of ranges) {
    const end = last - first <= FOLDED_MAX ? last : Math.min(last, 0x7f);
    for (let code = first; code <= end; code++) folded.push(...otherCases(code));
  }
  return mergeRanges(folded);
}

function otherCases(code: number): Range[] {
  const text = String.fromCodePoint(code);
  const cases = [text.toLowerCase(), text.toUpperCase()]
    .filter((other) => [...other].length === 1)
    .map((other) => other.codePointAt(0) ?? code);
  for (const [plain, odd] of ODD_FOLDS) {
    if (cases.includes(plain) || code === odd) cases.push(plain, plain - 32, odd);
  }
  return cases.filter((other) => other !== code).map((other): Range => [other, other]);
}
