/**
 * How much happened in the last span of time, in two buckets: what came in the window that runs, and a share of what
 * came in the one before, as large as the part of it that is not over yet. Choice: sums of two numbers can be added up
 * from several processes, which the one time stamp of a leaky bucket (GCRA) cannot, and "30 in 30 s" means what it
 * says. Price: what came before is taken as evenly spread, so that a burst may count a little more or less than it
 * was. A limit on what comes at once, which is about single requests and no sum, is a leaky bucket.
 *
 * Times are milliseconds of a clock that never goes back.
 */

/** What is counted against: so much in `perMs`, of which `burst` at once, 0 for all of it. */
export interface Bounds {
  readonly most: number;
  readonly perMs: number;
  readonly burst: number;
}

/** Rounding must not refuse what is just allowed. */
const EPSILON = 1e-9;

/** Counts of one key. */
export class Window {
  /** Number of the window that runs. */
  #at: number;
  #before = 0;
  #current = 0;
  /** When the leaky bucket would be empty. */
  #emptyAt = 0;

  constructor(bounds: Bounds, nowMs: number) {
    this.#at = Math.floor(nowMs / bounds.perMs);
  }

  /** Number of the window that runs at a time. */
  roll({ perMs }: Bounds, nowMs: number): number {
    const at = Math.floor(nowMs / perMs);
    if (at > this.#at) {
      this.#before = at === this.#at + 1 ? this.#current : 0;
      this.#current = 0;
      this.#at = at;
    }
    return this.#at;
  }

  /** What came in the last span. */
  count(bounds: Bounds, nowMs: number): number {
    this.roll(bounds, nowMs);
    return this.#current + this.#before * (1 - (nowMs % bounds.perMs) / bounds.perMs);
  }

  /** @returns milliseconds until one more fits; 0 where it does now */
  wait(bounds: Bounds, nowMs: number): number {
    return Math.max(this.#waitForWindow(bounds, nowMs), this.#waitForBurst(bounds, nowMs));
  }

  add(bounds: Bounds, nowMs: number, amount = 1): void {
    this.roll(bounds, nowMs);
    this.#current += amount;
    const { most, perMs, burst } = bounds;
    if (burst > 0) this.#emptyAt = Math.max(this.#emptyAt, nowMs) + (amount * perMs) / most;
  }

  /** What was counted in the window before is counted in this one instead: it came again. */
  renew(): void {
    this.#current++;
    if (this.#before > 0) this.#before--;
  }

  #waitForWindow(bounds: Bounds, nowMs: number): number {
    const { most, perMs } = bounds;
    if (this.count(bounds, nowMs) + 1 <= most + EPSILON) return 0;
    const begin = nowMs - (nowMs % perMs);
    const room = most - 1;
    const until =
      this.#current <= room
        ? begin + perMs * (1 - (room - this.#current) / this.#before)
        : begin + perMs * (2 - room / this.#current);
    return Math.max(1, until - nowMs);
  }

  #waitForBurst({ most, perMs, burst }: Bounds, nowMs: number): number {
    if (burst === 0) return 0;
    const ahead = this.#emptyAt - nowMs - ((burst - 1) * perMs) / most;
    return ahead > EPSILON ? Math.max(1, ahead) : 0;
  }
}
