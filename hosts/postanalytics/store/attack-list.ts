/** Attacks: records that belong together, by the fields that somebody chose. */
import { createHash } from "node:crypto";
import type { NamedGroup } from "./blocks/question.ts";
import type { Sources } from "./blocks/scanner.ts";
import { FINDING_FIELDS, KIND_FIELDS, valuesOfFinding } from "./blocks/small-tables.ts";
import { conditionOf, wordsOf } from "./condition.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import type { Database, Row } from "./database.ts";
import type { Group } from "./group-aggregate.ts";
import { type Finding, type Kind, lookText } from "./kinds.ts";
import { COUNTRY, groupsOfRecords } from "./record-groups.ts";
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
const TEXTS_MAX = 32;
const ORDERS = { last_seen: "last", first_seen: "first", count: "records" } as const;

interface Context extends Sources {
  readonly search: Search;
  readonly fields: readonly GroupField[];
  readonly gapMs: number;
}

/** A page of attacks. */
export async function listAttacks(
  sources: Sources,
  search: Search,
  groupBy: readonly GroupField[],
  order: AttackOrder,
  limit: number,
  cursor: string | null,
): Promise<Page<Attack>> {
  const { database, kinds, blocks } = sources;
  const fields = groupBy.length === 0 ? DEFAULT_GROUPING : [...new Set(groupBy)].slice(0, GROUP_FIELDS_MAX);
  const gapMs = isDefault(fields) ? ATTACK_GAP_MS : 0;
  const by = ORDERS[order];
  const page = { gapMs, order: by, limit, after: readCursor(cursor) };
  const now = Date.now();
  const words = wordsOf(search, database.dialect, now);
  const found =
    (await blocks?.ask(search.window, words, { about: "groups", fields, ...page })) ??
    (await groupsOfRecords(database, kinds, conditionOf(search, database.dialect, now), fields, page));
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const next = found.length > limit && last !== undefined ? writeCursor([last.group[by], last.tie]) : null;
  return { items: await describe({ ...sources, search, fields, gapMs }, shown), next };
}

function isDefault(fields: readonly GroupField[]): boolean {
  return fields.length === DEFAULT_GROUPING.length && DEFAULT_GROUPING.every((field) => fields.includes(field));
}

/** Makes attacks of groups: their names, one record of each, and what analysts said. */
async function describe(context: Context, named: readonly NamedGroup[]): Promise<Attack[]> {
  const { database, fields, kinds } = context;
  const ids = fields.includes("ip") ? [...new Set(named.map(({ group }) => Number(group.sub)))] : [];
  const clients = await queryIn(database, "select id, ip, country from clients where id in (in)", ids);
  const clientsById = new Map(clients.map((row) => [Number(row["id"]), row]));
  const samples = await samplesOf(database, named);
  const records = await recordsById(
    database,
    samples.filter((id) => id !== null),
  );
  const falsePositives = await countFalsePositives(context, named);
  const pairs = named.flatMap(({ group }) => group.seen);
  const findings = await kinds.findings(pairs.map(([finding]) => finding));
  const ofKinds = await kinds.kinds(pairs.map(([, kind]) => kind));
  const pairsOf = ({ seen }: Group): (readonly [Finding, Kind])[] =>
    seen.flatMap(([one, other]) => {
      const [finding, kind] = [findings.get(one), ofKinds.get(other)];
      return finding === undefined || kind === undefined ? [] : [[finding, kind] as const];
    });
  const first = await kinds.firstSeen(named.flatMap(({ group }) => pairsOf(group)));
  return named.flatMap((one, index) => {
    const sample = records.get(samples[index] ?? "");
    if (sample === undefined) return [];
    const mine = pairsOf(one.group);
    const isNew = mine.every((pair) => (first.get(lookText(...pair)) ?? 0) >= context.search.window.from);
    const counts = { isNew, falsePositives: falsePositives[index] ?? 0 };
    const seen = mine.map(([finding]) => finding);
    return [{ ...attackOf(context, one, seen, clientsById.get(Number(one.group.sub))), ...counts, sample }];
  });
}

function attackOf(
  { fields, gapMs }: Context,
  named: NamedGroup,
  seen: readonly Finding[],
  client: Row | undefined,
): Omit<Attack, "isNew" | "falsePositives" | "sample"> {
  const { group } = named;
  const key = Object.fromEntries(fields.map((field) => [field, keyValue(fields, named, field, client)]));
  return {
    id: attackId(key, gapMs > 0 ? group.first : 0),
    key,
    types: distinct(seen.flatMap(({ types }) => types)),
    stamps: distinct(seen.flatMap(({ stamps }) => stamps)),
    records: group.records,
    hits: group.hits,
    blocked: group.blocked,
    incidents: group.incidents,
    clients: group.clients,
    severity: Math.max(0, ...seen.map(({ severity }) => severity)),
    firstSeen: group.first,
    lastSeen: group.last,
  };
}

function keyValue(
  fields: readonly GroupField[],
  { group, findingValues, kindValues }: NamedGroup,
  field: GroupField,
  client: Row | undefined,
): string {
  if (field === "ip") return String(client?.["ip"] ?? "");
  if (field === "country") return String(client?.["country"] ?? group.sub);
  const isOfFinding = FINDING_FIELDS.includes(field);
  const place = fields.filter((one) => (isOfFinding ? FINDING_FIELDS : KIND_FIELDS).includes(one)).indexOf(field);
  return (isOfFinding ? findingValues : kindValues)[place] ?? "";
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

/** Ids of one record of each group, its newest; null where it was removed meanwhile. */
async function samplesOf(database: Database, named: readonly NamedGroup[]): Promise<readonly (string | null)[]> {
  const times = [...new Set(named.map(({ group }) => group.last))];
  const rows = await queryIn(database, "select id, at, finding, kind, client from records where at in (in)", times);
  const ids = new Map(
    rows.map((row) => [[row["at"], row["finding"], row["kind"], row["client"]].join(), String(row["id"])]),
  );
  return named.map(({ group: { last, newest } }) => ids.get([last, ...newest].join()) ?? null);
}

/** Records of each group that an analyst called no attack. */
async function countFalsePositives({ database, kinds, search, fields }: Context, named: readonly NamedGroup[]) {
  const counts = named.map(() => 0);
  const some = await database.query("select id from labels where verdict = 'false_positive' limit 1");
  if (some.length === 0) return counts;
  const { sql, values } = conditionOf(search, database.dialect, Date.now());
  const labelled = await database.query(
    `select r.finding, r.kind, r.client, ${COUNTRY} as country, r.at, r.n from labels l
     join records r on r.id = l.id where l.verdict = 'false_positive' and ${sql} limit ?`,
    [...values, LABELS_MAX],
  );
  const findings = await kinds.findings([...new Set(labelled.map((row) => Number(row["finding"])))]);
  const ofKinds = await kinds.kinds([...new Set(labelled.map((row) => Number(row["kind"])))]);
  for (const row of labelled) {
    const [finding, kind] = [findings.get(Number(row["finding"])), ofKinds.get(Number(row["kind"]))];
    if (finding === undefined || kind === undefined) continue;
    const sub = fields.includes("ip") ? Number(row["client"]) : fields.includes("country") ? String(row["country"]) : 0;
    const at = Number(row["at"]);
    for (const [index, one] of named.entries()) {
      const { first, last } = one.group;
      if (one.group.sub !== sub || at < first || at > last || !belongs(fields, one, finding, kind)) continue;
      counts[index] = (counts[index] ?? 0) + Number(row["n"]);
    }
  }
  return counts;
}

function belongs(fields: readonly GroupField[], one: NamedGroup, finding: Finding, kind: Kind): boolean {
  return fields.every((field) => {
    const value = keyValue(fields, one, field, undefined);
    switch (field) {
      case "ip":
      case "country":
        return true;
      case "type":
      case "point":
      case "stamp":
        return valuesOfFinding(finding, field).includes(value);
      default:
        return kind[field] === value;
    }
  });
}
