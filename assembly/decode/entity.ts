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
/** The first so many names count without their semicolon, as HTML 4 had them. */
const OLD_NAMES: u32 = 8;

/** Where each name begins in NAMES, by its number. */
const starts: usize = memory.data(256, 4);
let names: u32 = 0;

/** Finds where the names begin; called once when the module starts. */
export function entityInit(): void {
  const text = changetype<usize>(NAMES);
  const end = text + ((<usize>NAMES.length) << 1);
  for (let at = text; at + 2 < end; at += 2) {
    if (load<u16>(at) > 32 || load<u16>(at + 2) <= 32) continue;
    store<u32>(starts + ((<usize>names) << 2), <u32>(at + 2));
    names++;
  }
}

/**
 * @param count names to look among
 * @returns the byte that a reference's name of at least two bytes stands for, or 0. Names are case sensitive
 */
function named(at: usize, size: u32, count: u32): u32 {
  const head = <u32>load<u8>(at) | ((<u32>load<u8>(at + 1)) << 16);
  for (let i: u32 = 0; i < count; i++) {
    const name = <usize>load<u32>(starts + ((<usize>i) << 2));
    if (load<u32>(name) != head) continue;
    let j: u32 = 2;
    while (j < size && <u32>load<u16>(name + ((<usize>j) << 1)) == <u32>load<u8>(at + <usize>j)) j++;
    if (j == size && load<u16>(name + ((<usize>j) << 1)) <= 32) {
      return <u32>load<u16>(changetype<usize>(BYTES) + ((<usize>i) << 1));
    }
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
  if (size >= 2 && (closed || size < 5)) {
    const byte = named(name, size, closed ? names : OLD_NAMES);
    if (byte) {
      stepSet(<u32>(p - at) + (closed ? 1 : 0), 1, <u64>byte);
      return;
    }
  }
  stepPlain(0x26);
}
