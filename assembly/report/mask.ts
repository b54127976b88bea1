/**
 * A request's head as it may leave the core: the same block of pairs, with secrets overwritten where they stand. What a
 * point's name cannot say here, since nothing is parsed, the text does: a name that speaks of a secret and what follows
 * it, in a query, in JSON, in XML, as it stands or percent-encoded. It rather hides too much.
 */
import { NAME_BYTES_MAX } from "../abi/limits";
import { equalsLower, isAlpha, isDigit, isSpace } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { hideAll, hideCards, isSecretName, readUnit, unit, unitSize } from "./redact";

const name: usize = memory.data(NAME_BYTES_MAX, 16);
let nameSize: u32 = 0;

/** Letters, digits and what stands in names of parameters, headers and keys. */
function isNameByte(c: u32): bool {
  return isAlpha(c) || isDigit(c) || c == 0x5f || c == 0x2d || c == 0x2e || c == 0x5b || c == 0x5d || c >= 0x80;
}

function keepName(byte: u32): void {
  if (nameSize == NAME_BYTES_MAX) return;
  store<u8>(name + <usize>nameSize, <u8>byte);
  nameSize++;
}

/** Hides the values of a query whose names speak of secrets, each whole, whatever stands in it. */
function hideQuery(at: usize, end: usize): void {
  while (at < end) {
    const stop = findByte(at, end, 0x26);
    const equals = findByte(at, stop, 0x3d);
    nameSize = 0;
    while (at < equals) {
      readUnit(at, equals, true);
      keepName(unit);
      at += <usize>unitSize;
    }
    if (equals < stop && isSecretName(name, nameSize)) hideAll(equals + 1, <u32>(stop - equals - 1));
    at = stop + 1;
  }
}

/** Bytes that may stand between a name and the sign behind it, and between that and the value: `\": \"`. */
const BETWEEN_MAX: u32 = 6;
/** The quote, bracket or brace that opens the value; 0 for none. */
let opener: u32 = 0;
/** Whether a backslash stands before it: a document inside a string. */
let isEscaped: bool = false;

function isBetween(c: u32): bool {
  return isSpace(c) || c == 0x22 || c == 0x27 || c == 0x5c;
}

/** Skips from a name's end to the value that it names. @returns its address, `end` where none follows */
function valueAfter(at: usize, end: usize): usize {
  opener = 0;
  isEscaped = false;
  let sign: u32 = 0;
  for (let i: u32 = 0; i < BETWEEN_MAX * 2 && at < end; i++) {
    readUnit(at, end, true);
    if (!sign && (unit == 0x3d || unit == 0x3a || unit == 0x3e)) sign = unit;
    else if (sign && (unit == 0x5b || unit == 0x7b)) {
      opener = unit;
      return at + <usize>unitSize;
    } else if (!isBetween(unit)) break;
    else if (sign && unit == 0x5c) isEscaped = true;
    else if (sign && !isSpace(unit)) {
      opener = unit;
      return at + <usize>unitSize;
    }
    at += <usize>unitSize;
  }
  return sign ? at : end;
}

/** @returns where a value ends that begins at `at` behind `opener` */
function valueEnd(at: usize, end: usize): usize {
  const isQuoted = opener == 0x22 || opener == 0x27;
  const close: u32 = opener == 0x5b ? 0x5d : opener == 0x7b ? 0x7d : opener;
  while (at < end) {
    readUnit(at, end, true);
    if (opener ? unit == close : isSpace(unit) || unit == 0x26 || unit == 0x3c || unit == 0x22 || unit == 0x27) break;
    const isPair = isQuoted && unit == 0x5c && !isEscaped;
    at += <usize>unitSize;
    if (!isPair || at >= end) continue;
    readUnit(at, end, true);
    at += <usize>unitSize;
  }
  return at;
}

/** Hides what follows names that speak of secrets: `token=…`, `"password": "…"`, `<secret>…`. */
export function hideNamed(at: usize, size: u32): void {
  const end = at + <usize>size;
  while (at < end) {
    readUnit(at, end, true);
    if (!isNameByte(unit)) {
      at += <usize>unitSize;
      continue;
    }
    nameSize = 0;
    while (at < end) {
      readUnit(at, end, true);
      if (!isNameByte(unit)) break;
      keepName(unit);
      at += <usize>unitSize;
    }
    const value = valueAfter(at, end);
    if (value >= end || !isSecretName(name, nameSize)) continue;
    at = valueEnd(value, end);
    hideAll(value, <u32>(at - value));
  }
}

function maskValue(nameAt: usize, nameBytes: u32, at: usize, size: u32): void {
  const isPseudo = nameBytes != 0 && load<u8>(nameAt) == 0x3a;
  const isSecret = equalsLower(nameAt, nameBytes, "cookie") || isSecretName(nameAt, nameBytes);
  if (isSecret && !isPseudo) {
    hideAll(at, size);
    return;
  }
  const end = at + <usize>size;
  const query = findByte(at, end, 0x3f);
  if (query < end) hideQuery(query + 1, end);
  hideNamed(at, size);
  hideCards(at, size);
}

/**
 * Masks a block of pairs (decode/pairs.ts) where it lies, by the names that everyone hides and those of the current
 * request's policy.
 * @returns false when the block is not what its format says: it may then be masked in part
 */
export function maskPairs(at: usize, size: u32): bool {
  if (size < 4) return false;
  const pairs = load<u32>(at);
  if (pairs > (size - 4) >> 3) return false;
  let sizes = at + 4;
  let bytes = sizes + ((<usize>pairs) << 3);
  const end = at + <usize>size;
  for (let i: u32 = 0; i < pairs; i++) {
    const nameBytes = load<u32>(sizes);
    const valueBytes = load<u32>(sizes + 4);
    sizes += 8;
    const left = <u32>(end - bytes);
    if (nameBytes >= left || valueBytes >= left || nameBytes + valueBytes + 2 > left) return false;
    const value = bytes + <usize>nameBytes + 1;
    maskValue(bytes, nameBytes, value, valueBytes);
    bytes = value + <usize>valueBytes + 1;
  }
  return true;
}
