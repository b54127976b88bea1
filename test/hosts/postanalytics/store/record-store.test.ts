/** The store as a whole: records once each, labels, listeners, a second start, several replicas. */
import { describe, expect, onTestFinished, test } from "vitest";
import { SqlRecordStore } from "../../../../hosts/postanalytics/store/record-store.ts";
import { sampleRecord } from "../../records/sample.ts";
import { ALL, everyRecord, HOUR, newestFirst, openStore, someRecords, TO } from "./record-stage.ts";
import { DIALECTS, emptyDatabase, openDialect, temporaryFolder } from "./stage.ts";

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
