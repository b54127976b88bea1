/** Counts over time, and the largest values of fields. Exact: what sampling left out is in them. */
import { listAttacks } from "./attack-list.ts";
import type { Sources } from "./blocks/scanner.ts";
import { valuesOfFinding } from "./blocks/small-tables.ts";
import { conditionOf, wordsOf } from "./condition.ts";
import type { Database } from "./database.ts";
import type { Tally, TallyPlan } from "./group-aggregate.ts";
import { BLOCKED, tallyInPostgres } from "./postgres-groups.ts";
import { queryIn } from "./rows.ts";
import type { GroupField, Search, Statistics } from "./store.ts";

/** Values shown of a field. */
export const TOP_MAX = 10;

interface Top {
  readonly value: string;
  readonly count: number;
}

/** See RecordStore.statistics. */
export async function readStatistics(
  sources: Sources,
  search: Search,
  buckets: number,
  top: readonly GroupField[],
): Promise<Statistics> {
  const { from, to } = search.window;
  const bucketMs = Math.max(1, Math.ceil((to - from) / buckets));
  const count = Math.max(1, Math.ceil((to - from) / bucketMs));
  const { database, blocks } = sources;
  const words = wordsOf(search, database.dialect, Date.now());
  const question = { about: "tally", bucketMs, buckets: count, top, values: TOP_MAX } as const;
  const found = await blocks?.ask(search.window, words, question);
  if (found === undefined || found === null) {
    return await statisticsOfRecords(sources, search, { from, bucketMs, buckets: count, clients: TOP_MAX }, top);
  }
  const tops = new Map<GroupField, readonly Top[]>();
  for (const [field, values] of Object.entries(found.top)) {
    const known = top.find((one) => one === field);
    if (known === "ip") {
      tops.set(
        known,
        await nameClients(
          database,
          values.map(([id, n]) => [Number(id), n]),
        ),
      );
    } else if (known !== undefined) {
      tops.set(
        known,
        values.map(([value, n]) => ({ value, count: n })),
      );
    }
  }
  return {
    bucketMs,
    series: found.series.map(([records, blocked], index) => ({ at: from + index * bucketMs, records, blocked })),
    totals: found.totals,
    top: Object.fromEntries(tops),
  };
}

/** The same from the table of records. */
async function statisticsOfRecords(
  sources: Sources,
  search: Search,
  plan: TallyPlan,
  top: readonly GroupField[],
): Promise<Statistics> {
  const { database, kinds } = sources;
  const { from, bucketMs } = plan;
  const tally = await tallyOf(database, plan, search);
  const findings = await kinds.findings(tally.findings.map(([id]) => id));
  const ofKinds = await kinds.kinds(tally.kinds.map(([id]) => id));
  const totals = { records: 0, hits: 0, blocked: 0, clients: tally.clientCount };
  for (const [id, n] of tally.findings) totals.hits += n * (findings.get(id)?.hits ?? 0);
  for (const [id, n] of tally.kinds) {
    totals.records += n;
    if (ofKinds.get(id)?.blocked === true) totals.blocked += n;
  }
  const tops = new Map<GroupField, readonly Top[]>();
  for (const field of top) {
    if (field === "ip") tops.set(field, await nameClients(database, tally.clients));
    else if (field === "country") tops.set(field, await topCountries(sources, search));
    else if (field === "type" || field === "point" || field === "stamp") {
      tops.set(
        field,
        largest(tally.findings, findings, (finding) => valuesOfFinding(finding, field)),
      );
    } else
      tops.set(
        field,
        largest(tally.kinds, ofKinds, (kind) => [kind[field]]),
      );
  }
  return {
    bucketMs,
    series: tally.series.map(([records, blocked], index) => ({ at: from + index * bucketMs, records, blocked })),
    totals,
    top: Object.fromEntries(tops),
  };
}

/** The values with most records. */
function largest<T>(
  counted: readonly (readonly [id: number, records: number])[],
  known: ReadonlyMap<number, T>,
  valuesOf: (one: T) => readonly string[],
): Top[] {
  const counts = new Map<string, number>();
  for (const [id, n] of counted) {
    const one = known.get(id);
    for (const value of one === undefined ? [] : valuesOf(one)) counts.set(value, (counts.get(value) ?? 0) + n);
  }
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, TOP_MAX);
  return sorted.map(([value, count]) => ({ value, count }));
}

async function tallyOf(database: Database, plan: TallyPlan, search: Search): Promise<Tally> {
  const condition = conditionOf(search, database.dialect, Date.now());
  if (database.dialect === "postgres") return await tallyInPostgres(database, plan, condition);
  const [row] = await database.query(
    `select merlon_tally(p.plan, r.finding, r.kind, r.client, r.at, r.n, ${BLOCKED}) as found
     from (select merlon_plan(?) as plan limit 1) p cross join records r where ${condition.sql}`,
    [JSON.stringify(plan), ...condition.values],
  );
  const nothing: Tally = {
    series: Array.from({ length: plan.buckets }, () => [0, 0] as const),
    findings: [],
    kinds: [],
    clients: [],
    clientCount: 0,
  };
  const found = row?.["found"];
  if (typeof found !== "string") return nothing;
  const tally: Tally = JSON.parse(found);
  return tally;
}

async function nameClients(database: Database, clients: Tally["clients"]): Promise<Top[]> {
  const ids = clients.map(([id]) => id);
  const rows = await queryIn(database, "select id, ip from clients where id in (in)", ids);
  const ips = new Map(rows.map((row) => [Number(row["id"]), String(row["ip"])]));
  return clients.map(([id, count]) => ({ value: ips.get(id) ?? "", count }));
}

async function topCountries(sources: Sources, search: Search): Promise<Top[]> {
  const { items } = await listAttacks(sources, search, ["country"], "count", TOP_MAX, null);
  return items.map(({ key, records }) => ({ value: key.country ?? "", count: records }));
}
