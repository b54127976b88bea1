/**
 * Keeps Envoy's access log short: Envoy appends to it for ever. A log that was read is set aside by its name, Envoy is
 * told by its admin interface to open a new one, and when that holds something the old one is deleted.
 */
import { rename, rm } from "node:fs/promises";
import { request } from "undici";
import type { LogFollower } from "./log-follower.ts";

const REOPEN_MS = 3000;
const RETRY_MS = 1000;
const AGAIN_MS = 30_000;
const ASIDE = ".read";

/** What a rotation needs to know. */
export interface RotationOptions {
  readonly log: string;
  /** Bytes from which on the log is set aside. */
  readonly bytesMax: number;
  /** Envoy's admin interface: `http://127.0.0.1:9901`. */
  readonly admin: string;
  readonly say: (line: string) => void;
}

/** The rotation of one log. */
export class LogRotation {
  readonly counters = { rotated: 0, failures: 0 };
  readonly #options: RotationOptions;
  #isAside = false;
  #isTold = false;
  /** When Envoy may be told again: it opens the new file with the next record. */
  #nextMs = 0;

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  /** Looks after the log; to be called when all of it was read. Rejects with what the system says. */
  async look(follower: LogFollower): Promise<void> {
    const { log, bytesMax } = this.#options;
    if (this.#isAside && !(await follower.isRotated())) {
      // The follower has gone to the new one: the old one has nothing more.
      await rm(log + ASIDE, { force: true });
      this.#isAside = false;
      this.counters.rotated++;
    }
    if (!this.#isAside) {
      if ((follower.position?.offset ?? 0) < bytesMax) return;
      await rename(log, log + ASIDE);
      this.#isAside = true;
      this.#nextMs = 0;
    }
    if (performance.now() >= this.#nextMs) await this.#reopen();
  }

  /** Until Envoy has heard, it writes to the old file, which is read on. */
  async #reopen(): Promise<void> {
    try {
      const { statusCode, body } = await request(`${this.#options.admin}/reopen_logs`, {
        method: "POST",
        headersTimeout: REOPEN_MS,
        bodyTimeout: REOPEN_MS,
      });
      await body.dump();
      if (statusCode !== 200) throw new Error(`status ${statusCode}`);
      this.#isTold = false;
      this.#nextMs = performance.now() + AGAIN_MS;
    } catch {
      this.#nextMs = performance.now() + RETRY_MS;
      this.counters.failures++;
      if (!this.#isTold) this.#options.say("Envoy's admin interface does not answer: its log grows until it does");
      this.#isTold = true;
    }
  }
}
