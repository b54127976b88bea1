/**
 * The segments of a spool: files that are only appended to, in the order of their numbers, and what is left of them
 * after a crash. The newest may end in a torn entry; what stands before it was written whole.
 */
import type { SpoolDisk, SpoolFile } from "./disk.ts";
import { readEntry, SEGMENT_MAGIC } from "./entry.ts";

/** Bytes before the first entry: the magic, and the number that the first entry will have. */
export const SEGMENT_HEAD_BYTES = 16;
/** A segment's file never has more: the size at which the next is begun, and one write. */
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;
const NAME = /^(\d{10})\.seg$/;

/** One segment. */
export interface Segment {
  readonly number: number;
  /** Bytes that are on disk for good. */
  size: number;
  /** When it was begun, by a clock that never goes back, milliseconds. */
  readonly bornMs: number;
}

/** A segment that is written to. */
export interface OpenSegment {
  readonly segment: Segment;
  readonly file: SpoolFile;
}

function nameOf(number: number): string {
  return `${String(number).padStart(10, "0")}.seg`;
}

/** The segments of a folder, oldest first. */
export class Segments {
  readonly #disk: SpoolDisk;
  readonly list: Segment[] = [];
  /** Number of the last entry that was found, or that a segment's head promises before its first. */
  lastSeq = 0;
  /** Bytes that were cut off the newest segment, since they were no whole entry. */
  tornBytes = 0;
  #next = 1;

  private constructor(disk: SpoolDisk) {
    this.#disk = disk;
  }

  /** Looks at what there is. Rejects with what the system says. */
  static async recover(disk: SpoolDisk): Promise<Segments> {
    const segments = new Segments(disk);
    for (const { name, size, modifiedMs } of await disk.list()) {
      const number = Number(NAME.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(number)) continue;
      const age = Math.max(0, Date.now() - modifiedMs);
      segments.list.push({ number, size, bornMs: performance.now() - age });
      segments.#next = Math.max(segments.#next, number + 1);
    }
    segments.list.sort((one, other) => one.number - other.number);
    // Every segment but the newest was synced before the next was begun. One without entries says nothing of the last.
    for (let segment = segments.list.at(-1); segment !== undefined; segment = segments.list.at(-1)) {
      if (await segments.#recoverOne(segment)) break;
      await segments.remove(segment);
    }
    return segments;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.list.reduce((sum, { size }) => sum + size, 0);
  }

  /** Begins a segment whose first entry will have that number. Rejects with what the system says. */
  async begin(firstSeq: number): Promise<OpenSegment> {
    const number = this.#next++;
    const file = await this.#disk.open(nameOf(number), "create");
    try {
      const head = Buffer.alloc(SEGMENT_HEAD_BYTES);
      SEGMENT_MAGIC.copy(head);
      head.writeBigUInt64LE(BigInt(firstSeq), 8);
      await file.write(head, 0);
      await file.sync();
      await this.#disk.syncNames();
    } catch (error) {
      await quietly(() => file.close());
      await quietly(() => this.#disk.remove(nameOf(number)));
      throw error;
    }
    const segment = { number, size: SEGMENT_HEAD_BYTES, bornMs: performance.now() };
    this.list.push(segment);
    return { segment, file };
  }

  async open(segment: Segment): Promise<SpoolFile> {
    return await this.#disk.open(nameOf(segment.number), "change");
  }

  /** Removes a segment; one that cannot be removed is found again after a restart. */
  async remove(segment: Segment): Promise<void> {
    const at = this.list.indexOf(segment);
    if (at >= 0) this.list.splice(at, 1);
    await quietly(() => this.#disk.remove(nameOf(segment.number)));
  }

  /** Finds the end of the newest segment. @returns whether it holds an entry */
  async #recoverOne(segment: Segment): Promise<boolean> {
    const file = await this.open(segment);
    try {
      const bytes = await file.read(0, Math.min(segment.size, SEGMENT_BYTES_MAX));
      if (bytes.subarray(0, SEGMENT_MAGIC.length).equals(SEGMENT_MAGIC) && bytes.length >= SEGMENT_HEAD_BYTES) {
        this.lastSeq = Math.max(this.lastSeq, Number(bytes.readBigUInt64LE(8)) - 1);
      }
      let end = 0;
      for (let at = SEGMENT_HEAD_BYTES; ; ) {
        const found = readEntry(bytes, at);
        if (found.kind === "cut") break;
        at += found.size;
        if (found.kind === "damaged") continue;
        end = at;
        this.lastSeq = Math.max(this.lastSeq, found.entry.seq);
      }
      if (end === 0) return false;
      this.tornBytes += segment.size - end;
      if (segment.size > end) await quietly(() => file.truncate(end));
      // A killed process may have left what no sync has seen; from here on it counts as safe.
      await file.sync();
      segment.size = end;
      return true;
    } finally {
      await quietly(() => file.close());
    }
  }
}

/** Does what is better done, and no matter if it is not. */
export async function quietly(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch {
    // What remains is found and mended when the folder is opened next.
  }
}
