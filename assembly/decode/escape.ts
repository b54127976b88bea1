/**
 * Backslash escapes of JavaScript and JSON strings (ECMA-262 §12.9.4, RFC 8259 §7), read as the most lenient engine
 * would: `\xHH`, `\uHHHH`, `\u{H…}`, octal, the letters, and any other character for itself.
 */
import { hexValue } from "../bytes/ascii";
import { stepCodePoint, stepPlain, stepSet } from "./step";

/** `\u{H…}` at its `\`; falls back to the letter. */
function stepBraced(at: usize, end: usize): void {
  let code: u32 = 0;
  let read: u32 = 3;
  while (at + <usize>read < end && read < 12) {
    const c = <u32>load<u8>(at + <usize>read);
    read++;
    if (c == 0x7d) {
      if (read > 4) stepCodePoint(read, code);
      else stepSet(2, 1, 0x75);
      return;
    }
    const value = hexValue(c);
    if (value > 15 || code > 0x10ffff) break;
    code = (code << 4) | value;
  }
  stepSet(2, 1, 0x75);
}

function stepUnicode(at: usize, end: usize): void {
  if (at + 2 < end && load<u8>(at + 2) == 0x7b) {
    stepBraced(at, end);
    return;
  }
  if (at + 5 < end) {
    const a = hexValue(load<u8>(at + 2));
    const b = hexValue(load<u8>(at + 3));
    const c = hexValue(load<u8>(at + 4));
    const d = hexValue(load<u8>(at + 5));
    if ((a | b | c | d) < 16) {
      stepCodePoint(6, (a << 12) | (b << 8) | (c << 4) | d);
      return;
    }
  }
  stepSet(2, 1, 0x75);
}

/** Up to three octal digits, at most 255, as legacy octal escapes. */
function stepOctal(at: usize, end: usize): void {
  let code: u32 = 0;
  let read: u32 = 1;
  while (read < 4 && at + <usize>read < end) {
    const c = <u32>load<u8>(at + <usize>read) - 48;
    if (c > 7 || code * 8 + c > 255) break;
    code = code * 8 + c;
    read++;
  }
  stepSet(read, 1, <u64>code);
}

/** One step at a backslash. */
export function stepEscape(at: usize, end: usize): void {
  if (at + 1 >= end) {
    stepPlain(0x5c);
    return;
  }
  const c = <u32>load<u8>(at + 1);
  switch (c) {
    case 0x6e:
      stepSet(2, 1, 0x0a);
      return;
    case 0x72:
      stepSet(2, 1, 0x0d);
      return;
    case 0x74:
      stepSet(2, 1, 0x09);
      return;
    case 0x62:
      stepSet(2, 1, 0x08);
      return;
    case 0x66:
      stepSet(2, 1, 0x0c);
      return;
    case 0x76:
      stepSet(2, 1, 0x0b);
      return;
    case 0x0a:
      stepSet(2, 0, 0);
      return;
    case 0x75:
      stepUnicode(at, end);
      return;
    case 0x78:
      if (at + 3 < end) {
        const high = hexValue(load<u8>(at + 2));
        const low = hexValue(load<u8>(at + 3));
        if ((high | low) < 16) {
          stepSet(4, 1, <u64>((high << 4) | low));
          return;
        }
      }
      stepSet(2, 1, 0x78);
      return;
    default:
  }
  if (c - 48 < 8) stepOctal(at, end);
  else stepSet(2, 1, <u64>c);
}
