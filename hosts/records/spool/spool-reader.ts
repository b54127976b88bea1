/** The end of a spool at which records leave it: reads from the cursor on, steps over what is damaged, and forgets. */
import type { SpoolFile } from "./disk.ts";
import { type Entry, readEntry } from "./entry.ts";
import { quietly, SEGMENT_HEAD_BYTES, type Segment, type Segments } from "./segments.ts";

/** A place in the segments. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

/** Records in the order of their numbers. */
export interface Batch {
  /** The records as JSON, without line ends. */
  readonly records: readonly Buffer[];
  /** Number of the last one. */
  readonly lastSeq: number;
  /** Where the next batch begins. */
  readonly end: Position;
}

const READ_BYTES = 512 * 1024;

/** Reads the durable part of segments. One batch at a time. */
export class SpoolReader {
  readonly #segments: Segments;
  readonly #onDamage: () => void;
  #cursor: Position;
  #ackedSeq = 0;
  /** The last damaged place that was told: a batch may be read more than once. */
  #damaged: Position = { segment: 0, offset: 0 };
  #file: { readonly number: number; readonly file: SpoolFile } | null = null;

  /** @param onDamage called for each damaged place, once */
  constructor(segments: Segments, cursor: Position, onDamage: () => void) {
    this.#segments = segments;
    this.#cursor = cursor;
    this.#onDamage = onDamage;
  }

  get cursor(): Position {
    return this.#cursor;
  }

  /** Whether anything stands behind the cursor. */
  get hasMore(): boolean {
    const { segment: number, offset } = this.#cursor;
    return this.#segments.list.some(
      (segment) => segment.number > number || (segment.number === number && segment.size > offset),
    );
  }

  /** Removes segments that lie wholly before the cursor, but for the one that is written to. */
  async forget(open: Segment | null = null): Promise<void> {
    const { segment: number, offset } = this.#cursor;
    for (const segment of [...this.#segments.list]) {
      const isDone = segment.number < number || (segment.number === number && segment.size <= offset);
      if (isDone && segment !== open) await this.#drop(segment);
    }
  }

  async acknowledge(batch: Batch, open: Segment | null): Promise<void> {
    this.#cursor = batch.end;
    this.#ackedSeq = batch.lastSeq;
    await this.forget(open);
  }

  /** Rejects with what the system says where a segment cannot be read. */
  async read(recordsMax: number, bytesMax: number): Promise<Batch | null> {
    const records: Buffer[] = [];
    let bytes = 0;
    let lastSeq = this.#ackedSeq;
    let position = this.#cursor;
    let isFull = false;
    const take = ({ seq, record }: Entry): boolean => {
      // What was written again after a failed sync has its old number.
      if (seq <= lastSeq) return true;
      isFull = records.length === recordsMax || (records.length > 0 && bytes + record.length > bytesMax);
      if (isFull) return false;
      records.push(Buffer.from(record));
      bytes += record.length;
      lastSeq = seq;
      return true;
    };
    for (const segment of this.#segments.list.filter(({ number }) => number >= this.#cursor.segment)) {
      const from = segment.number === this.#cursor.segment ? this.#cursor.offset : 0;
      position = await this.#readSegment(segment, Math.max(from, SEGMENT_HEAD_BYTES), take);
      if (isFull) break;
    }
    if (records.length > 0) return { records, lastSeq, end: position };
    // Nothing but damage or repetitions: it is not looked at again.
    this.#cursor = position;
    return null;
  }

  async close(): Promise<void> {
    const open = this.#file;
    this.#file = null;
    if (open !== null) await quietly(() => open.file.close());
  }

  /** Reads a segment from an offset on, until `take` has enough. @returns where it stopped */
  async #readSegment(segment: Segment, from: number, take: (entry: Entry) => boolean): Promise<Position> {
    const { number } = segment;
    let offset = from;
    const end = segment.size;
    if (offset >= end) return { segment: number, offset };
    const file = await this.#fileOf(segment);
    while (offset < end) {
      const bytes = await file.read(offset, Math.min(READ_BYTES, end - offset));
      let at = 0;
      for (;;) {
        const found = readEntry(bytes, at);
        if (found.kind === "cut") break;
        if (found.kind === "entry" && !take(found.entry)) return { segment: number, offset: offset + at };
        if (found.kind === "damaged") this.#tellDamage(number, offset + at);
        at += found.size;
      }
      offset += at;
      if (at > 0) continue;
      // A size that cannot be true: nobody knows where the next entry begins.
      this.#tellDamage(number, offset);
      offset = end;
    }
    return { segment: number, offset };
  }

  #tellDamage(segment: number, offset: number): void {
    const last = this.#damaged;
    if (segment < last.segment || (segment === last.segment && offset <= last.offset)) return;
    this.#damaged = { segment, offset };
    this.#onDamage();
  }

  async #fileOf(segment: Segment): Promise<SpoolFile> {
    if (this.#file?.number === segment.number) return this.#file.file;
    await this.close();
    const file = await this.#segments.open(segment);
    this.#file = { number: segment.number, file };
    return file;
  }

  async #drop(segment: Segment): Promise<void> {
    if (this.#file?.number === segment.number) await this.close();
    await this.#segments.remove(segment);
  }
}
