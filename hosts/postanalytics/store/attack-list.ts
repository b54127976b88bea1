/** Attacks: records that belong together, by the fields that somebody chose. */
import { createHash } from "node:crypto";
import type { Predicate } from "../search/predicate.ts";
import { conditionOf } from "./condition.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { Database, Row } from "./database.ts";
import { type Group, type GroupPlan, type PlannedFinding, type PlannedKind, tieOf } from "./group-aggregate.ts";
import { type Finding, type Kind, type Kinds, lookText } from "./kinds.ts";
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
/** Groups that one finding belongs to: it may have several types, points and stamps. */
const GROUPS_OF_FINDING_MAX = 64;
const TEXTS_MAX = 32;
/** Findings and kinds that are handed to the grouping without looking which of them occur. */
const FEW = 50_000;
const ORDERS = { last_seen: "last", first_seen: "first", count: "records" } as const;

type FindingField = "type" | "point" | "stamp";
type ClientField = "ip" | "country";
type KindField = Exclude<GroupField, FindingField | ClientField>;

const FINDING_FIELDS: readonly GroupField[] = ["type", "point", "stamp"] satisfies readonly FindingField[];
const CLIENT_FIELDS: readonly GroupField[] = ["ip", "country"] satisfies readonly ClientField[];
const COUNTRY = "(select country from clients c where c.id = r.client)";

/** Groups of findings and of kinds, each by its values in the order of its fields. */
interface Groups {
  readonly findingFields: readonly GroupField[];
  readonly kindFields: readonly GroupField[];
  readonly findingValues: readonly (readonly string[])[];
  readonly kindValues: readonly (readonly string[])[];
}

interface Context extends Groups {
  readonly database: Database;
  readonly kinds: Kinds;
  readonly search: Search;
  readonly fields: readonly GroupField[];
  readonly plan: GroupPlan;
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
  const condition = conditionOf(search, database.dialect, Date.now());
  const met = await metBy(database, condition);
  const groups = new Grouping(fields);
  const planned = groups.plan(await kinds.findings(met.findings), await kinds.kinds(met.kinds));
  const gapMs = isDefault(fields) ? ATTACK_GAP_MS : 0;
  const plan: GroupPlan = { ...planned, gapMs, order: ORDERS[order], limit, after: readCursor(cursor) };
  const sub = fields.includes("ip") ? "r.client" : fields.includes("country") ? COUNTRY : "0";
  const found =
    database.dialect === "sqlite"
      ? await groupsInSqlite(database, plan, sub, condition)
      : await groupsInPostgres(database, plan, sub, condition);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next = found.length > limit && last !== undefined ? writeCursor([last[plan.order], tieOf(plan, last)]) : null;
  const { findingFields, kindFields, findingValues, kindValues } = groups;
  const context = { database, kinds, search, fields, plan, findingFields, kindFields, findingValues, kindValues };
  return { items: await describe(context, shown), next };
}

function isDefault(fields: readonly GroupField[]): boolean {
  return fields.length === DEFAULT_GROUPING.length && DEFAULT_GROUPING.every((field) => fields.includes(field));
}

/** Ids of findings and kinds. */
export interface Met {
  readonly findings: readonly number[];
  readonly kinds: readonly number[];
}

/**
 * The findings and kinds that a search may meet. All there are, where they are few; else those of its records, which
 * takes a walk of its own.
 * @param most rows that count as few
 */
export async function metBy(database: Database, { sql, values }: Predicate, most: number = FEW): Promise<Met> {
  const [ids] = await database.query(
    "select (select max(id) from findings) as findings, (select max(id) from kinds) as kinds",
  );
  if (Math.max(Number(ids?.["findings"] ?? 0), Number(ids?.["kinds"] ?? 0)) <= most) {
    const [findings, kinds] = [
      await database.query("select id from findings"),
      await database.query("select id from kinds"),
    ];
    return { findings: findings.map(({ id }) => Number(id)), kinds: kinds.map(({ id }) => Number(id)) };
  }
  const list = (column: string): string =>
    database.dialect === "sqlite"
      ? `json_group_array(distinct ${column})`
      : `to_json(array_agg(distinct ${column}))::text`;
  const [row] = await database.query(
    `select ${list("r.finding")} as findings, ${list("r.kind")} as kinds from records r where ${sql}`,
    values,
  );
  const read = (name: string): number[] => JSON.parse(String(row?.[name] ?? "null")) ?? [];
  return { findings: read("findings"), kinds: read("kinds") };
}

/** Puts findings and kinds into groups. */
class Grouping implements Groups {
  readonly findingFields: readonly FindingField[];
  readonly kindFields: readonly KindField[];
  readonly findingValues: (readonly string[])[] = [];
  readonly kindValues: (readonly string[])[] = [];

  constructor(fields: readonly GroupField[]) {
    this.findingFields = fields.filter((field): field is FindingField => FINDING_FIELDS.includes(field));
    const others = [...FINDING_FIELDS, ...CLIENT_FIELDS];
    this.kindFields = fields.filter((field): field is KindField => !others.includes(field));
  }

  plan(
    findings: ReadonlyMap<number, Finding>,
    kinds: ReadonlyMap<number, Kind>,
  ): Pick<GroupPlan, "findings" | "kinds" | "findingNames" | "kindNames"> {
    const [findingPlaces, kindPlaces] = [new Map<string, number>(), new Map<string, number>()];
    const plannedFindings = [...findings.values()].map((finding): PlannedFinding => {
      const all = combinations(this.findingFields.map((field) => findingValues(finding, field)));
      return [finding.id, all.map((values) => placeOf(values, findingPlaces, this.findingValues)), finding.hits];
    });
    const plannedKinds = [...kinds.values()].map((kind): PlannedKind => {
      const values = this.kindFields.map((field) => kind[field]);
      const place = placeOf(values, kindPlaces, this.kindValues);
      return [kind.id, place, kind.blocked ? 1 : 0, kind.incident ? 1 : 0];
    });
    const names = (values: readonly (readonly string[])[]): string[] => values.map((one) => JSON.stringify(one));
    return {
      findings: plannedFindings,
      kinds: plannedKinds,
      findingNames: names(this.findingValues),
      kindNames: names(this.kindValues),
    };
  }
}

function placeOf(values: readonly string[], places: Map<string, number>, all: (readonly string[])[]): number {
  const name = JSON.stringify(values);
  const place = places.get(name) ?? all.push(values) - 1;
  places.set(name, place);
  return place;
}

function combinations(lists: readonly (readonly string[])[]): string[][] {
  let all: string[][] = [[]];
  for (const list of lists) {
    all = all.flatMap((one) => list.map((value) => [...one, value])).slice(0, GROUPS_OF_FINDING_MAX);
  }
  return all;
}

/** The values that a finding has of a field; "" where it has none. */
export function findingValues(finding: Finding, field: FindingField): readonly string[] {
  const values = { type: finding.types, point: finding.points, stamp: finding.stamps }[field];
  return values.length === 0 ? [""] : values;
}

async function groupsInSqlite(
  database: Database,
  plan: GroupPlan,
  sub: string,
  condition: Predicate,
): Promise<readonly Group[]> {
  const [row] = await database.query(
    `select merlon_groups(p.plan, r.finding, r.kind, r.client, ${sub}, r.at, r.n) as found
     from (select merlon_plan(?) as plan limit 1) p cross join records r where ${condition.sql}`,
    [JSON.stringify(plan), ...condition.values],
  );
  const found: readonly Group[] = JSON.parse(String(row?.["found"] ?? "[]"));
  return found;
}

/** Makes attacks of groups: their names, one record of each, and what analysts said. */
async function describe(context: Context, groups: readonly Group[]): Promise<Attack[]> {
  const { database, fields, kinds } = context;
  const ids = fields.includes("ip") ? [...new Set(groups.map(({ sub }) => Number(sub)))] : [];
  const clients = await queryIn(database, "select id, ip, country from clients where id in (in)", ids);
  const clientsById = new Map(clients.map((row) => [Number(row["id"]), row]));
  const samples = await Promise.all(groups.map((group) => sampleOf(database, group)));
  const records = await recordsById(
    database,
    samples.filter((id) => id !== null),
  );
  const falsePositives = await countFalsePositives(context, groups);
  const pairs = groups.flatMap(({ seen }) => seen);
  const findings = await kinds.findings(pairs.map(([finding]) => finding));
  const ofKinds = await kinds.kinds(pairs.map(([, kind]) => kind));
  const pairsOf = ({ seen }: Group): (readonly [Finding, Kind])[] =>
    seen.flatMap(([one, other]) => {
      const [finding, kind] = [findings.get(one), ofKinds.get(other)];
      return finding === undefined || kind === undefined ? [] : [[finding, kind] as const];
    });
  const first = await kinds.firstSeen(groups.flatMap(pairsOf));
  return groups.flatMap((group, index) => {
    const sample = records.get(samples[index] ?? "");
    if (sample === undefined) return [];
    const mine = pairsOf(group);
    const isNew = mine.every((pair) => (first.get(lookText(...pair)) ?? 0) >= context.search.window.from);
    const counts = { isNew, falsePositives: falsePositives[index] ?? 0 };
    const seen = mine.map(([finding]) => finding);
    return [{ ...attackOf(context, group, seen, clientsById.get(Number(group.sub))), ...counts, sample }];
  });
}

function attackOf(
  context: Context,
  group: Group,
  seen: readonly Finding[],
  client: Row | undefined,
): Omit<Attack, "isNew" | "falsePositives" | "sample"> {
  const { fields, plan } = context;
  const key = Object.fromEntries(fields.map((field) => [field, keyValue(context, group, field, client)]));
  const { records, hits, blocked, incidents, first, last, clients } = group;
  return {
    id: attackId(key, plan.gapMs > 0 ? first : 0),
    key,
    types: distinct(seen.flatMap(({ types }) => types)),
    stamps: distinct(seen.flatMap(({ stamps }) => stamps)),
    records,
    hits,
    blocked,
    incidents,
    clients,
    severity: Math.max(0, ...seen.map(({ severity }) => severity)),
    firstSeen: first,
    lastSeen: last,
  };
}

function keyValue(context: Context, group: Group, field: GroupField, client: Row | undefined): string {
  if (field === "ip") return String(client?.["ip"] ?? "");
  if (field === "country") return String(client?.["country"] ?? group.sub);
  const { findingFields, findingValues: ofFindings, kindFields, kindValues } = context;
  const place = findingFields.indexOf(field);
  if (place >= 0) return ofFindings[group.finding]?.[place] ?? "";
  return kindValues[group.kind]?.[kindFields.indexOf(field)] ?? "";
}

/** The same fields and values have the same id, whenever and wherever they are asked for. */
function attackId(key: Readonly<Record<string, string>>, first: number): string {
  const entries = Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256").update(JSON.stringify([entries, first]));
  return hash.digest("base64url").slice(0, 22);
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort().slice(0, TEXTS_MAX);
}

/** Id of one record of the group, its newest; null where it was removed meanwhile. */
async function sampleOf(database: Database, { last, newest }: Group): Promise<string | null> {
  const [row] = await database.query(
    "select id from records where at = ? and finding = ? and kind = ? and client = ? limit 1",
    [last, ...newest],
  );
  return row === undefined ? null : String(row["id"]);
}

/** Records of each group that an analyst called no attack. */
async function countFalsePositives(context: Context, groups: readonly Group[]): Promise<number[]> {
  const { database, search, fields, plan } = context;
  const { sql, values } = conditionOf(search, database.dialect, Date.now());
  const labelled = await database.query(
    `select r.finding, r.kind, r.client, ${COUNTRY} as country, r.at, r.n from labels l
     join records r on r.id = l.id where l.verdict = 'false_positive' and ${sql} limit ?`,
    [...values, LABELS_MAX],
  );
  const counts = groups.map(() => 0);
  if (labelled.length === 0) return counts;
  const ofFinding = new Map(plan.findings.map(([id, of]) => [id, of]));
  const ofKind = new Map(plan.kinds.map(([id, of]) => [id, of]));
  for (const row of labelled) {
    const sub = fields.includes("ip") ? Number(row["client"]) : fields.includes("country") ? String(row["country"]) : 0;
    const at = Number(row["at"]);
    for (const [index, group] of groups.entries()) {
      const isFound = ofFinding.get(Number(row["finding"]))?.includes(group.finding) === true;
      const isOurs = isFound && ofKind.get(Number(row["kind"])) === group.kind && group.sub === sub;
      if (isOurs && at >= group.first && at <= group.last) counts[index] = (counts[index] ?? 0) + Number(row["n"]);
    }
  }
  return counts;
}
