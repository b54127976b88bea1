/** Statements about many rows at once, in pieces that every database takes. */
import type { Queryable, Row, Value } from "./database.ts";

/** Values of one statement; SQLite takes 32,766, PostgreSQL 65,535. */
const VALUES_MAX = 8_000;
/** Rows of one statement are powers of two, so that few different statements are ever compiled. */
const ROWS_MAX = 256;

/**
 * Inserts rows.
 * @param rows each with one value a column
 * @param after what follows: `on conflict do nothing`
 * @returns what the statement returns
 */
export async function insertRows(
  inside: Queryable,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
  after = "",
): Promise<readonly Row[]> {
  const most = Math.min(ROWS_MAX, 2 ** Math.floor(Math.log2(VALUES_MAX / columns.length)));
  const returned: Row[] = [];
  const row = `(${columns.map(() => "?").join(", ")})`;
  for (let at = 0; at < rows.length; ) {
    const size = Math.min(most, 2 ** Math.floor(Math.log2(rows.length - at)));
    const values = rows.slice(at, at + size).flat();
    const list = Array.from({ length: size }, () => row).join(", ");
    const statement = `insert into ${table} (${columns.join(", ")}) values ${list} ${after}`;
    for (const one of await inside.query(statement, values)) returned.push(one);
    at += size;
  }
  return returned;
}

/**
 * Runs a statement for pieces of a list.
 * @param sql with `(in)` where the list's placeholders stand
 * @param before values of the placeholders that come before the list
 */
export async function queryIn(
  inside: Queryable,
  sql: string,
  list: readonly Value[],
  before: readonly Value[] = [],
): Promise<readonly Row[]> {
  const found: Row[] = [];
  for (let at = 0; at < list.length; ) {
    const size = Math.min(ROWS_MAX, 2 ** Math.floor(Math.log2(list.length - at)));
    const marks = Array.from({ length: size }, () => "?").join(", ");
    const values = [...before, ...list.slice(at, at + size)];
    for (const row of await inside.query(sql.replace("(in)", `(${marks})`), values)) found.push(row);
    at += size;
  }
  return found;
}
