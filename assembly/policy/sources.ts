/**
 * Lists of sources inside an image: which list has a client, where no host can say so. Only images for Envoy's filter
 * have them; other hosts ask larger tables of their own and tell the core with `tx_source`. Made by
 * hosts/policy/filter-image.ts.
 *
 *   0 u32 entries that had no room   4 rows of IPv4 and of IPv6, two u32 for each of allow, deny and gray
 *  28 rows in that order: IPv4 `Row4`, IPv6 `Row6`, of one list and family in ascending order of address and prefix
 *
 * Networks lie within each other or apart: the last row that begins at or before an address has it, or leads to one
 * that has it through the networks around it.
 */
import { imageOf, Slot } from "./image";
import { Source } from "./mode";
import { Section, sectionOf, sectionSize } from "./tables";

/** A network of IPv4. */
@unmanaged
class Row4 {
  start: u32;
  /** Second since 1970 from which it no longer counts. */
  end: u32;
  /** Bits 0 to 7: length of the prefix. From 8 on: number of the row around it from 1 on, 0 for none. */
  place: u32;
}

/** A network of IPv6, or one that holds both. */
@unmanaged
class Row6 {
  high: u64;
  low: u64;
  end: u32;
  place: u32;
}

const HEAD_BYTES: u32 = 28;
const V4_PREFIX: u64 = 0xffff;

/** Whether the active policy has lists. */
export function hasSources(): bool {
  return sectionOf(imageOf(Slot.ACTIVE), Section.SOURCES) != 0;
}

/** Entries of the active policy's lists that are not in the image: it had no room, or no host here could decide. */
export function sourcesLeftOut(): u32 {
  const at = sectionOf(imageOf(Slot.ACTIVE), Section.SOURCES);
  return at ? load<u32>(at) : 0;
}

function mask32(prefix: u32): u32 {
  return prefix ? 0xffffffff << (32 - prefix) : 0;
}

function mask64(prefix: u32): u64 {
  return prefix ? (<u64>0xffffffffffffffff) << (64 - prefix) : 0;
}

function row4(at: usize, row: u32): Row4 {
  return changetype<Row4>(at + <usize>(row * offsetof<Row4>()));
}

function row6(at: usize, row: u32): Row6 {
  return changetype<Row6>(at + <usize>(row * offsetof<Row6>()));
}

function isIn4(at: usize, rows: u32, address: u32, now: u32): bool {
  let low: u32 = 0;
  let high = rows;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row4(at, middle).start > address) high = middle;
    else low = middle + 1;
  }
  /* `low` is the number of a row, from 1 on; those around it have lower ones. */
  while (low) {
    const one = row4(at, low - 1);
    if (one.end > now && !((one.start ^ address) & mask32(one.place & 255))) return true;
    low = one.place >> 8;
  }
  return false;
}

function holds6(one: Row6, high: u64, low: u64): bool {
  const prefix = one.place & 255;
  if ((one.high ^ high) & mask64(prefix < 64 ? prefix : 64)) return false;
  return prefix <= 64 || !((one.low ^ low) & mask64(prefix - 64));
}

function isIn6(at: usize, rows: u32, addressHigh: u64, addressLow: u64, now: u32): bool {
  let low: u32 = 0;
  let high = rows;
  while (low < high) {
    const middle = (low + high) >> 1;
    const one = row6(at, middle);
    if (one.high > addressHigh || (one.high == addressHigh && one.low > addressLow)) high = middle;
    else low = middle + 1;
  }
  while (low) {
    const one = row6(at, low - 1);
    if (one.end > now && holds6(one, addressHigh, addressLow)) return true;
    low = one.place >> 8;
  }
  return false;
}

/**
 * Asks the active policy's lists for a client.
 * @param high the address as 128 bits, IPv4 mapped into IPv6
 * @param now seconds since 1970
 */
export function sourceOf(high: u64, low: u64, now: u32): Source {
  const section = sectionOf(imageOf(Slot.ACTIVE), Section.SOURCES);
  if (!section) return Source.NONE;
  const isV4 = !high && low >> 32 == V4_PREFIX;
  let at = section + <usize>HEAD_BYTES;
  for (let list: u32 = 0; list < 3; list++) {
    const counts = section + <usize>(4 + (list << 3));
    const rows4 = load<u32>(counts);
    const rows6 = load<u32>(counts + 4);
    if (isV4 && isIn4(at, rows4, <u32>low, now)) return <Source>(list + 1);
    at += <usize>(rows4 * offsetof<Row4>());
    if (isIn6(at, rows6, high, low, now)) return <Source>(list + 1);
    at += <usize>(rows6 * offsetof<Row6>());
  }
  return Source.NONE;
}

function rows4Valid(at: usize, rows: u32): bool {
  for (let i: u32 = 0; i < rows; i++) {
    const one = row4(at, i);
    const prefix = one.place & 255;
    if (prefix > 32 || one.start & ~mask32(prefix) || one.place >> 8 > i) return false;
    if (i && row4(at, i - 1).start > one.start) return false;
  }
  return true;
}

function rows6Valid(at: usize, rows: u32): bool {
  for (let i: u32 = 0; i < rows; i++) {
    const one = row6(at, i);
    if ((one.place & 255) > 128 || one.place >> 8 > i) return false;
    if (!i) continue;
    const before = row6(at, i - 1);
    if (before.high > one.high || (before.high == one.high && before.low > one.low)) return false;
  }
  return true;
}

/** Whether the lists of an image can be searched: rows are there, in order, and lead to rows before them. */
export function sourcesValid(image: usize): bool {
  const section = sectionOf(image, Section.SOURCES);
  if (!section) return true;
  if (section & 3 || sectionSize < HEAD_BYTES) return false;
  let left = sectionSize - HEAD_BYTES;
  let at = section + <usize>HEAD_BYTES;
  for (let list: u32 = 0; list < 3; list++) {
    const counts = section + <usize>(4 + (list << 3));
    const rows4 = load<u32>(counts);
    if (rows4 > left / offsetof<Row4>() || !rows4Valid(at, rows4)) return false;
    left -= rows4 * <u32>offsetof<Row4>();
    at += <usize>(rows4 * offsetof<Row4>());
    const rows6 = load<u32>(counts + 4);
    if (rows6 > left / offsetof<Row6>() || !rows6Valid(at, rows6)) return false;
    left -= rows6 * <u32>offsetof<Row6>();
    at += <usize>(rows6 * offsetof<Row6>());
  }
  return left == 0;
}
