/**
 * The embedded database: one SQLite file, one owner. One thread writes and others read, so that a long question of the
 * console never delays records that arrive, nor either of them the event loop.
 */
import { Worker } from "node:worker_threads";
import { MerlonError } from "../../core/error.ts";
import type { Database, Queryable, Row, Value } from "./database.ts";

/** Threads that read. */
const READERS = 2;
/** Questions waiting for one thread; more are refused, since nobody would live to see the answers. */
const WAITING_MAX = 10_000;

/** The thread's program: the source, or in the container's bundle the file that lies beside it. */
const THREAD = import.meta.url.endsWith(".ts")
  ? new URL("./sqlite-thread/main.ts", import.meta.url)
  : new URL("./sqlite-thread.mjs", import.meta.url);

interface Waiting {
  resolve(rows: readonly Row[]): void;
  reject(error: Error): void;
}

interface Answer {
  readonly number: number;
  readonly rows?: readonly Row[];
  readonly failure?: string;
  readonly code?: number;
}

/** A thread with one connection; questions are answered in their order. */
class Connection implements Queryable {
  readonly dialect = "sqlite";
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #exited: Promise<void>;
  #next = 1;
  #failed: Error | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (answer: Answer) => this.#settle(answer));
    worker.on("error", (error) => this.#fail(error));
    this.#exited = new Promise((resolve) => {
      worker.on("exit", () => {
        this.#fail(new Error("the thread has ended"));
        resolve();
      });
    });
  }

  static async open(path: string, readOnly: boolean): Promise<Connection> {
    const connection = new Connection(new Worker(THREAD, { workerData: { path, readOnly } }));
    await new Promise<readonly Row[]>((resolve, reject) => connection.#waiting.set(0, { resolve, reject }));
    return connection;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  query(sql: string, values: readonly Value[] = []): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) return reject(failure(this.#failed));
      if (this.#waiting.size >= WAITING_MAX) {
        return reject(new MerlonError("MERLON_STORE", "the store is asked faster than it answers — try again later"));
      }
      const number = this.#next++;
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage({ number, sql, values });
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
    await this.#exited;
  }

  #settle({ number, rows, failure: words, code }: Answer): void {
    const asker = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (words === undefined) asker?.resolve(rows ?? []);
    else asker?.reject(failure(Object.assign(new Error(words), { code })));
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    for (const { reject } of this.#waiting.values()) reject(failure(error));
    this.#waiting.clear();
  }
}

/** The message names what SQLite says of the statement; values are never part of it. */
function failure(cause: Error): MerlonError {
  const fix = "see the cause, and whether the disk is full or the file was changed by somebody else";
  return new MerlonError("MERLON_STORE", `SQLite: ${cause.message.slice(0, 200)} — ${fix}`, { cause });
}

class SqliteDatabase implements Database {
  readonly dialect = "sqlite";
  readonly #writer: Connection;
  readonly #readers: readonly Connection[];
  /** Ends when the last transaction or statement that writes has ended. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(writer: Connection, readers: readonly Connection[]) {
    this.#writer = writer;
    this.#readers = readers;
  }

  query(sql: string, values?: readonly Value[]): Promise<readonly Row[]> {
    if (/^\s*select\b/i.test(sql)) return this.#reader().query(sql, values);
    return this.#inTurn(() => this.#writer.query(sql, values));
  }

  transaction<T>(work: (inside: Queryable) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      await this.#writer.query("begin immediate");
      try {
        const result = await work(this.#writer);
        await this.#writer.query("commit");
        return result;
      } catch (error) {
        // Where the commit itself failed, SQLite may have rolled back already; the first error is the one to tell.
        await this.#writer.query("rollback").catch(() => {});
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#turn.catch(() => {});
    await Promise.all(this.#readers.map((reader) => reader.close()));
    await this.#writer.close();
  }

  #reader(): Connection {
    return this.#readers.reduce(
      (best, one) => (one.waiting < best.waiting ? one : best),
      this.#readers[0] ?? this.#writer,
    );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => {});
    return mine;
  }
}

/**
 * Opens or makes an SQLite file. Whoever opens it holds the folder's owner lock (owner-lock.ts). A statement that
 * begins with `select` is read beside the writer and sees the last commit; in a transaction, ask `inside` alone.
 * @throws MerlonError MERLON_STORE where the file cannot be opened or is no database
 */
export async function openSqlite(path: string): Promise<Database> {
  const writer = await Connection.open(path, false);
  try {
    const readers: Connection[] = [];
    for (let i = 0; i < READERS; i++) readers.push(await Connection.open(path, true));
    return new SqliteDatabase(writer, readers);
  } catch (error) {
    await writer.close();
    throw error;
  }
}
