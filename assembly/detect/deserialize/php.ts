/**
 * PHP's serialisation (PHP manual, "Serialization"; php_var_unserialize): the search for an object in a value that is
 * such a stream from its first byte. Nothing is read but what says where objects begin: class names with their lengths.
 */
import { equalsLower, isDigit, isWord } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";

/** Longest class name that is read. */
const NAME_BYTES_MAX: u32 = 256;

/** Reads a number with an optional sign. @returns its end, `at` if there is none */
let number: u32 = 0;
function readNumber(at: usize, end: usize): usize {
  const from = at;
  number = 0;
  if (at < end && load<u8>(at) == 0x2b) at++;
  const digits = at;
  while (at < end && at - digits < 6 && isDigit(load<u8>(at))) number = number * 10 + load<u8>(at++) - 48;
  return at == digits ? from : at;
}

/** Classes that hold data and do nothing: what an application may give to its own pages. */
function isPlainData(at: usize, size: u32): bool {
  if (equalsLower(at, size, "stdclass") || equalsLower(at, size, "datetime")) return true;
  return equalsLower(at, size, "datetimeimmutable") || equalsLower(at, size, "datetimezone");
}

/** `O:8:"Name":2:{` or `C:8:"Name":2:{` whose letter stands at `at`. @returns the end of its head, or 0 */
function objectEnd(at: usize, end: usize): usize {
  let p = readNumber(at + 2, end);
  if (p == at + 2 || p + 1 >= end || load<u8>(p) != 0x3a || load<u8>(p + 1) != 0x22) return 0;
  const size = number;
  const name = p + 2;
  if (!size || size > NAME_BYTES_MAX || name + <usize>size + 4 > end) return 0;
  for (p = name; p < name + <usize>size; p++) {
    const c = <u32>load<u8>(p);
    if (!isWord(c) && c != 0x5c && c < 0x80) return 0;
  }
  if (load<u8>(p) != 0x22 || load<u8>(p + 1) != 0x3a || isPlainData(name, size)) return 0;
  const count = readNumber(p + 2, end);
  if (count == p + 2 || count + 1 >= end || load<u8>(count) != 0x3a || load<u8>(count + 1) != 0x7b) return 0;
  return count + 2;
}

/** @returns the end of the head of the first object in the stream [at, end) that is more than data, or 0 */
export function phpObjectEnd(at: usize, end: usize): usize {
  const start = at;
  while (true) {
    const colon = findByte(at, end, 0x3a);
    if (colon + 8 > end) return 0;
    at = colon + 1;
    if (colon == start) continue;
    const letter = <u32>load<u8>(colon - 1);
    if (letter != 0x4f && letter != 0x43 && letter != 0x6f) continue;
    const before = colon - 1 == start ? 0x3b : <u32>load<u8>(colon - 2);
    if (before != 0x3b && before != 0x7b && before != 0x7d && before != 0x7c) continue;
    const stop = objectEnd(colon - 1, end);
    if (stop) return stop;
  }
}
