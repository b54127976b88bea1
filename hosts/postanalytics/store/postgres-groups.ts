/** Groups records in PostgreSQL, by a plan as group-aggregate.ts has it and with the same result. */
import type { Predicate } from "../search/predicate.ts";
import type { Database } from "./database.ts";
import { GROUP_KINDS_MAX, type Group, type GroupPlan, type Tally, type TallyPlan } from "./group-aggregate.ts";

const ORDERS = { last: "last", first: "first", records: "records" } as const;

/** @param sub SQL of what stands in a key beside the kind's group */
export async function groupsInPostgres(
  database: Database,
  plan: GroupPlan,
  sub: string,
  condition: Predicate,
): Promise<readonly Group[]> {
  const spec = plan.kinds.flatMap(([id, groups, blocked, hits, incident]) =>
    groups.map((name) => ({ k: id, g: name, b: blocked, h: hits, i: incident })),
  );
  const names = plan.names.map((name, place) => ({ g: place, t: name }));
  const order = ORDERS[plan.order];
  const [value = 0, tie = ""] = plan.after ?? [];
  const rows = await database.query(
    `with spec as materialized (
       select * from json_to_recordset(?::json) as s(k integer, g integer, b integer, h integer, i integer)),
     names as materialized (select * from json_to_recordset(?::json) as n(g integer, t text)),
     found as (
       select s.g, ${sub} as sub, r.client, r.at, r.id, r.n, r.kind, s.b, s.h, s.i
       from records r join spec s on s.k = r.kind where ${condition.sql}),
     ${sessions(plan.gapMs)},
     grouped as (
       select g, sub, session, sum(n) as records, sum(n * h) as hits, sum(n * b) as blocked, sum(n * i) as incidents,
         min(at) as first, max(at) as last, max(array[at, kind::bigint, client::bigint]) as newest, count(distinct client) as clients,
         (array_agg(distinct kind))[1:${GROUP_KINDS_MAX}] as kinds
       from apart group by g, sub, session),
     tied as (
       select q.*, (n.t || ' ' || q.sub || ' ' || q.first) collate "C" as tie from grouped q join names n on n.g = q.g)
     select * from tied ${plan.after === null ? "" : `where (${order}, tie) < (?::bigint, ?::text)`}
     order by ${order} desc, tie desc limit ?`,
    [
      JSON.stringify(spec),
      JSON.stringify(names),
      ...condition.values,
      ...(plan.after === null ? [] : [value, tie]),
      plan.limit + 1,
    ],
  );
  return rows.map((row): Group => {
    const [kinds, newest]: readonly unknown[] = [row["kinds"], row["newest"]];
    const [, lastKind, lastClient] = Array.isArray(newest) ? newest.map(Number) : [];
    return {
      name: Number(row["g"]),
      sub: typeof row["sub"] === "string" ? row["sub"] : Number(row["sub"]),
      records: Number(row["records"]),
      hits: Number(row["hits"]),
      blocked: Number(row["blocked"]),
      incidents: Number(row["incidents"]),
      first: Number(row["first"]),
      last: Number(row["last"]),
      lastKind: lastKind ?? 0,
      lastClient: lastClient ?? 0,
      clients: Number(row["clients"]),
      kinds: Array.isArray(kinds) ? kinds.map(Number) : [],
    };
  });
}

/** Numbers the stretches of time that silence parts; without a gap there is one. */
function sessions(gapMs: number): string {
  if (gapMs === 0) return "apart as (select *, 0 as session from found)";
  const before = `lag(at) over (partition by g, sub order by at, id)`;
  return `marked as (select *, case when at - ${before} >= ${Math.trunc(gapMs)} then 1 else 0 end as begins from found),
    apart as (select *, sum(begins) over (partition by g, sub order by at, id) as session from marked)`;
}

/** Counts records by a plan. */
export async function tallyInPostgres(database: Database, plan: TallyPlan, condition: Predicate): Promise<Tally> {
  const from = `from records r where ${condition.sql}`;
  const stopped = new Set(plan.kinds.flatMap(([id, isBlocked]) => (isBlocked === 1 ? [id] : [])));
  const counted = await database.query(
    `select r.kind, div(r.at - ?::bigint, ?::bigint) as bucket, sum(r.n) as n ${from} group by 1, 2`,
    [plan.from, plan.bucketMs, ...condition.values],
  );
  const clients = await database.query(`select r.client, sum(r.n) as n ${from} group by 1 order by 2 desc, 1 limit ?`, [
    ...condition.values,
    plan.clients,
  ]);
  const [distinct] = await database.query(`select count(distinct r.client) as n ${from}`, condition.values);
  const series = Array.from({ length: plan.buckets }, (): [number, number] => [0, 0]);
  const kinds = new Map<number, number>();
  for (const row of counted) {
    const [kind, n] = [Number(row["kind"]), Number(row["n"])];
    kinds.set(kind, (kinds.get(kind) ?? 0) + n);
    const bucket = series[Number(row["bucket"])];
    if (bucket === undefined) continue;
    bucket[0] += n;
    if (stopped.has(kind)) bucket[1] += n;
  }
  return {
    series,
    kinds: [...kinds],
    clients: clients.map((row) => [Number(row["client"]), Number(row["n"])]),
    clientCount: Number(distinct?.["n"] ?? 0),
  };
}
