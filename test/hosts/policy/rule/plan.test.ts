/** Plans: what the core is asked, and what it cannot be asked, with its column. */
import { expect, test } from "vitest";
import { compileExpression } from "../../../../hosts/policy/expression/expression.ts";
import { REQUEST_VARIABLES } from "../../../../hosts/policy/expression/variables.ts";
import { type Formula, planOf } from "../../../../hosts/policy/rule/plan.ts";

const plan = (when: string): Formula => planOf(compileExpression(when, REQUEST_VARIABLES), () => 7);

test.each([
  ["size(path) < 0", { kind: "constant", value: false }],
  ["size(path) >= 0", { kind: "constant", value: true }],
  ["size(path) > 9999999999", { kind: "constant", value: false }],
  ["method in []", { kind: "constant", value: false }],
  ['false && path == "a"', { kind: "constant", value: false }],
  ['!(true && path == "a")', { kind: "not", of: { kind: "term" } }],
  ['app == "shop"', { kind: "term", term: { kind: "number", compare: "equal", value: 7 } }],
  ['app == "12"', { kind: "term", term: { value: 12 } }],
  ["3 < size(path)", { kind: "term", term: { kind: "size", compare: "above", value: 3 } }],
  ['now == timestamp("2027-01-15T08:00:00.5Z")', { kind: "constant", value: false }],
  ['ip in ["10.0.0.0/8", "::1"]', { kind: "or", of: [{ term: { kind: "network" } }, { term: { kind: "network" } }] }],
  ['point["query.*"].all(v, v == "a")', { kind: "not", of: { kind: "exists", condition: { kind: "not" } } }],
])("%s", (when, formula) => {
  expect(plan(when)).toMatchObject(formula);
});

test.each([
  ["path == method", "column 6", "write the other one out"],
  ['path < "b"', "column 6", "write == or !="],
  ['(path + "a") == "b"', "column 7", "ask about one part"],
  ['header["host"] == "a"', "column 8", "write host"],
  ['header["a b"] == "a"', "column 8", "no name of a header"],
  ['header.exists(n, n == "a")', "column 1", 'write point["…"]'],
  ["size(body) > 3", "column 1", "while the body streams"],
  ["size(query) > 3", "column 1", "exists or has"],
  ['point["a.b*"].exists(v, v == "a")', "column 7", "is no point"],
  ['point["a"].exists(v, path.contains(v))', "column 36", "is not written out"],
  ['point["a"].exists(v, "a" in point["b"])', "column 34", "beside them"],
  ['point["a"].exists(v, ["b"].exists(w, w == v))', "column 28", "write value in"],
  ['now - duration("1h") > timestamp("2027-01-01T00:00:00Z")', "column 22", "cannot be asked"],
])("%s is refused at %s: %s", (when, place, why) => {
  expect(() => plan(when)).toThrow(expect.objectContaining({ code: "MERLON_EXPRESSION" }));
  expect(() => plan(when)).toThrow(place);
  expect(() => plan(when)).toThrow(why);
});
