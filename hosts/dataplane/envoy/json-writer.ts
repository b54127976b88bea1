/**
 * Writes JSON into one room of memory, in ASCII. What does not fit is not written, and the writer says so: a record is
 * either whole or has fewer findings, and never half of one.
 */
import { writeLiteral, writeNumber } from "../../../assembly/bytes/ascii";

let start: usize = 0;
let to: usize = 0;
let end: usize = 0;
/** Whether something did not fit since the last `jsonBegin` or `jsonBack`. */
export let overflows: bool = false;

/** Begins a text in [at, at + size). */
export function jsonBegin(at: usize, size: u32): void {
  start = at;
  to = at;
  end = at + <usize>size;
  overflows = false;
}

/** Bytes written. */
export function jsonSize(): u32 {
  return <u32>(to - start);
}

/** Drops what was written after the first `size` bytes. */
export function jsonBack(size: u32): void {
  to = start + <usize>size;
  overflows = false;
}

function hasRoom(size: u32): bool {
  if (<usize>size <= end - to) return true;
  overflows = true;
  return false;
}

/** Writes what is JSON already. */
export function putText(text: string): void {
  if (hasRoom(<u32>text.length)) to += <usize>writeLiteral(to, text);
}

/** Writes a number. */
export function putNumber(value: u32): void {
  if (hasRoom(10)) to += <usize>writeNumber(to, value);
}

/** Writes bytes that need no escapes. */
export function putPlain(at: usize, size: u32): void {
  if (!hasRoom(size)) return;
  memory.copy(to, at, <usize>size);
  to += <usize>size;
}

const HEX: string = "0123456789abcdef";

function putHex(value: u32): void {
  store<u8>(to++, <u8>load<u16>(changetype<usize>(HEX) + <usize>((value & 15) << 1)));
}

/** Writes bytes as a string, quotes included: what is no plain ASCII stands as `\u00XX`, one byte a character. */
export function putString(at: usize, size: u32): void {
  if (!hasRoom(size * 6 + 2)) return;
  store<u8>(to++, 0x22);
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c < 0x20 || c > 0x7e || c == 0x22 || c == 0x5c || c == 0x3c) {
      to += <usize>writeLiteral(to, "\\u00");
      putHex(c >> 4);
      putHex(c);
    } else store<u8>(to++, <u8>c);
  }
  store<u8>(to++, 0x22);
}

const BASE64: string = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function putDigit(value: u32): void {
  store<u8>(to++, <u8>load<u16>(changetype<usize>(BASE64) + <usize>((value & 63) << 1)));
}

/** Writes bytes in base64 (RFC 4648 §4), quotes included. */
export function putBase64(at: usize, size: u32): void {
  if (!hasRoom(((size + 2) / 3) * 4 + 2)) return;
  store<u8>(to++, 0x22);
  for (let i: u32 = 0; i < size; i += 3) {
    const left = size - i;
    let bits = (<u32>load<u8>(at + <usize>i)) << 16;
    if (left > 1) bits |= (<u32>load<u8>(at + <usize>i + 1)) << 8;
    if (left > 2) bits |= <u32>load<u8>(at + <usize>i + 2);
    putDigit(bits >> 18);
    putDigit(bits >> 12);
    if (left > 1) putDigit(bits >> 6);
    else store<u8>(to++, 0x3d);
    if (left > 2) putDigit(bits);
    else store<u8>(to++, 0x3d);
  }
  store<u8>(to++, 0x22);
}

/** Writes the names of the bits that are set as a list of strings. @param names separated by one space, lowest first */
export function putNames(bits: u32, names: string): void {
  let at = changetype<usize>(names);
  const stop = at + ((<usize>names.length) << 1);
  putText("[");
  for (let first = true; at < stop && hasRoom(64); bits >>= 1, at += 2) {
    const on = bits & 1;
    if (on) putText(first ? '"' : ',"');
    for (; at < stop && load<u16>(at) != 0x20; at += 2) if (on) store<u8>(to++, <u8>load<u16>(at));
    if (on) putText('"');
    if (on) first = false;
  }
  putText("]");
}
