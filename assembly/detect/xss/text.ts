/**
 * Strings and names of a script as they are once their escapes are undone (ECMA-262 §12.9.4, §12.7): what a string
 * that is put together from constants says, and which known word a name is that was written as `\u0061lert`.
 */
import { hexValue, startsLower } from "../../bytes/ascii";
import { wordPayload } from "../../decode/profile";

/** Longest text that is known whole. */
export const TEXT_MAX: u32 = 32;
/** Room for the text and for what a hash of its word may load behind it. */
const text: usize = memory.data(TEXT_MAX * 2, 16);
/** Longest name that is looked up, and room for it in the same way. */
const NAME_MAX: u32 = 32;
const name: usize = memory.data(NAME_MAX * 2, 16);

/** Bytes of the text, of which the first TEXT_MAX are kept. */
export let textSize: u32 = 0;

/** Forgets the text. */
export function clearText(): void {
  textSize = 0;
}

/** Bytes that the last escape took. */
let escapeSize: u32 = 0;

/** @returns digits of `base`, at most `most` of them, as a number; those taken are added to `escapeSize` */
function digits(at: usize, end: usize, base: u32, most: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < most && at < end; i++) {
    const digit = hexValue(load<u8>(at));
    if (digit >= base) break;
    value = value * base + digit;
    escapeSize++;
    at++;
  }
  return value;
}

/** @returns the character of the escape at `at`, a backslash with at least one byte behind it */
function escaped(at: usize, end: usize): u32 {
  const c = <u32>load<u8>(at + 1);
  escapeSize = 2;
  if (c - 48 < 8) {
    escapeSize = 1;
    return digits(at + 1, end, 8, 3);
  }
  if (c == 0x78) return digits(at + 2, end, 16, 2);
  if (c != 0x75) return c;
  if (at + 2 >= end || load<u8>(at + 2) != 0x7b) return digits(at + 2, end, 16, 4);
  escapeSize++;
  const value = digits(at + 3, end, 16, 6);
  escapeSize++;
  return value;
}

/** Appends the inside [at, end) of a string. */
export function appendText(at: usize, end: usize): void {
  while (at < end) {
    let c = <u32>load<u8>(at);
    let size: u32 = 1;
    if (c == 0x5c && at + 1 < end) {
      c = escaped(at, end);
      size = escapeSize;
    }
    if (textSize < TEXT_MAX) store<u8>(text + <usize>textSize, <u8>(c < 0x80 ? c : 0x80));
    textSize++;
    at += <usize>size;
  }
}

/** What the word table says of the text; 0 for a longer one. */
export function textPayload(): u32 {
  return textSize <= TEXT_MAX ? wordPayload(text, textSize) : 0;
}

/** Whether the text begins with a scheme: what the word table says of the first `size` bytes, if a colon follows. */
export function schemePayload(size: u32): u32 {
  return textSize > size && load<u8>(text + <usize>size) == 0x3a ? wordPayload(text, size) : 0;
}

/** Whether the text is `script`. */
export function textIsScriptName(): bool {
  return textSize == 6 && startsLower(text, 6, "script");
}

/** Whether the text is `return this`, by which sources ask for the global object. */
export function textIsThis(): bool {
  return textSize == 11 && load<u64>(text) == 0x7420_6e72_7574_6572 && load<u32>(text + 7) == 0x7369_6874;
}

/** What the word table says of the name [at, at + size). */
export function namePayload(at: usize, size: u32): u32 {
  let p = at;
  const end = at + <usize>size;
  while (p < end && load<u8>(p) != 0x5c) p++;
  if (p == end) return wordPayload(at, size);
  let kept: u32 = 0;
  p = at;
  while (p < end && kept < NAME_MAX) {
    let c = <u32>load<u8>(p);
    let taken: u32 = 1;
    if (c == 0x5c && p + 1 < end) {
      c = escaped(p, end);
      taken = escapeSize;
    }
    store<u8>(name + <usize>kept, <u8>(c < 0x80 ? c : 0x80));
    kept++;
    p += <usize>taken;
  }
  return p < end ? 0 : wordPayload(name, kept);
}
