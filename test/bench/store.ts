/**
 * Measures the store: how quickly it takes records beside a plain copy of the same rows, how quickly it answers what
 * the console asks with many records in it, and whether it keeps up with 2,000 records a second meanwhile.
 *
 *     node test/bench/store.ts [--records 200000] [--copies 1] [--days 30] [--runs 7] [--database postgres://…|start]
 *                              [--folder <kept folder>]
 *
 * `start` starts a PostgreSQL of its own. With `--copies`, records beyond the first part are copies of them at other
 * times, made in SQL, since nobody waits an hour for ten million; a copy's body is empty, all else is as it was.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Database } from "../../hosts/postanalytics/store/database.ts";
import { openDatabase } from "../../hosts/postanalytics/store/open-database.ts";
import { SqlRecordStore } from "../../hosts/postanalytics/store/record-store.ts";
import type { Search } from "../../hosts/postanalytics/store/store.ts";
import { PostgresServer, postgresPrograms } from "../tools/postgres.ts";
import { createRandom } from "./random.ts";
import { RecordSource } from "./record-source.ts";
import { addCopies, plainCopySeconds } from "./store-copies.ts";
import { BENCH_QUESTIONS, BENCH_SEARCHES } from "./store-questions.ts";

const SEED = 1;
const BATCH = 500;
const DAY_MS = 86_400_000;
const LIMIT_MS = 300;
const BACKLOG_SECONDS = 20;
const RECORDS_PER_SECOND = 2_000;

const { values: flags } = parseArgs({
  options: {
    records: { type: "string", default: "200000" },
    copies: { type: "string", default: "1" },
    days: { type: "string", default: "30" },
    runs: { type: "string", default: "7" },
    database: { type: "string" },
    folder: { type: "string" },
  },
});
const total = Number(flags.records);
const copies = Number(flags.copies);
const days = Number(flags.days);
const runs = Number(flags.runs);

function print(name: string, text: string): void {
  process.stdout.write(`${name.padEnd(72)} ${text}\n`);
}

function percentile(times: readonly number[], part: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? 0;
}

async function fill(store: SqlRecordStore, source: RecordSource, count: number): Promise<number> {
  let making = 0;
  const started = performance.now();
  for (let made = 0; made < count; made += BATCH) {
    const before = performance.now();
    const batch = Array.from({ length: Math.min(BATCH, count - made) }, () => source.next());
    making += performance.now() - before;
    await store.append(batch);
    // As a node's spool: it does not run away from the database.
    if (made % (BATCH * 20) === 0) await store.settled();
  }
  await store.settled();
  return (performance.now() - started - making) / 1000;
}

async function askAll(store: SqlRecordStore, to: number): Promise<void> {
  const all: number[] = [];
  let late = 0;
  for (const { name, days: back, where } of BENCH_SEARCHES) {
    const search: Search = { window: { from: to - (back ?? days) * DAY_MS, to }, where, tenants: null };
    for (const { name: asked, ask } of BENCH_QUESTIONS) {
      const times: number[] = [];
      const before = process.cpuUsage();
      for (let run = 0; run < runs; run++) {
        const started = performance.now();
        await ask(store, search);
        times.push(performance.now() - started);
      }
      const { user, system } = process.cpuUsage(before);
      const [middle, worst] = [percentile(times, 0.5), percentile(times, 0.95)];
      if (worst > LIMIT_MS) late++;
      all.push(...times);
      const work = `${((user + system) / 1000 / runs).toFixed(0)} ms of this process's work`;
      print(`${name}: ${asked}`, `p50 ${middle.toFixed(0)} ms, p95 ${worst.toFixed(0)} ms; ${work}`);
    }
  }
  print("all questions", `p50 ${percentile(all, 0.5).toFixed(0)} ms, p95 ${percentile(all, 0.95).toFixed(0)} ms`);
  const asked = BENCH_SEARCHES.length * BENCH_QUESTIONS.length;
  print(`questions whose p95 is above ${LIMIT_MS} ms`, `${late} of ${asked}`);
}

/** Takes records at a steady rate while questions are asked. */
async function keepUp(store: SqlRecordStore, source: RecordSource, to: number): Promise<void> {
  const search: Search = { window: { from: to - DAY_MS, to: to + DAY_MS }, where: "", tenants: null };
  let isOver = false;
  const times: number[] = [];
  const asking = (async () => {
    for (let i = 0; !isOver; i++) {
      const started = performance.now();
      await BENCH_QUESTIONS[i % BENCH_QUESTIONS.length]?.ask(store, search);
      times.push(performance.now() - started);
    }
  })();
  const started = performance.now();
  let sent = 0;
  let waited = 0;
  while (sent < BACKLOG_SECONDS * RECORDS_PER_SECOND) {
    const due = started + (sent / RECORDS_PER_SECOND) * 1000;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    else waited = Math.max(waited, -early);
    await store.append(Array.from({ length: 100 }, () => source.next()));
    sent += 100;
  }
  const ended = performance.now();
  isOver = true;
  await store.settled();
  const behind = performance.now() - ended;
  await asking;
  const rate = `${Math.round((sent * 1000) / (ended - started))} records/s`;
  print(`${BACKLOG_SECONDS} s at ${RECORDS_PER_SECOND} records/s while the console asks`, rate);
  print(
    "  the sender waited at most; the database had all after the end",
    `${waited.toFixed(0)} ms; ${behind.toFixed(0)} ms`,
  );
  print(
    "  questions meanwhile",
    `p50 ${percentile(times, 0.5).toFixed(0)} ms, p95 ${percentile(times, 0.95).toFixed(0)} ms`,
  );
}

async function measure(folder: string, address: string, isFilled: boolean): Promise<void> {
  const to = Math.ceil(Date.now() / DAY_MS) * DAY_MS;
  const database: Database = await openDatabase(address);
  let store = await SqlRecordStore.open(folder, database);
  const first = Math.ceil(total / copies);
  if (!isFilled) {
    const source = new RecordSource(createRandom(SEED), to - days * DAY_MS, to, first);
    const seconds = await fill(store, source, first);
    print("taken, on disk and in the database", `${Math.round(first / seconds)} records/s`);
    const plain = await plainCopySeconds(database, address, folder);
    print("a plain copy of the same rows", `${Math.round(first / plain)} records/s`);
    print("  of which the store reaches", `${((100 * plain) / seconds).toFixed(0)} %`);
    await store.close();
    const started = performance.now();
    await addCopies(database, address, copies, days * DAY_MS, to - days * DAY_MS);
    if (copies > 1) print("copies made", `${((performance.now() - started) / 1000).toFixed(0)} s`);
    store = await SqlRecordStore.open(folder, database);
  }
  const [row] = await database.query("select count(*) as n from records");
  print("records in the database", String(row?.["n"]));
  const started = performance.now();
  const numbers = await store.count({ window: { from: 0, to: 2 * to }, where: "", tenants: null });
  print(
    "the first question, for which blocks are read",
    `${((performance.now() - started) / 1000).toFixed(1)} s, ${numbers}`,
  );
  await askAll(store, to);
  await keepUp(store, new RecordSource(createRandom(Date.now() % 1e6), to, to + DAY_MS, 1_000_000), to);
  await store.close();
  await database.close();
}

const folder = flags.folder ?? mkdtempSync(join(tmpdir(), "merlon-bench-store-"));
const isFilled = existsSync(join(folder, "log"));
const programs = flags.database === "start" ? await postgresPrograms() : null;
if (programs !== null && "missing" in programs) throw new Error(programs.missing);
const server = programs === null ? null : await PostgresServer.start(programs.found);
try {
  print("processors; load at the start", `${cpus().length}; ${loadavg()[0]?.toFixed(1)}`);
  const address = server === null ? (flags.database ?? join(folder, "merlon.sqlite")) : await server.createDatabase();
  await measure(folder, address, isFilled);
  print("load at the end", `${loadavg()[0]?.toFixed(1)}`);
} finally {
  await server?.close();
  if (flags.folder === undefined) rmSync(folder, { recursive: true, force: true });
}
