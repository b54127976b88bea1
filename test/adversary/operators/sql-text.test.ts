/** Which bytes of a value operators on SQL may touch. */
import { expect, test } from "vitest";
import { leavingOf, piecesOf, rewriteFree } from "./sql-text.ts";

const CASES = [
  ["1 or 2=2", "[1 or 2=2]"],
  ["x' or 'a b'='c", "x'[ or ]'a b'[=]'c"],
  ["' or 1=1 -- no more", "'[ or 1=1 ]-- no more"],
  ["1/* a b */or 'it''s' or 2#x y", "[1]/* a b */[or ]'it''s'[ or 2]#x y"],
  ['z" or "a', 'z"[ or ]"a'],
  ["(select 'a b')", "[(select ]'a b'[)]"],
] as const;

test.each(CASES)("%s", (value, marked) => {
  const pieces = piecesOf(value);
  expect(pieces.map(({ text, free }) => (free ? `[${text}]` : text)).join("")).toBe(marked);
  expect(pieces.map(({ text }) => text).join("")).toBe(value);
});

test("only free pieces are written anew", () => {
  expect(rewriteFree("x' or 'a b'='c", (text) => text.replaceAll(" ", "_"))).toBe("x'_or_'a b'='c");
});

test("what leaves a string is told from what begins as SQL", () => {
  expect(leavingOf("admin' -- ")).toBe("admin'");
  expect(leavingOf("1 or 'a'='a'")).toBe("");
});
