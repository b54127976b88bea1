/** The checked tree: types, names in lower case, and what is known beforehand computed at once. */
import { expect, test } from "vitest";
import { compileValue } from "../../../../hosts/policy/expression/expression.ts";
import { RECORD_VARIABLES } from "../../../../hosts/policy/expression/variables.ts";

test("names of headers are folded, those of parameters are not", () => {
  expect(compileValue('header["X-Id"] + query["X-Id"]', RECORD_VARIABLES).ast).toMatchObject({
    kind: "call",
    name: "+",
    type: { kind: "string" },
    args: [{ args: [{ name: "header" }, { value: "x-id" }] }, { args: [{ name: "query" }, { value: "X-Id" }] }],
  });
});

test.each([
  ['"a" + "b"', "ab"],
  ["2 * 3 + 1", 7n],
  ['timestamp("1970-01-01T00:00:01Z") + duration("1s")', 2_000_000_000n],
  ["[1 + 1, 2]", [2n, 2n]],
  ['"abc".matches("b") ? 1 : 2', 1n],
])("%s is computed at once", (text, value) => {
  expect(compileValue(text, {}).ast).toMatchObject({ kind: "literal", value });
});

test("what is an error is one when it runs", () => {
  expect(compileValue("1 / 0 == 1 && now == now", RECORD_VARIABLES).ast).toMatchObject({ kind: "call", name: "&&" });
});

test("an element's name is known in its condition alone", () => {
  const fault = { message: expect.stringContaining('"one" is no variable') };
  const text = 'type.exists(one, one == "a") && one == "b"';
  expect(() => compileValue(text, RECORD_VARIABLES)).toThrow(expect.objectContaining(fault));
});
