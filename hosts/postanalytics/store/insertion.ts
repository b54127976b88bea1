/** Puts what the log says into the tables: once each, whatever is repeated, by whichever replica. */
import { type Endpoint, endpointSchema } from "../../records/inventory/endpoint.ts";
import type { AttackRecord } from "../../records/record.ts";
import type { BlockRow } from "./blocks/block.ts";
import { appendBlock } from "./blocks/block-table.ts";
import type { Database, Queryable, Value } from "./database.ts";
import { insertEndpoints } from "./inventory-table.ts";
import type { LogEntry, LoggedLabel } from "./log-entry.ts";
import {
  CLIENT_COLUMNS,
  columnsOf,
  type Dimension,
  FINDING_COLUMNS,
  KIND_COLUMNS,
  type RecordColumns,
} from "./record-columns.ts";
import { RecordPartitions } from "./record-partition.ts";
import { insertRows, queryIn } from "./rows.ts";
import type { LogPosition } from "./segment-log.ts";

/** Where whoever removes rows that nobody uses any more keeps others from using them again meanwhile. */
export const DIMENSIONS_LOCK = 0x6d657264;

const DAY_MS = 86_400_000;

interface Parsed {
  readonly columns: RecordColumns;
  readonly record: AttackRecord;
  readonly json: string;
}

/** Writes entries of one log into a database. */
export class Insertion {
  readonly #database: Database;
  readonly #log: string;
  readonly #partitions: RecordPartitions;

  /** @param log the log's own name: several logs may be projected into one database */
  constructor(database: Database, log: string) {
    this.#database = database;
    this.#log = log;
    this.#partitions = new RecordPartitions(database);
  }

  /** @returns the place up to which the log has been written, or null at the very beginning */
  async position(): Promise<LogPosition | null> {
    const [row] = await this.#database.query("select segment, byte from log_places where log = ?", [this.#log]);
    return row === undefined ? null : { segment: Number(row["segment"]), offset: Number(row["byte"]) };
  }

  /**
   * Writes entries and, in the same transaction, how far the log has been written.
   * @returns the records that were not there yet
   */
  async write(entries: readonly LogEntry[], next: LogPosition): Promise<readonly AttackRecord[]> {
    const parsed = new Map<string, Parsed>();
    for (const { kind, id, json } of entries) {
      if (kind !== "record" || parsed.has(id)) continue;
      const record: AttackRecord = JSON.parse(json);
      parsed.set(id, { columns: columnsOf(record), record, json });
    }
    await this.#partitions.prepare([...parsed.values()].map(({ columns }) => columns.at));
    return await this.#database.transaction(async (inside) => {
      if (this.#database.dialect === "postgres") {
        await inside.query(`select pg_advisory_xact_lock_shared(${DIMENSIONS_LOCK})`);
      }
      const known = await queryIn(inside, "select id from records where id in (in)", [...parsed.keys()]);
      for (const { id } of known) parsed.delete(String(id));
      const fresh = [...parsed.values()];
      const stored = await insertRecords(inside, fresh);
      await appendBlock(inside, this.#database.dialect, this.#log, stored);
      for (const entry of entries) if (entry.kind === "label") await insertLabel(inside, entry);
      await insertEndpoints(inside, this.#database.dialect, entries.flatMap(endpointOf));
      await this.#move(inside, next);
      return fresh.map(({ record }) => record);
    });
  }

  /** Forgets how far the log has been written, so that it is written again from its beginning. */
  async rewind(): Promise<void> {
    await this.#database.query("delete from log_places where log = ?", [this.#log]);
  }

  async #move(inside: Queryable, { segment, offset }: LogPosition): Promise<void> {
    await inside.query(
      `insert into log_places (log, segment, byte) values (?, ?, ?)
       on conflict (log) do update set segment = excluded.segment, byte = excluded.byte`,
      [this.#log, segment, offset],
    );
  }
}

function endpointOf({ kind, json }: LogEntry): Endpoint[] {
  const parsed = kind === "endpoint" ? endpointSchema.safeParse(JSON.parse(json)) : undefined;
  // What a later version wrote waits in the log for that version.
  return parsed?.success ? [parsed.data] : [];
}

/** @returns the rows that were not there yet */
async function insertRecords(inside: Queryable, fresh: readonly Parsed[]): Promise<readonly BlockRow[]> {
  if (fresh.length === 0) return [];
  const all = fresh.map(({ columns }) => columns);
  const findings = await insertFindings(inside, all);
  const kinds = await insertDimensions(
    inside,
    "kinds",
    KIND_COLUMNS,
    all.map(({ kind }) => kind),
  );
  const clients = await insertDimensions(
    inside,
    "clients",
    CLIENT_COLUMNS,
    all.map(({ client }) => client),
  );
  const paths = await insertDimensions(
    inside,
    "paths",
    ["path"],
    all.map(({ path }) => path),
  );
  await insertLooks(inside, all);
  const rows = new Map(
    all.map(({ id, at, finding, kind, client, path, n }): [string, BlockRow] => {
      const of = { finding: idOf(findings, finding), kind: idOf(kinds, kind) };
      return [id, { at, ...of, client: idOf(clients, client), path: idOf(paths, path), n }];
    }),
  );
  const values = [...rows].map(([id, { at, finding, kind, client, path, n }]) => {
    return [id, at, finding, kind, client, path, n];
  });
  // Another replica may have been sent the same records at the same moment.
  const once = "on conflict do nothing";
  const columns = ["id", "at", "finding", "kind", "client", "path", "n"];
  const stored = await insertRows(inside, "records", columns, values, `${once} returning id`);
  const bodies = fresh.map(({ columns: { id, at }, json }) => [id, at, json]);
  await insertRows(inside, "bodies", ["id", "at", "json"], bodies, once);
  const asked = all.flatMap(({ id, requestId }) => (requestId === null ? [] : [[requestId, id]]));
  await insertRows(inside, "request_ids", ["request_id", "id"], asked, once);
  return stored.flatMap(({ id }) => rows.get(String(id)) ?? []);
}

function idOf(ids: ReadonlyMap<string, number>, { key }: Dimension): number {
  const id = ids.get(key);
  if (id === undefined) throw new Error("a row that was just written is not there");
  return id;
}

async function insertFindings(inside: Queryable, all: readonly RecordColumns[]): Promise<Map<string, number>> {
  const made = new Set<string>();
  const ids = await insertDimensions(
    inside,
    "findings",
    FINDING_COLUMNS,
    all.map(({ finding }) => finding),
    made,
  );
  const marks = new Map(
    all.flatMap((one) => (made.has(one.finding.key) ? [[one.finding.key, one.marks] as const] : [])),
  );
  const rows = [...marks].flatMap(([key, some]) => {
    return some.map(([field, value]): readonly Value[] => [field, value, ids.get(key) ?? 0]);
  });
  await insertRows(inside, "finding_marks", ["field", "value", "finding"], rows, "on conflict do nothing");
  return ids;
}

/** Notes when each look was first and last seen; the last time to the day, so that few rows are written again. */
async function insertLooks(inside: Queryable, all: readonly RecordColumns[]): Promise<void> {
  const looks = new Map<string, [first: number, last: number]>();
  for (const { look, at } of all) {
    const [first, last] = looks.get(look) ?? [at, at];
    looks.set(look, [Math.min(first, at), Math.max(last, at)]);
  }
  const rows = [...looks].sort(([a], [b]) => (a < b ? -1 : 1)).map(([look, times]) => [look, ...times]);
  const earlier = "case when excluded.first_at < looks.first_at then excluded.first_at else looks.first_at end";
  const later = "case when excluded.last_at > looks.last_at then excluded.last_at else looks.last_at end";
  await insertRows(
    inside,
    "looks",
    ["look", "first_at", "last_at"],
    rows,
    `on conflict (look) do update set first_at = ${earlier}, last_at = ${later}
     where excluded.first_at < looks.first_at or excluded.last_at > looks.last_at + ${DAY_MS}`,
  );
}

async function insertDimensions(
  inside: Queryable,
  table: "findings" | "kinds" | "clients" | "paths",
  columns: readonly string[],
  wanted: readonly Dimension[],
  made = new Set<string>(),
): Promise<Map<string, number>> {
  const byKey = new Map(wanted.map((one) => [one.key, one]));
  const select = `select id, key from ${table} where key in (in)`;
  const ids = new Map<string, number>();
  const note = async (keys: readonly string[]): Promise<void> => {
    for (const row of await queryIn(inside, select, keys)) ids.set(String(row["key"]), Number(row["id"]));
  };
  await note([...byKey.keys()]);
  // In one order everywhere: replicas that write the same rows wait for each other and never in a circle.
  const missing = [...byKey.keys()].filter((key) => !ids.has(key)).sort();
  for (const key of missing) made.add(key);
  const rows = missing.map((key) => [key, ...(byKey.get(key)?.columns ?? [])]);
  await insertRows(inside, table, ["key", ...columns], rows, "on conflict do nothing");
  await note(missing);
  return ids;
}

async function insertLabel(inside: Queryable, { id, json }: LogEntry): Promise<void> {
  const { verdict, note, at }: LoggedLabel = JSON.parse(json);
  await inside.query(
    `insert into labels (id, verdict, note, at) values (?, ?, ?, ?) on conflict (id) do update
     set verdict = excluded.verdict, note = excluded.note, at = excluded.at where excluded.at >= labels.at`,
    [id, verdict, note === null ? null : note.replaceAll("\0", ""), at],
  );
}
