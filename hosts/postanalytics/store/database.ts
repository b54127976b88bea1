/**
 * A database as postanalytics uses it: SQL with `?` for values, the same for SQLite and PostgreSQL. What the dialects
 * differ in (types, upserts, JSON) is asked of `dialect`, and nowhere else.
 */

/** A value of a column or parameter. */
export type Value = string | number | bigint | null | Uint8Array;
/** A row, by column. */
export type Row = Readonly<Record<string, Value>>;

/** Where statements run: the database itself, or a transaction. */
export interface Queryable {
  readonly dialect: "sqlite" | "postgres";
  /** @param sql one statement with `?` for each value */
  query(sql: string, values?: readonly Value[]): Promise<readonly Row[]>;
}

/** A database. Rejects with MERLON_STORE, with the cause. */
export interface Database extends Queryable {
  /** Runs `work` in a transaction; a rejection rolls it back. */
  transaction<T>(work: (inside: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
