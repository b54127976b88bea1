/** Costs: they grow with what is visited, and multiply where elements are asked. */
import { expect, test } from "vitest";
import { COST_MAX } from "../../../../hosts/policy/expression/cost.ts";
import { compileValue, type Schema } from "../../../../hosts/policy/expression/expression.ts";
import { listOf, STRING } from "../../../../hosts/policy/expression/schema.ts";

const SCHEMA: Schema = {
  short: { type: STRING, charsMax: 10, about: "" },
  long: { type: STRING, charsMax: 1000, about: "" },
  list: { type: listOf(STRING), charsMax: 100, entriesMax: 50, about: "" },
};
const costOf = (text: string): number => compileValue(text, SCHEMA).cost;

test("a longer text costs more, and its length twice as much", () => {
  expect(costOf('long.contains("a")')).toBeGreaterThan(costOf('short.contains("a")') + 900);
  expect(costOf('(short + long).contains("a")')).toBeGreaterThan(1010 + 1000);
});

test("an element costs as often as there are elements", () => {
  const once = costOf('list.exists(one, one.contains("a"))');
  expect(once).toBeGreaterThan(50 * 100);
  expect(costOf("list.exists(one, list.exists(two, one == two))")).toBeGreaterThan(40 * once);
});

test("what was written out costs nothing to speak of", () => {
  expect(costOf(`short == "${"a".repeat(4000)}"`)).toBeLessThan(50);
  expect(costOf("1 + 2 * 3 == 7")).toBe(1);
  expect(COST_MAX).toBeGreaterThan(1_000_000);
});
