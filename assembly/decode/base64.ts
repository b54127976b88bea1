/**
 * Base64 and base64url, padded or not (RFC 4648 §4, §5). Whether a value is meant as base64 cannot be known; it is
 * tried where the whole value has the alphabet, and kept only where the result reads as text.
 */
import { stepSet } from "./step";

const NO_DIGIT: u8 = 255;
/** The value of each byte as a digit of either alphabet, or NO_DIGIT. */
const digits: usize = memory.data(256, 16);

/** Fills the table of digits; called once when the module starts. */
export function base64Init(): void {
  memory.fill(digits, NO_DIGIT, 256);
  for (let i: u32 = 0; i < 26; i++) {
    store<u8>(digits + <usize>(65 + i), <u8>i);
    store<u8>(digits + <usize>(97 + i), <u8>(26 + i));
  }
  for (let i: u32 = 0; i < 10; i++) store<u8>(digits + <usize>(48 + i), <u8>(52 + i));
  store<u8>(digits + 0x2b, 62);
  store<u8>(digits + 0x2d, 62);
  store<u8>(digits + 0x2f, 63);
  store<u8>(digits + 0x5f, 63);
}

/** @returns the value of a base64 digit of either alphabet, or 255 */
export function base64Digit(c: u32): u32 {
  return <u32>load<u8>(digits + <usize>c);
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
  let count: u32 = 0;
  let padding: u32 = 0;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (base64Digit(c) < 64) {
      if (padding) return false;
      count++;
    } else if (c == 0x3d) padding++;
    else if (c != 0x0d && c != 0x0a) return false;
  }
  return count >= 8 && (count & 3) != 1 && padding < 3;
}

function isText(c: u32): bool {
  return c - 32 < 95 || c - 9 < 5;
}

/**
 * Whether what the base64 text stands for reads as text: `readsAsText` of its decoding, told without writing it down.
 * Most values of the alphabet are words and identifiers, and end here.
 * @param size bytes for which `looksBase64` holds
 */
export function hidesText(at: usize, size: u32): bool {
  let text: u32 = 0;
  let run: u32 = 0;
  let total: u32 = 0;
  const end = at + <usize>size;
  let bits: u32 = 0;
  let count: u32 = 0;
  while (at < end) {
    const value = base64Digit(load<u8>(at++));
    if (value > 63) continue;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    total++;
    if (isText((bits >> count) & 255)) {
      text++;
      if (++run == TEXT_RUN) return true;
    } else run = 0;
  }
  return total >= 4 && text * 10 >= total * 7;
}

/** The first three bytes that four digits of base64 stand for, the first one lowest; `at` has at least 8 digits. */
export function base64Head(at: usize): u32 {
  const head = (base64Digit(load<u8>(at)) << 2) | (base64Digit(load<u8>(at + 1)) >> 4);
  const next = (base64Digit(load<u8>(at + 1)) << 4) | (base64Digit(load<u8>(at + 2)) >> 2);
  const last = (base64Digit(load<u8>(at + 2)) << 6) | base64Digit(load<u8>(at + 3));
  return (head & 255) | ((next & 255) << 8) | ((last & 255) << 16);
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
    if (isText(c)) {
      text++;
      if (++run == TEXT_RUN) return true;
    } else run = 0;
  }
  return text * 10 >= size * 7;
}
