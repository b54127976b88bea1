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
import { lower } from "../bytes/ascii";
import { copyBytes } from "../bytes/guard";
import { hashLanes } from "../bytes/hash";
import { FIELD_NAMES, FieldName, fieldName } from "./field";
import { reachLimit } from "./transaction";

/** One field of the canonical head. */
@unmanaged
export class Field {
  nameAt: usize;
  nameSize: u32;
  valueAt: usize;
  valueSize: u32;
  hash: u32;
  /** Its `FieldName`. */
  name: u32;
  /** Number plus one of the next field of the same name or, where that is unknown, of the same bucket; 0 for none. */
  next: u32;
  /** Whether an earlier field has this name. */
  later: u32;
}

const BUCKETS: u32 = 64;
const fields: usize = memory.data(HEADERS_MAX * 32, 16);
/** Number plus one of the first field, by known name. */
const first: usize = memory.data(FIELD_NAMES * 2, 16);
/** The same, by hash, of the fields with other names. */
const buckets: usize = memory.data(BUCKETS * 2, 16);
let count: u32 = 0;

/** Fields of the head read last. */
export function fieldCount(): u32 {
  return count;
}

/** The index-th field of the head read last. @param index below `fieldCount` */
export function fieldIn(index: u32): Field {
  return changetype<Field>(fields + <usize>(index * offsetof<Field>()));
}

/** Empties the tables; a head that could not be read has no fields. */
function clear(): void {
  count = 0;
  for (let at: usize = 0; at < 128; at += 16) {
    v128.store(first + at, i64x2.splat(0));
    v128.store(buckets + at, i64x2.splat(0));
  }
}

/** Whether two fields have the same name, case ignored. */
function sameName(one: Field, other: Field): bool {
  if (one.hash != other.hash || one.nameSize != other.nameSize) return false;
  for (let i: usize = 0; i < <usize>one.nameSize; i++) {
    if (lower(load<u8>(one.nameAt + i)) != lower(load<u8>(other.nameAt + i))) return false;
  }
  return true;
}

/** Adds a field and links it to the earlier ones of its name. */
function addField(nameAt: usize, nameSize: u32, valueAt: usize, valueSize: u32): void {
  if (count == HEADERS_MAX) {
    reachLimit(Limit.HEADERS);
    return;
  }
  const field = fieldIn(count++);
  field.nameAt = nameAt;
  field.nameSize = nameSize;
  field.valueAt = valueAt;
  field.valueSize = valueSize;
  field.hash = nameSize ? hashLanes(nameAt, nameSize) : 0;
  field.name = nameSize ? fieldName(field.hash, nameAt, nameSize) : <u32>FieldName.OTHER;
  field.next = 0;
  field.later = 0;
  const known = field.name != FieldName.OTHER;
  const chain = known ? first + ((<usize>field.name) << 1) : buckets + ((<usize>(field.hash & (BUCKETS - 1))) << 1);
  let index = <u32>load<u16>(chain);
  if (!index) {
    store<u16>(chain, <u16>count);
    return;
  }
  /* A bucket's chain holds fields of several names. */
  for (;;) {
    const other = fieldIn(index - 1);
    if (known || sameName(other, field)) field.later = 1;
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

/** @returns the first field of a known name, or null */
export function fieldNamed(name: FieldName): Field {
  const index = <u32>load<u16>(first + ((<usize>name) << 1));
  return index ? fieldIn(index - 1) : changetype<Field>(0);
}

/** The joined value: address in `joinedAt`. */
export let joinedAt: usize = 0;

/** @returns the next field of the same name, or null */
function nextOfName(field: Field): Field {
  let index = field.next;
  while (index) {
    const other = fieldIn(index - 1);
    if (field.name != FieldName.OTHER || sameName(other, field)) return other;
    index = other.next;
  }
  return changetype<Field>(0);
}

/**
 * The canonical value of a name by its first field: the value itself, or all values of the name joined.
 * @param cookie join by "; " instead of ","
 * @returns its size; `joinedAt` its address, 0 when the scratch is used up
 */
export function joinedValue(from: Field, cookie: bool): u32 {
  joinedAt = from.valueAt;
  let other = from.next ? nextOfName(from) : changetype<Field>(0);
  if (!other) return from.valueSize;
  let size = from.valueSize;
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
  let field = from;
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
