/** Stores with records in them, and what lists of an array would say, for tests of every part of the store. */
import { join } from "node:path";
import { expect, onTestFinished, type TestContext } from "vitest";
import type { Database } from "../../../../hosts/postanalytics/store/database.ts";
import { type RecordStoreOptions, SqlRecordStore } from "../../../../hosts/postanalytics/store/record-store.ts";
import type { Attack, AttackOrder, GroupField, Search } from "../../../../hosts/postanalytics/store/store.ts";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { createRandom } from "../../../bench/random.ts";
import { RecordSource } from "../../../bench/record-source.ts";
import { type Dialect, emptyDatabase, openDialect, temporaryFolder } from "./stage.ts";

/** See someRecords. */
export const HOUR = 3_600_000;
/** See someRecords. */
export const TO = Date.now();
/** See someRecords. */
export const FROM = TO - 6 * HOUR;
/** See someRecords. */
export const ALL: Search = { window: { from: 0, to: TO + HOUR }, where: "", tenants: null };

/** See openStore. */
export interface StoreStage {
  readonly store: SqlRecordStore;
  readonly database: Database;
}

/** Opens a store over an empty database; both are closed when the test ends. */
export async function openStore(
  context: TestContext,
  dialect: Dialect,
  options: RecordStoreOptions = {},
): Promise<StoreStage> {
  const database = await openDialect(await emptyDatabase(context, dialect), dialect);
  const store = await SqlRecordStore.open(join(temporaryFolder(), "a"), database, options);
  onTestFinished(() => store.close());
  return { store, database };
}

/** Records of the last six hours, from FROM to TO, with few different clients, hosts and routes. */
export function someRecords(count: number, seed = 7): AttackRecord[] {
  const source = new RecordSource(createRandom(seed), FROM, TO, count, { clients: 12, hosts: 3, routes: 3, points: 4 });
  return Array.from({ length: count }, () => source.next());
}

/** When it was, milliseconds since 1970. */
export function timeOf(record: AttackRecord): number {
  return Date.parse(record.ts);
}

/** All pages of a list, one after another. */
export async function everyRecord(store: SqlRecordStore, search: Search, limit: number): Promise<AttackRecord[]> {
  const all: AttackRecord[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<SqlRecordStore["records"]>> = await store.records(search, limit, cursor);
    expect(page.items.length).toBeLessThanOrEqual(limit);
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

/** All pages of a list, one after another. */
export async function everyAttack(
  store: SqlRecordStore,
  search: Search,
  groupBy: readonly GroupField[],
  order: AttackOrder,
  limit: number,
): Promise<Attack[]> {
  const all: Attack[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<SqlRecordStore["attacks"]>> = await store.attacks(
      search,
      groupBy,
      order,
      limit,
      cursor,
    );
    all.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return all;
}

/** The order of lists. */
export function newestFirst(records: readonly AttackRecord[]): AttackRecord[] {
  return [...records].sort((a, b) => timeOf(b) - timeOf(a) || (a.id < b.id ? 1 : -1));
}

/** Values of a field that the record is grouped by. */
export function valuesOf(record: AttackRecord, field: GroupField): string[] {
  const lists: Readonly<Partial<Record<GroupField, readonly string[]>>> = {
    type: record.hits.map(({ type }) => type),
    point: record.hits.map(({ point_s }) => point_s),
    stamp: record.hits.flatMap(({ stamps }) => stamps),
  };
  const list = lists[field];
  if (list !== undefined) return [...new Set(list)];
  const one: Readonly<Partial<Record<GroupField, string>>> = {
    ip: record.client.ip,
    country: record.client.country ?? "",
    host: record.request.host,
    path: record.request.path_template,
    app: record.app.name ?? "",
    node: record.node.id,
    policy: record.policy.ref,
  };
  return [one[field] ?? ""];
}

/** What an attack is expected to be. */
export interface Expected {
  readonly key: Readonly<Record<string, string>>;
  readonly records: number;
  readonly hits: number;
  readonly blocked: number;
  readonly incidents: number;
  readonly clients: number;
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** Groups an array, in the plainest way. */
export function grouped(records: readonly AttackRecord[], fields: readonly GroupField[], gapMs: number): Expected[] {
  const groups = new Map<string, AttackRecord[][]>();
  for (const record of [...newestFirst(records)].reverse()) {
    let keys: string[][] = [[]];
    for (const field of fields) keys = keys.flatMap((key) => valuesOf(record, field).map((value) => [...key, value]));
    for (const key of keys) {
      const name = JSON.stringify(key);
      const runs = groups.get(name) ?? [];
      const run = runs.at(-1);
      const last = run?.at(-1);
      if (run === undefined || last === undefined || (gapMs > 0 && timeOf(record) - timeOf(last) >= gapMs))
        runs.push([record]);
      else run.push(record);
      groups.set(name, runs);
    }
  }
  const sum = (run: readonly AttackRecord[], of: (record: AttackRecord) => number): number =>
    run.reduce((total, record) => total + of(record) * record.sampled.count_since_last, 0);
  return [...groups].flatMap(([name, runs]) => {
    const values: string[] = JSON.parse(name);
    return runs.map((run) => ({
      key: Object.fromEntries(fields.map((field, i) => [field, values[i] ?? ""])),
      records: sum(run, () => 1),
      hits: sum(run, ({ hits }) => hits.length),
      blocked: sum(run, ({ action }) => (action === "blocked" ? 1 : 0)),
      incidents: sum(run, ({ incident }) => (incident ? 1 : 0)),
      clients: new Set(run.map(({ client }) => client.ip)).size,
      firstSeen: Math.min(...run.map(timeOf)),
      lastSeen: Math.max(...run.map(timeOf)),
    }));
  });
}

/** What tells attacks of one grouping apart. */
export function keyOf(attack: Pick<Expected, "key" | "firstSeen">): string {
  return JSON.stringify([Object.entries(attack.key).sort(), attack.firstSeen]);
}
