/**
 * Adds up all groups in one walk, where they can only be few: by type, by country, by application. Everything that is
 * touched for a record then lies in the processor's cache, and ten million records take a fraction of a second.
 */
import { GROUP_SEEN_MAX, type Group } from "../group-aggregate.ts";
import type { Keys } from "./group-scan.ts";
import type { HeldBlock } from "./question.ts";
import type { SmallTables } from "./small-tables.ts";

/** Groups that are few. */
const FEW_KEYS_MAX = 4_096;
/** Words of 32 clients, over all groups: 8 MiB. */
const CLIENT_WORDS_MAX = 2_097_152;

/** Sums by key. */
export class FewGroups {
  readonly #keys: number;
  readonly #words: number;
  readonly #records: Float64Array;
  readonly #hits: Float64Array;
  readonly #blocked: Float64Array;
  readonly #incidents: Float64Array;
  readonly #first: Float64Array;
  readonly #last: Float64Array;
  /** Finding, kind and client of the newest record. */
  readonly #newest: Int32Array;
  /** A bit for each client. */
  readonly #clients: Uint32Array;
  readonly #seen: Int32Array;
  readonly #seenCount: Uint8Array;

  /** @param keys one more than the largest key @param clients one more than the largest client */
  constructor(keys: number, clients: number) {
    this.#keys = keys;
    this.#words = (clients >>> 5) + 1;
    const sums = (): Float64Array => new Float64Array(keys);
    [this.#records, this.#hits, this.#blocked, this.#incidents] = [sums(), sums(), sums(), sums()];
    this.#first = sums().fill(Number.POSITIVE_INFINITY);
    this.#last = sums().fill(Number.NEGATIVE_INFINITY);
    this.#newest = new Int32Array(3 * keys);
    this.#clients = new Uint32Array(keys * this.#words);
    this.#seen = new Int32Array(2 * GROUP_SEEN_MAX * keys);
    this.#seenCount = new Uint8Array(keys);
  }

  /** Whether these are few. */
  static areFew(keys: number, clients: number): boolean {
    return keys <= FEW_KEYS_MAX && keys * ((clients >>> 5) + 1) <= CLIENT_WORDS_MAX;
  }

  /** Keys that have records. */
  *keys(): Generator<number> {
    for (let key = 0; key < this.#keys; key++) if ((this.#records[key] ?? 0) > 0) yield key;
  }

  /** Adds rows of a block. */
  add(
    { columns }: HeldBlock,
    rows: Uint32Array,
    { grouping, subOf, isSubless, kinds, subs }: Keys,
    tables: SmallTables,
  ) {
    // Fields of an object are looked up at each use; this loop is worth the names.
    const [records, hits, blocked, incidents] = [this.#records, this.#hits, this.#blocked, this.#incidents];
    const [first, last, clients, words, seenCount] = [
      ...([this.#first, this.#last, this.#clients, this.#words, this.#seenCount] as const),
    ];
    const [hitsOf, isBlocked, isIncident] = [tables.hits, tables.blocked, tables.incidents];
    const { at, finding, kind, client, n } = columns;
    const { groupOfFinding, groupOfKind, severalStart, severalList } = grouping;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] ?? 0;
      const who = client[row] ?? 0;
      const found = finding[row] ?? 0;
      const of = kind[row] ?? 0;
      const sub = isSubless ? 0 : subOf === null ? who : (subOf[who] ?? 0);
      const ofKind = groupOfKind[of] ?? 0;
      const time = at[row] ?? 0;
      const count = n[row] ?? 0;
      const only = groupOfFinding[found] ?? 0;
      // A finding with several groups has them in a list: its length, and then each.
      let place = only >= 0 ? 0 : (severalStart[found] ?? 0);
      let left = only >= 0 ? 1 : (severalList[place++] ?? 0);
      for (; left > 0; left--) {
        const group = only >= 0 ? only : (severalList[place++] ?? 0);
        const key = (group * kinds + ofKind) * subs + sub;
        records[key] = (records[key] ?? 0) + count;
        hits[key] = (hits[key] ?? 0) + count * (hitsOf[found] ?? 0);
        blocked[key] = (blocked[key] ?? 0) + count * (isBlocked[of] ?? 0);
        incidents[key] = (incidents[key] ?? 0) + count * (isIncident[of] ?? 0);
        const word = key * words + (who >>> 5);
        clients[word] = (clients[word] ?? 0) | (1 << (who & 31));
        if (time < (first[key] ?? 0)) first[key] = time;
        if (time > (last[key] ?? 0)) {
          last[key] = time;
          this.#newest.set([found, of, who], 3 * key);
        }
        if ((seenCount[key] ?? 0) < GROUP_SEEN_MAX) this.#see(key, found, of);
      }
    }
  }

  #see(key: number, finding: number, kind: number): void {
    const count = this.#seenCount[key] ?? 0;
    const begin = 2 * GROUP_SEEN_MAX * key;
    for (let i = 0; i < count; i++) if (this.#seen[begin + 2 * i] === finding) return;
    this.#seen.set([finding, kind], begin + 2 * count);
    this.#seenCount[key] = count + 1;
  }

  /** The value that orders a group. */
  valueOf(key: number, order: "last" | "first" | "records"): number {
    return (order === "last" ? this.#last : order === "first" ? this.#first : this.#records)[key] ?? 0;
  }

  /** What was added up of a group. */
  sumsOf(key: number): Omit<Group, "finding" | "kind" | "sub"> {
    const begin = 2 * GROUP_SEEN_MAX * key;
    const [finding = 0, kind = 0, client = 0] = this.#newest.subarray(3 * key, 3 * key + 3);
    let clients = 0;
    for (const word of this.#clients.subarray(key * this.#words, (key + 1) * this.#words)) clients += bitsOf(word);
    return {
      records: this.#records[key] ?? 0,
      hits: this.#hits[key] ?? 0,
      blocked: this.#blocked[key] ?? 0,
      incidents: this.#incidents[key] ?? 0,
      first: this.#first[key] ?? 0,
      last: this.#last[key] ?? 0,
      newest: [finding, kind, client],
      clients,
      seen: Array.from({ length: this.#seenCount[key] ?? 0 }, (_, i) => {
        return [this.#seen[begin + 2 * i] ?? 0, this.#seen[begin + 2 * i + 1] ?? 0] as const;
      }),
    };
  }
}

function bitsOf(word: number): number {
  let [bits, left] = [0, word];
  while (left !== 0) {
    left &= left - 1;
    bits++;
  }
  return bits;
}
