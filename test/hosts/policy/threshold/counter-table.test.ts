/** Counts by keys: who is refused and for how long, what is remembered, and what a flood of keys can do. */
import { describe, expect, test } from "vitest";
import { CounterTable, type TableShape } from "../../../../hosts/policy/threshold/counter-table.ts";

const RATE: TableShape = { most: 3, perMs: 10_000, burst: 0, holdMs: 0, distinct: false };

function tableOf(shape: Partial<TableShape> = {}, room = 100, told: unknown[] = []): CounterTable {
  return new CounterTable({ ...RATE, ...shape }, room, (...what) => void told.push(what));
}

function takeAll(table: CounterTable, key: string, times: number, nowMs = 0): number[] {
  return Array.from({ length: times }, () => table.take(key, nowMs, 0, true).waitMs);
}

describe("a rate", () => {
  test("refuses what is too much, by key, and tells others what it took", () => {
    const told: unknown[] = [];
    const table = tableOf({}, 100, told);
    expect(takeAll(table, "a", 5).map((wait) => wait > 0)).toEqual([false, false, false, true, true]);
    expect(takeAll(table, "b", 1)).toEqual([0]);
    expect(told).toEqual([...Array.from({ length: 3 }, () => ["a", 0, true]), ["b", 0, true]]);
  });

  test("does not count what it refused", () => {
    const table = tableOf();
    takeAll(table, "a", 1000);
    expect(takeAll(table, "a", 1, 20_000)).toEqual([0]);
  });

  test("keeps a key out for a time, and lets it begin anew", () => {
    const table = tableOf({ holdMs: 60_000 });
    takeAll(table, "a", 4);
    expect(table.take("a", 59_000, 0, true)).toEqual({ waitMs: 1000, tripped: false });
    expect(table.isHeld("a", 59_000)).toBe(true);
    expect(table.isHeld("a", 60_000)).toBe(false);
    expect(takeAll(table, "a", 3, 60_001)).toEqual([0, 0, 0]);
  });

  test("has no consequences where it is only watched", () => {
    const table = tableOf({ holdMs: 60_000 });
    for (let i = 0; i < 5; i++) table.take("a", 0, 0, false);
    expect(table.standing("a", 1).waitMs).toBeGreaterThan(0);
    expect(table.isHeld("a", 1)).toBe(false);
  });
});

test("what has happened is counted however much it was, and the first that is too much says so", () => {
  const table = tableOf({ holdMs: 1000 });
  const trips = Array.from({ length: 5 }, () => table.note("a", 0, 0, true).tripped);
  expect(trips).toEqual([false, false, true, false, false]);
  expect(table.standing("a", 0).waitMs).toBe(1000);
});

test("what others count adds up, and is not told to them again", () => {
  const told: unknown[] = [];
  const table = tableOf({}, 100, told);
  table.absorb("a", 0, 0, true, 2);
  expect(takeAll(table, "a", 2).map((wait) => wait > 0)).toEqual([false, true]);
  expect(told).toHaveLength(1);
});

describe("different values", () => {
  const shape = { distinct: true };
  const values = (table: CounterTable, nowMs: number, ...all: number[]): boolean[] =>
    all.map((value) => table.take("a", nowMs, value, true).waitMs === 0);

  test("count once, and known ones fit when new ones do not", () => {
    const table = tableOf(shape);
    expect(values(table, 0, 1, 1, 2, 2, 3, 3, 4, 1, 2)).toEqual([...Array(6).fill(true), false, true, true]);
  });

  test("count once in the span, whichever window they came in", () => {
    const table = tableOf(shape);
    values(table, 9000, 1, 2, 3);
    expect(values(table, 11_000, 1, 2, 3, 4)).toEqual([true, true, true, false]);
  });

  test("are forgotten", () => {
    const table = tableOf(shape);
    values(table, 0, 1, 2, 3);
    expect(values(table, 40_000, 4, 5, 6, 7)).toEqual([true, true, true, false]);
  });

  test("take room like keys, and give it back", () => {
    const table = tableOf({ ...shape, most: 1000 }, 50);
    for (let value = 0; value < 500; value++) table.take(`k${value % 7}`, value, value, true);
    expect(table.size).toBeLessThanOrEqual(50);
    expect(table.dropped).toBeGreaterThan(0);
    for (let key = 0; key < 500; key++) table.take(`n${key}`, 50_000, 1, true);
    // A key and a value each.
    expect(table.size).toBeGreaterThan(15);
    expect(table.size).toBeLessThanOrEqual(25);
  });
});

test.each([0, 60_000])("clients with many values leave room to count others (held for %i ms)", (holdMs) => {
  const table = tableOf({ distinct: true, most: 10, holdMs }, 200);
  for (let key = 0; key < 100; key++) for (let value = 0; value < 12; value++) table.take(`bad${key}`, 0, value, true);
  for (let value = 0; value < 12; value++) table.take("new", 1, value, true);
  expect(table.take("new", 1, 13, true).waitMs).toBeGreaterThan(0);
  expect(table.size).toBeLessThanOrEqual(200);
});

describe("a flood of new keys", () => {
  test("takes no more room than there is", () => {
    const table = tableOf({}, 64);
    for (let key = 0; key < 10_000; key++) table.take(`k${key}`, 0, 0, true);
    expect(table.size).toBeLessThanOrEqual(64);
    expect(table.size).toBeGreaterThan(48);
    expect(table.dropped).toBe(10_000 - table.size);
  });

  test.each([0, 60_000])("lets nobody go who is beyond the threshold (held for %i ms)", (holdMs) => {
    const table = tableOf({ holdMs }, 64);
    for (let key = 0; key < 40; key++) takeAll(table, `bad${key}`, 5);
    for (let key = 0; key < 10_000; key++) table.take(`k${key}`, 1, 0, true);
    const free = Array.from({ length: 40 }, (_, key) => `bad${key}`).filter(
      (key) => table.standing(key, 2).waitMs === 0,
    );
    expect(free).toEqual([]);
  });

  test("forgets keys with small counts before one that is nearly beyond", () => {
    const table = tableOf({}, 64);
    takeAll(table, "near", 3);
    for (let key = 0; key < 10_000; key++) table.take(`k${key}`, 1, 0, true);
    expect(takeAll(table, "near", 1, 2)[0]).toBeGreaterThan(0);
  });

  test("that are all beyond it leaves room to count others", () => {
    const table = tableOf({ holdMs: 60_000 }, 64);
    for (let key = 0; key < 1000; key++) takeAll(table, `bad${key}`, 5);
    expect(table.size).toBeLessThanOrEqual(64);
    expect(table.heldSize).toBeLessThanOrEqual(48);
    expect(takeAll(table, "new", 4).map((wait) => wait > 0)).toEqual([false, false, false, true]);
  });

  test("keys whose time is over make room for new ones", () => {
    const table = tableOf({ holdMs: 1000 }, 64);
    for (let round = 0; round < 20; round++) {
      for (let key = 0; key < 40; key++) takeAll(table, `r${round}k${key}`, 4, round * 2000);
    }
    expect(table.isHeld("r19k39", 19 * 2000 + 1)).toBe(true);
  });
});
