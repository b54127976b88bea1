/**
 * PHP's serialisation (PHP manual, "Serialization"; php_var_unserialize): the search for an object in a value that is
 * such a stream from its first byte. Nothing is read but what says where objects begin: class names with their lengths.
 */
import { equalsLower, isAlpha, isDigit, isRow, isWord, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { wordPayload } from "../../decode/profile";
import { OTHER_MASK, OTHER_SHIFT, OtherWord } from "../../tables/words.gen";

/** Longest class name that is read. */
const NAME_BYTES_MAX: u32 = 256;
/** Longest word of the table. */
const WORD_BYTES_MAX: u32 = 32;

/** Reads a number with an optional sign. @returns its end, `at` if there is none */
let number: u32 = 0;
function readNumber(at: usize, end: usize): usize {
  const from = at;
  number = 0;
  if (at < end && load<u8>(at) == 0x2b) at++;
  const digits = at;
  while (at < end && at - digits < 32 && load<u8>(at) == 0x30) at++;
  const first = at;
  while (at < end && at - first < 6 && isDigit(load<u8>(at))) number = number * 10 + load<u8>(at++) - 48;
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

/** Classes of PHP itself that open, fetch or call (PHP manual, "Predefined Interfaces and Classes"), a line each. */
const ACTING: string = `soapclient
splfileobject
splfileinfo
spltempfileobject
directoryiterator
filesystemiterator
globiterator
simplexmlelement
phardata
imagick
closure
`;

/** Whether the text holds a path, an address, markup, code, or the name of a function that runs one. */
function isLoaded(at: usize, size: u32): bool {
  const end = at + <usize>size;
  const kind = size > WORD_BYTES_MAX ? 0 : (wordPayload(at, size) >> OTHER_SHIFT) & OTHER_MASK;
  if (kind == OtherWord.CALL || kind == OtherWord.EVALUATE || kind == OtherWord.FILE) return true;
  for (let p = at; p < end; p++) {
    const c = <u32>load<u8>(p);
    if (c == 0x3c || c == 0x28 || c == 0x24 || c == 0x60 || c == 0x7c || c == 0x5c || c == 0x3b) return true;
    if (c == 0x2f && p + 1 < end && isAlpha(load<u8>(p + 1))) return true;
    if (c == 0x2e && startsLower(p, <u32>(end - p), ".php")) return true;
  }
  return false;
}

/**
 * Whether the stream [at, end) builds one object of an application's own with plain properties: what programs keep in
 * cookies, and nothing that the known chains of gadgets are made of. Those need a second object, a class of a library,
 * a class that acts, or a property that is loaded.
 */
export function phpIsPlain(at: usize, end: usize): bool {
  let objects: u32 = 0;
  while (at + 4 < end) {
    const letter = <u32>load<u8>(at) | 32;
    if (load<u8>(at + 1) != 0x3a || (letter != 0x73 && letter != 0x6f && letter != 0x63)) {
      at++;
      continue;
    }
    const p = readNumber(at + 2, end);
    const text = p + 2;
    if (p == at + 2 || text >= end || load<u8>(p + 1) != 0x22 || number > <u32>(end - text)) {
      at++;
      continue;
    }
    if (letter == 0x73 ? isLoaded(text, number) : letter == 0x63 || ++objects > 1 || isLoaded(text, number))
      return false;
    if (letter == 0x6f && isRow(ACTING, text, number)) return false;
    at = text + <usize>number + 1;
  }
  return true;
}
