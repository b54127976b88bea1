/**
 * Parts of the head as rules ask for them: names and values with their escapes undone once, as an application reads
 * them; of several values of one name, all of them joined by commas, so that none can hide behind another.
 */
import { Limit } from "../../abi/status";
import { arenaAlloc } from "../../bytes/arena";
import { lower } from "../../bytes/ascii";
import { findByte, sameBytes } from "../../bytes/scan";
import { Decoder, decode } from "../../decode/decoder";
import { FieldName } from "../../decode/field";
import { authorityAt, authoritySize, hostBytes, methodAt, methodSize, targetAt, targetSize } from "../../decode/head";
import { fieldCount, fieldIn, fieldNamed, joinedAt, joinedValue } from "../../decode/pairs";
import { reachLimit } from "../../decode/transaction";
import { pathAt, pathSize } from "../../decode/uri";
import { SubjectKind } from "./rows";

/** The part found last: its bytes, and whether it is there. */
export let foundAt: usize = 0;
export let foundSize: u32 = 0;
export let isFound: bool = false;

function give(at: usize, size: u32): void {
  foundAt = at;
  foundSize = size;
  isFound = true;
}

/** Scratch memory; what does not fit is told. */
function room(size: u32): usize {
  const at = arenaAlloc(size + 1);
  if (!at) reachLimit(Limit.MEMORY);
  return at;
}

function decodeAll(decoder: u32, at: usize, size: u32): void {
  const to = room(size);
  if (to) give(to, decode(decoder, at, size, to));
}

/** The host in lower case, without port and without a dot at its end. */
function findHost(): void {
  let size = hostBytes(authorityAt, authoritySize);
  if (size && load<u8>(authorityAt + <usize>(size - 1)) == 0x2e) size--;
  const to = room(size);
  if (!to) return;
  for (let i: usize = 0; i < <usize>size; i++) store<u8>(to + i, <u8>lower(load<u8>(authorityAt + i)));
  give(to, size);
}

function findHeader(name: usize, nameSize: u32): void {
  const count = fieldCount();
  for (let i: u32 = 0; i < count; i++) {
    const field = fieldIn(i);
    if (field.nameSize != nameSize || field.later) continue;
    let same: usize = 0;
    while (same < <usize>nameSize && lower(load<u8>(field.nameAt + same)) == load<u8>(name + same)) same++;
    if (same < <usize>nameSize) continue;
    const size = joinedValue(field, field.name == FieldName.COOKIE);
    give(joinedAt, size);
    return;
  }
}

/** Whether the written name is the one that is asked for, escapes undone. @param scratch room for the written one */
function isNamed(decoder: u32, at: usize, size: u32, name: usize, nameSize: u32, scratch: usize): bool {
  if (size < nameSize) return false;
  return decode(decoder, at, size, scratch) == nameSize && sameBytes(scratch, name, nameSize);
}

/** Finds the values of a name among pairs, and joins them by commas. Linear: each pair is read once. */
function findPair(at: usize, size: u32, separator: u32, decoder: u32, name: usize, nameSize: u32): void {
  const end = at + <usize>size;
  const to = room(size);
  const scratch = room(size);
  if (!to || !scratch) return;
  let written: u32 = 0;
  while (at < end) {
    const stop = findByte(at, end, separator);
    const equals = findByte(at, stop, 0x3d);
    while (separator == 0x3b && at < equals && load<u8>(at) == 0x20) at++;
    if (isNamed(decoder, at, <u32>(equals - at), name, nameSize, scratch)) {
      if (isFound) {
        store<u8>(to + <usize>written, 0x2c);
        written++;
      }
      isFound = true;
      const value = equals < stop ? equals + 1 : stop;
      written += decode(decoder, value, <u32>(stop - value), to + <usize>written);
    }
    at = stop + 1;
  }
  foundAt = to;
  foundSize = written;
}

/** Work that finding a part of the head costs. */
export function findUnits(kind: u32): u32 {
  if (kind == <u32>SubjectKind.HEADER) return fieldCount();
  if (kind == <u32>SubjectKind.QUERY || kind == <u32>SubjectKind.PATH) return targetSize;
  if (kind == <u32>SubjectKind.QUERY_TEXT) return 1;
  if (kind != <u32>SubjectKind.COOKIE) return authoritySize;
  const field = fieldNamed(FieldName.COOKIE);
  return field ? field.valueSize : 0;
}

/** Finds a part of the head read last. What it returns lies in the head or in scratch. */
export function findSubject(kind: u32, name: usize, nameSize: u32): void {
  foundAt = name;
  foundSize = 0;
  isFound = false;
  switch (kind) {
    case SubjectKind.METHOD:
      give(methodAt, methodSize);
      return;
    case SubjectKind.HOST:
      findHost();
      return;
    case SubjectKind.PATH:
      decodeAll(Decoder.PERCENT, pathAt, pathSize);
      return;
    case SubjectKind.HEADER:
      findHeader(name, nameSize);
      return;
    case SubjectKind.QUERY:
      if (pathSize < targetSize) {
        const query = targetAt + <usize>(pathSize + 1);
        findPair(query, targetSize - pathSize - 1, 0x26, Decoder.FORM, name, nameSize);
      }
      return;
    case SubjectKind.QUERY_TEXT:
      if (pathSize < targetSize) give(targetAt + <usize>(pathSize + 1), targetSize - pathSize - 1);
      return;
    case SubjectKind.COOKIE: {
      const field = fieldNamed(FieldName.COOKIE);
      if (!field) return;
      const size = joinedValue(field, true);
      findPair(joinedAt, size, 0x3b, Decoder.PERCENT, name, nameSize);
      return;
    }
    default:
  }
}

/** Characters of a text in UTF-8: the bytes that begin one. */
export function countCharacters(at: usize, size: u32): u32 {
  let count: u32 = 0;
  const end = at + <usize>size;
  while (at < end) if ((<u32>load<u8>(at++) & 0xc0) != 0x80) count++;
  return count;
}
