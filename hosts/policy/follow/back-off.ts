/** How long to wait before the next try: longer each time, and never all hosts at once. */

const FIRST_MS = 100;
const LONGEST_MS = 5000;

/** Waits of one client. */
export class BackOff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random 0 to 1, as `Math.random` */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** How often in a row it has failed. */
  get failures(): number {
    return this.#failures;
  }

  /** It went well. */
  reset(): void {
    this.#failures = 0;
  }

  /** @returns milliseconds to wait after a failure: half of a time that doubles, and up to as much again by chance */
  next(): number {
    const most = Math.min(FIRST_MS * 2 ** this.#failures, LONGEST_MS);
    this.#failures = Math.min(this.#failures + 1, 30);
    return most / 2 + this.#random() * (most / 2);
  }
}
