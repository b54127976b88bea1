/**
 * The alphabet of paths as file servers and broken decoders see it: what stands at an address is a dot, a separator,
 * part of a name, something that no decoder agrees on, or the end of a path.
 *
 * Decoders that are wrong in different ways turn different bytes into the same dot or slash: overlong UTF-8 with any
 * number of bytes (RFC 3629 §10), overlong leads with a byte that is no continuation (old IIS, CVE-2000-0884: the low
 * bits count), percent signs with digits that are none (the arithmetic of a decoder that does not check), slashes from
 * other blocks of Unicode and from private use (best-fit tables), and `0x2f` in plain text.
 */
import { hexValue, isAlpha, isDigit } from "../../bytes/ascii";

export enum Symbol {
  NAME = 0,
  DOT = 1,
  SEPARATOR = 2,
  /** An undecodable run: may be read as a dot or as a separator. */
  UNKNOWN = 3,
  /** A control byte: dropped by some readers, the end of the name for others. */
  FILLER = 4,
  /** `?` and `^`: stand for a dot in globs and in one byte of overlong forms. */
  MARK = 5,
  /** Ends a path in the text around it. */
  BREAK = 6,
  SPACE = 7,
}

/* Classes beyond the symbols themselves: bytes that need a look at what follows. */
const PERCENT: u32 = 8;
const ZERO: u32 = 9;
const LEAD: u32 = 10;

/** Class of each byte, 16 a row. */
const classes: usize = memory.data<u8>([
  4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 6, 4, 4, 6, 4, 4,
  4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4,
  7, 0, 6, 0, 0, 8, 6, 6, 6, 6, 0, 0, 6, 0, 1, 2,
  9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 5,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 0,
  6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 4,
  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
  10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
  10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
  10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
  10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
]);

/** Bytes of the symbol read last, ≥ 1. */
export let symbolSize: u32 = 1;
/** Whether the symbol read last is one that no correct encoder writes. */
export let symbolOdd: bool = false;

function odd(kind: Symbol, size: u32): Symbol {
  symbolSize = size;
  symbolOdd = true;
  return kind;
}

/** A percent sign whose two digits are letters or digits but no hexadecimal number. */
export function isBrokenEscape(at: usize, end: usize): bool {
  if (at + 2 >= end || load<u8>(at) != 0x25) return false;
  const a = <u32>load<u8>(at + 1);
  const b = <u32>load<u8>(at + 2);
  if (!(isAlpha(a) || isDigit(a)) || !(isAlpha(b) || isDigit(b))) return false;
  return (hexValue(a) | hexValue(b)) > 15;
}

/** The symbol that a code point stands for where encoders had no need to write it so. */
function symbolOfCode(code: u32): Symbol {
  switch (code) {
    case 0x2e:
    case 0xff0e:
    case 0x2024: return Symbol.DOT;
    case 0x2f:
    case 0x5c:
    case 0x2044:
    case 0x2215:
    case 0x2216:
    case 0x29f8:
    case 0x29f9:
    case 0xff0f:
    case 0xff3c:
    case 0xefc8:
    case 0xf025: return Symbol.SEPARATOR;
    default: return Symbol.NAME;
  }
}

/** Overlong leads with a byte behind that is no continuation. */
function symbolOfBroken(at: usize, end: usize, size: u32): Symbol {
  const lead = <u32>load<u8>(at);
  if (lead != 0xc0 && lead != 0xc1 && lead < 0xf8) {
    symbolSize = size;
    return Symbol.NAME;
  }
  const next = at + <usize>size;
  if (next == end) return odd(Symbol.UNKNOWN, size);
  const c = <u32>load<u8>(next);
  if (c == 0x2e) return odd(Symbol.DOT, size + 1);
  if (c == 0x2f || c == 0x5c) return odd(Symbol.SEPARATOR, size + 1);
  if (isBrokenEscape(next, end)) return odd(Symbol.UNKNOWN, size + 3);
  if (c >= 0x80 || c == 0x5e || (c < 0x20 && c != 0x0a && c != 0x0d)) return odd(Symbol.UNKNOWN, size + 1);
  return odd(Symbol.UNKNOWN, size);
}

function symbolOfLead(at: usize, end: usize): Symbol {
  const lead = <u32>load<u8>(at);
  let more: u32 = 1;
  let code = lead & 31;
  let least: u32 = 0x80;
  if (lead >= 0xfc) {
    more = 5;
    code = lead & 1;
    least = 0x4000000;
  } else if (lead >= 0xf8) {
    more = 4;
    code = lead & 3;
    least = 0x200000;
  } else if (lead >= 0xf0) {
    more = 3;
    code = lead & 7;
    least = 0x10000;
  } else if (lead >= 0xe0) {
    more = 2;
    code = lead & 15;
    least = 0x800;
  }
  let read: u32 = 1;
  while (read <= more && at + <usize>read < end) {
    const c = <u32>load<u8>(at + <usize>read);
    if ((c & 0xc0) != 0x80) break;
    code = (code << 6) | (c & 63);
    read++;
  }
  if (read <= more) return symbolOfBroken(at, end, read);
  const kind = symbolOfCode(code);
  if (kind != Symbol.NAME) return odd(kind, read);
  if (code < least) return odd(Symbol.UNKNOWN, read);
  symbolSize = read;
  return Symbol.NAME;
}

/** `0x2e`, `0x2f` and `0x5c` in plain text. */
function symbolOfZero(at: usize, end: usize): Symbol {
  if (at + 3 >= end || (<u32>load<u8>(at + 1) | 32) != 0x78) return Symbol.NAME;
  const value = (hexValue(load<u8>(at + 2)) << 4) | hexValue(load<u8>(at + 3));
  if (value == 0x2e) return odd(Symbol.DOT, 4);
  if (value == 0x2f || value == 0x5c) return odd(Symbol.SEPARATOR, 4);
  return Symbol.NAME;
}

/** @returns the symbol at `at`, which is before `end`; its size is in `symbolSize` */
export function symbolAt(at: usize, end: usize): Symbol {
  symbolSize = 1;
  symbolOdd = false;
  const kind = <u32>load<u8>(classes + <usize>load<u8>(at));
  if (kind < PERCENT) return kind;
  if (kind == LEAD) return symbolOfLead(at, end);
  if (kind == ZERO) return symbolOfZero(at, end);
  if (at + 1 < end && (load<u8>(at + 1) == 0x2f || load<u8>(at + 1) == 0x5c)) return odd(Symbol.SEPARATOR, 2);
  return isBrokenEscape(at, end) ? odd(Symbol.UNKNOWN, 3) : Symbol.NAME;
}
