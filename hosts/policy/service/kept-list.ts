/** A list in a file of the service's folder, which commands change as the service runs: what is new is read again. */
import { readFileSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { withLock } from "../file-lock.ts";
import { replaceFile } from "../replace-file.ts";

/** Nodes of one service. */
export const NODES_MAX = 10_000;
const FILE_BYTES_MAX = 8 * 1024 * 1024;

/** Entries of `{"format": 1, "nodes": […]}`. */
export class KeptList<T extends z.ZodType> {
  readonly path: string;
  readonly #schema: z.ZodType<{ format: 1; nodes: z.output<T>[] }>;
  #seen = "";
  #entries: readonly z.output<T>[] = [];

  constructor(path: string, entry: T) {
    this.path = path;
    this.#schema = z.strictObject({ format: z.literal(1), nodes: z.array(entry).max(NODES_MAX) });
  }

  /** @returns the same array while the file is the same; @throws MerlonError MERLON_INPUT when it is damaged */
  read(): readonly z.output<T>[] {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    const now = stat === undefined ? "" : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
    if (now === this.#seen) return this.#entries;
    this.#entries = stat === undefined ? [] : this.#parse(stat.size);
    this.#seen = now;
    return this.#entries;
  }

  /**
   * One change after another, whichever process makes it: each begins with what the one before has left.
   * @param change gives the next entries, the same array where nothing changes
   * @throws MerlonError MERLON_INPUT, and what `change` throws
   */
  async change(change: (entries: readonly z.output<T>[]) => readonly z.output<T>[]): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await withLock(this.path, async () => {
      // What was read before the lock was ours may be the file of before in the very same millisecond.
      this.#seen = "";
      const before = this.read();
      const nodes = change(before);
      if (nodes === before) return;
      if (nodes.length > NODES_MAX)
        throw new MerlonError("MERLON_USAGE", `there are ${NODES_MAX} nodes — no more are taken; remove some`);
      await replaceFile(this.path, `${JSON.stringify({ format: 1, nodes }, null, 1)}\n`);
      this.#seen = "";
    });
  }

  #parse(size: number): z.output<T>[] {
    try {
      if (size <= FILE_BYTES_MAX) return this.#schema.parse(JSON.parse(readFileSync(this.path, "utf8"))).nodes;
    } catch {
      // Told below: what the file holds is no matter for a message.
    }
    throw new MerlonError(
      "MERLON_INPUT",
      `${this.path} is damaged — it is no list of nodes; restore it, or delete it and add the nodes anew`,
    );
  }
}
