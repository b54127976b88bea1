/**
 * Base64 and base64url, padded or not (RFC 4648 §4, §5). Whether a value is meant as base64 cannot be known; it is
 * tried where the whole value has the alphabet, and kept only where the result reads as text.
 */
import { stepSet } from "./step";

/** @returns the value of a base64 digit of either alphabet, or 255 */
export function base64Digit(c: u32): u32 {
  if (c - 65 < 26) return c - 65;
  if (c - 97 < 26) return c - 71;
  if (c - 48 < 10) return c + 4;
  if (c == 0x2b || c == 0x2d) return 62;
  if (c == 0x2f || c == 0x5f) return 63;
  return 255;
}

/** One step: up to four digits give up to three bytes; line breaks and padding give none. */
export function stepBase64(at: usize, end: usize): void {
  let bits: u32 = 0;
  let count: u32 = 0;
  let read: u32 = 0;
  while (at + <usize>read < end && count < 4) {
    const value = base64Digit(load<u8>(at + <usize>read));
    read++;
    if (value < 64) {
      bits = (bits << 6) | value;
      count++;
    } else if (!count) {
      stepSet(read, 0, 0);
      return;
    } else if (read > 8) break;
  }
  if (count == 4) stepSet(read, 3, <u64>((bits >> 16) | (bits & 0xff00) | ((bits & 255) << 16)));
  else if (count == 3) stepSet(read, 2, <u64>((bits >> 10) | ((bits << 6) & 0xff00)));
  else if (count == 2) stepSet(read, 1, <u64>(bits >> 4));
  else stepSet(read, 0, 0);
}

/**
 * Whether the value can be base64 text worth a try: at least 8 digits, only the alphabet, padding and line breaks, a
 * length that is possible. Never the last word: the decoded layer must read as text.
 */
export function looksBase64(at: usize, size: u32): bool {
  if (size < 8) return false;
  const end = at + <usize>size;
  let digits: u32 = 0;
  let padding: u32 = 0;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (base64Digit(c) < 64) {
      if (padding) return false;
      digits++;
    } else if (c == 0x3d) padding++;
    else if (c != 0x0d && c != 0x0a) return false;
  }
  return digits >= 8 && (digits & 3) != 1 && padding < 3;
}

/** Text bytes in a row that make any decoded bytes worth a look. */
const TEXT_RUN: u32 = 12;

/**
 * Whether decoded bytes are worth a look: 7 of 10 are printable ASCII or white space, or so many in a row. Random bytes
 * seldom pass; a payload in front of or behind noise does.
 */
export function readsAsText(at: usize, size: u32): bool {
  if (size < 4) return false;
  let text: u32 = 0;
  let run: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c - 32 < 95 || c - 9 < 5) {
      text++;
      if (++run == TEXT_RUN) return true;
    } else run = 0;
  }
  return text * 10 >= size * 7;
}
