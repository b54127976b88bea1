/** The bytes of a block: what is written is read, in SQL's order too, and what is taken out is gone. */
import { expect, test } from "vitest";
import {
  BLOCK_ROW_BYTES,
  type BlockRow,
  decodeBlock,
  encodeRows,
  keepTimes,
  spanOf,
  subtractRows,
} from "../../../../../hosts/postanalytics/store/blocks/block.ts";

const ROWS: readonly BlockRow[] = [
  { at: 1_795_000_000_123, finding: 7, kind: 2, client: 9, path: 4, n: 1 },
  { at: -5, finding: 1, kind: 3, client: 2, path: 2 ** 31 - 1, n: 40 },
  { at: 2 ** 41, finding: 1, kind: 1, client: 2, path: 1, n: 1 },
  { at: 2 ** 41, finding: 1, kind: 1, client: 2, path: 1, n: 1 },
];

function read(bytes: Buffer): BlockRow[] {
  const { rows, at, finding, kind, client, path, n } = decodeBlock(bytes);
  return Array.from({ length: rows }, (_, row) => ({
    ...{ at: at[row] ?? 0, finding: finding[row] ?? 0, kind: kind[row] ?? 0 },
    ...{ client: client[row] ?? 0, path: path[row] ?? 0, n: n[row] ?? 0 },
  }));
}

test("rows are read as they were written, those of a client and kind beside each other", () => {
  const bytes = encodeRows(ROWS);
  expect(bytes.length).toBe(ROWS.length * BLOCK_ROW_BYTES);
  expect(bytes.subarray(0, BLOCK_ROW_BYTES).toString("hex")).toBe(
    "000001a1ee565e7b0000000700000002000000090000000400000001",
  );
  // By the order in which clients and kinds come first.
  expect(read(bytes)).toEqual(ROWS);
  const [first, second, third] = ROWS;
  if (first === undefined || second === undefined || third === undefined) throw new Error("too few");
  const mixed = [second, first, third, { ...first, n: 2 }, { ...second, n: 3 }];
  expect(read(encodeRows(mixed))).toEqual([second, { ...second, n: 3 }, third, first, { ...first, n: 2 }]);
  expect(spanOf(bytes)).toEqual([-5, 2 ** 41]);
  expect([read(Buffer.alloc(0)), spanOf(Buffer.alloc(0))]).toEqual([[], null]);
});

test("a block too large to be sorted keeps its order", () => {
  const many = Array.from({ length: 65_537 }, (_, i): BlockRow => {
    return { at: i, finding: i, kind: i % 2, client: i % 3, path: i, n: 1 };
  });
  expect(read(encodeRows(many)).map(({ at }) => at)).toEqual(many.map(({ at }) => at));
});

test("rows are taken out by time, and by what they are as often as they are named", () => {
  const bytes = encodeRows(ROWS);
  expect(read(keepTimes(bytes, (at) => at > 0))).toHaveLength(3);
  const twin = bytes.toString("latin1", 2 * BLOCK_ROW_BYTES, 3 * BLOCK_ROW_BYTES);
  const gone = new Map([
    [twin, 1],
    ["another", 1],
  ]);
  expect(read(subtractRows(bytes, gone))).toEqual(ROWS.slice(0, 2).concat(ROWS.slice(3)));
  expect([...gone.values()]).toEqual([0, 1]);
});
