/** Lists of records and single ones: all of them, in order, and for nobody but those who may see them. */
import { describe, expect, test } from "vitest";
import { sampleRecord } from "../../records/sample.ts";
import {
  ALL,
  everyAttack,
  everyRecord,
  FROM,
  HOUR,
  newestFirst,
  openStore,
  someRecords,
  timeOf,
} from "./record-stage.ts";
import { DIALECTS } from "./stage.ts";

describe.each(DIALECTS)("in %s", (dialect) => {
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
});
