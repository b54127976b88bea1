/** Huffman codes: tables against codes assigned by hand as RFC 1951 §3.2.2 says. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { dropAll, put, room } from "../scratch.ts";

const core = new Core("test");

/** Code of each symbol, its first bit lowest, from the lengths of all. */
function codesOf(lengths: readonly number[]): number[] {
  const codes = lengths.map(() => 0);
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    for (const [symbol, own] of lengths.entries()) {
      if (own === length) codes[symbol] = Number.parseInt([...bits(code++, length)].reverse().join(""), 2);
    }
    code <<= 1;
  }
  return codes;
}

function bits(code: number, length: number): string {
  return code.toString(2).padStart(length, "0");
}

/** Lengths of a complete code: leaves of a tree that was split at random. */
const complete = fc.array(fc.nat(), { minLength: 1, maxLength: 250 }).map((splits) => {
  const leaves = [1, 1];
  for (const split of splits) {
    const at = split % leaves.length;
    const depth = leaves[at] ?? 15;
    if (depth < 15) leaves.splice(at, 1, depth + 1, depth + 1);
  }
  return leaves;
});

function build(lengths: readonly number[]): { readonly table: number; readonly left: number } {
  const table = room(core, core.call("huffmanBytes")(lengths.length));
  const at = put(core, Buffer.from(lengths));
  return { table, left: core.call("huffmanBuild")(table, at, lengths.length) | 0 };
}

test("every symbol of a complete code is read back, whatever follows it", () => {
  check(
    fc.property(complete, fc.nat(0x7fff), (lengths, behind) => {
      const { table, left } = build(lengths);
      expect(left).toBe(0);
      for (const [symbol, code] of codesOf(lengths).entries()) {
        const length = lengths[symbol] ?? 0;
        const read = core.call("huffmanRead")(table, (code | (behind << length)) & 0x7fff);
        expect([read >> 4, read & 15]).toEqual([symbol, length]);
      }
      dropAll(core);
    }),
    100,
  );
});

test.each([
  [[1, 1, 1], -1, "more codes of one bit than there are"],
  [[2, 2, 2], 1, "one of four is left"],
  [[1], 1, "a single code"],
  [[0, 0], 0, "no code at all"],
])("%j leaves %i: %s", (lengths, sign) => {
  expect(Math.sign(build(lengths).left)).toBe(sign);
  dropAll(core);
});

test("what no code begins with is no symbol", () => {
  expect(core.call("huffmanRead")(build([2, 2, 2]).table, 3)).toBe(0);
  expect(core.call("huffmanRead")(build([0, 0]).table, 0)).toBe(0);
  dropAll(core);
});
