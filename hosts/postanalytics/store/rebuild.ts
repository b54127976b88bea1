/** Makes the projection of the log again, and compares the two: for `merlon store`. */
import { remakeBlocks } from "./blocks/block-table.ts";
import type { Database } from "./database.ts";
import { readEntry } from "./log-entry.ts";
import { migrateProjection } from "./projection-shape.ts";
import { logName, RecordLog } from "./record-log.ts";
import { queryIn } from "./rows.ts";
import { isBefore, type LogPosition, type SegmentLog } from "./segment-log.ts";

const READ_BYTES = 4 * 1024 * 1024;
const PROGRESS_MS = 250;
const TABLES = [
  "record_blocks",
  "records",
  "bodies",
  "request_ids",
  "labels",
  "looks",
  "finding_marks",
  "findings",
  "kinds",
  "clients",
  "paths",
  "api_endpoints",
  "api_counts",
];

/** What was found. */
export interface StoreCheck {
  readonly segments: number;
  readonly bytes: number;
  /** Entries in the log that are records; sent twice while the database was away, one counts twice. */
  readonly records: number;
  readonly labels: number;
  /** Entries about endpoints of the inventory. */
  readonly endpoints: number;
  /** Stretches of the log that have rotted. */
  readonly damaged: number;
  /** Bytes of an interrupted write that were cut off at its end now. */
  readonly tornBytes: number;
  /** Records that the database has to get yet. */
  readonly behind: number;
  /** Records that the database should have and has not. */
  readonly missing: number;
  /** Records that blocks have more or fewer than the table of records. */
  readonly unlike: number;
}

/**
 * Makes the projection again. In SQLite it is emptied first; a PostgreSQL is shared, so what is there stays and what is
 * missing is added.
 * @param folder of the log, which the caller owns
 * @param progress hears of the part that is done, 0 to 1
 * @returns records in the database afterwards
 */
export async function rebuildStore(
  folder: string,
  database: Database,
  progress: (part: number) => void,
): Promise<{ readonly records: number; readonly refused: number; readonly damaged: number }> {
  await migrateProjection(database);
  const name = await logName(folder);
  await database.transaction(async (inside) => {
    if (database.dialect === "sqlite") for (const table of TABLES) await inside.query(`delete from ${table}`);
    else await remakeBlocks(inside, database.dialect);
    await inside.query("delete from log_places where log = ?", [name]);
  });
  const log = await RecordLog.open(folder, database);
  const timer = setInterval(() => progress(partOf(log.segments, log.projection.position)), PROGRESS_MS);
  try {
    await log.projection.settled();
    progress(1);
    const [row] = await database.query("select count(*) as n from records");
    const { refused, damaged } = log.projection;
    return { records: Number(row?.["n"] ?? 0), refused, damaged };
  } finally {
    clearInterval(timer);
    await log.close();
  }
}

/** Reads the whole log, and asks the database for every record of it. */
export async function checkStore(folder: string, database: Database): Promise<StoreCheck> {
  await migrateProjection(database);
  const log = await RecordLog.open(folder, database, { follow: false });
  try {
    const { segments, insertion } = log;
    const position = await insertion.position();
    const counts = { records: 0, labels: 0, endpoints: 0, damaged: 0, behind: 0, missing: 0 };
    for (let place = segments.begin; isBefore(place, segments.end); ) {
      const { entries, next, damaged } = await segments.read(place, READ_BYTES);
      const ids: string[] = [];
      for (const { at, bytes } of entries) {
        const entry = readEntry(bytes);
        if (entry?.kind === "label") counts.labels++;
        if (entry?.kind === "endpoint") counts.endpoints++;
        if (entry?.kind !== "record") continue;
        counts.records++;
        if (position === null || !isBefore({ segment: place.segment, offset: at }, position)) counts.behind++;
        else ids.push(entry.id);
      }
      const known = await queryIn(database, "select id from records where id in (in)", ids);
      const found = new Set(known.map(({ id }) => String(id)));
      counts.missing += ids.filter((id) => !found.has(id)).length;
      counts.damaged += damaged;
      place = next;
    }
    const [row] = await database.query(
      "select (select count(*) from records) as records, (select sum(rows) from record_blocks) as blocks",
    );
    const unlike = Math.abs(Number(row?.["records"] ?? 0) - Number(row?.["blocks"] ?? 0));
    const { segments: files, bytes, tornBytes } = segments;
    return { segments: files.length, bytes, tornBytes, ...counts, unlike };
  } finally {
    await log.close();
  }
}

function partOf(log: SegmentLog, position: LogPosition | null): number {
  if (position === null || log.bytes === 0) return 0;
  let done = position.offset;
  for (const { number, bytes } of log.segments) if (number < position.segment) done += bytes;
  return Math.min(1, done / log.bytes);
}
