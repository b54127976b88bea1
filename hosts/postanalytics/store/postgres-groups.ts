/** Groups records in PostgreSQL, by a plan as group-aggregate.ts has it and with the same result. */
import type { Predicate } from "../search/predicate.ts";
import type { Database, Row } from "./database.ts";
import { GROUP_SEEN_MAX, type Group, type GroupPlan, type Tally, type TallyPlan } from "./group-aggregate.ts";

/** Whether a record `r` was stopped, in both dialects. */
export const BLOCKED = "r.kind in (select id from kinds where action in ('blocked', 'partially_blocked'))";

const ORDERS = { last: "last", first: "first", records: "records" } as const;

/** @param sub SQL of what stands in a key beside the kind's group */
export async function groupsInPostgres(
  database: Database,
  plan: GroupPlan,
  sub: string,
  condition: Predicate,
): Promise<readonly Group[]> {
  const findings = plan.findings.flatMap(([id, groups, hits]) => groups.map((f) => ({ id, f, h: hits })));
  const kinds = plan.kinds.map(([id, k, b, i]) => ({ id, k, b, i }));
  const [value = 0, tie = ""] = plan.after ?? [];
  const rows = await database.query(
    `with f as materialized (select * from json_to_recordset(?::json) as f(id integer, f integer, h integer)),
     k as materialized (select * from json_to_recordset(?::json) as k(id integer, k integer, b integer, i integer)),
     fn as materialized (select * from json_to_recordset(?::json) as n(p integer, t text)),
     kn as materialized (select * from json_to_recordset(?::json) as n(p integer, t text)),
     found as (
       select f.f, k.k, ${sub} as sub, r.client, r.at, r.id, r.n, r.finding, r.kind, f.h, k.b, k.i
       from records r join f on f.id = r.finding join k on k.id = r.kind where ${condition.sql}),
     ${sessions(plan.gapMs)},
     grouped as (
       select f, k, sub, session, sum(n) as records, sum(n * h) as hits, sum(n * b) as blocked,
         sum(n * i) as incidents, min(at) as first, max(at) as last,
         max(array[at, finding::bigint, kind::bigint, client::bigint]) as newest,
         count(distinct client) as clients,
         array_to_json((array_agg(distinct array[finding, kind]))[1:${GROUP_SEEN_MAX}])::text as seen
       from apart group by f, k, sub, session),
     tied as (
       select q.*, (fn.t || ' ' || kn.t || ' ' || q.sub || ' ' || q.first) collate "C" as tie
       from grouped q join fn on fn.p = q.f join kn on kn.p = q.k)
     select * from tied ${plan.after === null ? "" : `where (${ORDERS[plan.order]}, tie) < (?::bigint, ?::text)`}
     order by ${ORDERS[plan.order]} desc, tie desc limit ?`,
    [
      ...[JSON.stringify(findings), JSON.stringify(kinds), numbered(plan.findingNames), numbered(plan.kindNames)],
      ...condition.values,
      ...(plan.after === null ? [] : [value, tie]),
      plan.limit + 1,
    ],
  );
  return rows.map(groupOf);
}

function numbered(names: readonly string[]): string {
  return JSON.stringify(names.map((t, p) => ({ p, t })));
}

function groupOf(row: Row): Group {
  const newest: unknown = row["newest"];
  const [, finding = 0, kind = 0, client = 0] = Array.isArray(newest) ? newest.map(Number) : [];
  return {
    finding: Number(row["f"]),
    kind: Number(row["k"]),
    sub: typeof row["sub"] === "string" ? row["sub"] : Number(row["sub"]),
    records: Number(row["records"]),
    hits: Number(row["hits"]),
    blocked: Number(row["blocked"]),
    incidents: Number(row["incidents"]),
    first: Number(row["first"]),
    last: Number(row["last"]),
    newest: [finding, kind, client],
    clients: Number(row["clients"]),
    seen: JSON.parse(String(row["seen"])),
  };
}

/** Numbers the stretches of time that silence parts; without a gap there is one. */
function sessions(gapMs: number): string {
  if (gapMs === 0) return "apart as (select *, 0 as session from found)";
  const before = `lag(at) over (partition by f, k, sub order by at, id)`;
  return `marked as (select *, case when at - ${before} >= ${Math.trunc(gapMs)} then 1 else 0 end as begins from found),
    apart as (select *, sum(begins) over (partition by f, k, sub order by at, id) as session from marked)`;
}

/** Counts records by a plan. */
export async function tallyInPostgres(database: Database, plan: TallyPlan, condition: Predicate): Promise<Tally> {
  const from = `from records r where ${condition.sql}`;
  const counted = await database.query(
    `select r.finding, r.kind, div(r.at - ?::bigint, ?::bigint) as bucket, sum(r.n) as n,
       sum(case when ${BLOCKED} then r.n else 0 end) as blocked ${from} group by 1, 2, 3`,
    [plan.from, plan.bucketMs, ...condition.values],
  );
  const clients = await database.query(`select r.client, sum(r.n) as n ${from} group by 1 order by 2 desc, 1 limit ?`, [
    ...condition.values,
    plan.clients,
  ]);
  const [distinct] = await database.query(`select count(distinct r.client) as n ${from}`, condition.values);
  const series = Array.from({ length: plan.buckets }, (): [number, number] => [0, 0]);
  const [findings, kinds] = [new Map<number, number>(), new Map<number, number>()];
  for (const row of counted) {
    const [finding, kind, n] = [Number(row["finding"]), Number(row["kind"]), Number(row["n"])];
    findings.set(finding, (findings.get(finding) ?? 0) + n);
    kinds.set(kind, (kinds.get(kind) ?? 0) + n);
    const bucket = series[Number(row["bucket"])];
    if (bucket === undefined) continue;
    bucket[0] += n;
    bucket[1] += Number(row["blocked"]);
  }
  return {
    series,
    findings: [...findings],
    kinds: [...kinds],
    clients: clients.map((row) => [Number(row["client"]), Number(row["n"])]),
    clientCount: Number(distinct?.["n"] ?? 0),
  };
}
