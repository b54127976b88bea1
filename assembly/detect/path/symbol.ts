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

/** What stands at an address of a path. */
export enum PathSymbol {
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
  4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 6, 4, 4, 6, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 7, 0, 6, 0, 0, 8, 6,
  6, 6, 6, 0, 0, 6, 0, 1, 2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 5, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 10, 10,
  10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
  10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
  10, 10, 10, 10,
]);

/** Bytes of the symbol read last, ≥ 1. */
export let symbolSize: u32 = 1;
/** Whether the symbol read last is one that no correct encoder writes. */
export let symbolOdd: bool = false;

function odd(kind: PathSymbol, size: u32): PathSymbol {
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
function symbolOfCode(code: u32): PathSymbol {
  switch (code) {
    case 0x2e:
    case 0xff0e:
    case 0x2024:
      return PathSymbol.DOT;
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
    case 0xf025:
      return PathSymbol.SEPARATOR;
    default:
      return PathSymbol.NAME;
  }
}

/** Overlong leads with a byte behind that is no continuation. */
function symbolOfBroken(at: usize, end: usize, size: u32): PathSymbol {
  const lead = <u32>load<u8>(at);
  if (lead != 0xc0 && lead != 0xc1 && lead < 0xf8) {
    symbolSize = size;
    return PathSymbol.NAME;
  }
  const next = at + <usize>size;
  if (next == end) return odd(PathSymbol.UNKNOWN, size);
  const c = <u32>load<u8>(next);
  if (c == 0x2e) return odd(PathSymbol.DOT, size + 1);
  if (c == 0x2f || c == 0x5c) return odd(PathSymbol.SEPARATOR, size + 1);
  if (isBrokenEscape(next, end)) return odd(PathSymbol.UNKNOWN, size + 3);
  if (c >= 0x80 || c == 0x5e || (c < 0x20 && c != 0x0a && c != 0x0d)) return odd(PathSymbol.UNKNOWN, size + 1);
  return odd(PathSymbol.UNKNOWN, size);
}

function symbolOfLead(at: usize, end: usize): PathSymbol {
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
  if (kind != PathSymbol.NAME) return odd(kind, read);
  if (code < least) return odd(PathSymbol.UNKNOWN, read);
  symbolSize = read;
  return PathSymbol.NAME;
}

/** `0x2e`, `0x2f` and `0x5c` in plain text. */
function symbolOfZero(at: usize, end: usize): PathSymbol {
  if (at + 3 >= end || (<u32>load<u8>(at + 1) | 32) != 0x78) return PathSymbol.NAME;
  const value = (hexValue(load<u8>(at + 2)) << 4) | hexValue(load<u8>(at + 3));
  if (value == 0x2e) return odd(PathSymbol.DOT, 4);
  if (value == 0x2f || value == 0x5c) return odd(PathSymbol.SEPARATOR, 4);
  return PathSymbol.NAME;
}

/** Behind the last digit of a percent escape, its sign encoded any number of times (`%2e`, `%252e`); 0 for none. */
let escapeEnd: usize = 0;
function escapeValue(at: usize, end: usize): u32 {
  escapeEnd = 0;
  let p = at + 1;
  const stop = at + 24 < end ? at + 24 : end;
  while (p + 3 < stop && load<u16>(p) == 0x3532) p += 2;
  if (p + 1 >= end) return 256;
  const value = (hexValue(load<u8>(p)) << 4) | hexValue(load<u8>(p + 1));
  if (value > 255) return 256;
  escapeEnd = p + 2;
  return value;
}

/** Escapes that a later decoder would undo, and those that none could. */
function symbolOfEscape(at: usize, end: usize): PathSymbol {
  if (at + 1 < end && (load<u8>(at + 1) == 0x2f || load<u8>(at + 1) == 0x5c)) return odd(PathSymbol.SEPARATOR, 2);
  const value = escapeValue(at, end);
  const size = <u32>(escapeEnd - at);
  if (value == 0x2e) return odd(PathSymbol.DOT, size);
  if (value == 0x2f || value == 0x5c) return odd(PathSymbol.SEPARATOR, size);
  if ((value == 0xc0 || value == 0xc1) && escapeEnd < end && load<u8>(escapeEnd) == 0x25) {
    const low = escapeValue(escapeEnd, end);
    if (low > 255) return odd(PathSymbol.UNKNOWN, size);
    const whole = <u32>(escapeEnd - at);
    if ((low & 0x3f) == 0x2e) return odd(PathSymbol.DOT, whole);
    return odd(value == 0xc1 || (low & 0x3f) == 0x2f ? PathSymbol.SEPARATOR : PathSymbol.UNKNOWN, whole);
  }
  return isBrokenEscape(at, end) ? odd(PathSymbol.UNKNOWN, 3) : PathSymbol.NAME;
}

/** @returns the symbol at `at`, which is before `end`; its size is in `symbolSize` */
export function symbolAt(at: usize, end: usize): PathSymbol {
  symbolSize = 1;
  symbolOdd = false;
  const kind = <u32>load<u8>(classes + <usize>load<u8>(at));
  if (kind < PERCENT) return kind;
  if (kind == LEAD) return symbolOfLead(at, end);
  if (kind == ZERO) return symbolOfZero(at, end);
  return symbolOfEscape(at, end);
}
