/** Evaluation: errors are values on their way up, and a side that decides alone is enough. */
import { expect, test } from "vitest";
import type { Node } from "../../../../hosts/policy/expression/ast.ts";
import { EvaluationFault, evaluate } from "../../../../hosts/policy/expression/evaluator.ts";
import { compileValue, type Schema } from "../../../../hosts/policy/expression/expression.ts";
import { INT, listOf } from "../../../../hosts/policy/expression/schema.ts";

const SCHEMA: Schema = { n: { type: INT, about: "" }, list: { type: listOf(INT), about: "" } };
const treeOf = (text: string): Node => compileValue(text, SCHEMA).ast;

test.each([
  ["1 / n > 0 || true", true],
  ["true || 1 / n > 0", true],
  ["1 / n > 0 && false", false],
  ["list.exists(one, 6 / one == 2)", true],
  ["list.all(one, 6 / one == 3)", false],
  ["list[1] == 3", true],
  ["-n == 0 && size(list) == 2", true],
])("%s is %s", (text, value) => {
  expect(evaluate(treeOf(text), (name) => (name === "n" ? 0n : [0n, 3n]))).toBe(value);
});

test.each([
  ["1 / n == 1", "divides by zero"],
  ["1 % n == 1", "divides by zero"],
  ["n + 1 > 0", "64 bits"],
  ["list[9] == 0", "no element"],
  ["1 / n > 0 && true", "divides by zero"],
])("%s has no value: %s", (text, why) => {
  const n = text.startsWith("n") ? 9_223_372_036_854_775_807n : 0n;
  const value = evaluate(treeOf(text), (name) => (name === "n" ? n : [1n]));
  expect(value).toBeInstanceOf(EvaluationFault);
  expect(value).toMatchObject({ why: expect.stringContaining(why) });
});
