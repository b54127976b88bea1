/** The store on both databases: everything it answers is held against the same question asked of an array. */
import { join } from "node:path";
import { describe, expect, onTestFinished, type TestContext, test } from "vitest";
import { ATTACK_GAP_MS } from "../../../../hosts/postanalytics/store/attack-list.ts";
import type { Database } from "../../../../hosts/postanalytics/store/database.ts";
import { type RecordStoreOptions, SqlRecordStore } from "../../../../hosts/postanalytics/store/record-store.ts";
import type { Attack, AttackOrder, GroupField, Search } from "../../../../hosts/postanalytics/store/store.ts";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { createRandom } from "../../../bench/random.ts";
import { RecordSource } from "../../../bench/record-source.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { DIALECTS, type Dialect, emptyDatabase, openDialect, temporaryFolder } from "./stage.ts";

const HOUR = 3_600_000;
const TO = Date.now();
const FROM = TO - 6 * HOUR;
const ALL: Search = { window: { from: 0, to: TO + HOUR }, where: "", tenants: null };

interface Stage {
  readonly store: SqlRecordStore;
  readonly database: Database;
}

async function openStore(context: TestContext, dialect: Dialect, options: RecordStoreOptions = {}): Promise<Stage> {
  const database = await openDialect(await emptyDatabase(context, dialect), dialect);
  const store = await SqlRecordStore.open(join(temporaryFolder(), "a"), database, options);
  onTestFinished(() => store.close());
  return { store, database };
}

function someRecords(count: number, seed = 7): AttackRecord[] {
  const source = new RecordSource(createRandom(seed), FROM, TO, count, { clients: 12, hosts: 3, routes: 3, points: 4 });
  return Array.from({ length: count }, () => source.next());
}

function timeOf(record: AttackRecord): number {
  return Date.parse(record.ts);
}

async function everyRecord(store: SqlRecordStore, search: Search, limit: number): Promise<AttackRecord[]> {
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

async function everyAttack(
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

function newestFirst(records: readonly AttackRecord[]): AttackRecord[] {
  return [...records].sort((a, b) => timeOf(b) - timeOf(a) || (a.id < b.id ? 1 : -1));
}

function valuesOf(record: AttackRecord, field: GroupField): string[] {
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

interface Expected {
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
function grouped(records: readonly AttackRecord[], fields: readonly GroupField[], gapMs: number): Expected[] {
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

function keyOf(attack: Pick<Expected, "key" | "firstSeen">): string {
  return JSON.stringify([Object.entries(attack.key).sort(), attack.firstSeen]);
}

describe.each(DIALECTS)("in %s", (dialect) => {
  test("a batch is kept once, however often it is sent", async (context) => {
    const { store } = await openStore(context, dialect);
    const batch = someRecords(50);
    expect(await store.append(batch)).toEqual({ stored: 50, duplicates: 0 });
    expect(await store.append(batch)).toEqual({ stored: 0, duplicates: 50 });
    const [first = sampleRecord()] = batch;
    expect(await store.append([first, sampleRecord(), first])).toEqual({ stored: 1, duplicates: 2 });
    const twins = sampleRecord();
    const outcomes = await Promise.all([store.append([twins]), store.append([twins]), store.append([twins])]);
    expect(outcomes.map(({ stored }) => stored).sort()).toEqual([0, 0, 1]);
    await store.settled();
    expect(await everyRecord(store, ALL, 500)).toHaveLength(52);
  });

  test("records come newest first, a page at a time, as they were sent", async (context) => {
    const { store } = await openStore(context, dialect);
    const batch = someRecords(130);
    await store.append(batch);
    await store.settled();
    expect(await everyRecord(store, ALL, 17)).toEqual(newestFirst(batch));
    const half = { ...ALL, window: { from: FROM + HOUR, to: FROM + 3 * HOUR } };
    const inside = batch.filter((one) => timeOf(one) >= half.window.from && timeOf(one) < half.window.to);
    expect(await everyRecord(store, half, 100)).toEqual(newestFirst(inside));
    await expect(store.records(ALL, 10, "no-cursor")).rejects.toMatchObject({ code: "MERLON_SEARCH" });
  });

  test("a record is found by its id and by its reference, by those who may see it", async (context) => {
    const { store } = await openStore(context, dialect);
    const record = sampleRecord();
    await store.append([record, ...someRecords(20)]);
    await store.settled();
    expect(await store.record(record.id, null)).toEqual(record);
    expect(await store.record(record.ref.toLowerCase(), ["shop"])).toEqual(record);
    expect(await store.record(record.id, ["blog"])).toBeNull();
    expect(await store.record(record.id, [])).toBeNull();
    expect(await store.record("' or 1=1 --", null)).toBeNull();
  });

  const groupings: readonly (readonly [readonly GroupField[], number])[] = [
    [["type"], 0],
    [["ip"], 0],
    [["country", "type"], 0],
    [["stamp", "point", "host"], 0],
    [["app", "path", "node", "policy"], 0],
    [["ip", "host", "path"], ATTACK_GAP_MS],
  ];
  test.for(groupings)("attacks by %j are those of an array", async ([fields, gapMs], context) => {
    const { store } = await openStore(context, dialect);
    const batch = someRecords(400);
    await store.append(batch);
    await store.settled();
    for (const order of ["last_seen", "count", "first_seen"] as const) {
      const attacks = await everyAttack(store, ALL, fields, order, 7);
      const expected = grouped(batch, fields, gapMs);
      expect(new Set(attacks.map(({ id }) => id)).size).toBe(attacks.length);
      const plain = attacks.map(({ key, records, hits, blocked, incidents, clients, firstSeen, lastSeen }) => {
        return { key, records, hits, blocked, incidents, clients, firstSeen, lastSeen };
      });
      const byKey = (all: readonly Expected[]): Expected[] => [...all].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
      expect(byKey(plain)).toEqual(byKey(expected));
      const value = ({ lastSeen, records, firstSeen }: Attack): number =>
        order === "last_seen" ? lastSeen : order === "count" ? records : firstSeen;
      expect(attacks.map(value)).toEqual(attacks.map(value).sort((a, b) => b - a));
      for (const { sample, key, lastSeen } of attacks) {
        expect(timeOf(sample)).toBe(lastSeen);
        for (const field of fields) expect(valuesOf(sample, field)).toContain(key[field]);
      }
    }
  });

  test("an attack is new where its kind was never seen before the window", async (context) => {
    const { store } = await openStore(context, dialect);
    const old = sampleRecord({ ts: new Date(FROM).toISOString() });
    const again = sampleRecord({ ts: new Date(TO - HOUR).toISOString() });
    const hits = [sampleHit({ type: "rce" })];
    const fresh = sampleRecord({ ts: new Date(TO - HOUR).toISOString(), hits });
    await store.append([old, again, fresh]);
    await store.settled();
    const late = { ...ALL, window: { from: TO - 2 * HOUR, to: TO } };
    const { items } = await store.attacks(late, ["type"], "count", 10, null);
    expect(items.map(({ key, isNew }) => [key.type, isNew]).sort()).toEqual([
      ["rce", true],
      ["sqli", false],
    ]);
  });

  test("statistics are those of an array, with what sampling left out", async (context) => {
    const { store } = await openStore(context, dialect);
    const batch = someRecords(300);
    await store.append(batch);
    await store.settled();
    const search = { ...ALL, window: { from: FROM, to: TO } };
    const { bucketMs, series, totals, top } = await store.statistics(search, 12, ["type", "ip", "country", "host"]);
    const inside = batch.filter((record) => timeOf(record) < TO);
    const n = (records: readonly AttackRecord[]): number => records.reduce((s, r) => s + r.sampled.count_since_last, 0);
    expect(series).toHaveLength(12);
    for (const { at, records, blocked } of series) {
      const mine = inside.filter((record) => timeOf(record) >= at && timeOf(record) < at + bucketMs);
      expect([records, blocked]).toEqual([n(mine), n(mine.filter(({ action }) => action === "blocked"))]);
    }
    expect(totals.records).toBe(n(inside));
    expect(await store.count(search)).toBe(n(inside));
    for (const field of ["type", "country", "host"] as const) {
      for (const { value, count } of top[field] ?? []) {
        expect(count).toBe(n(inside.filter((record) => valuesOf(record, field).includes(value))));
      }
    }
    expect(top.type?.length).toBe(10);
    const counts = (top.ip ?? []).map(({ count }) => count);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    const nothing = await store.statistics({ ...search, where: "app:nobody" }, 3, ["type", "ip"]);
    expect(nothing.totals).toEqual({ records: 0, hits: 0, blocked: 0, clients: 0 });
    expect(nothing.series.map(({ records }) => records)).toEqual([0, 0, 0]);
  });

  test("a label is kept, counted and searched for; the last one counts", async (context) => {
    const { store } = await openStore(context, dialect);
    const record = sampleRecord({ ts: new Date(TO - HOUR).toISOString() });
    await store.append([record, sampleRecord({ ts: new Date(TO - HOUR).toISOString() })]);
    await store.settled();
    expect(await store.label("01JD0000000000000000000000", { verdict: null, note: null })).toBe(false);
    expect(await store.label(record.id, { verdict: "true_attack", note: "hm" })).toBe(true);
    expect(await store.label(record.id, { verdict: "false_positive", note: "ours" })).toBe(true);
    const found = await store.record(record.id, null);
    expect(found?.labels).toEqual({ verdict: "false_positive", note: "ours" });
    expect((await store.records({ ...ALL, where: "falsepositive" }, 10, null)).items.map(({ id }) => id)).toEqual([
      record.id,
    ]);
    const { items } = await store.attacks(ALL, ["type"], "count", 10, null);
    expect(items.map(({ falsePositives }) => falsePositives)).toEqual([1]);
  });

  test("who may see some applications sees nothing of others", async (context) => {
    const { store } = await openStore(context, dialect);
    const batch = someRecords(200);
    await store.append(batch);
    await store.settled();
    const mine = batch.filter(({ app }) => app.name === "blog");
    const search = { ...ALL, tenants: ["blog"] };
    expect(await everyRecord(store, search, 100)).toEqual(newestFirst(mine));
    const long = { ...search, where: `app == "shop-web" || app != "shop-web"` };
    expect(await everyRecord(store, long, 100)).toEqual(newestFirst(mine));
    expect(await everyRecord(store, { ...search, tenants: [] }, 100)).toEqual([]);
    const attacks = await everyAttack(store, long, ["app"], "count", 50);
    expect(attacks.map(({ key }) => key.app)).toEqual(["blog"]);
    expect((await store.statistics(long, 4, ["app"])).top.app?.map(({ value }) => value)).toEqual(["blog"]);
  });

  test("listeners hear of records when they can be found", async (context) => {
    const { store } = await openStore(context, dialect);
    const heard: string[] = [];
    const end = store.listen((batch) => heard.push(...batch.map(({ id }) => id)));
    const batch = someRecords(20);
    await store.append(batch);
    await store.append(batch);
    await expect.poll(() => heard.length).toBe(20);
    end();
    await store.append([sampleRecord()]);
    await store.settled();
    expect(heard).toHaveLength(20);
  });

  test("retention by age removes what is older, from the log too", async (context) => {
    const { store, database } = await openStore(context, dialect, {
      retention: { ageMs: 3 * HOUR, bytesMax: null },
      segmentBytesMax: 20_000,
    });
    const batch = someRecords(200);
    for (let at = 0; at < batch.length; at += 10) await store.append(batch.slice(at, at + 10));
    await store.settled();
    const before = store.log.segments.segments.length;
    const alive = batch.filter((record) => timeOf(record) >= TO - 3 * HOUR);
    const removed = await store.prune();
    expect(removed).toBeGreaterThanOrEqual(batch.length - alive.length);
    const left = await everyRecord(store, ALL, 100);
    expect(left.length).toBe(batch.length - removed);
    expect(left.every((record) => timeOf(record) >= TO - 3 * HOUR)).toBe(true);
    expect(store.log.segments.segments.length).toBeLessThan(before);
    expect(await store.prune()).toBe(0);
    const orphans = await database.query(
      "select id from clients c where not exists (select 1 from records where client = c.id)",
    );
    expect(orphans).toEqual([]);
    // What comes after a clean-up is found as before.
    await store.append([sampleRecord({ ts: new Date(TO).toISOString() })]);
    await store.settled();
    expect(await everyAttack(store, ALL, ["type"], "count", 50)).not.toEqual([]);
    expect(await everyRecord(store, ALL, 100)).toHaveLength(left.length + 1);
  });

  test("retention by size removes the oldest segments with their records", async (context) => {
    const retention = { ageMs: null, bytesMax: 60_000 };
    const { store } = await openStore(context, dialect, { retention, segmentBytesMax: 20_000 });
    const batch = someRecords(200);
    for (let at = 0; at < batch.length; at += 10) await store.append(batch.slice(at, at + 10));
    await store.settled();
    const removed = await store.prune();
    expect(removed).toBeGreaterThan(50);
    expect(store.log.segments.bytes).toBeLessThanOrEqual(60_000);
    const left = new Set((await everyRecord(store, ALL, 500)).map(({ id }) => id));
    expect(left).toEqual(new Set(batch.slice(removed).map(({ id }) => id)));
  });

  test("what it knew is there when it is opened again, and sent again is noticed", async (context) => {
    const address = await emptyDatabase(context, dialect);
    const folder = temporaryFolder();
    const batch = someRecords(60);
    const first = await openDialect(address, dialect);
    const before = await SqlRecordStore.open(folder, first);
    await before.append(batch);
    // Closed before the database has all of it, or after; either way nothing is missing.
    await before.close();
    await first.close();
    const store = await SqlRecordStore.open(folder, await openDialect(address, dialect));
    onTestFinished(() => store.close());
    expect(await store.append(batch)).toEqual({ stored: 0, duplicates: 60 });
    await store.settled();
    expect(await everyRecord(store, ALL, 100)).toEqual(newestFirst(batch));
  });
});

test("replicas share one PostgreSQL, and what both were sent is there once", async (context) => {
  const url = await emptyDatabase(context, "postgres");
  const batch = someRecords(300);
  const replicas = await Promise.all(
    [0, 1, 2].map(async () => await SqlRecordStore.open(temporaryFolder(), await openDialect(url, "postgres"))),
  );
  for (const one of replicas) onTestFinished(() => one.close());
  const parts = Array.from({ length: 10 }, (_, i) => batch.slice(i * 30, i * 30 + 30));
  await Promise.all(parts.flatMap((part) => replicas.map((one) => one.append(part))));
  await Promise.all(replicas.map((one) => one.settled()));
  for (const one of replicas) expect(await everyRecord(one, ALL, 100)).toEqual(newestFirst(batch));
});
