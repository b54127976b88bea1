/**
 * How often each exception let something pass, from the records that tell so, since this process began. Bounded: what
 * has no room for one more name counts those that it has.
 */
import type { RecordStore } from "../store/store.ts";

const NAMES_MAX = 10_000;

/** Counts of one exception. */
export interface ExceptionCount {
  readonly hits: number;
  /** Milliseconds since 1970. */
  readonly lastHit: number | null;
}

/** Counts by exception. */
export class ExceptionCounts {
  readonly since: number;
  readonly #counts = new Map<string, { hits: number; lastHit: number }>();
  readonly #stop: () => void;

  constructor(store: Pick<RecordStore, "listen">, now: () => number = Date.now) {
    this.since = now();
    this.#stop = store.listen((batch) => {
      for (const { hits, ts, sampled } of batch) {
        for (const { exception } of hits)
          if (exception !== null) this.#add(exception, Date.parse(ts), sampled.count_since_last);
      }
    });
  }

  of(name: string): ExceptionCount {
    return this.#counts.get(name) ?? { hits: 0, lastHit: null };
  }

  close(): void {
    this.#stop();
  }

  #add(name: string, at: number, count: number): void {
    const known = this.#counts.get(name);
    if (known !== undefined) {
      known.hits += count;
      known.lastHit = Math.max(known.lastHit, at);
    } else if (this.#counts.size < NAMES_MAX) this.#counts.set(name, { hits: count, lastHit: at });
  }
}
