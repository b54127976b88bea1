/**
 * Styles that do more than style: `expression()`, `behavior`, `-moz-binding`, script URLs, and imported sheets. What a
 * browser ignores inside a style is taken out first: comments, white space, escapes (CSS Syntax Level 3, §4.3).
 */
import { hexValue, lower } from "../../bytes/ascii";

const KEPT_MAX: u32 = 16;
/** The last letters of the style that count, oldest first. */
const kept: usize = memory.data(KEPT_MAX, 16);
let count: u32 = 0;

function keep(c: u32): void {
  if (count == KEPT_MAX) {
    memory.copy(kept, kept + 1, KEPT_MAX - 1);
    count--;
  }
  store<u8>(kept + <usize>count, lower(c));
  count++;
}

/** Whether what was kept ends with the literal. */
function endsWith(literal: string): bool {
  const n = <u32>literal.length;
  if (count < n) return false;
  const from = kept + <usize>(count - n);
  for (let i: u32 = 0; i < n; i++) {
    if (<u32>load<u8>(from + <usize>i) != <u32>load<u16>(changetype<usize>(literal) + ((<usize>i) << 1))) return false;
  }
  return true;
}

/** @returns address behind the escape at `at`; what it stands for is kept */
function readEscape(at: usize, end: usize): usize {
  let p = at + 1;
  let code: u32 = 0;
  while (p < end && p < at + 7) {
    const value = hexValue(load<u8>(p));
    if (value > 15) break;
    code = (code << 4) | value;
    p++;
  }
  if (p > at + 2 && code < 128) {
    keep(code);
    return p < end && load<u8>(p) == 32 ? p + 1 : p;
  }
  return at + 1;
}

function skipComment(at: usize, end: usize): usize {
  at += 2;
  while (at + 1 < end) {
    if (load<u8>(at) == 0x2a && load<u8>(at + 1) == 0x2f) return at + 2;
    at++;
  }
  return end;
}

/** Whether what was kept so far ends in something that runs script. */
function runs(c: u32): bool {
  if (c == 0x28) return endsWith("expression(");
  return endsWith("behavior:") || endsWith("behaviour:") || endsWith("binding:") || endsWith("script:");
}

/** Reads a style once; `strings` says whether a comment can begin inside quotes. @returns as `styleRuns` */
function readStyle(at: usize, end: usize, sheet: bool, strings: bool): usize {
  count = 0;
  let quote: u32 = 0;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (!quote && c == 0x2f && at + 1 < end && load<u8>(at + 1) == 0x2a) {
      at = skipComment(at, end);
      continue;
    }
    if (c == 0x5c) {
      at = readEscape(at, end);
      if (runs(0x28) || runs(0x3a)) return at;
      continue;
    }
    at++;
    if (strings && (c == 0x22 || c == 0x27)) quote = quote == c ? 0 : quote ? quote : c;
    if (c <= 32) continue;
    if (c == 0x3c && sheet && at < end && load<u8>(at) == 0x2f) return 0;
    keep(c);
    if ((c == 0x28 || c == 0x3a) && runs(c)) return at;
    if (sheet && (c | 32) == 0x74 && endsWith("@import")) return at;
  }
  return 0;
}

/**
 * Looks for such a style in [at, end).
 * @param sheet whether it is a whole sheet, in which `@import` counts
 * @returns address behind what shows it, or 0
 */
export function styleRuns(at: usize, end: usize, sheet: bool): usize {
  const found = readStyle(at, end, sheet, false);
  return found ? found : readStyle(at, end, sheet, true);
}
