/** Types as people read them, and which are one. */
import { expect, test } from "vitest";
import { sameType, typeText } from "../../../../hosts/policy/expression/ast.ts";
import { ANY, INT, listOf, mapOf, STRING } from "../../../../hosts/policy/expression/schema.ts";

test("a type is named with what it holds", () => {
  expect(typeText(mapOf(listOf(STRING)))).toBe("map of list of string");
});

test("what is empty has elements of any type, and a list is no map", () => {
  expect(sameType(listOf(ANY), listOf(INT))).toBe(true);
  expect(sameType(listOf(STRING), listOf(INT))).toBe(false);
  expect(sameType(listOf(INT), mapOf(INT))).toBe(false);
  expect(sameType(INT, listOf(INT))).toBe(false);
});
