/** The exports of a console: kept in its tables, each run from the log of this process, tried and shown. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MerlonError } from "../../core/error.ts";
import { createUlidSource, refOf } from "../../core/ulid.ts";
import type { AttackRecord } from "../../records/record.ts";
import { numberOf, textOf, textOrNull } from "../access/tables.ts";
import { sinkSchema } from "../api/schema.ts";
import { conditionOf } from "../store/condition.ts";
import type { Database, Row } from "../store/database.ts";
import type { SqlRecordStore } from "../store/record-store.ts";
import { queryIn } from "../store/rows.ts";
import type { LogPosition } from "../store/segment-log.ts";
import { ExportRunner, type Progress } from "./export-runner.ts";
import type { ExportState, Exports, SinkTerms } from "./exports.ts";
import { fileSink } from "./file-sink.ts";
import type { AddressGuard } from "./guarded-address.ts";
import { otlpSink } from "./otlp-sink.ts";
import { isSealed, type SecretBox } from "./secret-box.ts";
import { reasonOf, type Sink } from "./sink.ts";
import { slackSink } from "./slack-sink.ts";
import { syslogSink } from "./syslog-sink.ts";
import { webhookSink } from "./webhook-sink.ts";

const EXPORTS_MAX = 32;
const LOCKED = "its settings were sealed with another key — start the console with that key file, or remove it";
const ALWAYS = { from: 0, to: 8.64e15 };

/** What the book stands on. */
export interface ExportBookOptions {
  readonly database: Database;
  readonly store: SqlRecordStore;
  /** The data folder: the log's name is there, and files go to `exports` below it. */
  readonly folder: string;
  readonly guard: AddressGuard;
  /** Seals settings at rest. */
  readonly box: SecretBox;
  /** Takes a line for the operator. */
  readonly say: (line: string) => void;
  readonly now?: () => number;
}

interface Running {
  readonly terms: SinkTerms;
  readonly where: string;
  readonly runner: ExportRunner;
}

/** The book. */
export class ExportBook implements Exports {
  readonly #options: ExportBookOptions;
  readonly #log: string;
  readonly #running = new Map<string, Running>();
  /** Searches of exports whose settings were sealed with another key. */
  readonly #locked = new Map<string, string>();
  readonly #stop: () => void;

  private constructor(options: ExportBookOptions, log: string) {
    this.#options = options;
    this.#log = log;
    this.#stop = options.store.listen(() => {
      for (const { runner } of this.#running.values()) runner.wake();
    });
  }

  /** Goes on where each export has come to. @throws MerlonError MERLON_STORE */
  static async open(options: ExportBookOptions): Promise<ExportBook> {
    const name = (await readFile(join(options.folder, "log", "name"), "utf8")).trim();
    const book = new ExportBook(options, name);
    for (const row of await options.database.query("select * from console_exports order by id")) {
      await book.#resume(textOf(row, "id"), textOf(row, "sink"), textOf(row, "search"));
    }
    return book;
  }

  /** Goes on with a kept export; one whose settings cannot be opened keeps nobody from starting. */
  async #resume(id: string, kept: string, where: string): Promise<void> {
    const { box, database, say } = this.#options;
    const text = isSealed(kept) ? box.unseal(id, kept) : kept;
    if (text === null) {
      this.#locked.set(id, where);
      say(`the export ${id} does not run: ${LOCKED}`);
      return;
    }
    await this.#start(id, sinkSchema.parse(JSON.parse(text)), where);
    // What was kept before there was a key.
    if (!isSealed(kept)) {
      await database.query("update console_exports set sink = ? where id = ?", [box.seal(id, text), id]);
    }
  }

  async list(): Promise<readonly ExportState[]> {
    const running = [...this.#running].map(([id, one]) => stateOf(id, one, this.#newest(), this.#now()));
    return [...running, ...[...this.#locked].map(([id, where]) => lockedState(id, where))];
  }

  async add(id: string, sink: SinkTerms, where: string): Promise<boolean> {
    if (this.#running.size + this.#locked.size >= EXPORTS_MAX) {
      throw new MerlonError("MERLON_POLICY", `there are ${EXPORTS_MAX} exports already — remove those not used`);
    }
    const rows = await this.#options.database.query(
      "insert into console_exports (id, sink, search) values (?, ?, ?) on conflict (id) do nothing returning id",
      [id, this.#options.box.seal(id, JSON.stringify(sink)), where],
    );
    if (rows.length === 0) return false;
    await this.#start(id, sink, where);
    return true;
  }

  async test(id: string): Promise<string | null | undefined> {
    if (this.#locked.has(id)) return LOCKED;
    const running = this.#running.get(id);
    if (running === undefined) return undefined;
    const sink = this.#sinkOf(id, running.terms);
    try {
      await sink.deliver([madeUpRecord(this.#now())]);
      return null;
    } catch (error) {
      return reasonOf(error).slice(0, 300);
    } finally {
      await sink.close();
    }
  }

  async remove(id: string): Promise<ExportState | null> {
    const running = this.#running.get(id);
    const locked = this.#locked.get(id);
    if (running === undefined && locked === undefined) return null;
    this.#running.delete(id);
    this.#locked.delete(id);
    await running?.runner.close();
    await this.#options.database.transaction(async (inside) => {
      await inside.query("delete from console_export_progress where export_id = ?", [id]);
      await inside.query("delete from console_exports where id = ?", [id]);
    });
    return running === undefined ? lockedState(id, locked ?? "") : stateOf(id, running, this.#newest(), this.#now());
  }

  /** Ends what is in progress; it goes on at the next start. */
  async close(): Promise<void> {
    this.#stop();
    await Promise.all([...this.#running.values()].map(({ runner }) => runner.close()));
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  /** Whether anything waits is told by the log; how old it is, by the clock. */
  #newest(): LogPosition {
    return this.#options.store.log.segments.end;
  }

  async #start(id: string, terms: SinkTerms, where: string): Promise<void> {
    const { database, store } = this.#options;
    const log = store.log.segments;
    const [row] = await database.query("select * from console_export_progress where export_id = ? and log = ?", [
      id,
      this.#log,
    ]);
    const progress = row === undefined ? { ...FRESH, position: log.end } : progressOf(row);
    const keep = async ({ position, delivered, failed, newest, lastError }: Progress): Promise<void> => {
      const place = `${position.segment}:${position.offset}`;
      await database.query(
        `insert into console_export_progress (export_id, log, position, delivered, failed, newest, last_error)
         values (?, ?, ?, ?, ?, ?, ?)
         on conflict (export_id, log) do update set position = excluded.position, delivered = excluded.delivered,
           failed = excluded.failed, newest = excluded.newest, last_error = excluded.last_error`,
        [id, this.#log, place, delivered, failed, newest, lastError],
      );
    };
    // A new export begins now, and remembers that before anything comes.
    if (row === undefined) await keep(progress);
    const choose = (batch: readonly AttackRecord[]) => chosenBy(where, batch, database, store, this.#now());
    const runner = new ExportRunner({ log, sink: this.#sinkOf(id, terms), choose, progress, keep });
    this.#running.set(id, { terms, where, runner });
  }

  #sinkOf(id: string, terms: SinkTerms): Sink {
    const { guard, folder } = this.#options;
    switch (terms.kind) {
      case "file":
        return fileSink(join(folder, "exports", `${id}.jsonl`));
      case "syslog":
        return syslogSink(guard, terms);
      case "otlp":
        return otlpSink(guard, new URL(terms.url), terms.bearer);
      case "webhook":
        return webhookSink(guard, new URL(terms.url), terms.secret);
      case "slack":
        return slackSink(guard, new URL(terms.url));
    }
  }
}

const FRESH: Omit<Progress, "position"> = { delivered: 0, failed: 0, lastError: null, newest: 0 };

function progressOf(row: Row): Progress {
  const [segment = 0, offset = 0] = textOf(row, "position").split(":").map(Number);
  return {
    position: { segment, offset },
    delivered: numberOf(row, "delivered"),
    failed: numberOf(row, "failed"),
    newest: numberOf(row, "newest"),
    lastError: textOrNull(row, "last_error"),
  };
}

/** The search is the database's, so that an export finds what the console finds. */
async function chosenBy(
  where: string,
  batch: readonly AttackRecord[],
  database: Database,
  store: Pick<SqlRecordStore, "settled">,
  now: number,
): Promise<readonly AttackRecord[]> {
  if (where.trim() === "") return batch;
  await store.settled();
  const { sql, values } = conditionOf({ window: ALWAYS, where, tenants: null }, database.dialect, now);
  const statement = `select r.id from records r where ${sql} and r.id in (in)`;
  const rows = await queryIn(
    database,
    statement,
    batch.map(({ id }) => id),
    values,
  );
  const found = new Set(rows.map((row) => textOf(row, "id")));
  return batch.filter(({ id }) => found.has(id));
}

function stateOf(id: string, { terms, where, runner }: Running, end: LogPosition, now: number): ExportState {
  const { position, delivered, failed, lastError, newest } = runner.progress;
  const isBehind = position.segment !== end.segment || position.offset < end.offset;
  const lagSeconds = isBehind && newest > 0 ? Math.max(0, (now - newest) / 1000) : 0;
  return { id, kind: terms.kind, target: targetOf(id, terms), where, delivered, failed, lagSeconds, lastError };
}

function lockedState(id: string, where: string): ExportState {
  return { id, kind: "sealed", target: "", where, delivered: 0, failed: 0, lagSeconds: 0, lastError: LOCKED };
}

/** Addresses of chats are secrets themselves; of others the path may be one. */
function targetOf(id: string, terms: SinkTerms): string {
  if (terms.kind === "file") return `exports/${id}.jsonl`;
  return terms.kind === "syslog" ? `${terms.host}:${terms.port}${terms.tls ? " (TLS)" : ""}` : new URL(terms.url).host;
}

/** @returns a record that says that it is none */
function madeUpRecord(now: number): AttackRecord {
  const id = createUlidSource(() => now)();
  const ts = new Date(now).toISOString();
  return {
    ...{ v: 1, id, ref: refOf(id), ts, seq: 0, mode: "monitoring", action: "monitored", would_action: "block" },
    node: { id: "test", kind: "local", version: "0" },
    ruleset: { id: "test", sha256: "" },
    policy: { ref: "test of an export", generation: 0, sha256: "" },
    ...{ source: "inline", app: { name: null, id: 0 }, env: {}, client: { ip: "192.0.2.1", list: "none" } },
    request: {
      ...{ scheme: "https", method: "GET", host: "test.invalid", path: "/test-of-an-export" },
      ...{ path_template: "/test-of-an-export", query: "", headers: [] },
    },
    response: { status: 0, seen: false },
    hits: [],
    limits: { reached: [], parser_anomaly: [], matches_dropped: 0 },
    ...{ incident: false, masked: [], sampled: { kept: true, group: "test", count_since_last: 1 } },
  };
}
