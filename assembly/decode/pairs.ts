/**
 * Header pairs as Proxy-Wasm serialises them (proxy-wasm ABI 0.2.1, "Serialization"): a count, then name and value
 * sizes of each pair, then name, NUL, value, NUL of each; little endian. Every host hands heads over in this form, so
 * Envoy's bytes go in as they come.
 *
 * The canonical head: names in lower case, hop-by-hop fields and those that hosts own left out, fields of one name
 * joined in the order of their first occurrence, by "," or, for cookies, "; " — as Envoy joins them.
 */
import { HEADERS_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { arenaAlloc } from "../bytes/arena";
import { copyBytes } from "../bytes/guard";
import { hashWord } from "../bytes/hash";
import { reachLimit } from "./transaction";

/** One field of the canonical head. */
@unmanaged
export class Field {
  nameAt: usize;
  nameSize: u32;
  valueAt: usize;
  valueSize: u32;
  hash: u32;
  /** Number of the next field of the same name plus one, 0 for none. */
  next: u32;
  /** Whether an earlier field has this name. */
  later: u32;
}

const fields: usize = memory.data(HEADERS_MAX * 28, 16);
const buckets: usize = memory.data(512, 16);
let count: u32 = 0;

/** Fields of the head read last. */
export function fieldCount(): u32 {
  return count;
}

/** The index-th field of the head read last. @param index below `fieldCount` */
export function fieldIn(index: u32): Field {
  return changetype<Field>(fields + <usize>(index * offsetof<Field>()));
}

/** Empties the table; a head that could not be read has no fields. */
function clear(): void {
  count = 0;
  memory.fill(buckets, 0, 512);
}

/** Adds a field and links it to the earlier ones of its name. */
function addField(nameAt: usize, nameSize: u32, valueAt: usize, valueSize: u32): void {
  if (count == HEADERS_MAX) {
    reachLimit(Limit.HEADERS);
    return;
  }
  const field = fieldIn(count);
  field.nameAt = nameAt;
  field.nameSize = nameSize;
  field.valueAt = valueAt;
  field.valueSize = valueSize;
  field.hash = hashWord(nameAt, nameSize);
  field.next = 0;
  field.later = 0;
  const bucket = buckets + ((<usize>(field.hash & 255)) << 1);
  let index = <u32>load<u16>(bucket);
  count++;
  if (!index) {
    store<u16>(bucket, <u16>count);
    return;
  }
  /* A bucket's chain holds fields of several names; what matters is the last one of this name. */
  for (;;) {
    const other = fieldIn(index - 1);
    if (other.hash == field.hash && other.nameSize == nameSize) field.later = 1;
    if (!other.next) {
      other.next = count;
      return;
    }
    index = other.next;
  }
}

/**
 * Reads a block of pairs; the bytes must stay where they are while the head is in use.
 * @returns false when the block is not what the format says
 */
export function pairsRead(at: usize, size: u32): bool {
  clear();
  if (size < 4) return size == 0;
  const pairs = load<u32>(at);
  if (pairs > (size - 4) >> 3) return false;
  let sizes = at + 4;
  let bytes = sizes + ((<usize>pairs) << 3);
  const end = at + <usize>size;
  for (let i: u32 = 0; i < pairs; i++) {
    const nameSize = load<u32>(sizes);
    const valueSize = load<u32>(sizes + 4);
    sizes += 8;
    const left = <u32>(end - bytes);
    if (nameSize >= left || valueSize >= left || nameSize + valueSize + 2 > left) {
      clear();
      return false;
    }
    const valueAt = bytes + <usize>nameSize + 1;
    addField(bytes, nameSize, valueAt, valueSize);
    bytes = valueAt + <usize>valueSize + 1;
  }
  return true;
}

/** @returns the first field whose name hashes to `hash`, or null */
export function fieldByHash(hash: u32): Field {
  let index = <u32>load<u16>(buckets + ((<usize>(hash & 255)) << 1));
  while (index) {
    const field = fieldIn(index - 1);
    if (field.hash == hash) return field;
    index = field.next;
  }
  return changetype<Field>(0);
}

/** The joined value: address in `joinedAt`. */
export let joinedAt: usize = 0;

/** @returns the next field of the same name, or null */
function nextOfName(field: Field): Field {
  let index = field.next;
  while (index) {
    const other = fieldIn(index - 1);
    if (other.hash == field.hash && other.nameSize == field.nameSize) return other;
    index = other.next;
  }
  return changetype<Field>(0);
}

/**
 * The canonical value of a name by its first field: the value itself, or all values of the name joined.
 * @param cookie join by "; " instead of ","
 * @returns its size; `joinedAt` its address, 0 when the scratch is used up
 */
export function joinedValue(first: Field, cookie: bool): u32 {
  joinedAt = first.valueAt;
  let other = nextOfName(first);
  if (!other) return first.valueSize;
  let size = first.valueSize;
  while (other) {
    size += other.valueSize + 2;
    other = nextOfName(other);
  }
  joinedAt = arenaAlloc(size);
  if (!joinedAt) {
    reachLimit(Limit.MEMORY);
    return 0;
  }
  let to = joinedAt;
  let field = first;
  while (field) {
    if (to > joinedAt) {
      store<u8>(to++, cookie ? 0x3b : 0x2c);
      if (cookie) store<u8>(to++, 0x20);
    }
    copyBytes(to, field.valueAt, field.valueSize);
    to += <usize>field.valueSize;
    field = nextOfName(field);
  }
  return <u32>(to - joinedAt);
}
