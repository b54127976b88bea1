/** For the measurement of the store: what a database alone does with the same rows, and many more of them quickly. */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { remakeBlocks } from "../../hosts/postanalytics/store/blocks/block-table.ts";
import type { Database } from "../../hosts/postanalytics/store/database.ts";

/** Rows that a store writes for records. */
const TABLES = ["records", "bodies", "request_ids", "kinds", "findings", "finding_marks", "clients", "paths", "looks"];
/** About as many records as the store writes in one transaction. */
const PLAIN_ROWS = 500;

/** Seconds that the same rows take into tables of the same shape, by COPY, or by prepared inserts in SQLite. */
export async function plainCopySeconds(database: Database, address: string, folder: string): Promise<number> {
  return database.dialect === "postgres" ? copySeconds(address) : await insertSeconds(database, folder);
}

function copySeconds(address: string): number {
  const psql = (commands: readonly string[]): void => {
    const { status, stderr } = spawnSync("psql", [address, "-q", "-v", "ON_ERROR_STOP=1"], {
      input: commands.join("\n"),
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`psql: ${stderr}`);
  };
  const file = (table: string): string => join(tmpdir(), `merlon-plain-${process.pid}-${table}.copy`);
  psql(TABLES.map((table) => `\\copy (select * from ${table}) to '${file(table)}'`));
  psql(TABLES.map((table) => `create table plain_${table} (like ${table} including all);`));
  // Numbers of the small tables are made by the database; the copy brings its own.
  const identity = ["kinds", "findings", "clients", "paths"];
  psql(identity.map((table) => `alter table plain_${table} alter column id drop identity;`));
  const started = performance.now();
  psql(TABLES.map((table) => `\\copy plain_${table} from '${file(table)}'`));
  const seconds = (performance.now() - started) / 1000;
  psql(TABLES.map((table) => `drop table plain_${table};`));
  for (const table of TABLES) rmSync(file(table), { force: true });
  return seconds;
}

async function insertSeconds(database: Database, folder: string): Promise<number> {
  const path = join(folder, "plain.sqlite");
  const plain = new DatabaseSync(path);
  plain.exec("pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -65536");
  const shapes = await database.query(
    `select sql from sqlite_master where sql is not null and tbl_name in (${TABLES.map(() => "?").join(", ")})
     order by type desc`,
    TABLES,
  );
  for (const { sql } of shapes) plain.exec(String(sql));
  let spent = 0;
  for (const table of TABLES) {
    const [counted] = await database.query(`select count(*) as n from ${table}`);
    const statementOf = (columns: readonly string[]) =>
      plain.prepare(`insert into ${table} values (${columns.map(() => "?").join(", ")})`);
    for (let at = 0; at < Number(counted?.["n"]); at += 10 * PLAIN_ROWS) {
      // Rows in the order in which they came.
      const order = table === "bodies" ? "order by rowid" : "";
      const rows = await database.query(`select * from ${table} ${order} limit ${10 * PLAIN_ROWS} offset ${at}`);
      const started = performance.now();
      const statement = statementOf(Object.keys(rows[0] ?? {}));
      for (let i = 0; i < rows.length; i += PLAIN_ROWS) {
        plain.exec("begin");
        for (const row of rows.slice(i, i + PLAIN_ROWS)) statement.run(...Object.values(row));
        plain.exec("commit");
      }
      spent += performance.now() - started;
    }
  }
  plain.close();
  for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  return spent / 1000;
}

/**
 * Adds copies of all records, spread over the same stretch of time, and makes the blocks again.
 * @param copies how many there are of each record at the end
 */
export async function addCopies(
  database: Database,
  address: string,
  copies: number,
  spanMs: number,
  from: number,
): Promise<void> {
  if (copies <= 1) return;
  const shifted = (copy: number): string =>
    `${from} + (at - ${from} + ${Math.round((copy * spanMs) / copies)}) % ${spanMs}`;
  const idOf = (copy: number): string => `substr(id, 1, 22) || '${copy.toString(36).toUpperCase().padStart(4, "~")}'`;
  const statements = Array.from({ length: copies - 1 }, (_, i) => i + 1).flatMap((copy) => [
    `insert into records select ${idOf(copy)}, ${shifted(copy)}, finding, kind, client, path, n from originals`,
    `insert into bodies (id, at, json) select ${idOf(copy)}, ${shifted(copy)}, '{}' from originals`,
  ]);
  const columns = "id, at, finding, kind, client, path, n";
  const all = [`create table originals as select ${columns} from records`, ...statements, "drop table originals"];
  if (database.dialect === "sqlite") for (const statement of all) await database.query(statement);
  else await runUnhurried(address, all);
  await database.transaction((inside) => remakeBlocks(inside, database.dialect));
}

/** Without the ends that the store sets to its statements; indexes are made when all is there. */
async function runUnhurried(address: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    await client.query("set synchronous_commit = off; set maintenance_work_mem = '512MB'");
    const { rows } = await client.query<{ name: string; sql: string }>(
      `select indexname as name, indexdef as sql from pg_indexes
       where tablename in ('records', 'bodies') and indexname not like '%pkey'`,
    );
    for (const { name } of rows) await client.query(`drop index ${name}`);
    for (const statement of statements) await client.query(statement);
    for (const { sql } of rows) await client.query(sql.replace(" ON ONLY ", " ON "));
    await client.query("vacuum analyze records, bodies");
  } finally {
    await client.end();
  }
}
