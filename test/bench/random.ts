/** A small seeded generator: what the benchmark makes must come out the same for the same seed on every machine. */

/** Gives an integer in 0 … below-1; `below` ≤ 2^31. */
export type Random = (below: number) => number;

/** Mulberry32, a public-domain generator of 32 bits of state; good enough to make inputs, useless for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

/** One of the items, which must not be empty. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random(items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}

/** True with that probability. */
export function chance(random: Random, probability: number): boolean {
  return random(1 << 24) < probability * (1 << 24);
}
