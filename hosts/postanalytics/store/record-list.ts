/** Lists of records, and single ones, with what analysts said of them. */
import type { AttackRecord } from "../../records/record.ts";
import { conditionOf, tenantsPredicate } from "./condition.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { Database } from "./database.ts";
import { queryIn } from "./rows.ts";
import type { Page, Search } from "./store.ts";

const REF_CHARS = 16;
const ID_CHARS = 26;
const VERDICTS = ["false_positive", "true_attack"] as const;

/** A page of records, the newest first. */
export async function listRecords(
  database: Database,
  search: Search,
  limit: number,
  cursor: string | null,
): Promise<Page<AttackRecord>> {
  const { sql, values } = conditionOf(search, database.dialect, Date.now());
  const after = readCursor(cursor);
  const rows = await database.query(
    `select r.id, r.at from records r where ${sql} ${after === null ? "" : "and (r.at, r.id) < (?, ?)"}
     order by r.at desc, r.id desc limit ?`,
    [...values, ...(after ?? []), limit + 1],
  );
  const shown = rows.slice(0, limit);
  const records = await recordsById(
    database,
    shown.map(({ id }) => String(id)),
  );
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? writeCursor([Number(last["at"]), String(last["id"])]) : null;
  return { items: shown.flatMap(({ id }) => records.get(String(id)) ?? []), next };
}

/** One record by its id or by its reference, if the asker may see it. */
export async function findRecord(
  database: Database,
  idOrRef: string,
  tenants: readonly string[] | null,
): Promise<AttackRecord | null> {
  const text = idOrRef.trim().toUpperCase();
  if (text.length !== ID_CHARS && text.length !== REF_CHARS) return null;
  const mine = tenantsPredicate(tenants);
  const [row] = await database.query(
    `select r.id from records r where r.id >= ? and r.id <= ? and ${mine.sql} order by r.id limit 1`,
    [text, `${text}~`, ...mine.values],
  );
  if (row === undefined) return null;
  return (await recordsById(database, [String(row["id"])])).get(String(row["id"])) ?? null;
}

/** Records by their ids. */
export async function recordsById(database: Database, ids: readonly string[]): Promise<Map<string, AttackRecord>> {
  const bodies = await queryIn(database, "select id, json from bodies where id in (in)", ids);
  const labels = await queryIn(database, "select id, verdict, note from labels where id in (in)", ids);
  const byId = new Map(labels.map((row) => [String(row["id"]), row]));
  return new Map(
    bodies.map((row) => {
      const id = String(row["id"]);
      const record: AttackRecord = JSON.parse(String(row["json"]));
      const label = byId.get(id);
      if (label === undefined) return [id, record];
      const verdict = VERDICTS.find((one) => one === label["verdict"]) ?? null;
      const note = label["note"] === null || label["note"] === undefined ? null : String(label["note"]);
      return [id, { ...record, labels: { ...record.labels, verdict, note } }];
    }),
  );
}
