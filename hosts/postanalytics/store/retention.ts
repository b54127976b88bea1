/**
 * Removes what has become too old, or too much. First from the database, then from the log, so that a crash between the
 * two leaves work to do again and nothing that comes back.
 */
import { removeFromBlocks } from "./blocks/block-table.ts";
import type { Database } from "./database.ts";
import { DIMENSIONS_LOCK } from "./insertion.ts";
import { pruneEndpoints } from "./inventory-table.ts";
import { idOfEntry } from "./log-entry.ts";
import type { RecordLog } from "./record-log.ts";
import { RecordPartitions } from "./record-partition.ts";
import { queryIn } from "./rows.ts";

/** How long, and how much. */
export interface Retention {
  /** Milliseconds that records are kept; null for ever. */
  readonly ageMs: number | null;
  /** Bytes of the log; null for as many as the disk has. */
  readonly bytesMax: number | null;
}

/** Looks are noted to the day. */
const DAY_MS = 86_400_000;
const STEP_ROWS = 5_000;
const READ_BYTES = 4 * 1024 * 1024;

/** @returns records removed */
export async function prune(database: Database, log: RecordLog, { ageMs, bytesMax }: Retention): Promise<number> {
  let removed = 0;
  if (ageMs !== null) removed += await pruneByAge(database, log, Date.now() - ageMs);
  while (bytesMax !== null && log.segments.bytes > bytesMax) {
    const [oldest] = log.segments.segments;
    if (oldest === undefined || !isProjected(log, oldest.number)) break;
    removed += await removeIds(database, await idsOf(log, oldest.number));
    await log.segments.drop(oldest.number);
  }
  if (removed > 0) await removeOrphans(database);
  if (ageMs !== null) await database.query("delete from looks where last_at < ?", [Date.now() - ageMs - 2 * DAY_MS]);
  return removed;
}

/** Segments that the database does not have yet are no one's to remove; the last one is being written. */
function isProjected(log: RecordLog, number: number): boolean {
  const { position } = log.projection;
  return position !== null && number < position.segment && number < log.segments.end.segment;
}

async function pruneByAge(database: Database, log: RecordLog, before: number): Promise<number> {
  let removed = await new RecordPartitions(database).drop(before);
  for (;;) {
    const rows = await database.query("select id from records where at < ? order by at limit ?", [before, STEP_ROWS]);
    if (rows.length === 0) break;
    removed += await removeIds(
      database,
      rows.map(({ id }) => String(id)),
    );
  }
  await pruneEndpoints(database, before);
  for (const { number } of log.segments.segments) {
    if (!isProjected(log, number)) break;
    const ids = await idsOf(log, number);
    const alive = await queryIn(database, "select id from records where id in (in)", ids);
    const known = await queryIn(database, "select id from api_counts where id in (in)", ids);
    if (alive.length + known.length > 0) break;
    await log.segments.drop(number);
  }
  return removed;
}

/** Ids of all records and lines of the inventory in a segment; labels have the id of their record. */
async function idsOf(log: RecordLog, segment: number): Promise<string[]> {
  const ids = new Set<string>();
  for (let place = { segment, offset: log.segments.begin.offset }; place.segment === segment; ) {
    const { entries, next } = await log.segments.read(place, READ_BYTES);
    for (const { bytes } of entries) ids.add(idOfEntry(bytes));
    place = next;
  }
  return [...ids];
}

async function removeIds(database: Database, ids: readonly string[]): Promise<number> {
  let removed = 0;
  for (let at = 0; at < ids.length; at += STEP_ROWS) {
    const step = ids.slice(at, at + STEP_ROWS);
    removed += await database.transaction(async (inside) => {
      const known = await queryIn(inside, "select id from records where id in (in)", step);
      await removeFromBlocks(inside, database.dialect, step);
      for (const table of ["records", "bodies", "request_ids", "labels"]) {
        await queryIn(inside, `delete from ${table} where id in (in)`, step);
      }
      return known.length;
    });
  }
  return removed;
}

/** Removes kinds, clients and paths that no record has any more. */
async function removeOrphans(database: Database): Promise<void> {
  await database.transaction(async (inside) => {
    if (database.dialect === "postgres") await inside.query(`select pg_advisory_xact_lock(${DIMENSIONS_LOCK})`);
    const used = [
      ["finding_marks", "finding", "finding"],
      ["findings", "finding", "id"],
      ["kinds", "kind", "id"],
      ["clients", "client", "id"],
      ["paths", "path", "id"],
    ] as const;
    for (const [table, column, own] of used) {
      await inside.query(
        `delete from ${table} where not exists (select 1 from records r where r.${column} = ${table}.${own})`,
      );
    }
    // Partitions go without their rows being looked at.
    for (const table of ["request_ids", "labels"]) {
      await inside.query(`delete from ${table} where not exists (select 1 from records r where r.id = ${table}.id)`);
    }
  });
}
