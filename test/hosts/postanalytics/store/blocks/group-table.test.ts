/** Groups of a walk: silence parts them in whatever order records come, and a page that stands is never overtaken. */
import { expect, test } from "vitest";
import { GroupTable } from "../../../../../hosts/postanalytics/store/blocks/group-table.ts";
import { createRandom } from "../../../../bench/random.ts";

const SEED = Number(process.env["MERLON_SEED"] ?? Math.floor(Math.random() * 1e9));
const GAP = 1_000;
const BIG = 2 ** 40;
const tie = (key: number): string => String(key).padStart(20, "0");

type Row = readonly [key: number, at: number, n: number];

/** Groups of an array, in the plainest way: first, last, records and key of each. */
function plain(rows: readonly Row[]): number[][] {
  const groups: number[][] = [];
  for (const [key, at, n] of [...rows].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = groups.at(-1);
    if (last === undefined || last[3] !== key || at - (last[1] ?? 0) >= GAP) groups.push([at, at, n, key]);
    else [last[1], last[2]] = [at, (last[2] ?? 0) + n];
  }
  return groups;
}

function add(table: GroupTable, rows: readonly Row[]): void {
  for (const [key, at, n] of rows) {
    const head = table.find(key);
    if (head >= 0) table.add(head, at, n);
  }
}

function described(table: GroupTable, places: readonly number[]): number[][] {
  return places.map((place) => [
    ...[table.first[place] ?? 0, table.last[place] ?? 0, table.records[place] ?? 0, table.keyOf(place)],
  ]);
}

test.each([
  ["direct", 0],
  ["hashed", BIG],
])(`%s keys: groups are those of an array, in any order of records, seed ${SEED}`, (_, base) => {
  const random = createRandom(SEED);
  for (let round = 0; round < 50; round++) {
    const rows = Array.from({ length: 400 }, (): Row => [base + random(4), random(60_000), 1 + random(3)]);
    const table = new GroupTable(GAP, base + 4);
    add(table, rows);
    const all = described(table, table.top({ order: "records", limit: 1_000, after: null }, tie));
    const sorted = (groups: number[][]): string[] => groups.map((group) => group.join()).sort();
    expect(sorted(all)).toEqual(sorted(plain(rows)));
  }
});

test("many hashed keys are found again", () => {
  const table = new GroupTable(0, 2 ** 50);
  const keys = Array.from({ length: 20_000 }, (_, i) => i * 2 ** 33 + i);
  for (const key of keys) table.add(table.find(key), 5, 1);
  for (const key of keys) table.add(table.find(key), 7, 1);
  const [first] = table.top({ order: "records", limit: 1, after: null }, tie);
  expect(first === undefined ? [] : described(table, [first])[0]).toEqual([5, 7, 2, keys.at(-1)]);
});

test(`a page that stands is the page of all records, seed ${SEED}`, () => {
  const random = createRandom(SEED);
  for (let round = 0; round < 100; round++) {
    const rows = Array.from({ length: 300 }, (): Row => [random(6), random(40_000), 1]);
    rows.sort((a, b) => b[1] - a[1]);
    const limit = 1 + random(5);
    const order = { order: "last", limit, after: null } as const;
    const table = new GroupTable(GAP, 6);
    let isSettled = false;
    for (let at = 0; at < rows.length; at += 10) {
      add(table, rows.slice(at, at + 10));
      const rest = rows[at + 10]?.[1];
      if (rest === undefined) break;
      isSettled ||= table.settle(order, rest, tie);
      if (isSettled && table.isClosed(rest)) break;
    }
    const expected = plain(rows).sort((a, b) => (b[1] ?? 0) - (a[1] ?? 0) || (b[3] ?? 0) - (a[3] ?? 0));
    expect(described(table, table.top(order, tie))).toEqual(expected.slice(0, limit + 1));
  }
});
