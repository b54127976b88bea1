/** Blocks of pairs: what is written is read, and what does not fit is not written. */
import { expect, test } from "vitest";
import { type Bytes, readPairs, writePairs } from "../../../hosts/core/pair-block.ts";

const PAIRS = [":path", "/a?b=\xff", "x-empty", "", "a", "b".repeat(300)];

test("pairs are read as they were written, wherever the block lies", () => {
  const view = Buffer.alloc(1024) as Bytes;
  for (const at of [0, 7, 100]) {
    const size = writePairs(view, at, 900, PAIRS.slice(0, 2), PAIRS.slice(2));
    expect(size).toBe(4 + 3 * 8 + PAIRS.reduce((sum, text) => sum + text.length + 1, 0));
    expect(readPairs(view, at)).toEqual(PAIRS);
  }
});

test("a block that does not fit is refused and nothing is written", () => {
  const view = Buffer.alloc(1024) as Bytes;
  expect(writePairs(view, 0, 300, PAIRS, [])).toBe(-1);
  expect(view.every((byte) => byte === 0)).toBe(true);
});
