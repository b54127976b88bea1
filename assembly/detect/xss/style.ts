/**
 * Styles that do more than style: `expression()`, `behavior`, `-moz-binding`, script URLs, and imported sheets. What a
 * browser ignores inside a style is taken out first: comments, white space, escapes (CSS Syntax Level 3, §4.3).
 */
import { hexValue, lower } from "../../bytes/ascii";

/** The last sixteen letters of the style that count, the newest in the lowest byte of `near`. */
let near: u64 = 0;
let far: u64 = 0;

function keep(c: u32): void {
  far = (far << 8) | (near >> 56);
  near = (near << 8) | <u64>lower(c);
}

/** Whether what was kept ends with the literal, which has at most sixteen letters. */
function endsWith(literal: string): bool {
  let low = near;
  let high = far;
  for (let i: u32 = <u32>literal.length; i > 0; i--) {
    if (<u32>(low & 255) != <u32>load<u16>(changetype<usize>(literal) + ((<usize>(i - 1)) << 1))) return false;
    low = (low >> 8) | (high << 56);
    high >>= 8;
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

/** Where the last style began to depend on where it is read from: its first comment, or where reading ended. */
let plainEnd: usize = 0;
let quotes: bool = false;

/** Reads a style once; `strings` says whether a comment can begin inside quotes. @returns as `styleRuns` */
function readStyle(at: usize, end: usize, sheet: bool, strings: bool): usize {
  near = 0;
  far = 0;
  plainEnd = 0;
  let quote: u32 = 0;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (!quote && c == 0x2f && at + 1 < end && load<u8>(at + 1) == 0x2a) {
      if (!plainEnd) plainEnd = at;
      at = skipComment(at, end);
      continue;
    }
    if (c == 0x5c) {
      at = readEscape(at, end);
      if (runs(0x28) || runs(0x3a)) return at;
      continue;
    }
    at++;
    if (c == 0x22 || c == 0x27) {
      quotes = true;
      if (strings) quote = quote == c ? 0 : quote ? quote : c;
    }
    if (c <= 32) continue;
    if (c == 0x3c && sheet && at < end && load<u8>(at) == 0x2f) break;
    keep(c);
    if ((c == 0x28 || c == 0x3a) && runs(c)) return at;
    if (sheet && (c | 32) == 0x74 && endsWith("@import")) return at;
  }
  if (!plainEnd) plainEnd = at;
  return 0;
}

/**
 * How far the style last read, in which nothing was found, is the same for a reading that begins later: up to its
 * first comment.
 */
export let styleRead: usize = 0;

/**
 * Looks for such a style in [at, end).
 * @param sheet whether it is a whole sheet, in which `@import` counts
 * @returns address behind what shows it, or 0
 */
export function styleRuns(at: usize, end: usize, sheet: bool): usize {
  quotes = false;
  let found = readStyle(at, end, sheet, false);
  const commented = plainEnd < end;
  styleRead = plainEnd;
  if (!found && commented && quotes) found = readStyle(at, end, sheet, true);
  return found;
}
