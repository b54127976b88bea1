/** Picks the rows of a block that a search means. */
import type { DimensionColumn } from "../../search/predicate.ts";
import type { Columns } from "./block.ts";
import type { Filter, HeldBlock, Scope, Sizes } from "./question.ts";

/** Writes 1 into `marks` for each of the picked rows that passes, and 0 for the others. */
type RowTest = (columns: Columns, picked: Uint32Array, count: number, marks: Uint8Array) => void;

/** For each number of a small table, 1 where it is meant. */
interface NumberSet {
  readonly column: DimensionColumn;
  readonly bits: Uint8Array;
}

type Folded = NumberSet | RowTest;

/** Picks rows. */
export class RowPicker {
  readonly #from: number;
  readonly #to: number;
  /** All of them hold: of each small table at most one set, and then what is asked of rows one by one. */
  readonly #sets: readonly NumberSet[];
  readonly #tests: readonly RowTest[];
  #picked = new Uint32Array(0);
  #marks = new Uint8Array(0);

  constructor({ from, to, filter }: Pick<Scope, "from" | "to" | "filter">, sizes: Sizes) {
    this.#from = from;
    this.#to = to;
    const all = conjunction(filter).map((part) => fold(part, sizes));
    this.#sets = intersected(all.filter((part) => typeof part !== "function"));
    this.#tests = all.filter((part) => typeof part === "function");
  }

  /** @returns rows of a block in their order, until the next call */
  pick({ first, last, columns }: HeldBlock): Uint32Array {
    if (this.#picked.length < columns.rows) {
      this.#picked = new Uint32Array(columns.rows);
      this.#marks = new Uint8Array(columns.rows);
    }
    const picked = this.#picked;
    let count = this.#inTime(first, last, columns, picked);
    for (const { column, bits } of this.#sets) {
      const numbers = columns[column];
      let kept = 0;
      for (let i = 0; i < count; i++) {
        const row = picked[i] ?? 0;
        picked[kept] = row;
        kept += bits[numbers[row] ?? 0] ?? 0;
      }
      count = kept;
    }
    for (const test of this.#tests) {
      const marks = this.#marks;
      test(columns, picked, count, marks);
      let kept = 0;
      for (let i = 0; i < count; i++) {
        picked[kept] = picked[i] ?? 0;
        kept += marks[i] ?? 0;
      }
      count = kept;
    }
    return picked.subarray(0, count);
  }

  #inTime(first: number, last: number, { rows, at }: Columns, picked: Uint32Array): number {
    if (first >= this.#from && last < this.#to) {
      for (let row = 0; row < rows; row++) picked[row] = row;
      return rows;
    }
    let count = 0;
    for (let row = 0; row < rows; row++) {
      const time = at[row] ?? 0;
      if (time >= this.#from && time < this.#to) picked[count++] = row;
    }
    return count;
  }
}

function conjunction(filter: Filter): readonly Filter[] {
  return filter.kind === "and" ? filter.parts.flatMap(conjunction) : [filter];
}

function intersected(sets: readonly NumberSet[]): readonly NumberSet[] {
  const byColumn = Map.groupBy(sets, ({ column }) => column);
  return [...byColumn].map(([column, some]) => combined(column, some, "and"));
}

/** What asks of one small table alone becomes a set of its numbers; the rest is asked of each row. */
function fold(filter: Filter, sizes: Sizes): Folded {
  switch (filter.kind) {
    case "dimension": {
      const bits = new Uint8Array(sizes[filter.column]);
      for (const id of filter.ids) if (id < bits.length) bits[id] = 1;
      return { column: filter.column, bits };
    }
    case "not": {
      const part = fold(filter.part, sizes);
      if (typeof part === "function") return opposite(part);
      return { column: part.column, bits: part.bits.map((bit) => 1 - bit) };
    }
    case "number":
      return numberTest(filter);
    default:
      return foldParts(
        filter.kind,
        filter.parts.map((part) => fold(part, sizes)),
      );
  }
}

function foldParts(kind: "and" | "or", parts: readonly Folded[]): Folded {
  const sets = parts.filter((part) => typeof part !== "function");
  const [first] = sets;
  if (first !== undefined && sets.length === parts.length && sets.every(({ column }) => column === first.column)) {
    return combined(first.column, sets, kind);
  }
  return joined(kind, parts.map(testOf));
}

function opposite(test: RowTest): RowTest {
  return (columns, picked, count, marks) => {
    test(columns, picked, count, marks);
    for (let i = 0; i < count; i++) marks[i] = 1 - (marks[i] ?? 0);
  };
}

function joined(kind: "and" | "or", tests: readonly RowTest[]): RowTest {
  let others = new Uint8Array(0);
  return (columns, picked, count, marks) => {
    if (others.length < count) others = new Uint8Array(marks.length);
    marks.fill(kind === "and" ? 1 : 0, 0, count);
    for (const test of tests) {
      test(columns, picked, count, others);
      if (kind === "and") for (let i = 0; i < count; i++) marks[i] = (marks[i] ?? 0) & (others[i] ?? 0);
      else for (let i = 0; i < count; i++) marks[i] = (marks[i] ?? 0) | (others[i] ?? 0);
    }
  };
}

function combined(column: DimensionColumn, sets: readonly NumberSet[], kind: "and" | "or"): NumberSet {
  const [first, ...others] = sets;
  const bits = Uint8Array.from(first?.bits ?? []);
  for (const other of others) {
    for (let id = 0; id < bits.length; id++) {
      const [mine, its] = [bits[id] ?? 0, other.bits[id] ?? 0];
      bits[id] = kind === "and" ? mine & its : mine | its;
    }
  }
  return { column, bits };
}

function testOf(folded: Folded): RowTest {
  if (typeof folded === "function") return folded;
  const { column, bits } = folded;
  return (columns, picked, count, marks) => {
    const numbers = columns[column];
    for (let i = 0; i < count; i++) marks[i] = bits[numbers[picked[i] ?? 0] ?? 0] ?? 0;
  };
}

function numberTest({ column, sign, values }: Filter & { kind: "number" }): RowTest {
  const [value = 0] = values;
  const tests: Readonly<Record<string, (number: number) => boolean>> = {
    "=": (number) => number === value,
    "<>": (number) => number !== value,
    "<": (number) => number < value,
    "<=": (number) => number <= value,
    ">": (number) => number > value,
    ">=": (number) => number >= value,
    in: (number) => values.includes(number),
  };
  const test = tests[sign];
  if (test === undefined) throw new Error(`no comparison is called ${sign}`);
  return (columns, picked, count, marks) => {
    const numbers = columns[column];
    for (let i = 0; i < count; i++) marks[i] = test(numbers[picked[i] ?? 0] ?? 0) ? 1 : 0;
  };
}
