/**
 * A disk for simulations: it keeps what a real one would keep when the power goes or the process is killed, tears
 * writes, forgets names that were not synced, fails now and then, and does it all by a seed.
 */

import type { FileFacts, SpoolDisk, SpoolFile } from "../../../../hosts/records/spool/disk.ts";
import { createRandom } from "../../../bench/random.ts";

/** What ends a life: every operation fails from then on. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** Random numbers from 0 to below 1. */
export type Random = () => number;

/** @returns random numbers by a seed */
export function randomBy(seed: number): Random {
  const draw = createRandom(seed);
  return () => draw(1 << 30) / (1 << 30);
}

interface StoredFile {
  /** What survives a loss of power. */
  safe: Buffer;
  /** What a reader sees now. */
  seen: Buffer;
  /** Its name survives a loss of power. */
  isNamed: boolean;
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** The disk; it outlives the spools that are opened on it. */
export class SimulatedDisk implements SpoolDisk {
  readonly #files = new Map<string, StoredFile>();
  readonly #random: Random;
  /** Operations until the crash; Infinity for none. */
  fuse = Number.POSITIVE_INFINITY;
  /** Share of operations that fail without a crash. */
  faults = 0;
  /** Bytes that fit; a write beyond fails. */
  room = Number.POSITIVE_INFINITY;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The next life begins. @param power whether the power was lost: else what was written is still there */
  restart(power: boolean): void {
    this.fuse = Number.POSITIVE_INFINITY;
    for (const [name, file] of this.#files) {
      if (power && !file.isNamed && this.#random() < 0.5) this.#files.delete(name);
      else if (power) file.seen = this.#torn(file);
      file.safe = file.seen;
      file.isNamed = true;
    }
  }

  /** Damages a file's end or a byte of it, as a bad disk does. */
  damage(kind: "truncate" | "flip"): void {
    const segments = [...this.#files].filter(([name, { seen }]) => name.endsWith(".seg") && seen.length > 40);
    const [, file] = segments.at(-1) ?? [];
    if (file === undefined) return;
    if (kind === "truncate") file.seen = file.seen.subarray(0, Math.floor(this.#random() * file.seen.length));
    else {
      file.seen = Buffer.from(file.seen);
      const at = 16 + Math.floor(this.#random() * (file.seen.length - 16));
      file.seen[at] = (file.seen[at] ?? 0) ^ 1;
    }
    file.safe = file.seen;
  }

  async list(): Promise<readonly FileFacts[]> {
    await this.#step();
    return [...this.#files].map(([name, { seen }]) => ({ name, size: seen.length, modifiedMs: Date.now() }));
  }

  async open(name: string, how: "create" | "change"): Promise<SpoolFile> {
    await this.#step();
    const known = this.#files.get(name);
    if (how === "create" && known !== undefined) throw systemError("EEXIST");
    if (how === "change" && known === undefined) throw systemError("ENOENT");
    const file = known ?? { safe: Buffer.alloc(0), seen: Buffer.alloc(0), isNamed: false };
    this.#files.set(name, file);
    return this.#fileOf(file);
  }

  async read(name: string): Promise<Buffer | null> {
    await this.#step();
    return this.#files.get(name)?.seen ?? null;
  }

  async replace(name: string, content: Uint8Array): Promise<void> {
    await this.#step();
    this.#grow(content.length);
    // In two steps that a crash can fall between; the file system makes the second one whole.
    await this.#step();
    const bytes = Buffer.from(content);
    this.#files.set(name, { safe: bytes, seen: bytes, isNamed: true });
  }

  async remove(name: string): Promise<void> {
    await this.#step();
    this.#files.delete(name);
  }

  async syncNames(): Promise<void> {
    await this.#step();
    for (const file of this.#files.values()) file.isNamed = true;
  }

  get #bytes(): number {
    let sum = 0;
    for (const { seen } of this.#files.values()) sum += seen.length;
    return sum;
  }

  #grow(bytes: number): void {
    if (this.#bytes + bytes > this.room) throw systemError("ENOSPC");
  }

  /** What is left of a file after the power was lost: what was synced, and any part of what came after. */
  #torn({ safe, seen }: StoredFile): Buffer {
    if (seen.length <= safe.length) return this.#random() < 0.5 ? safe : seen;
    const kept = safe.length + Math.floor(this.#random() * (seen.length - safe.length + 1));
    const torn = Buffer.from(seen.subarray(0, kept));
    // A file may have grown before its bytes came.
    if (this.#random() < 0.3) torn.fill(0, safe.length + Math.floor(this.#random() * (kept - safe.length + 1)));
    return torn;
  }

  async #step(): Promise<void> {
    await Promise.resolve();
    this.fuse--;
    if (this.fuse <= 0) throw new Crash("crash");
    if (this.#random() < this.faults) throw systemError(this.#random() < 0.5 ? "EIO" : "ENOSPC");
  }

  #fileOf(file: StoredFile): SpoolFile {
    return {
      write: async (bytes, at) => {
        const grown = Buffer.alloc(Math.max(file.seen.length, at + bytes.length));
        file.seen.copy(grown);
        // A write that fails may have done a part of its work.
        const done = Math.floor(this.#random() * (bytes.length + 1));
        const part = Buffer.from(grown.subarray(0, Math.max(file.seen.length, at + done)));
        Buffer.from(bytes.subarray(0, done)).copy(part, at);
        try {
          await this.#step();
          this.#grow(bytes.length);
        } catch (error) {
          file.seen = part;
          throw error;
        }
        Buffer.from(bytes).copy(grown, at);
        file.seen = grown;
      },
      sync: async () => {
        try {
          await this.#step();
        } catch (error) {
          // What was not synced by a failed sync may be gone, and a later one would not say so.
          if (!(error instanceof Crash)) file.safe = this.#torn(file);
          throw error;
        }
        file.safe = file.seen;
      },
      read: async (at, size) => {
        await this.#step();
        return Buffer.from(file.seen.subarray(at, at + size));
      },
      truncate: async (size) => {
        await this.#step();
        file.seen = file.seen.subarray(0, size);
      },
      close: async () => {
        await Promise.resolve();
      },
    };
  }
}
