/**
 * Which bytes of an injected value are SQL outside strings and comments. A value begins inside a string where it has a
 * quote and one word at most before it, and as SQL elsewhere; that is how the values of tests and sets are written.
 */

/** A piece of a value: `free` where it is SQL between strings and comments. */
export interface Piece {
  readonly text: string;
  readonly free: boolean;
}

const CLOSED = /'(?:[^'\\]|\\.|'')*(?:'|$)|"(?:[^"\\]|\\.|"")*(?:"|$)|`[^`]*(?:`|$)|\/\*.*?(?:\*\/|$)|(?:--|#).*$/gs;

/** The text that leaves the string that a value begins in, with its quote; empty where it begins as SQL. */
export function leavingOf(value: string): string {
  return /^[^\s'"()/{[]*['"]/.exec(value)?.[0] ?? "";
}

/** Cuts a value into its pieces; joined they are the value. */
export function piecesOf(value: string): Piece[] {
  const begin = leavingOf(value);
  const pieces: Piece[] = begin === "" ? [] : [{ text: begin, free: false }];
  const rest = value.slice(begin.length);
  let from = 0;
  for (const { 0: text, index } of rest.matchAll(CLOSED)) {
    if (index > from) pieces.push({ text: rest.slice(from, index), free: true });
    pieces.push({ text, free: false });
    from = index + text.length;
  }
  if (from < rest.length) pieces.push({ text: rest.slice(from), free: true });
  return pieces;
}

/** Rewrites the free pieces of a value. */
export function rewriteFree(value: string, write: (text: string) => string): string {
  return piecesOf(value)
    .map(({ text, free }) => (free ? write(text) : text))
    .join("");
}
