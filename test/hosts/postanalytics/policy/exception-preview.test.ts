/**
 * What an exception would change in stored records: exact counts, true attacks among them, and the bound of the look.
 */
import { describe, expect, test } from "vitest";
import {
  briefOf,
  judge,
  previewException,
  scanRecords,
} from "../../../../hosts/postanalytics/policy/exception-preview.ts";
import { parseDraft } from "../../../../hosts/postanalytics/policy/overlay.ts";
import type { AttackRecord } from "../../../../hosts/records/record.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { MemoryStore } from "../memory-store.ts";

const EXCEPTION = parseDraft("e", {
  match: { host: "shop.example", path: "/articles/*", point: "query.id" },
  ignore: { stamps: ["sqli-union"], types: [] },
  reason: "r",
  expiresAt: "2098-01-01",
});
const SEARCH = { window: { from: 0, to: Date.UTC(2100, 0, 1) }, where: "", tenants: null };
const sampled = (count: number) => ({ kept: true, group: "g", count_since_last: count });

async function storeWith(...records: AttackRecord[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.append(records);
  return store;
}

describe("one record", () => {
  test.each<[string, Partial<AttackRecord>, number, boolean]>([
    ["of the exception's finding alone is released", {}, 1, true],
    ["with another finding beside it is touched", { hits: [sampleHit(), sampleHit({ point_s: "query.x" })] }, 1, false],
    [
      "with another stamp at the point is touched",
      { hits: [sampleHit({ stamps: ["sqli-union", "sqli-tautology"] })] },
      1,
      false,
    ],
    [
      "whose other finding does not count is released",
      { hits: [sampleHit(), sampleHit({ point_s: "query.x", decision: "counted" })] },
      1,
      true,
    ],
    [
      "that was excepted already is not touched",
      { hits: [sampleHit({ decision: "excepted", exception: "x" })] },
      0,
      false,
    ],
    ["of another route is not touched", { request: { ...sampleRecord().request, path: "/other" } }, 0, false],
  ])("%s", (_what, fields, hits, releases) => {
    const judged = judge(EXCEPTION, sampleRecord(fields));
    expect([judged.hits.length, judged.releases]).toEqual([hits, releases]);
  });
});

test("counts include what sampling left out", async () => {
  const attack = sampleRecord({
    labels: { verdict: "true_attack", note: null },
    client: { ip: "192.0.2.1", list: "none" },
  });
  const store = await storeWith(
    sampleRecord({ sampled: sampled(40) }),
    attack,
    sampleRecord({ hits: [sampleHit(), sampleHit({ type: "xss", stamps: ["xss-tag"] })], sampled: sampled(2) }),
    sampleRecord({ hits: [sampleHit({ point_s: "query.other" })], sampled: sampled(5) }),
    sampleRecord({ request: { ...sampleRecord().request, host: "other.example" }, sampled: sampled(7) }),
  );
  const effect = await previewException(store, SEARCH, EXCEPTION, Date.now() + 60_000);
  expect(effect).toMatchObject({
    ...{ examined: 55, complete: true, touched: 43, released: 41, hits: 43, clients: 2, untouchedOnRoute: 5 },
    byStamp: [{ stamp: "sqli-union", count: 43 }],
  });
  expect(effect.trueAttacks).toEqual([briefOf(attack)]);
  expect(effect.examples).toHaveLength(2);
});

test("a look that has to end says so", async () => {
  const store = await storeWith(...Array.from({ length: 1200 }, () => sampleRecord()));
  let clock = 0;
  let seen = 0;
  const complete = await scanRecords(
    store,
    SEARCH,
    () => void seen++,
    2,
    () => clock++,
  );
  expect([complete, seen]).toEqual([false, 1000]);
  const effect = await previewException(store, SEARCH, EXCEPTION, 60_000, () => 0);
  expect(effect).toMatchObject({ complete: true, released: 1200 });
  expect(effect.examples).toHaveLength(20);
});
