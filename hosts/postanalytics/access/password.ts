/**
 * Passwords, as scrypt keeps them: slow and with a salt each, so that a stolen table gives away none of them soon. The
 * cost is written beside each hash and may grow later.
 *
 * @see RFC 7914; the parameters are among those of the OWASP Password Storage Cheat Sheet (N 2^15, r 8, p 3: 32 MiB)
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** What a hash costs. */
export interface Cost {
  /** Exponent of N. */
  readonly log2: number;
  readonly r: number;
  readonly p: number;
}

/** Cost of new hashes. */
export const COST: Cost = { log2: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** Twice of what the cost needs, 128 · N · r. */
const MEMORY_MAX = 64 << 20;
const LOG2_MAX = 16;
/** Hashes that are made at the same time; each holds 32 MiB and a thread. */
const RUNNING_MAX = 2;
const WAITING_MAX = 32;

/** Too many people sign in at once. */
export class BusyError extends Error {}

/** Runs few at a time; who comes when too many wait is sent away. */
class Gate {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= RUNNING_MAX) {
      if (this.#waiting.length >= WAITING_MAX) throw new BusyError("too many people sign in at once");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // A turn is handed on, so that nobody who comes now overtakes.
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

const gate = new Gate();

function derive(password: string, salt: Buffer, { log2, r, p }: Cost): Promise<Buffer> {
  const options = { N: 2 ** log2, r, p, maxmem: MEMORY_MAX };
  return new Promise((resolve, reject) => {
    // Two spellings of one text are one password: NIST SP 800-63B §5.1.1.2.
    scrypt(password.normalize("NFKC"), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

/** @returns what is kept of a password: cost, salt and key; @throws BusyError */
export async function hashPassword(password: string, cost: Cost = COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await gate.run(() => derive(password, salt, cost));
  return ["scrypt", cost.log2, cost.r, cost.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/**
 * Whether a password is the one that was kept. Where nothing was kept the same work is done, so that the time of an
 * answer does not tell which names there are.
 * @throws BusyError
 */
export async function isPassword(password: string, kept: string | null): Promise<boolean> {
  const [form, log2 = "", r = "", p = "", salt = "", key = ""] = (kept ?? "").split("$");
  const cost = { log2: Number(log2), r: Number(r), p: Number(p) };
  const usable = form === "scrypt" && cost.log2 >= 1 && cost.log2 <= LOG2_MAX;
  const wanted = Buffer.from(key, "base64url");
  const [with_, by] = usable ? [Buffer.from(salt, "base64url"), cost] : [Buffer.alloc(SALT_BYTES), COST];
  const made = await gate.run(() => derive(password, with_, by));
  return usable && wanted.length === made.length && timingSafeEqual(wanted, made);
}
