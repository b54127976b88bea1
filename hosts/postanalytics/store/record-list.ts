/** Lists of records, and single ones, with what analysts said of them. */
import type { AttackRecord } from "../../records/record.ts";
import type { Predicate } from "../search/predicate.ts";
import type { RowNumbers } from "./blocks/question.ts";
import type { Sources } from "./blocks/scanner.ts";
import { conditionOf, tenantsPredicate, wordsOf } from "./condition.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { Database } from "./database.ts";
import { queryIn } from "./rows.ts";
import type { Page, Search } from "./store.ts";

const REF_CHARS = 16;
const ID_CHARS = 26;
const VERDICTS = ["false_positive", "true_attack"] as const;

/** Id and time of a record. */
type Placed = readonly [at: number, id: string];

/** A page of records, the newest first. */
export async function listRecords(
  { database, blocks }: Sources,
  search: Search,
  limit: number,
  cursor: string | null,
): Promise<Page<AttackRecord>> {
  const after = readCursor(cursor);
  const now = Date.now();
  const question = { about: "newest", limit: limit + 1, before: after?.[0] ?? null } as const;
  const rows = await blocks?.ask(search.window, wordsOf(search, database.dialect, now), question);
  const placed =
    rows === undefined || rows === null
      ? await placesInRecords(database, conditionOf(search, database.dialect, now), after, limit + 1)
      : await placesOfRows(database, rows, after, limit + 1);
  const shown = placed.slice(0, limit);
  const records = await recordsById(
    database,
    shown.map(([, id]) => id),
  );
  const last = shown.at(-1);
  const next = placed.length > limit && last !== undefined ? writeCursor(last) : null;
  return { items: shown.flatMap(([, id]) => records.get(id) ?? []), next };
}

async function placesInRecords(
  database: Database,
  { sql, values }: Predicate,
  after: Placed | null,
  limit: number,
): Promise<Placed[]> {
  const rows = await database.query(
    `select r.id, r.at from records r where ${sql} ${after === null ? "" : "and (r.at, r.id) < (?, ?)"}
     order by r.at desc, r.id desc limit ?`,
    [...values, ...(after ?? []), limit],
  );
  return rows.map(({ id, at }) => [Number(at), String(id)]);
}

/** Ids of records whose numbers are known: two records with the same numbers pass the same searches. */
async function placesOfRows(
  database: Database,
  found: readonly RowNumbers[],
  after: Placed | null,
  limit: number,
): Promise<Placed[]> {
  const times = [...new Set(found.map(([at]) => at))];
  const columns = "id, at, finding, kind, client, path, n";
  const rows = await queryIn(database, `select ${columns} from records where at in (in)`, times);
  const meant = new Set(found.map((numbers) => numbers.join()));
  const placed = rows.flatMap((row): Placed[] => {
    const numbers = [row["at"], row["finding"], row["kind"], row["client"], row["path"], row["n"]].join();
    return meant.has(numbers) ? [[Number(row["at"]), String(row["id"])]] : [];
  });
  const isAfter = ([at, id]: Placed): boolean => after === null || at < after[0] || (at === after[0] && id < after[1]);
  return placed
    .filter(isAfter)
    .sort(([a, one], [b, other]) => b - a || (one < other ? 1 : -1))
    .slice(0, limit);
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
