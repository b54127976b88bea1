/**
 * One connection to an SQLite file, in a thread of its own: Node's SQLite is synchronous, and the thread that takes
 * records and answers the console must never wait for a disk. `../sqlite.ts` starts it and speaks with it.
 */
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import type { Value } from "../database.ts";
import { GroupCollector, TallyCollector } from "../group-aggregate.ts";

/** Statements kept compiled. */
const STATEMENTS_MAX = 256;
const CACHE_KIB = 65_536;
const MAPPED_BYTES = 268_435_456;
/** A writer waits for nobody but a reader that checkpoints; more than this means another owner. */
const BUSY_TIMEOUT_MS = 10_000;

const { path, readOnly }: { path: string; readOnly: boolean } = workerData;
const port = parentPort;
if (port === null) throw new Error("sqlite-thread runs only as a thread");

const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
// FULL: a commit is on disk when it returns; WAL: readers see the last commit and block nobody.
if (!readOnly)
  database.exec("pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 67108864");
database.exec(
  `pragma foreign_keys = on; pragma cache_size = -${CACHE_KIB}; pragma mmap_size = ${MAPPED_BYTES};
   pragma temp_store = memory; pragma query_only = ${readOnly ? "on" : "off"}`,
);

// Aggregates that walk a million rows in half a second, where a `group by` of SQLite takes several. A plan is handed to
// `merlon_plan`, which keeps it for the statement and gives its number; SQLite hands that back with each row:
// `select merlon_groups(p.plan, …) from (select merlon_plan(?) as plan limit 1) p cross join records r`
const plans: string[] = [];
const collectors: (GroupCollector | TallyCollector)[] = [];

database.function("merlon_plan", (plan) => plans.push(String(plan)) - 1);
database.aggregate("merlon_groups", {
  start: -1,
  step: (number, plan, finding, kind, client, sub, at, n) => {
    const mine = number === -1 ? collectors.push(new GroupCollector(planOf(plan))) - 1 : Number(number);
    const collector = collectors[mine];
    const part = typeof sub === "string" ? sub : Number(sub);
    if (collector instanceof GroupCollector) {
      collector.step(Number(finding), Number(kind), Number(client), part, Number(at), Number(n));
    }
    return mine;
  },
  result: (number) => collectors[Number(number)]?.result() ?? null,
});
database.aggregate("merlon_tally", {
  start: -1,
  step: (number, plan, finding, kind, client, at, n, blocked) => {
    const mine = number === -1 ? collectors.push(new TallyCollector(planOf(plan))) - 1 : Number(number);
    const collector = collectors[mine];
    if (collector instanceof TallyCollector) {
      collector.step(Number(finding), Number(kind), Number(client), Number(at), Number(n), Number(blocked));
    }
    return mine;
  },
  result: (number) => collectors[Number(number)]?.result() ?? null,
});

function planOf<T>(number: SQLOutputValue): T {
  return JSON.parse(plans[Number(number)] ?? "null");
}

const statements = new Map<string, StatementSync>();

function statementOf(sql: string): StatementSync {
  const known = statements.get(sql);
  if (known !== undefined) return known;
  const made = database.prepare(sql);
  for (const oldest of statements.keys()) {
    if (statements.size < STATEMENTS_MAX) break;
    statements.delete(oldest);
  }
  statements.set(sql, made);
  return made;
}

/** What is asked; the values were made by our own code and are handed to SQLite, which checks them. */
interface Question {
  readonly number: number;
  readonly sql: string;
  readonly values: readonly Value[];
}

port.on("message", ({ number, sql, values }: Question) => {
  plans.length = 0;
  collectors.length = 0;
  try {
    port.postMessage({ number, rows: statementOf(sql).all(...values) });
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    port.postMessage({ number, failure: message, code: errcode ?? 0 });
  }
});
port.postMessage({ number: 0, rows: [] });
