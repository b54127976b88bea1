/**
 * The image for Envoy's filter: that of the bundle, with what other hosts have beside it. It has the policy's hash, by
 * which records name it, and as many entries of the lists of sources as there is room for. The layout of the lists is
 * documented in assembly/policy/sources.ts.
 */
import { crc32 } from "node:zlib";
import { type Bundle, imageOf } from "./bundle.ts";
import { IMAGE_BYTES_MAX } from "./image.ts";
import { LISTS } from "./ip-list.ts";
import { NEVER, ROWS_HEAD_BYTES } from "./source-rows.ts";

/** Bytes of lists in an image: some 87,000 networks of IPv4, or half as many of IPv6. */
export const LISTS_BYTES_MAX = 1024 * 1024;

const HEAD_BYTES = 32;
const SECTION_BYTES = 12;
const CHECKED_FROM = 16;
const SECTION = { sources: 20, identity: 21 } as const;
const IDENTITY_BYTES = 32;
const LISTS_HEAD_BYTES = 28;
/** Bytes of a row by the words of its address. */
const ROW_BYTES = { 1: 12, 4: 24 } as const;
const PREFIX_BITS = 8;

/** An image, and how many entries of lists are not in it. */
export interface FilterImage {
  readonly image: Uint8Array;
  readonly leftOut: number;
}

interface Entry {
  readonly address: bigint;
  readonly prefix: number;
  /** Second since 1970; NEVER for none. */
  readonly end: number;
}

/** Rows of one family in one compiled list. */
interface Family {
  readonly size: number;
  readonly words: 1 | 4;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly prefixes: Uint8Array;
}

/** A compiled list, as far as the filter can use it. */
interface Table {
  readonly list: number;
  readonly v4: Family;
  readonly v6: Family;
  /** Entries that only a database of countries and systems could decide. */
  readonly places: number;
}

/** @returns the image that a bundle is for Envoy's filter; equal bundles give equal bytes */
export function filterImage(bundle: Bundle): FilterImage {
  const image = Buffer.from(imageOf(bundle));
  const tables = bundle.content.lists.map(({ hash }) => readTable(bundle.parts.get(hash) ?? new Uint8Array(0)));
  const room = IMAGE_BYTES_MAX - image.length - IDENTITY_BYTES - 2 * SECTION_BYTES;
  const lists = packLists(tables, Math.min(LISTS_BYTES_MAX, room));
  const sections = [
    { kind: SECTION.sources, content: lists.content },
    { kind: SECTION.identity, content: Buffer.from(bundle.hash, "hex") },
  ].filter(({ content }) => content.length > 0);
  if (room < 0) return { image, leftOut: lists.leftOut };
  return { image: withSections(image, sections), leftOut: lists.leftOut };
}

/** Adds sections behind those that an image has: all of these move by the rows that its table gets. */
function withSections(image: Buffer, added: readonly { kind: number; content: Buffer }[]): Buffer {
  const before = image.readUInt16LE(6);
  const tableEnd = HEAD_BYTES + before * SECTION_BYTES;
  const growth = added.length * SECTION_BYTES;
  const head = Buffer.from(image.subarray(0, tableEnd));
  for (let row = HEAD_BYTES; row < tableEnd; row += SECTION_BYTES) {
    head.writeUInt32LE(head.readUInt32LE(row + 4) + growth, row + 4);
  }
  const rows = Buffer.alloc(growth);
  let at = image.length + growth;
  for (const [index, { kind, content }] of added.entries()) {
    rows.writeUInt16LE(kind, index * SECTION_BYTES);
    rows.writeUInt32LE(at, index * SECTION_BYTES + 4);
    rows.writeUInt32LE(content.length, index * SECTION_BYTES + 8);
    at += content.length;
  }
  const whole = Buffer.concat([head, rows, image.subarray(tableEnd), ...added.map(({ content }) => content)]);
  whole.writeUInt16LE(before + added.length, 6);
  whole.writeUInt32LE(whole.length, 8);
  whole.writeUInt32LE(crc32(whole.subarray(CHECKED_FROM)), 12);
  return whole;
}

/** Reads rows as hosts/policy/source-rows.ts documents them; they were made here, or checked when they came. */
function readTable(rows: Uint8Array): Table {
  const bytes = Buffer.from(Uint8Array.from(rows).buffer);
  let at = ROWS_HEAD_BYTES;
  const numbers = (count: number): Uint32Array => {
    const part = new Uint32Array(bytes.buffer, at, count);
    at += count * 4;
    return part;
  };
  const family = (size: number, words: 1 | 4): Family => {
    const starts = numbers(size * words);
    const ends = numbers(size);
    numbers(size);
    const prefixes = bytes.subarray(at, at + size);
    at += (size + 3) & ~3;
    return { size, words, starts, ends, prefixes };
  };
  const v4 = family(bytes.readUInt32LE(8), 1);
  const v6 = family(bytes.readUInt32LE(12), 4);
  return { list: bytes.readUInt8(5) - 1, v4, v6, places: bytes.readUInt32LE(16) };
}

/** Packs what fits, allow before deny before gray, of each list the largest networks first. */
function packLists(tables: readonly Table[], room: number): { content: Buffer; leftOut: number } {
  let leftOut = tables.reduce((sum, { places }) => sum + places, 0);
  const counts: number[] = [];
  const rows: Buffer[] = [];
  let left = Math.max(0, room - LISTS_HEAD_BYTES);
  for (const list of LISTS.keys()) {
    const own = tables.filter((table) => table.list === list);
    for (const words of [1, 4] as const) {
      const families = own.map(({ v4, v6 }) => (words === 1 ? v4 : v6));
      const kept = entriesOf(families, Math.floor(left / ROW_BYTES[words]));
      leftOut += kept.leftOut;
      const packed = packRows(kept.entries, words);
      counts.push(kept.entries.length);
      rows.push(packed);
      left -= packed.length;
    }
  }
  if (leftOut === 0 && counts.every((count) => count === 0)) return { content: Buffer.alloc(0), leftOut };
  const head = Buffer.from(Uint32Array.from([leftOut, ...counts]).buffer);
  return { content: Buffer.concat([head, ...rows]), leftOut };
}

/** @returns the entries of one list and family, each network once and in order, at most so many */
function entriesOf(families: readonly Family[], most: number): { entries: Entry[]; leftOut: number } {
  const all = families.reduce((sum, { size }) => sum + size, 0);
  // What is beyond twice the room is not even looked at: lists of a million are nobody's to sort at every change.
  const cut = cutOf(families, most * 2);
  const found = families.flatMap((family) => listed(family, cut));
  found.sort((a, b) => (a.address === b.address ? a.prefix - b.prefix : a.address < b.address ? -1 : 1));
  const needed = withoutRepeats(found, (families[0]?.words ?? 1) * 32);
  const repeated = found.length - needed.length;
  if (needed.length <= most) return { entries: needed, leftOut: all - found.length };
  const limit = needed.map(({ prefix }) => prefix).sort((a, b) => a - b)[most] ?? 0;
  const entries = needed.filter(({ prefix }) => prefix < limit);
  const last = needed.filter(({ prefix }) => prefix === limit).slice(0, most - entries.length);
  const kept = new Set([...entries, ...last]);
  return { entries: needed.filter((entry) => kept.has(entry)), leftOut: all - repeated - kept.size };
}

/** Up to which prefix entries are looked at, and how many of that one. */
interface Cut {
  readonly longest: number;
  left: number;
}

function cutOf(families: readonly Family[], most: number): Cut {
  const counts = new Array<number>(129).fill(0);
  for (const { prefixes } of families) for (const prefix of prefixes) counts[prefix] = (counts[prefix] ?? 0) + 1;
  let left = most;
  for (const [prefix, count] of counts.entries()) {
    if (count >= left) return { longest: prefix, left };
    left -= count;
  }
  return { longest: 128, left: most };
}

function listed({ size, words, starts, ends, prefixes }: Family, cut: Cut): Entry[] {
  const entries: Entry[] = [];
  for (let row = 0; row < size; row++) {
    const prefix = prefixes[row] ?? 0;
    if (prefix > cut.longest || (prefix === cut.longest && cut.left-- <= 0)) continue;
    let address = 0n;
    for (let word = 0; word < words; word++) address = (address << 32n) | BigInt(starts[row * words + word] ?? 0);
    entries.push({ address, prefix, end: ends[row] ?? NEVER });
  }
  return entries;
}

/** Leaves out networks within networks that stay at least as long: a list has their clients all the same. */
function withoutRepeats(entries: readonly Entry[], bits: number): Entry[] {
  const kept: Entry[] = [];
  const around: Entry[] = [];
  for (const [index, entry] of entries.entries()) {
    const next = entries[index + 1];
    // Of one network in two tables the entry that stays longer counts.
    const isTwin = next?.address === entry.address && next.prefix === entry.prefix;
    if (isTwin && next.end >= entry.end) continue;
    while (around.length > 0 && !holds(around.at(-1), entry, bits)) around.pop();
    if ((around.at(-1)?.end ?? -1) >= entry.end) continue;
    kept.push(entry);
    around.push(entry);
  }
  return kept;
}

function holds(outer: Entry | undefined, inner: Entry, bits: number): boolean {
  return outer !== undefined && (outer.address ^ inner.address) >> BigInt(bits - outer.prefix) === 0n;
}

/** Rows with the number of the row around each, from 1 on. */
function packRows(entries: readonly Entry[], words: 1 | 4): Buffer {
  const size = ROW_BYTES[words];
  const rows = Buffer.alloc(entries.length * size);
  const around: number[] = [];
  for (const [index, entry] of entries.entries()) {
    while (around.length > 0 && !holds(entries[(around.at(-1) ?? 0) - 1], entry, words * 32)) around.pop();
    const at = index * size;
    if (words === 1) rows.writeUInt32LE(Number(entry.address), at);
    else {
      rows.writeBigUInt64LE(entry.address >> 64n, at);
      rows.writeBigUInt64LE(entry.address & ((1n << 64n) - 1n), at + 8);
    }
    rows.writeUInt32LE(entry.end, at + size - 8);
    rows.writeUInt32LE((((around.at(-1) ?? 0) << PREFIX_BITS) | entry.prefix) >>> 0, at + size - 4);
    around.push(index + 1);
  }
  return rows;
}
