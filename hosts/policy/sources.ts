/**
 * What all lists of a policy say of a client: allow before deny before gray, whatever the size of the networks. Hosts
 * ask at every request, and tell the core what comes out.
 */
import type { IpList } from "./ip-list.ts";
import { LISTS } from "./ip-list.ts";
import { compileRows } from "./source-rows.ts";
import { type AddressWords, type Row, SourceTable } from "./source-table.ts";

const V4_MAPPED = 0xffff;
const HIT_ENTRIES_MAX = 10_000;

/** Keys of the places that a client is in, see `countryKey`: what a database says of an address. */
export type PlaceLookup = (high: bigint, low: bigint) => readonly number[];

const NOWHERE: readonly number[] = [];

/** All entries, to be asked for a client. */
export class Sources {
  readonly #tables: readonly SourceTable[];
  readonly #places: PlaceLookup | null;
  readonly #halves = new BigUint64Array(2);
  readonly #parts = new Uint32Array(this.#halves.buffer);
  readonly #words: AddressWords = new Uint32Array(4);
  #entry = 0;

  /** @param places asked only where a list names a country or a system; null where there is no database */
  constructor(tables: readonly SourceTable[], places: PlaceLookup | null = null) {
    const ranks = new Map(LISTS.map((list, rank) => [list, rank]));
    this.#tables = tables.toSorted((a, b) => (ranks.get(a.list) ?? 0) - (ranks.get(b.list) ?? 0));
    this.#places = tables.some(({ namesPlaces }) => namesPlaces) ? places : null;
  }

  /** Whether there is any entry. */
  get isEmpty(): boolean {
    return this.#tables.every(({ size }) => size === 0);
  }

  /** Whether entries name countries or systems. */
  get namesPlaces(): boolean {
    return this.#tables.some(({ namesPlaces }) => namesPlaces);
  }

  /**
   * Asks the lists for a client and counts the hit.
   * @param high the address as 128 bits, IPv4 mapped into IPv6
   * @returns 0 for a client that no list has, else 1 to 3, see LISTS
   */
  sourceOf(high: bigint, low: bigint, nowSeconds: number): number {
    return this.sourceOfWords(this.#wordsOf(high, low), nowSeconds);
  }

  /**
   * The same of an address as the core has it: this is asked at every request, and large numbers cost more than the
   * look-up.
   * @param client four words, highest first
   */
  sourceOfWords(client: AddressWords, nowSeconds: number): number {
    const table = this.#tableOf(client, nowSeconds);
    if (table === undefined) return 0;
    table.hit(this.#entry);
    return LISTS.indexOf(table.list) + 1;
  }

  /** The entry that decides for a client, nothing counted; undefined where none does. */
  why(high: bigint, low: bigint, nowSeconds: number): Row | undefined {
    return this.#tableOf(this.#wordsOf(high, low), nowSeconds)?.row(this.#entry);
  }

  #wordsOf(high: bigint, low: bigint): AddressWords {
    this.#halves[0] = high;
    this.#halves[1] = low;
    for (let half = 0; half < 4; half++) this.#words[half] = this.#parts[half ^ 1] ?? 0;
    return this.#words;
  }

  /** @returns the table that decides, its entry in `#entry`; undefined where none does */
  #tableOf(client: AddressWords, nowSeconds: number): SourceTable | undefined {
    const isV4 = client[0] === 0 && client[1] === 0 && client[2] === V4_MAPPED;
    const places = this.#places === null ? NOWHERE : this.#places(halfOf(client, 0), halfOf(client, 2));
    for (let index = 0; index < this.#tables.length; index++) {
      const entry = this.#tables[index]?.find(client, isV4, places, nowSeconds);
      if (entry === undefined) continue;
      this.#entry = entry;
      return this.#tables[index];
    }
    return undefined;
  }

  /** Entries that had clients, the most hit first. */
  hits(most: number): Row[] {
    return this.#tables
      .flatMap((table) => table.hitEntries(HIT_ENTRIES_MAX).map((entry) => table.row(entry)))
      .sort((a, b) => b.hits - a.hits)
      .slice(0, most);
  }
}

/** Two of an address's four words as one number: 0 for the first two, 2 for the last. */
export function halfOf(client: AddressWords, first: number): bigint {
  return (BigInt(client[first] ?? 0) << 32n) | BigInt(client[first + 1] ?? 0);
}

/** Lists with more entries than this have a table of their own, so that a change elsewhere leaves them as they are. */
const OWN_TABLE_FROM = 1000;

/** @returns the tables of lists: small lists of one name in one, each large one in its own, in a fixed order */
export function compileLists(lists: readonly IpList[], compile = compileRows): Uint8Array[] {
  const large = lists.filter(({ entries }) => entries.length >= OWN_TABLE_FROM);
  const small = LISTS.map((list) => lists.filter((one) => one.list === list && one.entries.length < OWN_TABLE_FROM));
  return [
    ...small.flatMap((same) => (same[0] === undefined ? [] : [compile(same[0].list, same)])),
    ...large.map((one) => compile(one.list, [one])),
  ];
}

/** @returns the lists as they are asked, for where there is nothing between the compiler and the host */
export function sourcesOf(lists: readonly IpList[], places: PlaceLookup | null = null): Sources {
  return new Sources(
    compileLists(lists).map((rows) => new SourceTable(rows)),
    places,
  );
}
