/**
 * Takes records: each once, on disk before it is acknowledged, followed into the database. This is the half of the
 * store that must never fail; what answers questions is `record-store.ts`.
 *
 * Guarantee: when `append` resolves, every record of the batch is in the log on disk and will be in the database, once,
 * whatever dies. See test/hosts/postanalytics/store/record-log.test.ts.
 */
import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MerlonError } from "../../core/error.ts";
import type { Endpoint } from "../../records/inventory/endpoint.ts";
import type { AttackRecord } from "../../records/record.ts";
import type { Database } from "./database.ts";
import { Insertion } from "./insertion.ts";
import { endpointEntry, idOfEntry, labelEntry, recordEntry } from "./log-entry.ts";
import { Projection, type ProjectionEvents } from "./projection.ts";
import { migrateProjection } from "./projection-shape.ts";
import { RecentIds } from "./recent-ids.ts";
import { queryIn } from "./rows.ts";
import { SegmentLog, type SegmentLogOptions } from "./segment-log.ts";
import type { AppendOutcome, Label } from "./store.ts";

/** Ids that are remembered without asking the database: those of about the last minute at 5,000 a second. */
const RECENT_MAX = 262_144;
/** An acknowledgement does not wait longer for the database to say whether it knows a record. */
const ASK_TIMEOUT_MS = 500;
const READ_BYTES = 4 * 1024 * 1024;
const NAME_FILE = "name";
/** A label is kept by then; whether it can be read, the database decides. */
const LABEL_WAIT_MS = 5_000;

/** Settings; `events` hears of records when they can be found. */
export interface RecordLogOptions extends SegmentLogOptions {
  readonly events?: Partial<ProjectionEvents>;
  /** False where nothing is to be written into the database. */
  readonly follow?: boolean;
}

interface Claim {
  readonly done: Promise<void>;
}

/** The log of records in a folder that this process owns (owner-lock.ts), and its way into a database. */
export class RecordLog {
  readonly segments: SegmentLog;
  readonly insertion: Insertion;
  readonly projection: Projection;
  readonly #database: Database;
  readonly #recent = new RecentIds(RECENT_MAX);
  /** Records that are on their way to the disk. */
  readonly #claims = new Map<string, Claim>();

  private constructor(segments: SegmentLog, database: Database, name: string, events: Partial<ProjectionEvents>) {
    this.segments = segments;
    this.#database = database;
    this.insertion = new Insertion(database, name);
    const prepare = (): Promise<void> => migrateProjection(database);
    this.projection = new Projection(segments, this.insertion, prepare, {
      stored: events.stored ?? (() => {}),
      refused: events.refused ?? (() => {}),
    });
  }

  /**
   * Opens the log in `<folder>`, brings the database to its shape, and begins to follow.
   * @throws MerlonError MERLON_STORE
   */
  static async open(folder: string, database: Database, options: RecordLogOptions = {}): Promise<RecordLog> {
    const segments = await SegmentLog.open(folder, options);
    try {
      await refuseOldVersion(database);
      const log = new RecordLog(segments, database, await logName(folder), options.events ?? {});
      await log.#remember();
      if (options.follow !== false) log.projection.start();
      return log;
    } catch (error) {
      await segments.close();
      throw error;
    }
  }

  /** Resolves when the records are on disk. @throws MerlonError MERLON_STORE; then none of them may be acknowledged */
  async append(batch: readonly AttackRecord[]): Promise<AppendOutcome> {
    const fresh = new Map<string, AttackRecord>();
    const others = new Set<Promise<void>>();
    for (const record of batch) {
      const claim = this.#claims.get(record.id);
      if (claim !== undefined) others.add(claim.done);
      else if (!this.#recent.has(record.id)) fresh.set(record.id, record);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Nobody may be waiting for it.
    promise.catch(() => {});
    for (const id of fresh.keys()) this.#claims.set(id, { done: promise });
    const ids = [...fresh.keys()];
    try {
      for (const id of await this.#known(ids)) fresh.delete(id);
      await this.segments.append([...fresh.values()].map(recordEntry));
      for (const id of ids) this.#recent.add(id);
      resolve();
    } catch (error) {
      reject(error);
      throw error;
    } finally {
      for (const id of ids) this.#claims.delete(id);
    }
    this.projection.wake();
    // A duplicate is acknowledged when its twin is on disk.
    await Promise.all(others);
    return { stored: fresh.size, duplicates: batch.length - fresh.size };
  }

  /** Keeps what somebody said of a record; resolves when it is on disk and, where the database is there, to be read. */
  async label(id: string, label: Label): Promise<void> {
    await this.segments.append([labelEntry(id, { ...label, at: Date.now() })]);
    this.projection.wake();
    await this.projection.settled(LABEL_WAIT_MS);
  }

  /** Keeps what nodes learned of endpoints; resolves when it is on disk. @throws MerlonError MERLON_STORE */
  async endpoints(batch: readonly Endpoint[]): Promise<void> {
    await this.segments.append(batch.map(endpointEntry));
    this.projection.wake();
  }

  async close(): Promise<void> {
    await this.projection.stop();
    await this.segments.close();
  }

  /** @returns those ids that the database has; none where it does not answer, since it will notice itself later */
  async #known(ids: readonly string[]): Promise<readonly string[]> {
    if (ids.length === 0 || !this.projection.healthy) return [];
    const asked = queryIn(this.#database, "select id from records where id in (in)", ids);
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<readonly []>((resolve) => {
      timer = setTimeout(() => resolve([]), ASK_TIMEOUT_MS);
    });
    const rows = await Promise.race([asked.catch(() => []), tooLate]);
    clearTimeout(timer);
    return rows.map(({ id }) => String(id));
  }

  /** Reads the ids of the newest entries, so that what was sent before a crash and comes again is noticed. */
  async #remember(): Promise<void> {
    for (const { number, bytes } of this.segments.segments.slice(-2)) {
      let place = { segment: number, offset: this.segments.begin.offset };
      while (place.segment === number && place.offset < bytes) {
        const { entries, next } = await this.segments.read(place, READ_BYTES);
        for (const entry of entries) this.#recent.add(idOfEntry(entry.bytes));
        place = next;
      }
    }
  }
}

/** An old version is an error at once; a server that is away keeps nobody from keeping records. */
async function refuseOldVersion(database: Database): Promise<void> {
  try {
    await migrateProjection(database);
  } catch (error) {
    const away = error instanceof MerlonError && error.cause !== undefined && database.dialect === "postgres";
    if (!away) throw error;
  }
}

/** The log's own name: where several logs fill one database, each has its place there. */
export async function logName(folder: string): Promise<string> {
  const path = join(folder, NAME_FILE);
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    const name = randomUUID();
    await writeFile(`${path}.new`, `${name}\n`, { mode: 0o600, flush: true });
    await rename(`${path}.new`, path);
    return name;
  }
}
