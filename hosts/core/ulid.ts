/**
 * Ids of requests and records: ULIDs, 48 bits of time and 80 bits that start random, written in Crockford's base 32 so
 * that they sort by time and survive being read out loud.
 *
 * One thing is ours: within a millisecond the *upper* 30 of the 80 bits grow and the lower 50 are drawn afresh. So the
 * first 16 characters, which people see as the reference, are unique and in order too, not only the whole id.
 *
 * @see https://github.com/ulid/spec
 */
import { randomFillSync } from "node:crypto";

/** Length of an id in characters. */
export const ULID_LENGTH = 26;
/** Length of the reference that block pages show: the id's first characters. */
export const REF_LENGTH = 16;

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_MAX = 2 ** 48 - 1;
const UPPER_LIMIT = 2 ** 30;
/** The first value of a millisecond leaves the top bit clear, so that 2^29 more fit before the millisecond is full. */
const UPPER_FIRST_MASK = 2 ** 29 - 1;
const HALF_MASK = 2 ** 25 - 1;
/** Bytes drawn for one id: 4 for the upper part, 8 for the lower. */
const DRAW_SIZE = 12;
const POOL_SIZE = DRAW_SIZE * 256;

/** Returns a new id at each call, greater than all before it. */
export type UlidSource = () => string;

/**
 * Makes a source of ids. Ids of one source grow strictly, also when the clock stands still or goes back.
 * @param nowMs the clock, milliseconds since 1970
 * @param fill fills a buffer with random bytes; cryptographic by default, so that ids cannot be guessed
 */
export function createUlidSource(
  nowMs: () => number = Date.now,
  fill: (pool: Uint8Array) => void = randomFillSync,
): UlidSource {
  const pool = new Uint8Array(POOL_SIZE);
  const view = new DataView(pool.buffer);
  let poolAt = POOL_SIZE;
  let time = -1;
  let timeText = "";
  let upper = 0;
  return () => {
    if (poolAt === POOL_SIZE) {
      fill(pool);
      poolAt = 0;
    }
    const now = Math.min(Math.max(Math.trunc(nowMs()), 0), TIME_MAX);
    const drawn = view.getUint32(poolAt);
    // Steps of 1 to 256 keep a neighbour's reference from being the next number.
    upper += 1 + (drawn & 0xff);
    if (now > time || upper >= UPPER_LIMIT) {
      time = now > time ? now : time + 1;
      timeText = digits(time, 10);
      upper = drawn & UPPER_FIRST_MASK;
    }
    const high = view.getUint32(poolAt + 4) & HALF_MASK;
    const low = view.getUint32(poolAt + 8) & HALF_MASK;
    poolAt += DRAW_SIZE;
    return timeText + digits(upper, 6) + digits(high, 5) + digits(low, 5);
  };
}

/** The reference that a person is shown for an id. */
export function refOf(id: string): string {
  return id.slice(0, REF_LENGTH);
}

function digits(value: number, count: number): string {
  let text = "";
  let rest = value;
  for (let i = 0; i < count; i++) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
