/**
 * HTML character references (https://html.spec.whatwg.org/#character-reference-state): decimal and hexadecimal, with
 * or without the semicolon, and the named ones that stand for characters of attacks.
 */
import { hexValue, isAlpha, isDigit } from "../bytes/ascii";
import { stepCodePoint, stepPlain, stepSet } from "./step";

/** Names that stand for one ASCII byte, each between white space, and the bytes in the same order. */
const NAMES: string = ` lt LT gt GT amp AMP quot QUOT apos lpar rpar semi colon comma period sol bsol num excl
grave equals lsqb lbrack rsqb rbrack lcub lbrace rcub rbrace dollar verbar vert percnt plus ast quest commat lowbar
Tab NewLine nbsp `;
const BYTES: string = '<<>>&&""\'();:,./\\#!`=[[]]{{}}$||%+*?@_\t\n ';

/** @returns the byte that a reference's name stands for, or 0. Names are case sensitive. */
function named(at: usize, size: u32): u32 {
  const names = changetype<usize>(NAMES);
  const count = <u32>NAMES.length;
  let index: u32 = 0;
  let i: u32 = 1;
  while (i < count) {
    let j: u32 = 0;
    while (j < size && <u32>load<u16>(names + ((<usize>(i + j)) << 1)) == <u32>load<u8>(at + <usize>j)) j++;
    const next = <u32>load<u16>(names + ((<usize>(i + j)) << 1));
    if (j == size && next <= 32) return <u32>load<u16>(changetype<usize>(BYTES) + ((<usize>index) << 1));
    i += j;
    while (<u32>load<u16>(names + ((<usize>i) << 1)) > 32) i++;
    i++;
    index++;
  }
  return 0;
}

/** One step at an `&`. */
export function stepEntity(at: usize, end: usize): void {
  let p = at + 1;
  if (p < end && load<u8>(p) == 0x23) {
    p++;
    let code: u32 = 0;
    const hex = p < end && (load<u8>(p) | 32) == 0x78;
    if (hex) p++;
    const digits = p;
    while (p < end && p < digits + 12) {
      const value = hexValue(load<u8>(p));
      if (value > 15 || (!hex && value > 9)) break;
      if (code < 0x200000) code = code * (hex ? 16 : 10) + value;
      p++;
    }
    if (p > digits) {
      if (p < end && load<u8>(p) == 0x3b) p++;
      stepCodePoint(<u32>(p - at), code);
      return;
    }
    stepPlain(0x26);
    return;
  }
  const name = p;
  while (p < end && p < name + 8 && (isAlpha(load<u8>(p)) || isDigit(load<u8>(p)))) p++;
  const size = <u32>(p - name);
  const closed = p < end && load<u8>(p) == 0x3b;
  /* Without its semicolon a name counts only where HTML 4 had it: lt, gt, amp, quot. */
  if (size >= 2 && (closed || size < 5)) {
    const byte = named(name, size);
    const old = byte == 0x3c || byte == 0x3e || byte == 0x26 || byte == 0x22;
    if (byte && (closed || old)) {
      stepSet(<u32>(p - at) + (closed ? 1 : 0), 1, <u64>byte);
      return;
    }
  }
  stepPlain(0x26);
}
