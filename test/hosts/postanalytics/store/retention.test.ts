/** Retention: what is too old or too much goes, from the database and from the log, and nothing else. */
import { describe, expect, test } from "vitest";
import { sampleRecord } from "../../records/sample.ts";
import { ALL, everyAttack, everyRecord, HOUR, openStore, someRecords, TO, timeOf } from "./record-stage.ts";
import { DIALECTS } from "./stage.ts";

describe.each(DIALECTS)("in %s", (dialect) => {
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
});
