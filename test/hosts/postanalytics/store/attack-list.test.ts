/** Attacks: whatever they are grouped by and ordered by, they are those of an array. */
import { describe, expect, test } from "vitest";
import { ATTACK_GAP_MS } from "../../../../hosts/postanalytics/store/attack-list.ts";
import { metBy } from "../../../../hosts/postanalytics/store/record-groups.ts";
import type { Attack, GroupField } from "../../../../hosts/postanalytics/store/store.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import {
  ALL,
  type Expected,
  everyAttack,
  FROM,
  grouped,
  HOUR,
  keyOf,
  openStore,
  someRecords,
  TO,
  timeOf,
  valuesOf,
} from "./record-stage.ts";
import { DIALECTS } from "./stage.ts";

describe.each(DIALECTS)("in %s", (dialect) => {
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

  test("the findings and kinds of a search are those of its records, where all are too many", async (context) => {
    const { store, database } = await openStore(context, dialect);
    await store.append(someRecords(200));
    await store.settled();
    const blocked = "r.kind in (select id from kinds where action = 'blocked')";
    const condition = { sql: `r.at >= ? and ${blocked}`, values: [FROM] };
    const { sql, values } = condition;
    const rows = await database.query(`select r.finding, r.kind from records r where ${sql}`, values);
    const distinct = (name: string): number[] =>
      [...new Set(rows.map((row) => Number(row[name])))].sort((a, b) => a - b);
    const met = await metBy(database, condition, 0);
    expect([...met.findings].sort((a, b) => a - b)).toEqual(distinct("finding"));
    expect([...met.kinds].sort((a, b) => a - b)).toEqual(distinct("kind"));
    const all = await metBy(database, condition);
    expect(all.kinds.length).toBeGreaterThan(met.kinds.length);
    expect(await metBy(database, { sql: "1 = 0", values: [] }, 0)).toEqual({ findings: [], kinds: [] });
  });
});
