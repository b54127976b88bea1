/** Characters as bytes: the ranges of any set are exactly the UTF-8 forms of its characters. */
import { expect, test } from "vitest";
import { byteRanges, programOf } from "../../../../hosts/policy/regex/program.ts";
import { literalTree } from "../../../../hosts/policy/regex/tree.ts";

function takes(first: number, last: number, code: number): boolean {
  const bytes = [...Buffer.from(String.fromCodePoint(code), "utf8")];
  return byteRanges(first, last).some(
    (row) =>
      row.length === bytes.length &&
      row.every(([low, high], at) => low <= (bytes[at] ?? 0) && (bytes[at] ?? 0) <= high),
  );
}

test.each([
  [0x61, 0x61],
  [0x70, 0x90],
  [0x7f, 0x800],
  [0x3b1, 0x3c9],
  [0xd7f0, 0xe010],
  [0xfff0, 0x10010],
  [0x1f600, 0x1f64f],
  [0, 0x10ffff],
])("from %i to %i", (first, last) => {
  for (const edge of [
    0,
    first - 1,
    first,
    first + 1,
    Math.floor((first + last) / 2),
    last - 1,
    last,
    last + 1,
    0x10ffff,
  ]) {
    const isCharacter = edge >= 0 && edge <= 0x10ffff && !(edge >= 0xd800 && edge <= 0xdfff);
    if (isCharacter) expect(takes(first, last, edge), `${edge}`).toBe(edge >= first && edge <= last);
  }
});

test("a text has a step a byte and one for the match", () => {
  expect(programOf(literalTree("aé")).steps.map(({ kind }) => kind)).toEqual(["match", "bytes", "bytes", "bytes"]);
});
