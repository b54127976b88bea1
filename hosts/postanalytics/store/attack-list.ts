/** Attacks: records that belong together, by the fields that somebody chose. */
import { createHash } from "node:crypto";
import type { AttackRecord } from "../../records/record.ts";
import { conditionOf } from "./condition.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { Database, Row } from "./database.ts";
import { type Group, type GroupPlan, type PlannedKind, tieOf } from "./group-aggregate.ts";
import type { Kind, Kinds } from "./kinds.ts";
import { groupsInPostgres } from "./postgres-groups.ts";
import { recordsById } from "./record-list.ts";
import { queryIn } from "./rows.ts";
import type { Attack, AttackOrder, GroupField, Page, Search } from "./store.ts";

/** What records are grouped by where nobody chose: one client on one route. */
export const DEFAULT_GROUPING: readonly GroupField[] = ["ip", "host", "path"];
/** In the default grouping, silence of an hour ends an attack. */
export const ATTACK_GAP_MS = 3_600_000;
/** Fields of one grouping. */
export const GROUP_FIELDS_MAX = 4;

/** Labels that are looked through for one page. */
const LABELS_MAX = 10_000;
/** Groups that one kind belongs to: some fields have several values. */
const GROUPS_OF_KIND_MAX = 64;
const TEXTS_MAX = 32;
const ORDERS = { last_seen: "last", first_seen: "first", count: "records" } as const;

type KindField = Exclude<GroupField, "ip" | "country">;

/** Groups of kinds, each by its values in the order of the fields. */
interface KindGroups {
  readonly fields: readonly KindField[];
  readonly values: readonly (readonly string[])[];
  readonly kinds: readonly PlannedKind[];
}

/** A page of attacks. */
export async function listAttacks(
  database: Database,
  kinds: Kinds,
  search: Search,
  groupBy: readonly GroupField[],
  order: AttackOrder,
  limit: number,
  cursor: string | null,
): Promise<Page<Attack>> {
  const fields = groupBy.length === 0 ? DEFAULT_GROUPING : [...new Set(groupBy)].slice(0, GROUP_FIELDS_MAX);
  const gapMs = isDefault(fields) ? ATTACK_GAP_MS : 0;
  const known = await kinds.all();
  const groups = groupKinds(known.values(), fields);
  const names = groups.values.map((values) => JSON.stringify(values));
  const plan: GroupPlan = { kinds: groups.kinds, names, gapMs, order: ORDERS[order], limit, after: readCursor(cursor) };
  const sub = subOf(fields);
  const condition = conditionOf(search, database.dialect, Date.now());
  const found =
    database.dialect === "sqlite"
      ? await groupsInSqlite(database, plan, sub, condition)
      : await groupsInPostgres(database, plan, sub, condition);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const isMore = found.length > limit && last !== undefined;
  const next = isMore ? writeCursor([last[plan.order], tieOf(names[last.name] ?? "", last.sub, last.first)]) : null;
  const context = { database, kinds, known, search, fields, groups, gapMs };
  return { items: await describe(context, shown), next };
}

function isDefault(fields: readonly GroupField[]): boolean {
  return fields.length === DEFAULT_GROUPING.length && DEFAULT_GROUPING.every((field) => fields.includes(field));
}

/** @returns the SQL of what stands in a key beside the kind */
function subOf(fields: readonly GroupField[]): string {
  if (fields.includes("ip")) return "r.client";
  return fields.includes("country") ? "(select country from clients c where c.id = r.client)" : "0";
}

function groupKinds(all: Iterable<Kind>, fields: readonly GroupField[]): KindGroups {
  const own = fields.filter((field): field is KindField => field !== "ip" && field !== "country");
  const places = new Map<string, number>();
  const values: (readonly string[])[] = [];
  const kinds: PlannedKind[] = [];
  for (const kind of all) {
    const mine = combinations(own.map((field) => valuesOf(kind, field))).map((combination) => {
      const name = JSON.stringify(combination);
      const place = places.get(name) ?? values.push(combination) - 1;
      places.set(name, place);
      return place;
    });
    kinds.push([kind.id, mine, kind.blocked ? 1 : 0, kind.hits, kind.incident ? 1 : 0]);
  }
  return { fields: own, values, kinds };
}

/** The values that a kind has of a field; "" where it has none. */
export function valuesOf(kind: Kind, field: KindField): readonly string[] {
  switch (field) {
    case "type":
      return kind.types.length === 0 ? [""] : kind.types;
    case "point":
      return kind.points.length === 0 ? [""] : kind.points;
    case "stamp":
      return kind.stamps.length === 0 ? [""] : kind.stamps;
    default:
      return [kind[field]];
  }
}

function combinations(lists: readonly (readonly string[])[]): string[][] {
  let all: string[][] = [[]];
  for (const list of lists)
    all = all.flatMap((one) => list.map((value) => [...one, value])).slice(0, GROUPS_OF_KIND_MAX);
  return all;
}

async function groupsInSqlite(
  database: Database,
  plan: GroupPlan,
  sub: string,
  condition: { readonly sql: string; readonly values: readonly (string | number | bigint | null | Uint8Array)[] },
): Promise<readonly Group[]> {
  const [row] = await database.query(
    `select merlon_groups(p.plan, r.kind, r.client, ${sub}, r.at, r.n) as found
     from (select merlon_plan(?) as plan limit 1) p cross join records r where ${condition.sql}`,
    [JSON.stringify(plan), ...condition.values],
  );
  const found: readonly Group[] = JSON.parse(String(row?.["found"] ?? "[]"));
  return found;
}

interface Context {
  readonly database: Database;
  readonly kinds: Kinds;
  readonly known: ReadonlyMap<number, Kind>;
  readonly search: Search;
  readonly fields: readonly GroupField[];
  readonly groups: KindGroups;
  readonly gapMs: number;
}

/** Makes attacks of groups: their names, one record of each, and what analysts said. */
async function describe(context: Context, groups: readonly Group[]): Promise<Attack[]> {
  const { database, fields } = context;
  const ids = fields.includes("ip") ? [...new Set(groups.map(({ sub }) => Number(sub)))] : [];
  const clients = await queryIn(database, "select id, ip, country from clients where id in (in)", ids);
  const byId = new Map(clients.map((row) => [Number(row["id"]), row]));
  const samples = await Promise.all(groups.map((group) => sampleOf(context, group)));
  const records = await recordsById(
    database,
    samples.filter((id) => id !== null),
  );
  const falsePositives = await countFalsePositives(context, groups);
  return groups.flatMap((group, index) => {
    const sample = records.get(samples[index] ?? "");
    return sample === undefined ? [] : [attackOf(context, group, byId, sample, falsePositives[index] ?? 0)];
  });
}

function attackOf(
  { kinds, known, search, fields, groups, gapMs }: Context,
  group: Group,
  clients: ReadonlyMap<number, Row>,
  sample: AttackRecord,
  falsePositives: number,
): Attack {
  const mine = group.kinds.flatMap((id) => known.get(id) ?? []);
  const client = clients.get(Number(group.sub));
  const values = groups.values[group.name] ?? [];
  const key = Object.fromEntries(
    fields.map((field) => {
      if (field === "ip") return [field, String(client?.["ip"] ?? "")];
      if (field === "country") return [field, String(client?.["country"] ?? group.sub)];
      return [field, values[groups.fields.indexOf(field)] ?? ""];
    }),
  );
  const { records, hits, blocked, incidents, first, last, clients: clientCount } = group;
  return {
    id: attackId(key, gapMs > 0 ? first : 0),
    key,
    types: distinct(mine.flatMap(({ types }) => types)),
    stamps: distinct(mine.flatMap(({ stamps }) => stamps)),
    records,
    hits,
    blocked,
    incidents,
    clients: clientCount,
    severity: Math.max(0, ...mine.map(({ severity }) => severity)),
    firstSeen: first,
    lastSeen: last,
    isNew: mine.every((kind) => kinds.firstOf(kind) >= search.window.from),
    falsePositives,
    sample,
  };
}

/** The same fields and values have the same id, whenever and wherever they are asked for. */
function attackId(key: Readonly<Record<string, string>>, first: number): string {
  const entries = Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([entries, first]))
    .digest("base64url")
    .slice(0, 22);
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort().slice(0, TEXTS_MAX);
}

/** Id of one record of the group, its newest; null where it was removed meanwhile. */
async function sampleOf({ database }: Context, { last, lastKind, lastClient }: Group): Promise<string | null> {
  const [row] = await database.query("select id from records where at = ? and kind = ? and client = ? limit 1", [
    last,
    lastKind,
    lastClient,
  ]);
  return row === undefined ? null : String(row["id"]);
}

const COUNTRY = "(select country from clients c where c.id = r.client)";

/** Records of each group that an analyst called no attack. */
async function countFalsePositives(context: Context, groups: readonly Group[]): Promise<number[]> {
  const { database, search, fields, groups: ofKinds } = context;
  const { sql, values } = conditionOf(search, database.dialect, Date.now());
  const labelled = await database.query(
    `select r.kind, r.client, ${COUNTRY} as country, r.at, r.n from labels l join records r on r.id = l.id
     where l.verdict = 'false_positive' and ${sql} limit ?`,
    [...values, LABELS_MAX],
  );
  const counts = groups.map(() => 0);
  if (labelled.length === 0) return counts;
  const names = new Map(ofKinds.kinds.map(([id, of]) => [id, of]));
  for (const row of labelled) {
    const sub = fields.includes("ip") ? Number(row["client"]) : fields.includes("country") ? String(row["country"]) : 0;
    const at = Number(row["at"]);
    for (const [index, group] of groups.entries()) {
      const isOurs = names.get(Number(row["kind"]))?.includes(group.name) === true && group.sub === sub;
      if (isOurs && at >= group.first && at <= group.last) counts[index] = (counts[index] ?? 0) + Number(row["n"]);
    }
  }
  return counts;
}
