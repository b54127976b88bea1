/** Which rows of a block are picked: each sort of condition, alone and joined, against the plainest way. */
import { expect, test } from "vitest";
import { decodeBlock, encodeRows } from "../../../../../hosts/postanalytics/store/blocks/block.ts";
import { RowPicker } from "../../../../../hosts/postanalytics/store/blocks/filter.ts";
import type { Filter } from "../../../../../hosts/postanalytics/store/blocks/question.ts";
import { createRandom, pick, type Random } from "../../../../bench/random.ts";

const SEED = Number(process.env["MERLON_SEED"] ?? Math.floor(Math.random() * 1e9));
const COLUMNS = ["finding", "kind", "client", "path"] as const;
const SIGNS = ["=", "<>", "<", "<=", ">", ">=", "in"];
const NUMBERS = 6;

type Row = Readonly<Record<"at" | "n" | (typeof COLUMNS)[number], number>>;

function randomFilter(random: Random, depth: number): Filter {
  if (depth > 0) {
    const parts = Array.from({ length: random(4) }, () => randomFilter(random, depth - 1));
    return pick(random, [
      { kind: "and", parts },
      { kind: "or", parts },
      { kind: "not", part: randomFilter(random, depth - 1) },
    ]);
  }
  const values = Array.from({ length: 1 + random(3) }, () => random(NUMBERS));
  const column = pick(random, ["at", "n"] as const);
  return pick<Filter>(random, [
    { kind: "dimension", column: pick(random, COLUMNS), ids: Int32Array.from(values) },
    { kind: "number", column, sign: pick(random, SIGNS), values },
  ]);
}

function passes(filter: Filter, row: Row): boolean {
  switch (filter.kind) {
    case "and":
      return filter.parts.every((part) => passes(part, row));
    case "or":
      return filter.parts.some((part) => passes(part, row));
    case "not":
      return !passes(filter.part, row);
    case "dimension":
      return filter.ids.includes(row[filter.column]);
    default: {
      const [number, value = 0] = [row[filter.column], filter.values[0]];
      const order = Math.sign(number - value);
      const holds = { "=": order === 0, "<>": order !== 0, "<": order < 0, "<=": order <= 0, ">": order > 0 };
      if (filter.sign === "in") return filter.values.includes(number);
      return new Map(Object.entries({ ...holds, ">=": order >= 0 })).get(filter.sign) === true;
    }
  }
}

test(`rows are picked that pass, seed ${SEED}`, () => {
  const random = createRandom(SEED);
  const of = (): number => random(NUMBERS);
  const rows = Array.from({ length: 300 }, (): Row => {
    return { at: of(), finding: of(), kind: of(), client: of(), path: of(), n: of() };
  });
  const columns = decodeBlock(encodeRows(rows));
  const sizes = { finding: NUMBERS, kind: NUMBERS, client: NUMBERS, path: NUMBERS };
  let some = 0;
  for (let i = 0; i < 400; i++) {
    const filter = randomFilter(random, random(4));
    const [from, to] = pick(random, [
      [0, NUMBERS],
      [1, 4],
    ]);
    const picker = new RowPicker({ from: from ?? 0, to: to ?? 0, filter }, sizes);
    const picked = [...picker.pick({ id: 1, first: 0, last: NUMBERS - 1, columns })];
    const expected = Array.from({ length: rows.length }, (_, row) => row).filter((row) => {
      const { at, finding, kind, client, path, n } = columns;
      const numbers = [at, finding, kind, client, path, n].map((column) => column[row] ?? 0);
      const [time = 0, finds = 0, is = 0, who = 0, where = 0, count = 0] = numbers;
      const inside = time >= (from ?? 0) && time < (to ?? 0);
      return inside && passes(filter, { at: time, finding: finds, kind: is, client: who, path: where, n: count });
    });
    expect({ filter, picked }).toEqual({ filter, picked: expected });
    if (expected.length > 0 && expected.length < rows.length) some++;
  }
  expect(some).toBeGreaterThan(100);
});

test("a number that came after the sets were made is in none of them", () => {
  const columns = decodeBlock(encodeRows([{ at: 1, finding: 9, kind: 1, client: 1, path: 1, n: 1 }]));
  const filter: Filter = { kind: "dimension", column: "finding", ids: Int32Array.of(9) };
  const sizes = { finding: 5, kind: 2, client: 2, path: 2 };
  const picker = new RowPicker({ from: 0, to: 5, filter }, sizes);
  expect([...picker.pick({ id: 1, first: 1, last: 1, columns })]).toEqual([]);
});
