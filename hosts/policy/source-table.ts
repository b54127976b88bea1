/**
 * A compiled list as a host asks it: checked once, then searched where its bytes lie. Networks lie within each other or
 * apart, never across; so of all networks that have an address, the last row that begins at or before it is one, or
 * leads to one through the networks around it.
 *
 * A million networks take 25 MB, and a look-up some tens of nanoseconds up to a microsecond.
 */
import { MerlonError } from "../core/error.ts";
import { LISTS, type ListName } from "./ip-list.ts";
import { networkText } from "./network.ts";
import { COUNTRY_KEY, NEVER, ROWS_HEAD_BYTES, ROWS_MAGIC, ROWS_VERSION } from "./source-rows.ts";

/** Bytes of the largest list that is taken: some four million networks of IPv4. */
export const ROWS_BYTES_MAX = 64 * 1024 * 1024;
const NONE = -1;
const TOP_BITS = 16;
/** Networks of 24 bits: a bit for each says whether a row touches it, and most clients need no more. */
const BLOCK_BITS = 24;
/** Smaller families are searched as fast as they could be asked first. */
const BLOCKS_FROM = 4096;

/** An address as four numbers of 32 bits, highest first; IPv4 is mapped. */
export type AddressWords = Uint32Array;

/** What an entry says, for people. */
export interface Row {
  readonly list: ListName;
  /** `203.0.113.0/24`, `country:DE`, `asn:64500`. */
  readonly entry: string;
  /** Seconds since 1970; undefined for ever. */
  readonly expiresAt: number | undefined;
  readonly reason: string;
  readonly hits: number;
}

/** Rows of networks of one family. */
class Family {
  readonly size: number;
  readonly words: 1 | 4;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly reasons: Uint32Array;
  readonly prefixes: Uint8Array;
  /** The row of the closest network around a row's; NONE for none. */
  readonly parents: Int32Array;
  readonly hits: Uint32Array;
  /** First row of each value of an address's upper bits; only for IPv4. */
  readonly tops: Uint32Array;
  /** A bit for each network of BLOCK_BITS that a row touches; only for large families of IPv4, else empty. */
  readonly blocks: Uint8Array;

  constructor(size: number, words: 1 | 4, take: (bytes: number) => Uint8Array) {
    this.size = size;
    this.words = words;
    this.starts = numbersOf(take(size * words * 4));
    this.ends = numbersOf(take(size * 4));
    this.reasons = numbersOf(take(size * 4));
    this.prefixes = take(size);
    this.parents = new Int32Array(size);
    this.hits = new Uint32Array(size);
    this.tops = new Uint32Array(words === 1 ? (1 << TOP_BITS) + 1 : 0);
    this.blocks = new Uint8Array(words === 1 && size >= BLOCKS_FROM ? 1 << (BLOCK_BITS - 3) : 0);
    this.#check();
    this.#nest();
    this.#index();
    if (this.blocks.length > 0) for (let row = 0; row < size; row++) this.#noteBlocks(row);
  }

  /** Rows are in strict order and have no bits beyond their prefix; else the search would lead anywhere. */
  #check(): void {
    const bits = this.words * 32;
    for (let row = 0; row < this.size; row++) {
      const prefix = this.prefixes[row] ?? 0;
      if (prefix > bits) throw damaged("a prefix is too long");
      for (let word = 0; word < this.words; word++) {
        if (((this.starts[row * this.words + word] ?? 0) & ~maskOf(prefix, word)) !== 0)
          throw damaged("a network has more bits");
      }
      if (row > 0 && this.#compare(row - 1, row) >= 0) throw damaged("its networks are in no order");
    }
  }

  #compare(left: number, right: number): number {
    for (let word = 0; word < this.words; word++) {
      const difference = (this.starts[left * this.words + word] ?? 0) - (this.starts[right * this.words + word] ?? 0);
      if (difference !== 0) return difference;
    }
    return (this.prefixes[left] ?? 0) - (this.prefixes[right] ?? 0);
  }

  #nest(): void {
    for (let row = 0; row < this.size; row++) {
      let around = row - 1;
      while (around >= 0 && !this.#holdsRow(around, row)) around = this.parents[around] ?? NONE;
      this.parents[row] = around;
    }
  }

  #holdsRow(around: number, row: number): boolean {
    const prefix = this.prefixes[around] ?? 0;
    for (let word = 0; word < this.words; word++) {
      const mine = this.starts[around * this.words + word] ?? 0;
      if (((mine ^ (this.starts[row * this.words + word] ?? 0)) & maskOf(prefix, word)) !== 0) return false;
    }
    return true;
  }

  #index(): void {
    let row = 0;
    for (let top = 0; top < this.tops.length; top++) {
      while (row < this.size && (this.starts[row] ?? 0) >>> TOP_BITS < top) row++;
      this.tops[top] = row;
    }
  }

  #noteBlocks(row: number): void {
    const prefix = this.prefixes[row] ?? 0;
    const first = (this.starts[row] ?? 0) >>> (32 - BLOCK_BITS);
    if (prefix <= BLOCK_BITS - 3) {
      this.blocks.fill(255, first >>> 3, (first >>> 3) + (1 << (BLOCK_BITS - 3 - prefix)));
      return;
    }
    const count = prefix >= BLOCK_BITS ? 1 : 1 << (BLOCK_BITS - prefix);
    for (let block = first; block < first + count; block++) {
      this.blocks[block >>> 3] = (this.blocks[block >>> 3] ?? 0) | (1 << (block & 7));
    }
  }

  /**
   * @param from where the address's words begin
   * @returns the closest row that has the address and whose end has not come; NONE for none
   */
  find(address: AddressWords, from: number, nowSeconds: number): number {
    if (this.blocks.length > 0) {
      const block = (address[from] ?? 0) >>> (32 - BLOCK_BITS);
      if (((this.blocks[block >>> 3] ?? 0) & (1 << (block & 7))) === 0) return NONE;
    }
    let row = this.#lastUpTo(address, from);
    while (row >= 0 && !(this.#holds(row, address, from) && (this.ends[row] ?? 0) > nowSeconds)) {
      row = this.parents[row] ?? NONE;
    }
    return row;
  }

  #lastUpTo(address: AddressWords, from: number): number {
    const top = (address[from] ?? 0) >>> TOP_BITS;
    let low = this.words === 1 ? (this.tops[top] ?? 0) : 0;
    let high = this.words === 1 ? (this.tops[top + 1] ?? this.size) : this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isAfter(middle, address, from)) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  #isAfter(row: number, address: AddressWords, from: number): boolean {
    for (let word = 0; word < this.words; word++) {
      const difference = (this.starts[row * this.words + word] ?? 0) - (address[from + word] ?? 0);
      if (difference !== 0) return difference > 0;
    }
    return false;
  }

  #holds(row: number, address: AddressWords, from: number): boolean {
    const prefix = this.prefixes[row] ?? 0;
    for (let word = 0; word < this.words; word++) {
      const mine = this.starts[row * this.words + word] ?? 0;
      if (((mine ^ (address[from + word] ?? 0)) & maskOf(prefix, word)) !== 0) return false;
    }
    return true;
  }

  /** @returns a row's network in CIDR form */
  textOf(row: number): string {
    let address = this.words === 1 ? 0xffffn : 0n;
    for (let word = 0; word < this.words; word++) {
      address = (address << 32n) | BigInt(this.starts[row * this.words + word] ?? 0);
    }
    return networkText({ address, prefix: (this.prefixes[row] ?? 0) + (this.words === 1 ? 96 : 0) });
  }
}

/** Bits of a word of an address that a prefix covers. */
function maskOf(prefix: number, word: number): number {
  const bits = prefix - word * 32;
  if (bits <= 0) return 0;
  return bits >= 32 ? ~0 : ~(0xffff_ffff >>> bits);
}

/** Views need addresses that are multiples of four. */
function numbersOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function damaged(why: string): MerlonError {
  return new MerlonError("MERLON_POLICY_VERSION", `a list of sources is damaged — ${why}; compile the policy again`);
}

/** One compiled list. */
export class SourceTable {
  readonly list: ListName;
  readonly #v4: Family;
  readonly #v6: Family;
  readonly #keys: Uint32Array;
  readonly #ends: Uint32Array;
  readonly #reasons: Uint32Array;
  readonly #hits: Uint32Array;
  readonly #texts: Uint8Array;

  /**
   * @param rows what `compileRows` made
   * @throws MerlonError MERLON_POLICY_VERSION when they are damaged
   */
  constructor(rows: Uint8Array) {
    if (rows.length < ROWS_HEAD_BYTES || rows.length > ROWS_BYTES_MAX) throw damaged("it has the wrong size");
    // A copy begins where views may begin, and nobody else changes it.
    const bytes = Buffer.from(Uint8Array.from(rows).buffer);
    const list = LISTS[bytes.readUInt8(5) - 1];
    if (bytes.readUInt32LE(0) !== ROWS_MAGIC || bytes.readUInt8(4) !== ROWS_VERSION || list === undefined) {
      throw damaged("it was made for another version");
    }
    this.list = list;
    let at = ROWS_HEAD_BYTES;
    const take = (size: number): Uint8Array => {
      if (size > bytes.length - at) throw damaged("it ends too early");
      const part = bytes.subarray(at, at + size);
      at += (size + 3) & ~3;
      return part;
    };
    this.#v4 = new Family(bytes.readUInt32LE(8), 1, take);
    this.#v6 = new Family(bytes.readUInt32LE(12), 4, take);
    const others = bytes.readUInt32LE(16);
    this.#keys = numbersOf(take(others * 4));
    this.#ends = numbersOf(take(others * 4));
    this.#reasons = numbersOf(take(others * 4));
    this.#hits = new Uint32Array(others);
    this.#texts = take(bytes.readUInt32LE(20));
    if (this.#keys.some((key, index) => index > 0 && key <= (this.#keys[index - 1] ?? 0))) {
      throw damaged("its countries are in no order");
    }
  }

  /** Entries of every kind. */
  get size(): number {
    return this.#v4.size + this.#v6.size + this.#keys.length;
  }

  /** Whether it has entries that only a database of countries and systems can decide. */
  get namesPlaces(): boolean {
    return this.#keys.length > 0;
  }

  /**
   * Asks for an address and counts the hit.
   * @param places keys of the client's country and system
   * @returns the entry that has the client; undefined where none has
   */
  find(address: AddressWords, isV4: boolean, places: readonly number[], nowSeconds: number): number | undefined {
    if (isV4 && this.#v4.size > 0) {
      const row = this.#v4.find(address, 3, nowSeconds);
      if (row >= 0) return row;
    }
    if (this.#v6.size > 0) {
      const row = this.#v6.find(address, 0, nowSeconds);
      if (row >= 0) return this.#v4.size + row;
    }
    for (const place of places) {
      const index = this.#keyAt(place);
      if (index >= 0 && (this.#ends[index] ?? 0) > nowSeconds) return this.#v4.size + this.#v6.size + index;
    }
    return undefined;
  }

  /** @returns where a key is; -1 where it is not */
  #keyAt(key: number): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return this.#keys[low] === key ? low : NONE;
  }

  /** Counts a request of an entry. */
  hit(number: number): void {
    const [hits, row] = this.#counterOf(number);
    hits[row] = Math.min((hits[row] ?? 0) + 1, NEVER);
  }

  #counterOf(number: number): [hits: Uint32Array, row: number] {
    const [v4, v6] = [this.#v4.size, this.#v4.size + this.#v6.size];
    if (number < v4) return [this.#v4.hits, number];
    return number < v6 ? [this.#v6.hits, number - v4] : [this.#hits, number - v6];
  }

  /** @returns what an entry says */
  row(number: number): Row {
    const [hits, row] = this.#counterOf(number);
    const family = hits === this.#v4.hits ? this.#v4 : hits === this.#v6.hits ? this.#v6 : undefined;
    const end = (family?.ends ?? this.#ends)[row] ?? 0;
    return {
      list: this.list,
      entry: family?.textOf(row) ?? placeText(this.#keys[row] ?? 0),
      expiresAt: end === NEVER ? undefined : end,
      reason: this.#reason((family?.reasons ?? this.#reasons)[row] ?? 0),
      hits: hits[row] ?? 0,
    };
  }

  /** Numbers of the entries that had clients, at most so many. */
  hitEntries(most: number): number[] {
    const found: number[] = [];
    for (let number = 0; number < this.size && found.length < most; number++) {
      const [hits, row] = this.#counterOf(number);
      if ((hits[row] ?? 0) > 0) found.push(number);
    }
    return found;
  }

  #reason(at: number): string {
    const { length } = this.#texts;
    if (at + 2 > length) return "";
    const size = (this.#texts[at] ?? 0) | ((this.#texts[at + 1] ?? 0) << 8);
    return at + 2 + size > length ? "" : Buffer.from(this.#texts.subarray(at + 2, at + 2 + size)).toString("utf8");
  }
}

function placeText(key: number): string {
  if (key < COUNTRY_KEY) return `asn:${key}`;
  return `country:${String.fromCharCode((key >>> 8) & 127, key & 127)}`;
}
