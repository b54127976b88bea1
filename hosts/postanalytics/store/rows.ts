/** Statements about many rows at once, in pieces that every database takes. */
import type { Queryable, Row, Value } from "./database.ts";

/** Values of one statement; SQLite takes 32,766, PostgreSQL 65,535. */
const VALUES_MAX = 8_000;
/** Rows of one statement are powers of two, so that few different statements are ever compiled. */
const ROWS_MAX = 256;
/** PostgreSQL takes rows as one value, and compiles the same short statement each time. */
const ROWS_OF_VALUE_MAX = 4_096;

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
  if (inside.dialect === "postgres") return await insertObjects(inside, table, columns, rows, after);
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
 * @param sql with `in (in)` where the list is asked about, behind all other placeholders
 * @param before values of the placeholders that come before the list
 */
export async function queryIn(
  inside: Queryable,
  sql: string,
  list: readonly Value[],
  before: readonly Value[] = [],
): Promise<readonly Row[]> {
  const found: Row[] = [];
  if (inside.dialect === "postgres") {
    const any = sql.replace("in (in)", "= any(?)");
    for (let at = 0; at < list.length; at += ROWS_OF_VALUE_MAX) {
      const values = [...before, arrayOf(list.slice(at, at + ROWS_OF_VALUE_MAX))];
      for (const row of await inside.query(any, values)) found.push(row);
    }
    return found;
  }
  for (let at = 0; at < list.length; ) {
    const size = Math.min(ROWS_MAX, 2 ** Math.floor(Math.log2(list.length - at)));
    const marks = Array.from({ length: size }, () => "?").join(", ");
    const values = [...before, ...list.slice(at, at + size)];
    for (const row of await inside.query(sql.replace("(in)", `(${marks})`), values)) found.push(row);
    at += size;
  }
  return found;
}

/** Rows as JSON: the table itself says what is what. No column of bytes is written like this. */
async function insertObjects(
  inside: Queryable,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
  after: string,
): Promise<readonly Row[]> {
  const returned: Row[] = [];
  const names = columns.join(", ");
  const from = `select ${names} from json_populate_recordset(null::${table}, ?::json)`;
  for (let at = 0; at < rows.length; at += ROWS_OF_VALUE_MAX) {
    const some = rows.slice(at, at + ROWS_OF_VALUE_MAX);
    const objects = some.map((row) => Object.fromEntries(columns.map((name, i) => [name, row[i]])));
    const statement = `insert into ${table} (${names}) ${from} ${after}`;
    for (const one of await inside.query(statement, [JSON.stringify(objects)])) returned.push(one);
  }
  return returned;
}

/** A list as PostgreSQL writes arrays. */
function arrayOf(list: readonly Value[]): string {
  const quoted = (value: Value): string => `"${String(value).replace(/["\\]/g, "\\$&")}"`;
  return `{${list.map((value) => (typeof value === "number" ? String(value) : quoted(value))).join(",")}}`;
}
