/**
 * One clock and one timer for all requests. A request's deadlines move with every byte, so a timer for each of them
 * would be set and cleared all the time; instead one sweep asks each active request whether it has waited too long.
 * The clock is coarse, one tick; that is what time-outs of seconds need.
 */

/** Something that can wait too long. */
export interface Watched {
  /** @param nowMs the sweep's clock */
  check(nowMs: number): void;
}

const TICK_MS_MAX = 1000;
const TICK_MS_MIN = 10;

/** Calls `check` on everything watched, once a tick. */
export class DeadlineSweep {
  /** Milliseconds of a clock that never goes back; moves once a tick. */
  nowMs = performance.now();
  readonly #watched = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;

  /** @param shortestMs the shortest time-out in use; the tick is a quarter of it, within bounds */
  constructor(shortestMs: number) {
    const tickMs = Math.min(Math.max(Math.floor(shortestMs / 4), TICK_MS_MIN), TICK_MS_MAX);
    this.#timer = setInterval(() => {
      this.nowMs = performance.now();
      for (const watched of this.#watched) watched.check(this.nowMs);
    }, tickMs);
    this.#timer.unref();
  }

  /** How many are watched. */
  get size(): number {
    return this.#watched.size;
  }

  watch(watched: Watched): void {
    this.#watched.add(watched);
  }

  forget(watched: Watched): void {
    this.#watched.delete(watched);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#watched.clear();
  }
}
