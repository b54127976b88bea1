/**
 * Slows down guessing: by address, by name from one address, and, far later, by name from anywhere, so that nobody is
 * locked out by somebody else's guesses alone before a thousand of them. In memory: a restart forgets, a replica
 * counts for itself.
 */
import { isIPv6 } from "node:net";
import { Throttle, type ThrottleOptions } from "../access/throttle.ts";
import { Problem } from "./problem.ts";

const MINUTE_MS = 60_000;
const KEYS_MAX = 20_000;
const WAITS = { firstWaitMs: 2000, longestWaitMs: 15 * MINUTE_MS, forgetMs: 30 * MINUTE_MS, keysMax: KEYS_MAX };
const BY_ADDRESS: ThrottleOptions = { ...WAITS, free: 20 };
const BY_PAIR: ThrottleOptions = { ...WAITS, free: 5 };
const BY_NAME: ThrottleOptions = { ...WAITS, free: 200, longestWaitMs: MINUTE_MS };
/** Groups of an IPv6 address that one household has: a /64. */
const OWN_GROUPS = 4;

/** @returns what stands for one household: the address, or its first 64 bits */
function householdOf(address: string): string {
  if (!isIPv6(address) || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array.from({ length: gap }, () => "0"), ...right].slice(0, OWN_GROUPS).join(":");
}

/** Counts tries to sign in. */
export class LoginGuard {
  readonly #byAddress: Throttle;
  readonly #byPair: Throttle;
  readonly #byName: Throttle;

  constructor(now: () => number = Date.now) {
    this.#byAddress = new Throttle(BY_ADDRESS, now);
    this.#byPair = new Throttle(BY_PAIR, now);
    this.#byName = new Throttle(BY_NAME, now);
  }

  /**
   * Counts a try, before it is judged.
   * @returns what is called when it was right
   * @throws Problem TOO_MANY where it comes too early
   */
  enter(from: string, name: string): () => void {
    const house = householdOf(from);
    const kept = name.toLowerCase().slice(0, 128);
    const keys = [
      [this.#byAddress, house],
      [this.#byPair, `${house} ${kept}`],
      [this.#byName, kept],
    ] as const;
    const wait = Math.max(...keys.map(([throttle, key]) => throttle.waitMs(key)));
    if (wait > 0) {
      const detail = "too many tries to sign in — wait, and check the name; an admin can make a new password";
      throw new Problem("TOO_MANY", detail, { retryAfterMs: wait });
    }
    for (const [throttle, key] of keys) throttle.count(key);
    return () => {
      for (const [throttle, key] of keys) throttle.forget(key);
    };
  }
}
