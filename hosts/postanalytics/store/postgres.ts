/**
 * PostgreSQL, for those who outgrow one machine. Replicas share one database; every statement and every wait for a
 * connection or a lock has an end, so that a server that hangs is an error here and not a queue that grows.
 */
import pg from "pg";
import { MerlonError } from "../../core/error.ts";
import type { Database, Queryable, Row, Value } from "./database.ts";

const CONNECTIONS_MAX = 8;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** Longer than the server's own, which says why. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
/** A replica that died in the middle of a transaction holds its locks no longer. */
const IDLE_TRANSACTION_TIMEOUT_MS = 60_000;
const IDLE_CONNECTION_MS = 30_000;
const TRANSLATIONS_MAX = 1_000;

/** Numbers of the types in PostgreSQL's catalogue: what sums and counts come as. Ours stay below 2^53. */
const INT8 = 20;
const NUMERIC = 1700;

/** Limits that tests make shorter. */
export interface PostgresOptions {
  readonly connectionsMax?: number;
  readonly statementTimeoutMs?: number;
}

const TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((type: number, format?: "text" | "binary") => {
    return type === INT8 || type === NUMERIC ? Number : pg.types.getTypeParser(type, format);
  }) as pg.CustomTypesConfig["getTypeParser"],
};

/**
 * Rewrites `?` as `$1`, `$2` …, outside of quoted text.
 * @param sql one statement; literals in it use single quotes
 */
export function numberParameters(sql: string): string {
  let number = 0;
  return sql.replace(/'(?:[^']|'')*'|\?/g, (found) => (found === "?" ? `$${++number}` : found));
}

class PostgresDatabase implements Database {
  readonly dialect = "postgres";
  readonly #pool: pg.Pool;
  readonly #translated = new Map<string, string>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async query(sql: string, values: readonly Value[] = []): Promise<readonly Row[]> {
    return await this.#run(this.#pool, sql, values);
  }

  async transaction<T>(work: (inside: Queryable) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((cause: unknown) => {
      throw failure(cause);
    });
    const query = (sql: string, values: readonly Value[] = []): Promise<readonly Row[]> => {
      return this.#run(client, sql, values);
    };
    const inside: Queryable = { dialect: this.dialect, query };
    let broken: Error | undefined;
    const note = (error: Error): void => {
      broken = error;
    };
    client.on("error", note);
    try {
      await inside.query("begin");
      const result = await work(inside);
      await inside.query("commit");
      return result;
    } catch (error) {
      // A connection that cannot even roll back is thrown away, and the server rolls back.
      await client.query("rollback").catch(note);
      throw error;
    } finally {
      client.off("error", note);
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #run(where: pg.Pool | pg.PoolClient, sql: string, values: readonly Value[]): Promise<readonly Row[]> {
    try {
      const { rows } = await where.query<Row>(this.#translate(sql), [...values]);
      return rows;
    } catch (cause) {
      throw failure(cause);
    }
  }

  #translate(sql: string): string {
    const known = this.#translated.get(sql);
    if (known !== undefined) return known;
    if (this.#translated.size >= TRANSLATIONS_MAX) this.#translated.clear();
    const numbered = numberParameters(sql);
    this.#translated.set(sql, numbered);
    return numbered;
  }
}

/** The server's words may quote a value that a client wrote, so only its code is told; the rest is the cause. */
function failure(cause: unknown): MerlonError {
  const { code } = cause as { code?: unknown };
  const what = typeof code === "string" ? code : cause instanceof Error ? cause.name : "no answer";
  const fix = "check that the server runs, its address, the password and its certificate";
  return new MerlonError("MERLON_STORE", `PostgreSQL: ${what} — see PostgreSQL's list of error codes; ${fix}`, {
    cause,
  });
}

/**
 * Connects to a server.
 * @param url `postgres://user:password@host:5432/database?sslmode=verify-full&sslrootcert=/path/ca.pem`
 * @throws MerlonError MERLON_STORE where it does not answer or refuses
 */
export async function openPostgres(url: string, options: PostgresOptions = {}): Promise<Database> {
  const { connectionsMax = CONNECTIONS_MAX, statementTimeoutMs = STATEMENT_TIMEOUT_MS } = options;
  let pool: pg.Pool;
  try {
    pool = new pg.Pool({
      connectionString: url,
      types: TYPES,
      max: connectionsMax,
      application_name: "merlon",
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      idleTimeoutMillis: IDLE_CONNECTION_MS,
      statement_timeout: statementTimeoutMs,
      lock_timeout: statementTimeoutMs,
      query_timeout: ANSWER_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_TIMEOUT_MS,
      keepAlive: true,
    });
  } catch (cause) {
    throw failure(cause);
  }
  // An idle connection that the server ends is replaced at the next question, which tells of a server that is gone.
  pool.on("error", () => {});
  const database = new PostgresDatabase(pool);
  try {
    await database.query("select 1");
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
