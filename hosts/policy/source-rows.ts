/**
 * A list of sources in its compiled form, the bytes that go from the policy service to hosts: rows in the order in
 * which they are searched, so that a host checks them once and asks them where they lie.
 *
 *   0 u32 magic "MSRC"    4 u8 version   5 u8 list from 1   6 u16 0     8 u32 IPv4 rows   12 u32 IPv6 rows
 *  16 u32 rows of countries and systems   20 u32 bytes of texts   24 sections, each padded to 4 bytes:
 *     IPv4: u32 first address, all; u32 second of its end, 0xffffffff for never, all; u32 reason, all; u8 prefix, all
 *     IPv6: the same with four u32 an address, highest first
 *     countries and systems: u32 key, all; u32 end, all; u32 reason, all
 *     texts: u16 size and UTF-8, the first is empty; a reason is its offset
 */
import { type IpList, LISTS, type ListEntry, type ListName } from "./ip-list.ts";
import type { Network } from "./network.ts";

/** What the head of the rows says. */
export const ROWS_MAGIC = 0x4352534d;
export const ROWS_VERSION = 1;
export const ROWS_HEAD_BYTES = 24;
/** Entries without an end. */
export const NEVER = 0xffff_ffff;
/** Bit of a key that tells a country from the number of a system; such numbers are given out from the low end. */
export const COUNTRY_KEY = 0x8000_0000;

const V4_MAPPED = 0xffffn;
const MAPPED_BITS = 96;
const ADDRESS_BITS = 128;
const LOW_32 = 0xffff_ffffn;
/** Prefix lengths that a key of IPv4 has room for. */
const V4_PREFIXES = 64;
/** Bits of a key that say which entry it is of: more entries than any list has. */
const INDEX_BITS = 26n;
const NOWHERE: Network = { address: 0n, prefix: ADDRESS_BITS };

/** @returns the key of a country's two letters */
export function countryKey(code: string): number {
  return (COUNTRY_KEY | (code.charCodeAt(0) << 8) | code.charCodeAt(1)) >>> 0;
}

/** @returns the two letters of a country's key; null for the number of a system */
export function countryOfKey(key: number): string | null {
  if ((key & 0xffff0000) >>> 0 !== COUNTRY_KEY >>> 0) return null;
  return String.fromCharCode((key >>> 8) & 0xff, key & 0xff);
}

/** Reasons, each once. */
class Reasons {
  readonly #places = new Map<string, number>([["", 0]]);
  readonly #parts: Buffer[] = [Buffer.alloc(2)];
  size = 2;

  add(reason = ""): number {
    const known = this.#places.get(reason);
    if (known !== undefined) return known;
    const bytes = Buffer.from(reason, "utf8");
    const part = Buffer.alloc(2 + bytes.length);
    part.writeUInt16LE(bytes.length, 0);
    bytes.copy(part, 2);
    const at = this.size;
    this.#places.set(reason, at);
    this.#parts.push(part);
    this.size += part.length;
    return at;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Entries of networks of one family. */
interface Family {
  /** Words of an address: 1 or 4. */
  readonly words: 1 | 4;
  readonly entries: readonly ListEntry[];
}

/**
 * Compiles the entries of lists of one name. Of two entries for one subject the one that stays longer counts.
 * Equal entries in equal order give equal bytes.
 */
export function compileRows(list: ListName, lists: readonly IpList[]): Uint8Array {
  const v4: ListEntry[] = [];
  const v6: ListEntry[] = [];
  const others = new Map<number, ListEntry>();
  for (const entry of lists.flatMap(({ entries }) => entries)) {
    const { cidr, country, asn = 0 } = entry;
    if (cidr === undefined) {
      const key = country === undefined ? asn : countryKey(country);
      const known = others.get(key);
      if (known === undefined || endOf(known) < endOf(entry)) others.set(key, entry);
    } else if (isV4(cidr)) v4.push(entry);
    else v6.push(entry);
  }
  const reasons = new Reasons();
  const families: readonly Family[] = [
    { words: 1, entries: longest(sortV4(v4)) },
    { words: 4, entries: longest(v6.toSorted(compareNetworks)) },
  ];
  const keys = [...others.keys()].sort((a, b) => a - b);
  const ordered = keys.flatMap((key) => others.get(key) ?? []);
  const sections = [
    ...families.flatMap((family) => familySections(family, reasons)),
    words(keys),
    words(ordered.map(endOf)),
    words(ordered.map(({ reason }) => reasons.add(reason))),
  ];
  const head = Buffer.alloc(ROWS_HEAD_BYTES);
  head.writeUInt32LE(ROWS_MAGIC, 0);
  head.writeUInt8(ROWS_VERSION, 4);
  head.writeUInt8(LISTS.indexOf(list) + 1, 5);
  const sizes = [...families.map(({ entries }) => entries.length), keys.length, reasons.bytes.length];
  for (const [index, size] of sizes.entries()) head.writeUInt32LE(size, 8 + index * 4);
  return Buffer.concat([head, ...[...sections, reasons.bytes].flatMap((one) => [one, Buffer.alloc(-one.length & 3)])]);
}

function isV4({ address, prefix }: Network): boolean {
  return prefix >= MAPPED_BITS && address >> 32n === V4_MAPPED;
}

function endOf({ expiresAt }: ListEntry): number {
  return expiresAt ?? NEVER;
}

/** Numbers of one typed array are sorted ten times faster than objects are, and lists of IPv4 are the long ones. */
function sortV4(entries: readonly ListEntry[]): ListEntry[] {
  const keys = new BigUint64Array(entries.length);
  for (const [index, { cidr }] of entries.entries()) {
    if (cidr === undefined) continue;
    const network = Number(cidr.address & LOW_32) * V4_PREFIXES + cidr.prefix - MAPPED_BITS;
    keys[index] = (BigInt(network) << INDEX_BITS) | BigInt(index);
  }
  keys.sort();
  return Array.from(keys, (key) => entries[Number(key & ((1n << INDEX_BITS) - 1n))]).filter((one) => one !== undefined);
}

function compareNetworks({ cidr: left }: ListEntry, { cidr: right }: ListEntry): number {
  if (left === undefined || right === undefined) return 0;
  if (left.address !== right.address) return left.address < right.address ? -1 : 1;
  return left.prefix - right.prefix;
}

/** @returns of entries in order, for each network the one that stays longest */
function longest(entries: readonly ListEntry[]): ListEntry[] {
  const kept: ListEntry[] = [];
  for (const entry of entries) {
    const last = kept.at(-1);
    if (last === undefined || compareNetworks(last, entry) !== 0) kept.push(entry);
    else if (endOf(last) < endOf(entry)) kept[kept.length - 1] = entry;
  }
  return kept;
}

function familySections({ words: size, entries }: Family, reasons: Reasons): Buffer[] {
  const addresses = new Uint32Array(entries.length * size);
  const ends = new Uint32Array(entries.length);
  const texts = new Uint32Array(entries.length);
  const prefixes = Buffer.alloc(entries.length);
  for (const [index, entry] of entries.entries()) {
    const { address, prefix } = entry.cidr ?? NOWHERE;
    for (let word = 0; word < size; word++) {
      addresses[index * size + word] = Number((address >> BigInt((size - 1 - word) * 32)) & LOW_32);
    }
    ends[index] = endOf(entry);
    texts[index] = reasons.add(entry.reason);
    prefixes[index] = size === 1 ? prefix - MAPPED_BITS : prefix;
  }
  return [bytesOf(addresses), bytesOf(ends), bytesOf(texts), prefixes];
}

function words(numbers: readonly number[]): Buffer {
  return bytesOf(Uint32Array.from(numbers));
}

function bytesOf(numbers: Uint32Array): Buffer {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
