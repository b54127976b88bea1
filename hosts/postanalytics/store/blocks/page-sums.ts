/** Adds up the groups of a page: few groups, but perhaps millions of records, so it holds its sums in typed arrays. */
import { ClientSet, GROUP_SEEN_MAX, type Group } from "../group-aggregate.ts";
import type { Columns } from "./block.ts";
import type { SmallTables } from "./small-tables.ts";

/** Keys up to here are places of an array; larger ones are looked for in a map. */
const DIRECT_KEYS_MAX = 2_097_152;
const NONE = -1;

/** A group of the page: its key, and where silence parts groups, its first and last moment. */
export interface PageGroup {
  readonly key: number;
  readonly first: number;
  readonly last: number;
}

/** Sums of the groups of a page, in its order. */
export class PageSums {
  readonly #tables: SmallTables;
  readonly #page: readonly PageGroup[];
  readonly #isParted: boolean;
  readonly #direct: Int32Array | null;
  readonly #hashed = new Map<number, number>();
  /** The next group with the same key. */
  readonly #next: Int32Array;
  readonly #records: Float64Array;
  readonly #hits: Float64Array;
  readonly #blocked: Float64Array;
  readonly #incidents: Float64Array;
  readonly #first: Float64Array;
  readonly #last: Float64Array;
  readonly #newest: (readonly [finding: number, kind: number, client: number])[];
  readonly #seen: number[][];
  readonly #seenKinds: number[][];
  readonly #clients: readonly ClientSet[];
  /** The client that was added last: rows of a client lie beside each other. */
  readonly #lastClient: Int32Array;

  /** @param keys one more than the largest key @param isParted whether groups of a key are told apart by time */
  constructor(tables: SmallTables, page: readonly PageGroup[], keys: number, isParted: boolean) {
    this.#tables = tables;
    this.#page = page;
    this.#isParted = isParted;
    this.#direct = keys <= DIRECT_KEYS_MAX ? new Int32Array(keys).fill(NONE) : null;
    this.#next = new Int32Array(page.length).fill(NONE);
    for (const [place, { key }] of page.entries()) {
      this.#next[place] = this.find(key);
      if (this.#direct === null) this.#hashed.set(key, place);
      else this.#direct[key] = place;
    }
    const numbers = (): Float64Array => new Float64Array(page.length);
    [this.#records, this.#hits, this.#blocked, this.#incidents] = [numbers(), numbers(), numbers(), numbers()];
    this.#first = numbers().fill(Number.POSITIVE_INFINITY);
    this.#last = numbers().fill(Number.NEGATIVE_INFINITY);
    this.#newest = page.map(() => [0, 0, 0]);
    this.#seen = page.map(() => []);
    this.#seenKinds = page.map(() => []);
    this.#clients = page.map(() => new ClientSet());
    this.#lastClient = new Int32Array(page.length).fill(NONE);
  }

  /** @returns the head of the groups with that key, or -1 */
  find(key: number): number {
    return this.#direct === null ? (this.#hashed.get(key) ?? NONE) : (this.#direct[key] ?? NONE);
  }

  /** Adds a row to the group that it belongs to. @param head what `find` said of its key */
  add(head: number, columns: Columns, row: number): void {
    const at = columns.at[row] ?? 0;
    let place = head;
    while (this.#isParted && place !== NONE && !this.#isInside(place, at)) place = this.#next[place] ?? NONE;
    if (place === NONE) return;
    const n = columns.n[row] ?? 0;
    const found = columns.finding[row] ?? 0;
    const kind = columns.kind[row] ?? 0;
    const client = columns.client[row] ?? 0;
    const { hits, blocked, incidents } = this.#tables;
    this.#records[place] = (this.#records[place] ?? 0) + n;
    this.#hits[place] = (this.#hits[place] ?? 0) + n * (hits[found] ?? 0);
    this.#blocked[place] = (this.#blocked[place] ?? 0) + n * (blocked[kind] ?? 0);
    this.#incidents[place] = (this.#incidents[place] ?? 0) + n * (incidents[kind] ?? 0);
    if (at < (this.#first[place] ?? 0)) this.#first[place] = at;
    if (at > (this.#last[place] ?? 0)) {
      this.#last[place] = at;
      this.#newest[place] = [found, kind, client];
    }
    if (client !== this.#lastClient[place]) {
      this.#lastClient[place] = client;
      this.#clients[place]?.add(client);
    }
    const seen = this.#seen[place];
    if (seen !== undefined && seen.length < GROUP_SEEN_MAX && !seen.includes(found)) {
      seen.push(found);
      this.#seenKinds[place]?.push(kind);
    }
  }

  #isInside(place: number, at: number): boolean {
    const group = this.#page[place];
    return group !== undefined && at >= group.first && at <= group.last;
  }

  /** What was added up of a group. */
  sumsOf(place: number): Omit<Group, "finding" | "kind" | "sub"> {
    const seen = this.#seen[place] ?? [];
    return {
      records: this.#records[place] ?? 0,
      hits: this.#hits[place] ?? 0,
      blocked: this.#blocked[place] ?? 0,
      incidents: this.#incidents[place] ?? 0,
      first: this.#first[place] ?? 0,
      last: this.#last[place] ?? 0,
      newest: this.#newest[place] ?? [0, 0, 0],
      clients: this.#clients[place]?.size ?? 0,
      seen: seen.map((finding, i) => [finding, this.#seenKinds[place]?.[i] ?? 0] as const),
    };
  }
}
