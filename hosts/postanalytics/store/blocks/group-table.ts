/**
 * The groups of a walk: for each its key, how many records, and when the first and the last one were. In typed arrays,
 * since there may be millions. Where silence parts groups, those of one key hang on each other.
 *
 * Records come in any order: two groups that a record between them joins become one.
 */
import type { GroupPlan } from "../group-aggregate.ts";

/** Keys up to here are places of an array; larger ones are hashed. */
const DIRECT_KEYS_MAX = 2_097_152;
const GROUPS_AT_FIRST = 1_024;
const NONE = -1;
/** Spreads the digits of keys that follow each other. */
const GOLDEN = 0x9e3779b1;

type Order = Pick<GroupPlan, "order" | "limit" | "after">;

/** Groups by their keys. */
export class GroupTable {
  readonly #gapMs: number;
  /** Head of the groups of each key: by key, or hashed. */
  readonly #direct: Int32Array | null;
  #slots: Int32Array = new Int32Array(0);
  #keys = new Float64Array(GROUPS_AT_FIRST);
  /** The groups of a key in the order of time: which one is before this one, and which behind it. */
  #older = new Int32Array(GROUPS_AT_FIRST);
  #newer = new Int32Array(GROUPS_AT_FIRST);
  /** Of the head of a key: the group that was added to last. Records come nearly in order, so the next is near it. */
  #recent = new Int32Array(GROUPS_AT_FIRST);
  records = new Float64Array(GROUPS_AT_FIRST);
  first = new Float64Array(GROUPS_AT_FIRST);
  last = new Float64Array(GROUPS_AT_FIRST);
  #size = 0;
  #heads = 0;
  /** The groups of the page, when it stands; then no key is added any more. */
  #page: number[] | null = null;
  /** Records after which it is worth to see whether the page stands. */
  lookAgainAt = 1;

  /** @param keys one more than the largest key */
  constructor(gapMs: number, keys: number) {
    this.#gapMs = gapMs;
    this.#direct = keys <= DIRECT_KEYS_MAX ? new Int32Array(keys).fill(NONE) : null;
    if (this.#direct === null) this.#slots = new Int32Array(4 * GROUPS_AT_FIRST).fill(NONE);
  }

  keyOf(place: number): number {
    return this.#keys[place] ?? 0;
  }

  /** @returns the first group of a key, which is made where it is missing; NONE where no more are made */
  find(key: number): number {
    const direct = this.#direct;
    if (direct !== null) {
      const head = direct[key] ?? NONE;
      if (head !== NONE || this.#page !== null) return head;
      const made = this.#make(key);
      direct[key] = made;
      this.#heads++;
      return made;
    }
    const slot = this.#slotOf(key);
    const head = this.#slots[slot] ?? NONE;
    if (head !== NONE || this.#page !== null) return head;
    const made = this.#make(key);
    this.#slots[slot] = made;
    if (++this.#heads * 2 > this.#slots.length) this.#widenSlots();
    return made;
  }

  /** Adds a record to the groups that begin at a head. */
  add(head: number, at: number, n: number): void {
    const { first, last, records } = this;
    if (this.#gapMs === 0) {
      records[head] = (records[head] ?? 0) + n;
      if (at < (first[head] ?? 0)) first[head] = at;
      if (at > (last[head] ?? 0)) last[head] = at;
      return;
    }
    const recent = this.#recent[head] ?? head;
    if (at >= (first[recent] ?? 0) && at <= (last[recent] ?? 0)) {
      records[recent] = (records[recent] ?? 0) + n;
      return;
    }
    this.#addApart(head, at, n);
  }

  /** Adds where silence may part, or the record may join what was apart. */
  #addApart(head: number, at: number, n: number): void {
    const { first, last, records } = this;
    const recent = this.#recent[head] ?? head;
    if ((records[recent] ?? 0) === 0) {
      [records[recent], first[recent], last[recent]] = [n, at, at];
      return;
    }
    let near = recent;
    while ((first[near] ?? 0) > at && this.#older[near] !== NONE) near = this.#older[near] ?? NONE;
    for (
      let next = this.#newer[near] ?? NONE;
      next !== NONE && (first[next] ?? 0) <= at;
      next = this.#newer[near] ?? NONE
    )
      near = next;
    const isBehind = (first[near] ?? 0) <= at;
    const [low, high] = isBehind ? [near, this.#newer[near] ?? NONE] : [NONE, near];
    const touchesLow = low !== NONE && at < (last[low] ?? 0) + this.#gapMs;
    const touchesHigh = high !== NONE && at > (first[high] ?? 0) - this.#gapMs;
    const place = touchesLow ? low : touchesHigh ? high : this.#between(head, low, high, at);
    // A new group may have made the arrays longer.
    this.records[place] = (this.records[place] ?? 0) + n;
    if (at < (this.first[place] ?? 0)) this.first[place] = at;
    if (at > (this.last[place] ?? 0)) this.last[place] = at;
    if (touchesLow && touchesHigh) this.#join(low, high);
    this.#recent[head] = place;
  }

  /** The record between two groups made them one. */
  #join(into: number, other: number): void {
    this.records[into] = (this.records[into] ?? 0) + (this.records[other] ?? 0);
    this.last[into] = this.last[other] ?? 0;
    const newer = this.#newer[other] ?? NONE;
    this.#newer[into] = newer;
    if (newer !== NONE) this.#older[newer] = into;
    // Nothing is left of it: it has no rank and nobody finds it.
    this.records[other] = 0;
    if (this.#page !== null) this.#page = this.#page.map((place) => (place === other ? into : place));
  }

  /** @returns a new group without records, between two of its key */
  #between(head: number, low: number, high: number, at: number): number {
    const made = this.#make(this.keyOf(head));
    this.#older[made] = low;
    this.#newer[made] = high;
    if (low !== NONE) this.#newer[low] = made;
    if (high !== NONE) this.#older[high] = made;
    this.first[made] = at;
    this.last[made] = at;
    return made;
  }

  #make(key: number): number {
    if (this.#size === this.#keys.length) this.#widen();
    const place = this.#size++;
    this.#keys[place] = key;
    this.#older[place] = NONE;
    this.#newer[place] = NONE;
    this.#recent[place] = place;
    this.first[place] = Number.POSITIVE_INFINITY;
    this.last[place] = Number.NEGATIVE_INFINITY;
    return place;
  }

  /**
   * Groups that stand first in an order, at most one more than the limit.
   * @param tieOf what orders groups that are equal otherwise
   * @param least groups whose order's value is not above it are left out
   */
  top({ order, limit, after }: Order, tieOf: (key: number, first: number) => string, least?: number): number[] {
    const values = order === "last" ? this.last : order === "first" ? this.first : this.records;
    const tie = (place: number): string => tieOf(this.keyOf(place), this.first[place] ?? 0);
    const isBefore = (a: number, b: number): boolean => {
      const [mine, its] = [values[a] ?? 0, values[b] ?? 0];
      return mine === its ? tie(a) > tie(b) : mine > its;
    };
    const top: number[] = [];
    let lowest = least ?? Number.NEGATIVE_INFINITY;
    const consider = (place: number): void => {
      const value = values[place] ?? 0;
      if (value < lowest || (value === least && least !== undefined) || (this.records[place] ?? 0) === 0) return;
      if (after !== null && (value > after[0] || (value === after[0] && tie(place) >= after[1]))) return;
      let at = top.length;
      for (let above = top[at - 1]; above !== undefined && isBefore(place, above); above = top[at - 1]) at--;
      if (at > limit) return;
      top.splice(at, 0, place);
      if (top.length > limit + 1) top.length = limit + 1;
      if (top.length > limit) lowest = Math.max(lowest, values[top.at(-1) ?? 0] ?? 0);
    };
    if (this.#page !== null) for (const place of new Set(this.#page)) consider(place);
    else for (let place = 0; place < this.#size; place++) consider(place);
    return top;
  }

  /**
   * Sees whether older records can change which groups are the newest, in the order of their last records.
   * @param rest no record that is still to come is newer
   * @returns true when the page stands; from then on its groups grow and no others
   */
  settle(order: Order, rest: number, tieOf: (key: number, first: number) => string): boolean {
    if (this.#size <= order.limit) return false;
    const page = this.top(order, tieOf, rest);
    if (page.length <= order.limit) return false;
    // Whoever stands beside the last of the page in time may stand before it by name.
    const edge = this.last[page.at(-1) ?? 0] ?? 0;
    const all: number[] = [];
    for (let place = 0; place < this.#size; place++) {
      const value = this.last[place] ?? 0;
      if (value >= edge && (order.after === null || value <= order.after[0])) all.push(place);
    }
    this.#page = all;
    return true;
  }

  /** Whether no record up to a moment can belong to a group of the page any more. */
  isClosed(rest: number): boolean {
    return (this.#page ?? []).every((place) => (this.first[place] ?? 0) - this.#gapMs >= rest);
  }

  #slotOf(key: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const high = Math.floor(key / 2 ** 32);
    let slot = (Math.imul((key ^ Math.imul(high, GOLDEN)) | 0, GOLDEN) >>> 8) & mask;
    for (;;) {
      const place = slots[slot] ?? NONE;
      if (place === NONE || this.#keys[place] === key) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #widenSlots(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(4 * before.length).fill(NONE);
    for (const place of before) if (place !== NONE) this.#slots[this.#slotOf(this.keyOf(place))] = place;
  }

  #widen(): void {
    const numbers = (array: Float64Array): Float64Array<ArrayBuffer> => {
      const wider = new Float64Array(2 * array.length);
      wider.set(array);
      return wider;
    };
    const places = (array: Int32Array): Int32Array<ArrayBuffer> => {
      const wider = new Int32Array(2 * array.length);
      wider.set(array);
      return wider;
    };
    this.#keys = numbers(this.#keys);
    this.records = numbers(this.records);
    this.first = numbers(this.first);
    this.last = numbers(this.last);
    this.#older = places(this.#older);
    this.#newer = places(this.#newer);
    this.#recent = places(this.#recent);
  }
}
