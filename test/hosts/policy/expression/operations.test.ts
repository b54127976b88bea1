/** The table of operators and functions agrees with the names that the tree has. */
import { expect, test } from "vitest";
import { CALLS } from "../../../../hosts/policy/expression/ast.ts";
import { FORMS, FUNCTION_NAMES, LEFT_OUT, MAKERS } from "../../../../hosts/policy/expression/operations.ts";

test("every form is of a call, and nothing is both there and left out", () => {
  expect(Object.keys(FORMS).filter((name) => !CALLS.some((call) => call === name))).toEqual([]);
  expect(Object.keys(LEFT_OUT).filter((name) => FUNCTION_NAMES.includes(name))).toEqual([]);
  expect(MAKERS.filter((name) => !FUNCTION_NAMES.includes(name))).toEqual([]);
});
