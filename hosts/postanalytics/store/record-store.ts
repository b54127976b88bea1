/**
 * The store of records: a log that takes them (record-log.ts), a database that answers, SQLite or PostgreSQL. Several
 * processes may share a PostgreSQL, each with a log of its own; an SQLite file and a log have one owner.
 */
import { join } from "node:path";
import type { Endpoint } from "../../records/inventory/endpoint.ts";
import type { AttackRecord } from "../../records/record.ts";
import { listAttacks } from "./attack-list.ts";
import { BlockScanner, type Sources } from "./blocks/scanner.ts";
import { conditionOf, wordsOf } from "./condition.ts";
import { LOG_FOLDER } from "./data-folder.ts";
import type { Database } from "./database.ts";
import { type AttackedPlace, type KnownEndpoint, readAttacked, readEndpoints } from "./inventory-table.ts";
import { Kinds } from "./kinds.ts";
import { findRecord, listRecords } from "./record-list.ts";
import { RecordLog } from "./record-log.ts";
import { prune, type Retention } from "./retention.ts";
import type { SegmentLogOptions } from "./segment-log.ts";
import { readStatistics } from "./statistics.ts";
import type {
  AppendOutcome,
  Attack,
  AttackOrder,
  GroupField,
  Label,
  Page,
  RecordStore,
  Search,
  Statistics,
  Window,
} from "./store.ts";

/** What is kept where nobody says: half a year. */
export const RETENTION: Retention = { ageMs: 183 * 86_400_000, bytesMax: null };
/** Who hears of records; more than consoles that are open. */
const LISTENERS_MAX = 256;

/** Settings of a store; all have defaults. */
export interface RecordStoreOptions extends SegmentLogOptions {
  readonly retention?: Retention;
  /** False where every question is asked of the table of records, as tests do to compare. */
  readonly blocks?: boolean;
}

/** A store over a database. */
export class SqlRecordStore implements RecordStore {
  readonly #database: Database;
  readonly #log: RecordLog;
  readonly #sources: Sources;
  readonly #retention: Retention;
  readonly #listeners: Set<(batch: readonly AttackRecord[]) => void>;

  private constructor(
    sources: Sources,
    log: RecordLog,
    retention: Retention,
    listeners: Set<(batch: readonly AttackRecord[]) => void>,
  ) {
    this.#database = sources.database;
    this.#sources = sources;
    this.#log = log;
    this.#retention = retention;
    this.#listeners = listeners;
  }

  /**
   * Opens the store of a data folder, which the caller has locked (owner-lock.ts).
   * @param database is closed by whoever opened it, after the store
   * @throws MerlonError MERLON_STORE
   */
  static async open(folder: string, database: Database, options: RecordStoreOptions = {}): Promise<SqlRecordStore> {
    const { retention = RETENTION, blocks = true, ...ofLog } = options;
    const listeners = new Set<(batch: readonly AttackRecord[]) => void>();
    const stored = (batch: readonly AttackRecord[]): void => {
      if (batch.length > 0) for (const listener of listeners) listener(batch);
    };
    const log = await RecordLog.open(join(folder, LOG_FOLDER), database, { ...ofLog, events: { stored } });
    const scanner = blocks ? new BlockScanner(database) : null;
    // So that the first question need not wait; where the database is away, it will read them itself.
    scanner?.warm().catch(() => {});
    return new SqlRecordStore({ database, kinds: new Kinds(database), blocks: scanner }, log, retention, listeners);
  }

  /** Up to where the log is in the database, and what was left out; for metrics and `merlon store check`. */
  get log(): RecordLog {
    return this.#log;
  }

  async append(batch: readonly AttackRecord[]): Promise<AppendOutcome> {
    return await this.#log.append(batch);
  }

  async appendEndpoints(batch: readonly Endpoint[]): Promise<void> {
    await this.#log.endpoints(batch);
  }

  async endpoints(tenants: readonly string[] | null, window: Window): Promise<readonly KnownEndpoint[]> {
    return await readEndpoints(this.#database, tenants, window);
  }

  async attackedPlaces(tenants: readonly string[] | null, window: Window): Promise<readonly AttackedPlace[]> {
    return await readAttacked(this.#database, tenants, window);
  }

  /** Resolves when everything that was appended can be found. */
  async settled(): Promise<void> {
    await this.#log.projection.settled();
  }

  async record(idOrRef: string, tenants: readonly string[] | null): Promise<AttackRecord | null> {
    return await findRecord(this.#database, idOrRef, tenants);
  }

  async records(search: Search, limit: number, cursor: string | null): Promise<Page<AttackRecord>> {
    return await listRecords(this.#sources, search, bounded(limit, 500), cursor);
  }

  async attacks(
    search: Search,
    groupBy: readonly GroupField[],
    order: AttackOrder,
    limit: number,
    cursor: string | null,
  ): Promise<Page<Attack>> {
    return await listAttacks(this.#sources, search, groupBy, order, bounded(limit, 200), cursor);
  }

  async count(search: Search): Promise<number> {
    const now = Date.now();
    const words = wordsOf(search, this.#database.dialect, now);
    const counted = await this.#sources.blocks?.ask(search.window, words, { about: "count" });
    if (counted !== undefined && counted !== null) return counted;
    const { sql, values } = conditionOf(search, this.#database.dialect, now);
    const [row] = await this.#database.query(`select sum(r.n) as n from records r where ${sql}`, values);
    return Number(row?.["n"] ?? 0);
  }

  async statistics(search: Search, buckets: number, top: readonly GroupField[]): Promise<Statistics> {
    return await readStatistics(this.#sources, search, bounded(buckets, 400), top);
  }

  async label(id: string, label: Label): Promise<boolean> {
    const [row] = await this.#database.query("select id from records where id = ?", [id]);
    if (row === undefined) return false;
    await this.#log.label(id, label);
    return true;
  }

  /** Tells of the records that came through this process. At LISTENERS_MAX, further ones are told nothing. */
  listen(listener: (batch: readonly AttackRecord[]) => void): () => void {
    if (this.#listeners.size < LISTENERS_MAX) this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async prune(): Promise<number> {
    const removed = await prune(this.#database, this.#log, this.#retention);
    if (removed > 0) {
      this.#sources.kinds.forget();
      this.#sources.blocks?.forget();
    }
    return removed;
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#sources.blocks?.close();
    await this.#log.close();
  }
}

function bounded(number: number, most: number): number {
  return Math.min(Math.max(1, Math.trunc(number)), most);
}
