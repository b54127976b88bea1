/** Groups from the table of records, where blocks cannot answer: a search for labels or ids, or too many records. */
import type { Predicate } from "../search/predicate.ts";
import type { NamedGroup } from "./blocks/question.ts";
import { combinations, FINDING_FIELDS, KIND_FIELDS, valuesOfFinding } from "./blocks/small-tables.ts";
import type { Database } from "./database.ts";
import { type Group, type GroupPlan, type PlannedFinding, type PlannedKind, tieOf } from "./group-aggregate.ts";
import type { Finding, Kind, Kinds } from "./kinds.ts";
import { groupsInPostgres } from "./postgres-groups.ts";
import type { GroupField } from "./store.ts";

/** Findings and kinds that are handed to the grouping without looking which of them occur. */
const FEW = 50_000;

type FindingField = "type" | "point" | "stamp";
type KindField = Exclude<GroupField, FindingField | "ip" | "country">;

/** SQL of the country of a record `r`. */
export const COUNTRY = "(select country from clients c where c.id = r.client)";

/** @returns the groups of a page and one more where there are more */
export async function groupsOfRecords(
  database: Database,
  kinds: Kinds,
  condition: Predicate,
  fields: readonly GroupField[],
  page: Pick<GroupPlan, "gapMs" | "order" | "limit" | "after">,
): Promise<readonly NamedGroup[]> {
  const met = await metBy(database, condition);
  const groups = new Grouping(fields);
  const plan: GroupPlan = {
    ...groups.plan(await kinds.findings(met.findings), await kinds.kinds(met.kinds)),
    ...{ gapMs: page.gapMs, order: page.order, limit: page.limit, after: page.after },
  };
  const sub = fields.includes("ip") ? "r.client" : fields.includes("country") ? COUNTRY : "0";
  const found =
    database.dialect === "sqlite"
      ? await groupsInSqlite(database, plan, sub, condition)
      : await groupsInPostgres(database, plan, sub, condition);
  return found.map((group) => ({
    group,
    findingValues: groups.findingValues[group.finding] ?? [],
    kindValues: groups.kindValues[group.kind] ?? [],
    tie: tieOf(plan, group),
  }));
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
class Grouping {
  readonly findingFields: readonly FindingField[];
  readonly kindFields: readonly KindField[];
  readonly findingValues: (readonly string[])[] = [];
  readonly kindValues: (readonly string[])[] = [];

  constructor(fields: readonly GroupField[]) {
    this.findingFields = fields.filter((field): field is FindingField => FINDING_FIELDS.includes(field));
    this.kindFields = fields.filter((field): field is KindField => KIND_FIELDS.includes(field));
  }

  plan(
    findings: ReadonlyMap<number, Finding>,
    kinds: ReadonlyMap<number, Kind>,
  ): Pick<GroupPlan, "findings" | "kinds" | "findingNames" | "kindNames"> {
    const [findingPlaces, kindPlaces] = [new Map<string, number>(), new Map<string, number>()];
    const plannedFindings = [...findings.values()].map((finding): PlannedFinding => {
      const all = combinations(this.findingFields.map((field) => valuesOfFinding(finding, field)));
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
