/**
 * Answers questions from blocks instead of from the table of records: exact for the moment at which it is asked, for
 * every search but those about ids and labels. Blocks are read from the database once and kept in memory, 28 bytes a
 * record; a question reads those that are new, has the search's words answered by the small tables, and hands the rest
 * to a thread.
 */
import { Worker } from "node:worker_threads";
import { MerlonError } from "../../../core/error.ts";
import type { Condition } from "../../search/predicate.ts";
import type { Database } from "../database.ts";
import type { Kinds } from "../kinds.ts";
import { queryIn } from "../rows.ts";
import { bytesOf } from "./block-table.ts";
import { EntryReader } from "./entry-reader.ts";
import {
  type Answers,
  type Filter,
  GONE,
  type HeldBlock,
  type Question,
  type Scope,
  type Sizes,
  type Told,
} from "./question.ts";

/** Threads; a page of the console asks for its list and its numbers at once. */
const THREADS = 2;
/** Records whose numbers are kept in memory; a question about more is answered by the table of records. */
const ROWS_MAX = 16_000_000;
/** Rows of small tables that threads keep; of more, attackers make up hosts, and the table of records answers. */
const ENTRIES_MAX = 300_000;
/** Blocks that are read at once. */
const READ_BLOCKS = 8;
/** Merging may take blocks away between the list of them and their bytes; then the list is read again. */
const ATTEMPTS = 5;
const QUESTIONS_MAX = 1_000;

/** The thread's program: the source, or in the container's bundle the file that lies beside it. */
const THREAD = import.meta.url.endsWith(".ts")
  ? new URL("../scan-thread/main.ts", import.meta.url)
  : new URL("./scan-thread.mjs", import.meta.url);

interface ListedBlock {
  readonly id: number;
  readonly rows: number;
  readonly first: number;
  readonly last: number;
}

interface Decoded {
  readonly block: HeldBlock;
  readonly numbers: { readonly findings: Int32Array; readonly kinds: Int32Array; readonly clients: Int32Array };
  readonly paths: number;
}

/** What questions are answered from. */
export interface Sources {
  readonly database: Database;
  readonly kinds: Kinds;
  /** Null where everything is asked of the table of records. */
  readonly blocks: BlockScanner | null;
}

/** Looks through blocks of a database. */
export class BlockScanner {
  readonly #database: Database;
  readonly #threads: readonly ScanThread[];
  readonly #held = new Map<number, ListedBlock>();
  readonly #entries: EntryReader;
  #sizes: Record<keyof Sizes, number> = { finding: 1, kind: 1, client: 1, path: 1 };
  /** Ends when the last reading of blocks has ended. */
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(database: Database) {
    this.#database = database;
    this.#entries = new EntryReader(database);
    this.#threads = Array.from({ length: THREADS }, () => new ScanThread(() => this.forget()));
  }

  /**
   * @param condition of the search, but for its window
   * @returns null where blocks cannot answer
   * @throws MerlonError MERLON_STORE
   */
  async ask<Q extends Question>(
    window: { readonly from: number; readonly to: number },
    condition: Condition,
    question: Q,
  ): Promise<Answers[Q["about"]] | null> {
    if (!isAnswerable(condition) || this.#isClosed) return null;
    const [from, to] = [Math.trunc(window.from), Math.trunc(window.to)];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const blocks = await this.#hold(from, to);
      if (blocks === null) return null;
      // After the list of blocks, so that whatever they name is in the small tables.
      const filter = await this.#filterOf(condition);
      const scope: Scope = { blocks: blocks.map(({ id }) => id), from, to, filter };
      const thread = this.#threads.reduce((best, one) => (one.waiting < best.waiting ? one : best));
      const sizes = { ...this.#sizes };
      const answer = await thread.ask((number) => ({ tell: "ask", number, scope, question, sizes }));
      // Another question may have seen that a block was merged, and let go of it.
      if (answer !== GONE) return answer as Answers[Q["about"]] | null;
    }
    return null;
  }

  /** Reads what there is, so that the first question need not. */
  async warm(): Promise<void> {
    await this.#hold(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** Forgets all, after rows of small tables were removed. */
  forget(): void {
    this.#turn = this.#turn.then(() => {
      this.#held.clear();
      this.#entries.forget();
      for (const thread of this.#threads) thread.tell({ tell: "forget" });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  /** @returns the blocks with records of a stretch of time, the newest first; null where they are too many */
  #hold(from: number, to: number): Promise<readonly ListedBlock[] | null> {
    const mine = this.#turn.then(() => this.#read(from, to));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #read(from: number, to: number): Promise<readonly ListedBlock[] | null> {
    for (let attempt = 0; attempt < ATTEMPTS && !this.#isClosed; attempt++) {
      const all = await listBlocks(this.#database);
      this.#dropAllBut(new Set(all.map(({ id }) => id)));
      const wanted = all.filter(({ first, last }) => last >= from && first < to);
      if (wanted.reduce((sum, { rows }) => sum + rows, 0) > ROWS_MAX) return null;
      const missing = wanted.filter(({ id }) => !this.#held.has(id));
      this.#makeRoom(missing, new Set(wanted.map(({ id }) => id)));
      let isWhole = true;
      for (let at = 0; at < missing.length && isWhole && this.#entries.size <= ENTRIES_MAX; at += READ_BLOCKS) {
        isWhole = await this.#fetch(missing.slice(at, at + READ_BLOCKS));
      }
      if (this.#entries.size > ENTRIES_MAX) return null;
      if (isWhole) return wanted;
    }
    return null;
  }

  /** @returns whether all of them were still there */
  async #fetch(missing: readonly ListedBlock[]): Promise<boolean> {
    const ids = missing.map(({ id }) => id);
    const rows = await queryIn(this.#database, "select id, bytes from record_blocks where id in (in)", ids);
    const blocks = rows.map((row) => ({ id: Number(row["id"]), bytes: bytesOf(row["bytes"]) }));
    const [first] = this.#threads;
    if (first === undefined) return false;
    const decoded = (await first.ask((number) => ({ tell: "decode", number, blocks }))) as readonly Decoded[];
    const entries = await this.#entries.read(decoded.map(({ numbers }) => numbers));
    const held = decoded.map(({ block }) => block);
    for (const thread of this.#threads) thread.tell({ tell: "hold", blocks: held, entries });
    for (const { block, paths } of decoded) {
      const { id, first: begin, last, columns } = block;
      this.#held.set(id, { id, first: begin, last, rows: columns.rows });
      this.#sizes.path = Math.max(this.#sizes.path, paths + 1);
    }
    const { findings, kinds, clients } = this.#entries.largest;
    this.#sizes = { ...this.#sizes, finding: findings + 1, kind: kinds + 1, client: clients + 1 };
    return blocks.length === missing.length;
  }

  #dropAllBut(kept: ReadonlySet<number>): void {
    const gone = [...this.#held.keys()].filter((id) => !kept.has(id));
    this.#drop(gone);
  }

  /** Lets go of the oldest blocks that this question does not need, where all of them would be too many. */
  #makeRoom(missing: readonly ListedBlock[], needed: ReadonlySet<number>): void {
    let rows = [...this.#held.values(), ...missing].reduce((sum, one) => sum + one.rows, 0);
    const spare = [...this.#held.values()].filter(({ id }) => !needed.has(id)).sort((a, b) => a.last - b.last);
    const gone: number[] = [];
    for (const one of spare) {
      if (rows <= ROWS_MAX) break;
      rows -= one.rows;
      gone.push(one.id);
    }
    this.#drop(gone);
  }

  #drop(ids: readonly number[]): void {
    if (ids.length === 0) return;
    for (const id of ids) this.#held.delete(id);
    for (const thread of this.#threads) thread.tell({ tell: "drop", ids });
  }

  async #filterOf(condition: Condition): Promise<Filter> {
    switch (condition.kind) {
      case "and":
      case "or":
        return { kind: condition.kind, parts: await Promise.all(condition.parts.map((part) => this.#filterOf(part))) };
      case "not":
        return { kind: "not", part: await this.#filterOf(condition.part) };
      case "dimension":
        return { kind: "dimension", column: condition.column, ids: await this.#idsOf(condition) };
      case "number":
        return condition;
      default:
        throw new Error("blocks hold no ids");
    }
  }

  async #idsOf({ ids }: Condition & { kind: "dimension" }): Promise<Int32Array> {
    // A condition names its column itself: `id`, or `finding` of a mark.
    const name = ids.sql.startsWith("select finding ") ? "finding" : "id";
    const list = this.#database.dialect === "sqlite" ? `json_group_array(${name})` : `json_agg(${name})::text`;
    const [row] = await this.#database.query(`select ${list} as ids from (${ids.sql}) as s`, ids.values);
    const numbers: number[] = JSON.parse(String(row?.["ids"] ?? "[]")) ?? [];
    return Int32Array.from(numbers);
  }
}

/** Blocks know nothing of ids, labels and what else is kept of some records only. */
function isAnswerable(condition: Condition): boolean {
  if (condition.kind === "and" || condition.kind === "or") return condition.parts.every(isAnswerable);
  if (condition.kind === "not") return isAnswerable(condition.part);
  return condition.kind !== "row";
}

async function listBlocks(database: Database): Promise<readonly ListedBlock[]> {
  const rows = await database.query(
    "select id, rows, first_at, last_at from record_blocks order by last_at desc, id desc",
  );
  return rows.map((row) => ({
    ...{ id: Number(row["id"]), rows: Number(row["rows"]) },
    ...{ first: Number(row["first_at"]), last: Number(row["last_at"]) },
  }));
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** A thread; questions are answered in their order. It starts when it is first needed, and again where it died. */
class ScanThread {
  readonly #lost: () => void;
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #isClosed = false;

  /** @param lost hears that the thread died, with all that it held */
  constructor(lost: () => void) {
    this.#lost = lost;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  tell(told: Told): void {
    if (!this.#isClosed) this.#started().postMessage(told);
  }

  ask(told: (number: number) => Told): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(failure("the store is closed"));
      if (this.#waiting.size >= QUESTIONS_MAX) return reject(failure("the store is asked faster than it answers"));
      const number = this.#next++;
      this.#waiting.set(number, { resolve, reject });
      this.tell(told(number));
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#fail("the store is closed");
    await this.#worker?.terminate();
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(THREAD);
    worker.on("message", ({ number, answer, failure: words }) => {
      const asker = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (words === undefined) asker?.resolve(answer);
      else asker?.reject(failure(String(words)));
    });
    worker.on("error", (error) => this.#fail(error.message));
    worker.on("exit", () => {
      this.#worker = undefined;
      this.#fail("the thread has ended");
      if (!this.#isClosed) this.#lost();
    });
    this.#worker = worker;
    return worker;
  }

  #fail(why: string): void {
    for (const { reject } of this.#waiting.values()) reject(failure(why));
    this.#waiting.clear();
  }
}

function failure(why: string): MerlonError {
  return new MerlonError("MERLON_STORE", `looking through records: ${why} — ask again; if it stays, restart Merlon`);
}
