/**
 * Canonical Huffman codes as DEFLATE writes them (RFC 1951 §3.2.2): a table for the first bits, and a walk over the
 * lengths for the rare longer codes.
 */
import { zeroBytes } from "../bytes/guard";

/** Bits that the table answers at once. */
const FAST_BITS: u32 = 9;
const FAST_MASK: u32 = (1 << FAST_BITS) - 1;
/** Longest code. */
export const CODE_BITS_MAX: u32 = 15;

/* A table: how many codes of each length, the quick answers, and the symbols in the order of their codes. */
const FAST_AT: u32 = 32;
const SYMBOLS_AT: u32 = FAST_AT + (2 << FAST_BITS);

/** Bytes of a table for so many symbols. */
export function huffmanBytes(symbols: u32): u32 {
  return SYMBOLS_AT + symbols * 2;
}

function countAt(table: usize, length: u32): usize {
  return table + ((<usize>length) << 1);
}

/** Turns the bits of a code round: streams have its first bit lowest. */
function reversed(code: u32, length: u32): u32 {
  let out: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    out = (out << 1) | (code & 1);
    code >>= 1;
  }
  return out;
}

const offsets: usize = memory.data(64, 4);
const codes: usize = memory.data(64, 4);

/** Codes that the counted lengths leave unused; negative where they use more than there are. */
function unused(table: usize, symbols: u32): i32 {
  if (<u32>load<u16>(table) == symbols) return 0;
  let left: i32 = 1;
  let offset: u32 = 0;
  let code: u32 = 0;
  for (let length: u32 = 1; length <= CODE_BITS_MAX; length++) {
    const many = <u32>load<u16>(countAt(table, length));
    left = (left << 1) - <i32>many;
    if (left < 0) return left;
    store<u32>(offsets + ((<usize>length) << 2), offset);
    store<u32>(codes + ((<usize>length) << 2), code);
    offset += many;
    code = (code + many) << 1;
  }
  return left;
}

/**
 * Makes a table from the lengths of `symbols` codes, a byte each, 0 for none.
 * @returns 0 for a complete code, more where codes are left unused, less for lengths that no code has
 */
export function huffmanBuild(table: usize, lengths: usize, symbols: u32): i32 {
  zeroBytes(table, SYMBOLS_AT);
  for (let i: u32 = 0; i < symbols; i++) {
    const at = countAt(table, load<u8>(lengths + <usize>i));
    store<u16>(at, load<u16>(at) + 1);
  }
  const left = unused(table, symbols);
  if (left < 0 || <u32>load<u16>(table) == symbols) return left;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length = <u32>load<u8>(lengths + <usize>symbol);
    if (!length) continue;
    const place = offsets + ((<usize>length) << 2);
    const next = codes + ((<usize>length) << 2);
    const index = load<u32>(place);
    const code = load<u32>(next);
    store<u32>(place, index + 1);
    store<u32>(next, code + 1);
    store<u16>(table + <usize>(SYMBOLS_AT + index * 2), <u16>symbol);
    if (length > FAST_BITS) continue;
    const entry = <u16>((symbol << 4) | length);
    for (let slot = reversed(code, length); slot <= FAST_MASK; slot += 1 << length) {
      store<u16>(table + <usize>(FAST_AT + slot * 2), entry);
    }
  }
  return left;
}

/** The codes that the table does not answer, bit by bit. */
function decodeLong(table: usize, bits: u32): u32 {
  let code: u32 = 0;
  let first: u32 = 0;
  let index: u32 = 0;
  for (let length: u32 = 1; length <= CODE_BITS_MAX; length++) {
    code |= bits & 1;
    bits >>= 1;
    const many = <u32>load<u16>(countAt(table, length));
    if (code < first + many) {
      return ((<u32>load<u16>(table + <usize>(SYMBOLS_AT + (index + code - first) * 2))) << 4) | length;
    }
    index += many;
    first = (first + many) << 1;
    code <<= 1;
  }
  return 0;
}

/**
 * Reads one code.
 * @param bits the stream's next bits, the first lowest; zeros where it has not gone on yet
 * @returns the symbol, shifted by 4, and its code's length; 0 where no code begins like this
 */
export function huffmanRead(table: usize, bits: u32): u32 {
  const entry = <u32>load<u16>(table + <usize>(FAST_AT + (bits & FAST_MASK) * 2));
  return entry ? entry : decodeLong(table, bits);
}
