/**
 * Measures the store: how quickly it takes records, and how quickly it answers what the console asks, with many records
 * in it. `node test/bench/store.ts [--records 200000] [--days 30] [--database postgres://…] [--folder <kept folder>]`
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openDatabase } from "../../hosts/postanalytics/store/open-database.ts";
import { SqlRecordStore } from "../../hosts/postanalytics/store/record-store.ts";
import type { GroupField, Search } from "../../hosts/postanalytics/store/store.ts";
import { createRandom } from "./random.ts";
import { RecordSource } from "./record-source.ts";

const SEED = 1;
const BATCH = 500;
const DAY_MS = 86_400_000;
const RUNS = 7;

const { values: flags } = parseArgs({
  options: {
    records: { type: "string", default: "200000" },
    days: { type: "string", default: "30" },
    database: { type: "string" },
    folder: { type: "string" },
  },
});
const total = Number(flags.records);
const days = Number(flags.days);
const folder = flags.folder ?? mkdtempSync(join(tmpdir(), "merlon-bench-store-"));
const isKept = flags.folder !== undefined;
const isFilled = existsSync(join(folder, "log"));
const to = Math.ceil(Date.now() / DAY_MS) * DAY_MS;
const from = to - days * DAY_MS;

function print(name: string, text: string): void {
  process.stdout.write(`${name.padEnd(44)} ${text}\n`);
}

/** Times in milliseconds: the middle one and the worst but for one in twenty. */
async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  const [first = 0, middle = 0, worst = 0] = [times[0], times[Math.floor(RUNS / 2)], times.at(-1)];
  print(name, `best ${first.toFixed(0)} ms, middle ${middle.toFixed(0)} ms, worst ${worst.toFixed(0)} ms`);
}

const database = await openDatabase(flags.database ?? join(folder, "merlon.sqlite"));
const store = await SqlRecordStore.open(folder, database);
if (!isFilled) {
  const source = new RecordSource(createRandom(SEED), from, to, total);
  let making = 0;
  const started = performance.now();
  for (let made = 0; made < total; made += BATCH) {
    const before = performance.now();
    const batch = Array.from({ length: Math.min(BATCH, total - made) }, () => source.next());
    making += performance.now() - before;
    await store.append(batch);
    // As a node's spool: it does not run away from the database.
    if (made % (BATCH * 20) === 0) await store.settled();
  }
  await store.settled();
  const seconds = (performance.now() - started - making) / 1000;
  print("taken, on disk and in the database", `${Math.round(total / seconds)} records/s`);
}
if (database.dialect === "postgres") await database.query("analyze");

const searches: readonly (readonly [string, number, string])[] = [
  ["all, 1 day", 1, ""],
  ["all", days, ""],
  ["type:sqli", days, "sqli"],
  ["a path pattern and blocked", days, "url:/api/*/7 blocked"],
  ["a network", days, "ip:11.0.0.0/8"],
  ["one address", days, "ip:15.1.2.3"],
  ["a CVE and a point", days, "known:CVE-2021-* p:query.p1"],
  ["nothing", days, "app:nobody"],
  ["an expression", days, 'type == "xss" || (status >= 500 && !(country in ["DE", "FR"]))'],
];
const groupings: readonly (readonly GroupField[])[] = [["ip", "host", "path"], ["type"], ["ip"], ["country", "type"]];
for (const [name, span, where] of searches) {
  const search: Search = { window: { from: to - span * DAY_MS, to }, where, tenants: null };
  await measure(`records: ${name}`, () => store.records(search, 50, null));
  await measure(`count: ${name}`, () => store.count(search));
  await measure(`statistics: ${name}`, () => store.statistics(search, 60, ["type", "ip", "host", "app"]));
  for (const grouping of groupings) {
    await measure(`attacks by ${grouping.join(", ")}: ${name}`, () =>
      store.attacks(search, grouping, "last_seen", 50, null),
    );
  }
}
await store.close();
await database.close();
if (!isKept) rmSync(folder, { recursive: true, force: true });
