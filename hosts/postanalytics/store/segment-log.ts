/**
 * The log of records: files that only grow, each entry on disk before anybody is told that it is kept. It is the truth
 * of the store; what SQL holds can be made from it again.
 *
 * Guarantee: when `append` resolves, its entries survive the death of the process and of the machine, and are read
 * after every restart, in their order. Entries of an `append` that rejected, or was interrupted, may or may not be
 * there. See test/hosts/postanalytics/store/segment-log.test.ts, where writes tear, disks fill up and processes die.
 *
 * Writers that come while the disk is busy share the next write and its fsync.
 */
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MerlonError } from "../../core/error.ts";
import {
  ENTRY_BYTES_MAX,
  FRAME_BYTES,
  frameEntries,
  isSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentEntry,
  scanEntries,
  segmentHeader,
} from "./segment.ts";

/** A new segment begins when the last one would grow beyond this. */
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes that wait for the disk; more is refused, and whoever sends keeps it and comes again. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of one write. */
const WRITE_BYTES_MAX = 8 * 1024 * 1024;
const SEGMENT_NAME = /^(\d{16})\.segment$/;

/** What the log needs of an open file; tests hand in files that fail. */
export type LogFile = Pick<FileHandle, "write" | "datasync" | "truncate" | "close">;
/** Opens a file for writing and makes it where it is missing. */
export type OpenLogFile = (path: string) => Promise<LogFile>;

/** Settings; all have defaults. */
export interface SegmentLogOptions {
  readonly segmentBytesMax?: number;
  /** The log refuses to grow beyond this until retention has made room. */
  readonly bytesMax?: number;
  readonly openFile?: OpenLogFile;
}

/** A place in the log: before an entry, or at the end. */
export interface LogPosition {
  readonly segment: number;
  readonly offset: number;
}

/** A part of the log. */
export interface LogPart {
  readonly entries: readonly SegmentEntry[];
  readonly next: LogPosition;
  /** Entries that were passed over since they have rotted; stretches of them, where several lie together. */
  readonly damaged: number;
}

/** One file of the log. */
export interface SegmentInfo {
  readonly number: number;
  readonly bytes: number;
}

interface Waiting {
  readonly frames: Buffer;
  resolve(): void;
  reject(error: Error): void;
}

const openForWriting: OpenLogFile = (path) => open(path, constants.O_RDWR | constants.O_CREAT, 0o600);

/** The log in a folder that this process owns. */
export class SegmentLog {
  readonly #folder: string;
  readonly #segmentBytesMax: number;
  readonly #bytesMax: number;
  readonly #openFile: OpenLogFile;
  /** Durable bytes of each segment; the last one is written to. */
  readonly #sizes = new Map<number, number>();
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #file: LogFile | undefined;
  #flushing: Promise<void> | undefined;
  #full = false;
  #closed = false;
  /** Bytes at the end of the last segment that were no entry when the log was opened; kept in a file beside it. */
  tornBytes = 0;

  private constructor(folder: string, options: SegmentLogOptions) {
    this.#folder = folder;
    this.#segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX;
    this.#bytesMax = options.bytesMax ?? Number.POSITIVE_INFINITY;
    this.#openFile = options.openFile ?? openForWriting;
  }

  /**
   * Opens the log, makes it where it is missing, and cuts off what an interrupted write left behind.
   * @throws MerlonError MERLON_STORE
   */
  static async open(folder: string, options: SegmentLogOptions = {}): Promise<SegmentLog> {
    const log = new SegmentLog(folder, options);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await log.#recover();
      return log;
    } catch (cause) {
      throw failure("the log cannot be opened", cause);
    }
  }

  /** Where the next entry will be. */
  get end(): LogPosition {
    const [segment = 0, offset = 0] = [...this.#sizes].at(-1) ?? [];
    return { segment, offset };
  }

  /** Where the first entry is. */
  get begin(): LogPosition {
    const [segment = 0] = this.#sizes.keys();
    return { segment, offset: SEGMENT_HEADER_BYTES };
  }

  /** All segments, the oldest first. */
  get segments(): readonly SegmentInfo[] {
    return [...this.#sizes].map(([number, bytes]) => ({ number, bytes }));
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return [...this.#sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /**
   * Appends entries; resolves when they are on disk.
   * @param entries each 1 to ENTRY_BYTES_MAX bytes
   * @throws MerlonError MERLON_STORE where they are not, or where it cannot be known
   */
  append(entries: readonly Uint8Array[]): Promise<void> {
    for (const { length } of entries) {
      if (length === 0 || length > ENTRY_BYTES_MAX) throw new RangeError(`an entry of ${length} bytes`);
    }
    if (entries.length === 0) return Promise.resolve();
    if (this.#closed) return Promise.reject(failure("the log is closed", undefined));
    const frames = frameEntries(entries);
    if (this.#waitingBytes + frames.length > WAITING_BYTES_MAX) {
      return Promise.reject(failure("the disk is slower than what arrives", undefined));
    }
    return new Promise((resolve, reject) => {
      this.#waitingBytes += frames.length;
      this.#waiting.push({ frames, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /**
   * Reads entries that are on disk.
   * @param from a place that this log gave
   * @param bytesMax bytes to read at most, but never less than one entry
   */
  async read(from: LogPosition, bytesMax: number): Promise<LogPart> {
    const size = this.#sizes.get(from.segment);
    const later = [...this.#sizes.keys()].find((number) => number > from.segment);
    const following = later === undefined ? this.end : { segment: later, offset: SEGMENT_HEADER_BYTES };
    if (size === undefined || from.offset >= size) return { entries: [], next: following, damaged: 0 };
    const length = Math.min(Math.max(bytesMax, 2 * (ENTRY_BYTES_MAX + FRAME_BYTES)), size - from.offset);
    const bytes = await readAt(this.#path(from.segment), from.offset, length);
    const last = from.offset + length >= size;
    const { entries, end, damaged, broken } = scanEntries(bytes, from.offset, last);
    if (!broken) return { entries, damaged, next: last ? following : { ...from, offset: end } };
    if (last) return { entries, damaged: damaged + 1, next: following };
    // An entry behind the damage may begin in these bytes and end in the next ones.
    const offset = Math.max(end, from.offset + length - ENTRY_BYTES_MAX - FRAME_BYTES);
    return { entries, damaged: damaged + 1, next: { ...from, offset } };
  }

  /** Removes a segment; the last one stays. */
  async drop(number: number): Promise<void> {
    if (number === this.end.segment || !this.#sizes.has(number)) return;
    await rm(this.#path(number), { force: true });
    this.#sizes.delete(number);
  }

  /** Ends when everything that waits is on disk. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch: Waiting[] = [];
      for (let bytes = 0; bytes < WRITE_BYTES_MAX; ) {
        const next = this.#waiting.shift();
        if (next === undefined) break;
        batch.push(next);
        bytes += next.frames.length;
      }
      const frames = Buffer.concat(batch.map((one) => one.frames));
      try {
        await this.#write(frames);
        for (const { resolve } of batch) resolve();
      } catch (cause) {
        // What the file holds behind the last durable byte is unknown now: it is cut off before the next write.
        await this.#file?.close().catch(() => {});
        this.#file = undefined;
        for (const { reject } of batch) reject(failure("records cannot be written", cause));
      }
      this.#waitingBytes -= frames.length;
    }
    this.#flushing = undefined;
  }

  async #write(frames: Buffer): Promise<void> {
    if (this.bytes + frames.length > this.#bytesMax) throw new Error("the log has reached its cap");
    const { segment, offset } = this.end;
    // Once the next segment may exist, this one gets no more: only the last one's end is looked at when it is opened.
    this.#full ||= offset > SEGMENT_HEADER_BYTES && offset + frames.length > this.#segmentBytesMax;
    this.#file ??= await this.#reopen();
    if (this.#full) {
      await this.#file.close();
      this.#file = undefined;
      this.#file = await this.#begin(segment + 1);
      this.#full = false;
    }
    const end = this.end;
    await writeWhole(this.#file, frames, end.offset);
    await this.#file.datasync();
    this.#sizes.set(end.segment, end.offset + frames.length);
  }

  /** Opens the last segment and cuts off whatever an earlier failure left behind its last durable byte. */
  async #reopen(): Promise<LogFile> {
    const { segment, offset } = this.end;
    const file = await this.#openFile(this.#path(segment));
    try {
      await file.truncate(offset);
      await file.datasync();
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #begin(number: number): Promise<LogFile> {
    const file = await this.#openFile(this.#path(number));
    try {
      await file.truncate(0);
      await writeWhole(file, segmentHeader(number), 0);
      await file.datasync();
      await syncFolder(this.#folder);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#sizes.set(number, SEGMENT_HEADER_BYTES);
    return file;
  }

  async #recover(): Promise<void> {
    const names = (await readdir(this.#folder)).flatMap((name) => SEGMENT_NAME.exec(name)?.[1] ?? []).sort();
    for (const name of names) {
      const number = Number(name);
      this.#sizes.set(number, (await stat(this.#path(number))).size);
    }
    const last = names.at(-1);
    if (last === undefined) {
      this.#file = await this.#begin(1);
      return;
    }
    const number = Number(last);
    const size = this.#sizes.get(number) ?? 0;
    const header = await readAt(this.#path(number), 0, Math.min(size, SEGMENT_HEADER_BYTES));
    if (size <= SEGMENT_HEADER_BYTES && !isSegmentHeader(header, number)) {
      this.#file = await this.#begin(number);
      return;
    }
    const bytes = await readAt(this.#path(number), SEGMENT_HEADER_BYTES, size - SEGMENT_HEADER_BYTES);
    const { end } = scanEntries(bytes, SEGMENT_HEADER_BYTES, true);
    this.tornBytes = size - end;
    if (this.tornBytes > 0) {
      // Never acknowledged, but a person may want to look at it.
      const torn = bytes.subarray(end - SEGMENT_HEADER_BYTES);
      await writeFile(join(this.#folder, `${name(number)}.${end}.torn`), torn, { mode: 0o600 });
    }
    this.#sizes.set(number, end);
    this.#file = await this.#reopen();
  }

  #path(number: number): string {
    return join(this.#folder, `${name(number)}.segment`);
  }
}

/** @returns whether the first place is before the second */
export function isBefore(one: LogPosition, other: LogPosition): boolean {
  return one.segment < other.segment || (one.segment === other.segment && one.offset < other.offset);
}

function name(number: number): string {
  return String(number).padStart(16, "0");
}

function failure(what: string, cause: unknown): MerlonError {
  const { code } = (cause ?? {}) as { code?: unknown };
  const why =
    typeof code === "string" ? ` (${code})` : cause instanceof Error ? ` (${cause.message.slice(0, 100)})` : "";
  return new MerlonError(
    "MERLON_STORE",
    `${what}${why} — check the data folder's disk; what was not kept comes again`,
    {
      cause,
    },
  );
}

async function readAt(path: string, at: number, length: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY);
  try {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await file.read(bytes, done, length - done, at + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await file.close();
  }
}

async function writeWhole(file: LogFile, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** A new file is only there for good when its folder is on disk too. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
