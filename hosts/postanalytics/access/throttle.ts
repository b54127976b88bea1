/**
 * Slows down who fails again and again: some tries are free, then each further one has to wait twice as long as the
 * one before. Kept in memory and bounded; whoever was away long enough begins anew.
 */

/** How a throttle counts. */
export interface ThrottleOptions {
  /** Tries without waiting. */
  readonly free: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** Without a try for so long, a key is forgotten. */
  readonly forgetMs: number;
  /** Keys at most; the one that was quiet for longest goes first. */
  readonly keysMax: number;
}

interface Tries {
  readonly count: number;
  readonly last: number;
}

/** Tries by key. */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #now: () => number;
  /** In the order of their last try. */
  readonly #tries = new Map<string, Tries>();

  constructor(options: ThrottleOptions, now: () => number = Date.now) {
    this.#options = options;
    this.#now = now;
  }

  /** @returns milliseconds until the next try is allowed; 0 for now */
  waitMs(key: string): number {
    const { free, firstWaitMs, longestWaitMs, forgetMs } = this.#options;
    const tries = this.#tries.get(key);
    const now = this.#now();
    if (tries === undefined || now - tries.last >= forgetMs || tries.count < free) return 0;
    const wait = Math.min(firstWaitMs * 2 ** Math.min(tries.count - free, 30), longestWaitMs);
    return Math.max(0, tries.last + wait - now);
  }

  /** Counts a try; before it is judged, so that many at the same time are many. */
  count(key: string): void {
    const now = this.#now();
    const before = this.#tries.get(key);
    const count = before === undefined || now - before.last >= this.#options.forgetMs ? 1 : before.count + 1;
    this.#tries.delete(key);
    this.#tries.set(key, { count, last: now });
    if (this.#tries.size <= this.#options.keysMax) return;
    const [oldest] = this.#tries.keys();
    if (oldest !== undefined) this.#tries.delete(oldest);
  }

  /** The try was good after all. */
  forget(key: string): void {
    this.#tries.delete(key);
  }
}
