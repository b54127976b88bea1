/** Named sets against the runtime's, and what folding adds. */
import { expect, test } from "vitest";
import { foldRanges, POSIX_NAMES, perlSet, posixSet } from "../../../../hosts/policy/regex/charset.ts";
import type { Range } from "../../../../hosts/policy/regex/tree.ts";

const ASCII = Array.from({ length: 128 }, (_, code) => code);
const has = (ranges: readonly Range[], code: number): boolean => ranges.some(([a, b]) => a <= code && code <= b);

test.each(["d", "w", "D", "W"])("\\%s has the characters that it has elsewhere", (letter) => {
  const expected = new RegExp(`\\${letter}`);
  const set = perlSet(letter) ?? [];
  expect(ASCII.filter((code) => has(set, code))).toEqual(
    ASCII.filter((code) => expected.test(String.fromCharCode(code))),
  );
});

test("\\s has no vertical tab, as in RE2, and the one of POSIX has", () => {
  expect([has(perlSet("s") ?? [], 11), has(posixSet("space") ?? [], 11)]).toEqual([false, true]);
});

test("names are known, and so are their opposites", () => {
  for (const name of POSIX_NAMES) {
    const [set, not] = [posixSet(name) ?? [], posixSet(`^${name}`) ?? []];
    for (const code of ASCII) expect(has(set, code)).not.toBe(has(not, code));
  }
  expect([posixSet("nothing"), perlSet("q"), posixSet("constructor")]).toEqual([undefined, undefined, undefined]);
});

test("folding adds the other case, and the two letters that fold into ASCII", () => {
  expect(foldRanges([[0x73, 0x73]])).toEqual([
    [0x53, 0x53],
    [0x73, 0x73],
    [0x17f, 0x17f],
  ]);
  expect(has(foldRanges([[0xe4, 0xe4]]), 0xc4)).toBe(true);
});
