/** Patterns: as they are typed, as expressions have them, and what is no pattern. */
import { expect, test } from "vitest";
import {
  globOf,
  literalOf,
  patternCost,
  patternOfGlob,
  patternOfRegex,
  regexOf,
} from "../../../../hosts/postanalytics/search/pattern.ts";

test.each([
  ["/api/*", "^/api/.*$"],
  ["*", "^.*$"],
  ["a?c", "^a.c$"],
  ["a\\*b", "^a\\*b$"],
  ["a.b+(c)", "^a\\.b\\+\\(c\\)$"],
  ["", "^$"],
  ["\\\\", "^\\\\$"],
])("%s is %s, and the other way round", (glob, regex) => {
  expect(regexOf(patternOfGlob(glob))).toBe(regex);
  expect(globOf(patternOfRegex(regex) ?? [])).toBe(glob);
});

test.each([
  ["abc", "*abc*"],
  ["^abc", "abc*"],
  ["abc$", "*abc"],
  ["a\\/b", "*a/b*"],
])("what is not anchored may stand anywhere: %s", (regex, glob) => {
  expect(globOf(patternOfRegex(regex) ?? [])).toBe(glob);
});

test.each(["a+", "a*", "a|b", "[ab]", "(a)", "a{2}", "\\d", "a\\", ".+", ".*?", ".{2}", "(?i)a", "a^b", "$a"])(
  "%s is no pattern",
  (regex) => {
    expect(patternOfRegex(regex)).toBeUndefined();
  },
);

test("stars that follow each other are one", () => {
  expect(globOf(patternOfGlob("a***b"))).toBe("a*b");
});

test("text alone is known as such", () => {
  expect(literalOf(patternOfGlob("a\\*b"))).toBe("a*b");
  expect(literalOf(patternOfGlob(""))).toBe("");
  expect(literalOf(patternOfGlob("a*"))).toBeUndefined();
});

test("what would cost too much is named", () => {
  expect(patternCost(patternOfGlob("a*".repeat(8)))).toBeUndefined();
  expect(patternCost(patternOfGlob("a*".repeat(9)))).toContain("has 9 times *");
  expect(patternCost(patternOfGlob("a".repeat(513)))).toContain("has 513 characters");
});
