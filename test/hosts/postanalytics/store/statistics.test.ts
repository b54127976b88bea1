/** Statistics: every count is exact, with what sampling left out. */
import { describe, expect, test } from "vitest";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { ALL, FROM, openStore, someRecords, TO, timeOf, valuesOf } from "./record-stage.ts";
import { DIALECTS } from "./stage.ts";

describe.each(DIALECTS)("in %s", (dialect) => {
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
});
