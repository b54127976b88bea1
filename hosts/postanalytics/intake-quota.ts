/** How many records a node may send: so much at once, so much for ever. One node's flood is not another one's loss. */

/** A quota. */
export interface Quota {
  /** Records each second, on the long run. */
  readonly perSecond: number;
  /** Records at once, after some silence. */
  readonly burst: number;
}

/** What a node may send where nobody says: far more than one node's attacks, drained after ten minutes away. */
export const INTAKE_QUOTA: Quota = { perSecond: 5_000, burst: 50_000 };

const NODES_MAX = 10_000;

interface Bucket {
  left: number;
  at: number;
}

/** The quotas of all nodes, in memory of this process. */
export class Quotas {
  readonly #quota: Quota;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now a clock that does not go back, milliseconds */
  constructor(quota: Quota, now: () => number) {
    this.#quota = quota;
    this.#now = now;
  }

  /**
   * Takes records off a node's quota.
   * @returns 0, or the seconds after which there is room; then nothing was taken
   */
  take(node: string, records: number): number {
    const { perSecond, burst } = this.#quota;
    const now = this.#now();
    const known = this.#buckets.get(node) ?? { left: burst, at: now };
    const left = Math.min(burst, known.left + (Math.max(0, now - known.at) * perSecond) / 1000);
    // A batch that is larger than the burst passes when the bucket is full: it would never pass otherwise.
    const needed = Math.min(records, burst);
    const wait = left >= needed ? 0 : Math.ceil((needed - left) / perSecond);
    this.#buckets.delete(node);
    this.#buckets.set(node, { left: wait === 0 ? left - records : left, at: now });
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= NODES_MAX) break;
      this.#buckets.delete(oldest);
    }
    return wait;
  }
}
