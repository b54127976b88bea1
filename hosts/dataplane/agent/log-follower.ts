/**
 * Follows a log that another process appends to: whole lines only, in their order, over rotation (by rename, or by
 * truncation), over restarts of either process, and with bounded memory whatever is written into it.
 *
 * Guarantee: a line that was whole is given out until a position behind it is kept. See log-follower.test.ts.
 */
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type LogPosition, readPosition, writePosition } from "./log-position.ts";

/** Bytes of the longest line; the filter writes 32 KiB and numbers beside it. */
export const LINE_BYTES_MAX = 64 * 1024;
/** Bytes read at once. */
const READ_BYTES = 1024 * 1024;
/** Files of one name that are looked at for those that were rotated meanwhile. */
const ROTATED_MAX = 100;
const LINE_END = 0x0a;

/** What a follower counts. */
export interface FollowerCounters {
  lines: number;
  /** Lines that were longer than any record, and are left out. */
  tooLong: number;
  /** Times that the file was shorter than what was read of it. */
  truncated: number;
  rotated: number;
}

/** Whole lines, and where the next one begins. */
export interface LogLines {
  readonly lines: readonly string[];
  readonly position: LogPosition;
}

interface OpenLog {
  readonly path: string;
  readonly handle: FileHandle;
  readonly device: string;
  readonly inode: string;
  offset: number;
}

/** Reads one log. Calls come one after another. */
export class LogFollower {
  readonly counters: FollowerCounters = { lines: 0, tooLong: 0, truncated: 0, rotated: 0 };
  readonly #path: string;
  readonly #positionFile: string;
  #log: OpenLog | null = null;
  #kept: LogPosition | null = null;
  /** Whether the line at the offset is longer than any: it is passed by to its end. */
  #isSkipping = false;

  private constructor(path: string, positionFile: string) {
    this.#path = path;
    this.#positionFile = positionFile;
  }

  /** Finds the place where the last run was. The log need not be there yet. */
  static async open(path: string, positionFile: string): Promise<LogFollower> {
    const follower = new LogFollower(path, positionFile);
    follower.#kept = await readPosition(positionFile);
    return follower;
  }

  /**
   * @returns the next whole lines, `null` where there are none now
   * @throws where the log cannot be read; what was read so far stays
   */
  async read(): Promise<LogLines | null> {
    const log = this.#log ?? (await this.#begin());
    if (log === null) return null;
    const found = await this.#readFrom(log);
    if (found !== null) return found;
    return (await this.#goOn(log)) ? await this.read() : null;
  }

  /** Keeps a position: the lines before it are in safety. @throws MerlonError MERLON_INPUT */
  async keep(position: LogPosition): Promise<void> {
    await writePosition(this.#positionFile, position);
    this.#kept = position;
  }

  /** Where the next line begins; null before the log was opened. */
  get position(): LogPosition | null {
    return this.#log === null ? null : positionOf(this.#log);
  }

  /** Bytes that are there and not read yet; of the file that is read now. */
  async lag(): Promise<number> {
    const log = this.#log;
    if (log === null) return 0;
    const { size } = await log.handle.stat();
    return Math.max(0, size - log.offset);
  }

  /** Whether the file that is read now is no longer the one of the log's name. */
  async isRotated(): Promise<boolean> {
    const facts = await factsOf(this.#path);
    return this.#log !== null && (facts === null || facts.inode !== this.#log.inode);
  }

  async close(): Promise<void> {
    await this.#log?.handle.close();
    this.#log = null;
  }

  /** Opens the file that the kept position is in, under whatever name it has now, or the log from its begin. */
  async #begin(): Promise<OpenLog | null> {
    const kept = this.#kept;
    if (kept !== null) {
      const file = (await this.#candidates()).find((one) => isSame(one, kept));
      if (file !== undefined) return await this.#openAt(file.path, kept);
    }
    const log = await this.#openAt(this.#path, null);
    // From here on it is known which file it was, also where nothing of it is read before it is rotated.
    if (log !== null) await this.keep(positionOf(log));
    return log;
  }

  /** The log and files that were it, in the order in which they were written to last. */
  async #candidates(): Promise<(FileFacts & { path: string })[]> {
    const [folder, name] = [dirname(this.#path), basename(this.#path)];
    const names = (await readdir(folder).catch(() => [])).filter((one) => {
      return one === name || (one.startsWith(`${name}.`) && !/\.(?:gz|zst|xz|bz2)$/.test(one));
    });
    const found: (FileFacts & { path: string })[] = [];
    for (const one of names.slice(0, ROTATED_MAX)) {
      const facts = await factsOf(join(folder, one));
      if (facts !== null) found.push({ ...facts, path: join(folder, one) });
    }
    // The log itself is the last, whenever it was written to.
    const isLog = ({ path }: { path: string }): number => (path === this.#path ? 1 : 0);
    return found.sort((a, b) => isLog(a) - isLog(b) || Number(a.modifiedNs - b.modifiedNs));
  }

  async #openAt(path: string, kept: LogPosition | null): Promise<OpenLog | null> {
    const handle = await open(path, "r").catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
      throw error;
    });
    if (handle === null) return null;
    const { dev, ino } = await handle.stat({ bigint: true });
    const [device, inode] = [String(dev), String(ino)];
    const isKept = kept !== null && kept.device === device && kept.inode === inode;
    this.#isSkipping = false;
    this.#log = { path, handle, device, inode, offset: isKept ? kept.offset : 0 };
    return this.#log;
  }

  async #readFrom(log: OpenLog): Promise<LogLines | null> {
    const { size } = await log.handle.stat();
    if (size < log.offset) {
      // It was cut: what is in it now is new.
      this.counters.truncated++;
      this.#isSkipping = false;
      log.offset = 0;
    }
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(0, size - log.offset)));
    const { bytesRead } = await log.handle.read(buffer, 0, buffer.length, log.offset);
    const bytes = buffer.subarray(0, bytesRead);
    const end = bytes.lastIndexOf(LINE_END) + 1;
    if (end === 0) return this.#passBy(log, bytes.length);
    const lines: string[] = [];
    for (let at = 0; at < end; ) {
      const stop = bytes.indexOf(LINE_END, at);
      this.#take(lines, bytes.subarray(at, stop));
      at = stop + 1;
    }
    log.offset += end;
    return { lines, position: positionOf(log) };
  }

  #take(lines: string[], line: Buffer): void {
    const isTail = this.#isSkipping;
    this.#isSkipping = false;
    if (isTail || line.length === 0) return;
    if (line.length > LINE_BYTES_MAX) this.counters.tooLong++;
    else {
      this.counters.lines++;
      lines.push(line.toString("utf8"));
    }
  }

  /** A line without an end is left for later, unless no line is so long. */
  #passBy(log: OpenLog, size: number): LogLines | null {
    if (size <= LINE_BYTES_MAX && !this.#isSkipping) return null;
    if (size === 0) return null;
    if (!this.#isSkipping) this.counters.tooLong++;
    this.#isSkipping = true;
    log.offset += size;
    return { lines: [], position: positionOf(log) };
  }

  /**
   * Goes to the next file once this one is over. Whoever writes has gone to the new one when that holds something: what
   * it wrote to this one before is here then.
   */
  async #goOn(log: OpenLog): Promise<boolean> {
    const now = await factsOf(this.#path);
    if (now !== null && isSame(now, log)) return false;
    const files = await this.#candidates();
    // Where this one is gone from its folder, nobody knows what came between.
    const own = files.findIndex((one) => isSame(one, log));
    const next = own < 0 ? files.at(-1) : files[own + 1];
    if (next === undefined || (next.path === this.#path && next.size === 0)) return false;
    // It may have grown since it was read last.
    const { size } = await log.handle.stat();
    if (size > log.offset && !(await this.#isStuck(log, size))) return true;
    this.counters.rotated++;
    await log.handle.close();
    this.#log = null;
    await this.#openAt(next.path, null);
    return true;
  }

  /** Whether all that is left is a line that never ended. */
  async #isStuck(log: OpenLog, size: number): Promise<boolean> {
    const rest = Buffer.alloc(Math.min(size - log.offset, LINE_BYTES_MAX));
    const { bytesRead } = await log.handle.read(rest, 0, rest.length, log.offset);
    return bytesRead === size - log.offset && !rest.subarray(0, bytesRead).includes(LINE_END);
  }
}

interface FileFacts {
  readonly device: string;
  readonly inode: string;
  readonly size: number;
  readonly modifiedNs: bigint;
}

async function factsOf(path: string): Promise<FileFacts | null> {
  const facts = await stat(path, { bigint: true }).catch(() => null);
  if (facts === null || !facts.isFile()) return null;
  const { dev, ino, size, mtimeNs: modifiedNs } = facts;
  return { device: String(dev), inode: String(ino), size: Number(size), modifiedNs };
}

function isSame(one: Pick<LogPosition, "device" | "inode">, other: Pick<LogPosition, "device" | "inode">): boolean {
  return one.device === other.device && one.inode === other.inode;
}

function positionOf({ device, inode, offset }: OpenLog): LogPosition {
  return { device, inode, offset };
}
