/**
 * The spool: a bounded queue on disk between the node that makes records and whoever takes them.
 *
 * Guarantee: a record that was written (`durable` has reached its number) is handed out until it is acknowledged,
 * whatever dies in between, and in the order of the numbers. `append` never waits: what the disk cannot take yet stands
 * in a bounded queue in memory, and what does not fit there or under the cap is left out by a stated rule and counted.
 * See docs/records.md, and test/hosts/records/spool/simulation.ts for crashes at any step.
 */
import type { AttackRecord } from "../record.ts";
import { numberedText, recordText, slimRecord } from "../record-text.ts";
import type { SpoolDisk } from "./disk.ts";
import { encodeEntry } from "./entry.ts";
import { type OpenSegment, quietly, SEGMENT_HEAD_BYTES, Segments } from "./segments.ts";
import { type Batch, SpoolReader } from "./spool-reader.ts";
import { readState, type SpoolState, writeState } from "./spool-state.ts";

const KIBI = 1024;
const MEBI = 1024 * KIBI;

/** How a spool is kept. */
export interface SpoolLimits {
  /** Bytes on disk; from 80 % on, records are kept without what the request held. */
  readonly bytesMax: number;
  /** The next segment is begun when one has so many. */
  readonly segmentBytes: number;
  /** Bytes that wait in memory for the disk; from half on, records are kept without what the request held. */
  readonly queueBytes: number;
  /** What is appended is written and synced after so many milliseconds, or so many bytes. */
  readonly flushMs: number;
  readonly flushBytes: number;
  /** Pause before the first new try after the disk failed; twice as long each time, up to sixty-four times. */
  readonly retryMs: number;
}

/** Limits where nobody says otherwise. */
export const SPOOL_LIMITS: SpoolLimits = {
  bytesMax: 512 * MEBI,
  segmentBytes: 8 * MEBI,
  queueBytes: 16 * MEBI,
  flushMs: 50,
  flushBytes: 256 * KIBI,
  retryMs: 100,
};

/** Something that an operator should know. Each is told once, until it is over. */
export interface SpoolNotice {
  readonly event: "spool_filling" | "spool_full" | "spool_failing" | "spool_well" | "spool_damaged";
  readonly detail: string;
}

/** What a spool counts, in requests, so that records which stand for several count as such. */
export interface SpoolCounters {
  /** Requests whose records were handed to `append`. */
  detected: number;
  /** Of these, requests whose records were written. */
  stored: number;
  /** Records that were kept without what the request held. */
  slimmed: number;
  /** Requests whose records were left out: the cap was reached, or the disk did not take them. */
  dropped: { full: number; disk: number };
  /** Entries that were damaged on disk, and torn ends that were cut. */
  damaged: number;
}

const SLIM_SHARE = 0.8;
const WELL_SHARE = 0.7;
const WRITE_BYTES_MAX = MEBI;
const RETRY_DOUBLINGS = 6;

interface Waiting {
  readonly entry: Buffer;
  readonly seq: number;
  readonly weight: number;
}

/** A spool in a folder that its owner has locked. */
export class Spool {
  readonly counters: SpoolCounters;
  readonly #disk: SpoolDisk;
  readonly #limits: SpoolLimits;
  readonly #notify: (notice: SpoolNotice) => void;
  readonly #segments: Segments;
  readonly #reader: SpoolReader;
  #queue: Waiting[] = [];
  #queueBytes = 0;
  #open: OpenSegment | null = null;
  #nextSeq: number;
  #durable: number;
  #writing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #failures = 0;
  #level = 0;
  #closed = false;
  #earlierDropped: number;
  readonly #listeners = new Set<() => void>();

  private constructor(
    disk: SpoolDisk,
    limits: SpoolLimits,
    notify: (notice: SpoolNotice) => void,
    segments: Segments,
    state: SpoolState,
  ) {
    this.#disk = disk;
    this.#limits = limits;
    this.#notify = notify;
    this.#segments = segments;
    this.#durable = Math.max(segments.lastSeq, state.next - 1);
    this.#nextSeq = this.#durable + 1;
    this.#earlierDropped = state.dropped;
    this.counters = { detected: 0, stored: 0, slimmed: 0, dropped: { full: 0, disk: 0 }, damaged: 0 };
    this.#reader = new SpoolReader(segments, state.cursor, () => {
      this.counters.damaged++;
      notify({ event: "spool_damaged", detail: "an entry on disk was damaged and is left out" });
    });
  }

  /**
   * Opens a spool and recovers what a crash left. Rejects with what the system says.
   * @param notify told of what an operator should know; must not throw
   */
  static async open(
    disk: SpoolDisk,
    limits: Partial<SpoolLimits> = {},
    notify: (notice: SpoolNotice) => void = () => {},
  ): Promise<Spool> {
    const segments = await Segments.recover(disk);
    const spool = new Spool(disk, { ...SPOOL_LIMITS, ...limits }, notify, segments, await readState(disk));
    if (segments.tornBytes > 0) {
      spool.counters.damaged++;
      const detail = `${segments.tornBytes} bytes at the end were torn by a crash and are cut off`;
      notify({ event: "spool_damaged", detail });
    }
    await spool.#reader.forget();
    return spool;
  }

  /** Number of the last record that is on disk for good. */
  get durable(): number {
    return this.#durable;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.bytes;
  }

  /** Requests whose records were left out since the spool began. */
  get droppedEver(): number {
    return this.#earlierDropped + this.counters.dropped.full + this.counters.dropped.disk;
  }

  /** How long the oldest segment that is not acknowledged has been there, milliseconds; 0 where all is acknowledged. */
  get oldestMs(): number {
    const [oldest] = this.#segments.list;
    return oldest === undefined || !this.hasRecords ? 0 : Math.max(0, performance.now() - oldest.bornMs);
  }

  /** Whether there are records on disk that are not acknowledged. */
  get hasRecords(): boolean {
    return this.#reader.hasMore;
  }

  /** Whether the disk takes what it is given. */
  get isWell(): boolean {
    return this.#failures === 0;
  }

  /**
   * Takes a record. Never waits and never throws for what the disk does.
   * @returns its number; null where it was left out, which is counted
   */
  append(record: AttackRecord): number | null {
    const weight = record.sampled.count_since_last;
    this.counters.detected += weight;
    const seq = this.#nextSeq++;
    const level = this.#closed ? 2 : this.#pressure();
    if (level === 2) {
      this.counters.dropped[this.#failures > 0 ? "disk" : "full"] += weight;
      return null;
    }
    const isSlimmed = level === 1 && record.sampled.kept;
    if (isSlimmed) this.counters.slimmed++;
    const text = recordText(isSlimmed ? slimRecord(record) : record);
    const entry = encodeEntry(seq, Buffer.from(numberedText(text, seq)));
    this.#queue.push({ entry, seq, weight });
    this.#queueBytes += entry.length;
    this.#schedule();
    return seq;
  }

  /** Tells whenever records have become durable. @returns ends that */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @returns the oldest records that are not acknowledged, the same ones until they are; null where there are none */
  async read(recordsMax: number, bytesMax: number): Promise<Batch | null> {
    return await this.#reader.read(recordsMax, bytesMax);
  }

  /** Whoever takes the records has them for good: they are forgotten here. Never rejects. */
  async acknowledge(batch: Batch): Promise<void> {
    await this.#reader.acknowledge(batch, this.#open?.segment ?? null);
    await quietly(() => this.#saveState());
  }

  /** Resolves when all that was appended so far is durable or the disk refused it. */
  async flush(): Promise<void> {
    this.#stopTimer();
    await this.#write();
  }

  /** Writes what waits, tries once, and lets go of the files. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    for (const { weight } of this.#queue) this.counters.dropped.disk += weight;
    this.#queue = [];
    await quietly(() => this.#saveState());
    await this.#reader.close();
    const open = this.#open;
    this.#open = null;
    if (open !== null) await quietly(() => open.file.close());
  }

  /** 0 there is room, 1 for heads of records only, 2 none. Tells of changes for the worse. */
  #pressure(): 0 | 1 | 2 {
    const { bytesMax, queueBytes } = this.#limits;
    const share = (this.#segments.bytes + this.#queueBytes) / bytesMax;
    const queued = this.#queueBytes / queueBytes;
    const level = share >= 1 || queued >= 1 ? 2 : share >= SLIM_SHARE || queued >= 0.5 ? 1 : 0;
    if (level > this.#level) {
      this.#level = level;
      const percent = Math.round(SLIM_SHARE * 100);
      if (level === 2) this.#notify({ event: "spool_full", detail: "new records are left out and counted" });
      else {
        const detail = `more than ${percent} % is used; new records are kept without headers, query and payload`;
        this.#notify({ event: "spool_filling", detail });
      }
    } else if (this.#level > 0 && share < WELL_SHARE && queued < 0.5) {
      this.#level = 0;
    }
    return level;
  }

  #schedule(): void {
    if (this.#writing !== null || this.#failures > 0) return;
    if (this.#queueBytes >= this.#limits.flushBytes) {
      this.#stopTimer();
      void this.#write();
    } else this.#timer ??= setTimeout(() => void this.#write(), this.#limits.flushMs).unref();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Writes until nothing waits or the disk fails; who calls while it runs waits for a run that has all. */
  async #write(): Promise<void> {
    this.#stopTimer();
    while (this.#writing !== null) await this.#writing;
    const writing = this.#writeAll();
    this.#writing = writing;
    await writing;
    // Whoever waits for this run looks again only after this line.
    if (this.#writing === writing) this.#writing = null;
    if (this.#queue.length > 0) this.#schedule();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#writeSome();
      if (this.#failures > 0) this.#notify({ event: "spool_well", detail: "the disk takes records again" });
      this.#failures = 0;
    } catch (error) {
      await this.#abandon();
      if (this.#failures === 0) this.#notify({ event: "spool_failing", detail: reasonOf(error) });
      const pause = this.#limits.retryMs * 2 ** Math.min(this.#failures, RETRY_DOUBLINGS);
      this.#failures++;
      if (!this.#closed) this.#timer ??= setTimeout(() => void this.#write(), pause).unref();
    }
  }

  /** Writes and syncs the first entries that wait: one commit for all of them. */
  async #writeSome(): Promise<void> {
    let bytes = 0;
    let count = 0;
    for (const { entry } of this.#queue) {
      if (count > 0 && bytes + entry.length > WRITE_BYTES_MAX) break;
      bytes += entry.length;
      count++;
    }
    const waiting = this.#queue.slice(0, count);
    const open = await this.#segmentFor(waiting[0]?.seq ?? this.#nextSeq);
    await open.file.write(Buffer.concat(waiting.map(({ entry }) => entry)), open.segment.size);
    await open.file.sync();
    open.segment.size += bytes;
    this.#queue.splice(0, count);
    this.#queueBytes -= bytes;
    this.#durable = waiting.at(-1)?.seq ?? this.#durable;
    for (const { weight } of waiting) this.counters.stored += weight;
    for (const listener of this.#listeners) listener();
  }

  async #segmentFor(firstSeq: number): Promise<OpenSegment> {
    const open = this.#open;
    if (open !== null && open.segment.size < this.#limits.segmentBytes) return open;
    this.#open = null;
    if (open !== null) await quietly(() => open.file.close());
    this.#open = await this.#segments.begin(firstSeq);
    return this.#open;
  }

  /**
   * After a failed write or sync nobody knows what is on disk behind the last good one, and a second sync may say that
   * all is well. So the segment ends there, and what waits is written again into a new one.
   */
  async #abandon(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    if (open === null) return;
    await quietly(() => open.file.truncate(open.segment.size));
    await quietly(() => open.file.close());
    if (open.segment.size <= SEGMENT_HEAD_BYTES) await this.#segments.remove(open.segment);
  }

  async #saveState(): Promise<void> {
    await writeState(this.#disk, { cursor: this.#reader.cursor, next: this.#nextSeq, dropped: this.droppedEver });
  }
}

/** What the system says, without the paths that may stand in it. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "an error";
  const fixes: Record<string, string> = {
    ENOSPC: "the disk is full; make room",
    EDQUOT: "the quota is used up; make room",
    EACCES: "the folder may not be written to; change its owner or mode",
    EROFS: "the file system is read-only",
  };
  return `${code}: ${fixes[code] ?? "the disk refuses records"}; they wait in memory, and what does not fit is counted`;
}
