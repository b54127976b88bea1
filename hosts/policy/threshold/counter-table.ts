/**
 * The counts of one threshold, by hashes of keys, in bounded memory. Where there is no room for one more key, of those
 * that were quiet for longest the ones with small counts go, and that is counted. Keys beyond the threshold are kept
 * apart.
 *
 * Guarantee: a flood of new keys, however large, lets nobody go who is beyond the threshold, as long as those take no
 * more than HELD_SHARE of the room. See test/hosts/policy/threshold/counter-table.test.ts.
 */
import { type Bounds, Window } from "./window.ts";

/** How many of the quietest keys are looked at when some must go: those with no more than the average count do. */
const LOOKED_AT_SHARE = 1 / 64;
const LOOKED_AT_MIN = 8;
/** Rounding must not make all of them larger than their average. */
const EPSILON = 1e-9;
/** Share of the room that keys beyond the threshold may take; the others need some to be counted at all. */
const HELD_SHARE = 0.75;
/** Keys beyond the threshold that are looked at for those whose time is over, at each one that joins them. */
const SWEPT = 16;

/** What a table is for. */
export interface TableShape extends Bounds {
  /** How long a key stays refused once it went beyond; 0 where only what is too much is. */
  readonly holdMs: number;
  /** Different values are counted, and not how often. */
  readonly distinct: boolean;
}

interface Counted {
  window: Window;
  /** Until when it is kept among those beyond the threshold, 0 where it is none of them. */
  heldUntil: number;
  /** Whether that has consequences, or is only watched. */
  enforced: boolean;
  /** Its part of the room of those beyond the threshold; 0 where it is none of them. */
  weight: number;
  /** Hashes of values, and the window that each came in last. */
  readonly values: Map<number, number> | null;
}

/** Where a key stands. */
export interface KeyStanding {
  /** Milliseconds until it is no longer refused; 0 where it is not. */
  readonly waitMs: number;
  /** It went beyond the threshold just now. */
  readonly tripped: boolean;
}

const FREE: KeyStanding = { waitMs: 0, tripped: false };

/** Counts of one threshold. */
export class CounterTable {
  readonly #shape: TableShape;
  readonly #roomMax: number;
  readonly #told: (key: string, value: number, enforced: boolean) => void;
  /** Those that were quiet for longest come first. */
  readonly #quiet = new Map<string, Counted>();
  /** Keys beyond the threshold, in the order in which they went there. */
  readonly #held = new Map<string, Counted>();
  #valueCount = 0;
  #heldWeight = 0;
  /** Keys that had to go, and events that there was no room to count. */
  dropped = 0;

  /**
   * @param roomMax keys and values that are remembered, together
   * @param told hears of what is counted here, for those who count the same
   */
  constructor(shape: TableShape, roomMax: number, told: (key: string, value: number, enforced: boolean) => void) {
    this.#shape = shape;
    this.#roomMax = roomMax;
    this.#told = told;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#quiet.size + this.#held.size;
  }

  /** Of these, keys beyond the threshold; some of their times may be over. */
  get heldSize(): number {
    return this.#held.size;
  }

  /** Where a key stands; nothing is counted. */
  standing(key: string, nowMs: number): KeyStanding {
    const counted = this.#find(key, nowMs);
    if (counted === undefined) return FREE;
    const refusedMs = this.#refusedMs(counted, nowMs);
    return { waitMs: refusedMs > 0 ? refusedMs : counted.window.wait(this.#shape, nowMs), tripped: false };
  }

  /** Whether a key is beyond the threshold, and that has consequences. */
  isHeld(key: string, nowMs: number): boolean {
    const counted = this.#held.get(key);
    return counted?.enforced === true && counted.heldUntil > nowMs;
  }

  /**
   * Counts a request where it still fits; one that does not fit is refused and not counted, so that nobody is kept out
   * for trying.
   * @param value of a distinct table, its hash: one that is known already fits, unless the key is refused as a whole
   * @param enforced whether going beyond has consequences
   */
  take(key: string, nowMs: number, value: number, enforced: boolean): KeyStanding {
    const counted = this.#open(key, nowMs);
    if (counted === undefined) return FREE;
    const refusedMs = this.#refusedMs(counted, nowMs);
    if (refusedMs > 0) return { waitMs: refusedMs, tripped: false };
    if (this.#renews(counted, value, nowMs)) return FREE;
    const waitMs = counted.window.wait(this.#shape, nowMs);
    if (waitMs > 0) return this.#trip(key, counted, waitMs, nowMs, enforced);
    if (this.#add(key, counted, nowMs, 1, value)) this.#told(key, value, enforced);
    return FREE;
  }

  /** Counts what has happened already. A wait in the answer says that one more would be refused. */
  note(key: string, nowMs: number, value: number, enforced: boolean): KeyStanding {
    const standing = this.absorb(key, nowMs, value, enforced, 1);
    if (standing !== undefined) this.#told(key, value, enforced);
    return standing ?? FREE;
  }

  /** Counts what happened elsewhere. @returns undefined where nothing was counted */
  absorb(key: string, nowMs: number, value: number, enforced: boolean, amount: number): KeyStanding | undefined {
    const counted = this.#open(key, nowMs);
    if (counted === undefined || this.#refusedMs(counted, nowMs) > 0) return undefined;
    if (this.#renews(counted, value, nowMs)) return undefined;
    if (!this.#add(key, counted, nowMs, amount, value)) return undefined;
    const waitMs = counted.window.wait(this.#shape, nowMs);
    return waitMs > 0 ? this.#trip(key, counted, waitMs, nowMs, enforced) : FREE;
  }

  /** For how long everything of a key is refused. */
  #refusedMs({ heldUntil }: Counted, nowMs: number): number {
    return this.#shape.holdMs > 0 && heldUntil > nowMs ? heldUntil - nowMs : 0;
  }

  #find(key: string, nowMs: number): Counted | undefined {
    const counted = this.#held.get(key) ?? this.#quiet.get(key);
    if (counted !== undefined && counted.heldUntil !== 0 && counted.heldUntil <= nowMs) {
      this.#release(key, counted, nowMs);
    }
    return counted;
  }

  /** @returns the counts of a key; undefined where there is no room for it */
  #open(key: string, nowMs: number): Counted | undefined {
    const known = this.#find(key, nowMs);
    if (known !== undefined) {
      if (this.#quiet.delete(key)) this.#quiet.set(key, known);
      return known;
    }
    if (!this.#makeRoom(key, nowMs)) return undefined;
    const values = this.#shape.distinct ? new Map<number, number>() : null;
    const fresh: Counted = { window: new Window(this.#shape, nowMs), heldUntil: 0, enforced: false, weight: 0, values };
    this.#quiet.set(key, fresh);
    return fresh;
  }

  /** @returns false where there is no room for one more value */
  #add(key: string, { window, values }: Counted, nowMs: number, amount: number, value: number): boolean {
    if (values !== null) {
      if (values.size >= this.#shape.most * 2) this.#forget(values, window.roll(this.#shape, nowMs) - 1);
      if (!this.#makeRoom(key, nowMs)) return false;
      values.set(value, window.roll(this.#shape, nowMs));
      this.#valueCount++;
    }
    window.add(this.#shape, nowMs, amount);
    return true;
  }

  /** Whether a value was counted already in the span; it is then as if it came now. */
  #renews({ window, values }: Counted, value: number, nowMs: number): boolean {
    const at = window.roll(this.#shape, nowMs);
    const seen = values?.get(value);
    if (values === null || seen === undefined || seen < at - 1) return this.#forgets(values, seen, value);
    if (seen < at) {
      values.set(value, at);
      window.renew();
    }
    return true;
  }

  /** Takes a value away that is too old to be known. @returns false */
  #forgets(values: Map<number, number> | null, seen: number | undefined, value: number): boolean {
    if (seen !== undefined && values?.delete(value)) this.#valueCount--;
    return false;
  }

  /** Takes the values away that came before a window. */
  #forget(values: Map<number, number>, before: number): void {
    for (const [value, seen] of values) if (seen < before && values.delete(value)) this.#valueCount--;
  }

  #trip(key: string, counted: Counted, waitMs: number, nowMs: number, enforced: boolean): KeyStanding {
    const { holdMs } = this.#shape;
    const tripped = counted.heldUntil <= nowMs;
    const heldMs = holdMs > 0 ? holdMs : waitMs;
    counted.heldUntil = nowMs + heldMs;
    counted.enforced = enforced;
    // Who is refused as a whole needs no values to be told from others.
    if (holdMs > 0) this.#clear(counted);
    if (!this.#held.has(key)) this.#hold(key, counted, nowMs);
    return { waitMs: heldMs, tripped };
  }

  /** Keeps a key apart, where those beyond the threshold have room for one more. */
  #hold(key: string, counted: Counted, nowMs: number): void {
    this.#sweep(nowMs);
    const weight = 1 + (counted.values?.size ?? 0);
    if (this.#heldWeight + weight > this.#roomMax * HELD_SHARE) return;
    counted.weight = weight;
    this.#heldWeight += weight;
    this.#quiet.delete(key);
    this.#held.set(key, counted);
  }

  #clear({ values }: Counted): void {
    this.#valueCount -= values?.size ?? 0;
    values?.clear();
  }

  /** A key's time beyond the threshold is over. */
  #release(key: string, counted: Counted, nowMs: number): void {
    counted.heldUntil = 0;
    this.#heldWeight -= counted.weight;
    counted.weight = 0;
    if (this.#held.delete(key)) this.#quiet.set(key, counted);
    // Who was refused for a time begins anew.
    if (this.#shape.holdMs > 0) counted.window = new Window(this.#shape, nowMs);
  }

  #sweep(nowMs: number): void {
    let looked = 0;
    for (const [key, counted] of this.#held) {
      if (looked++ >= SWEPT) return;
      if (counted.heldUntil <= nowMs) this.#release(key, counted, nowMs);
    }
  }

  /** Lets keys go where there is no room for one more; `keep` is none of them. @returns whether there is room */
  #makeRoom(keep: string, nowMs: number): boolean {
    if (this.size + this.#valueCount < this.#roomMax) return true;
    this.#evict(keep, nowMs);
    return this.size + this.#valueCount < this.#roomMax;
  }

  /** Many at once: a map has to step over all that was taken from its begin since it was last packed. */
  #evict(keep: string, nowMs: number): void {
    const most = Math.max(LOOKED_AT_MIN, Math.floor(this.#roomMax * LOOKED_AT_SHARE));
    const quietest: { key: string; count: number; values: number }[] = [];
    let sum = 0;
    for (const [key, { window, values }] of this.#quiet) {
      if (quietest.length >= most) break;
      if (key === keep) continue;
      const count = window.count(this.#shape, nowMs);
      sum += count;
      quietest.push({ key, count, values: values?.size ?? 0 });
    }
    const average = sum / quietest.length;
    for (const { key, count, values } of quietest) {
      if (count > average + EPSILON) continue;
      this.#quiet.delete(key);
      this.#valueCount -= values;
      this.dropped++;
    }
  }
}
