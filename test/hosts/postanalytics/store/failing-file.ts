/**
 * Files of the log on a disk that misbehaves: real files, whose writes are cut short, whose disk is full or fails to
 * sync, and which lose after a power cut what was not synced. Seeded, so that a failure can be run again.
 */
import { constants } from "node:fs";
import { type FileHandle, open, truncate } from "node:fs/promises";
import type { LogFile, OpenLogFile } from "../../../../hosts/postanalytics/store/segment-log.ts";
import { chance, type Random } from "../../../bench/random.ts";

/** A disk. */
export class FailingDisk {
  readonly #random: Random;
  readonly #failures: number;
  /** Bytes of each file that a power cut leaves. */
  readonly #durable = new Map<string, number>();
  readonly #sizes = new Map<string, number>();
  /** Errors that were raised. */
  errors = 0;

  /** @param failures how probable an error is at each call */
  constructor(random: Random, failures: number) {
    this.#random = random;
    this.#failures = failures;
  }

  readonly open: OpenLogFile = async (path) => {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const { size } = await file.stat();
    if (!this.#durable.has(path)) this.#durable.set(path, size);
    this.#sizes.set(path, size);
    return this.#wrap(path, file);
  };

  /** Cuts the power: of what was not synced, any part stays, and what stays may be zeros or garbage. */
  async cutPower(): Promise<void> {
    for (const [path, durable] of this.#durable) {
      const size = this.#sizes.get(path) ?? durable;
      if (size <= durable) continue;
      const kept = durable + this.#random(size - durable + 1);
      await truncate(path, kept);
      if (kept > durable && chance(this.#random, 0.5)) {
        const file = await open(path, "r+");
        const from = durable + this.#random(kept - durable);
        const garbage = Buffer.from(Array.from({ length: kept - from }, () => this.#random(256)));
        await file.write(chance(this.#random, 0.5) ? garbage : Buffer.alloc(kept - from), 0, kept - from, from);
        await file.close();
      }
      this.#durable.set(path, kept);
      this.#sizes.set(path, kept);
    }
  }

  #wrap(path: string, file: FileHandle): LogFile {
    const write = async (bytes: Buffer, offset: number, length: number, position: number) => {
      const short = chance(this.#random, this.#failures * 2) ? 1 + this.#random(length) : length;
      const done = await file.write(bytes, offset, short, position);
      this.#sizes.set(path, Math.max(this.#sizes.get(path) ?? 0, position + short));
      this.#maybeFail("ENOSPC");
      return done;
    };
    const datasync = async (): Promise<void> => {
      this.#maybeFail("EIO");
      await file.datasync();
      this.#durable.set(path, this.#sizes.get(path) ?? 0);
    };
    const cut = async (size = 0): Promise<void> => {
      this.#maybeFail("EIO");
      await file.truncate(size);
      this.#sizes.set(path, size);
      // A shorter file may be found long again after a power cut, with whatever lay there; here it is cut for good.
      this.#durable.set(path, Math.min(size, this.#durable.get(path) ?? 0));
    };
    return { write: write as LogFile["write"], datasync, truncate: cut, close: () => file.close() };
  }

  #maybeFail(code: string): void {
    if (!chance(this.#random, this.#failures)) return;
    this.errors++;
    throw Object.assign(new Error(`the disk says ${code}`), { code });
  }
}
