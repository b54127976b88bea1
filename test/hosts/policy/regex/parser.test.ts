/** Trees of patterns: what repeats what, and which flags hold where. */
import { expect, test } from "vitest";
import { parsePattern } from "../../../../hosts/policy/regex/parser.ts";
import type { Tree } from "../../../../hosts/policy/regex/tree.ts";

function shown(tree: Tree): string {
  switch (tree.kind) {
    case "set":
      return tree.ranges
        .map((range) => [...new Set(range)].map((code) => String.fromCodePoint(code)).join("-"))
        .join("");
    case "place":
      return `<${tree.place}>`;
    case "repeat":
      return `${shown(tree.part)}{${tree.least},${tree.most}}`;
    default:
      return `${tree.kind === "either" ? "either" : ""}(${tree.parts.map(shown).join(" ")})`;
  }
}

test.each([
  ["ab*", "(a b{0,Infinity})"],
  ["(?:ab)+?|c{2,}", "either((a b){1,Infinity} c{2,Infinity})"],
  ["^a$", "(<begin> a <end>)"],
  ["(?m)^a$", "(<lineBegin> a <lineEnd>)"],
  ["(?i)a(?-i)b", "(Aa b)"],
  ["(?i:a)b", "(Aa b)"],
  ["[a-c[:digit:]-]", "-0-9a-c"],
  ["a{,3}", "(a { , 3 })"],
  ["\\Qa*\\E*", "(a *){0,Infinity}"],
])("%s", (pattern, tree) => {
  expect(shown(parsePattern(pattern))).toBe(tree);
});
