/** Types that hold others. */
import { expect, test } from "vitest";
import { listOf, mapOf, STRING } from "../../../../hosts/policy/expression/schema.ts";
import { RECORD_VARIABLES, REQUEST_VARIABLES } from "../../../../hosts/policy/expression/variables.ts";

test("lists and maps say what they hold", () => {
  expect([listOf(STRING), mapOf(STRING)]).toEqual([
    { kind: "list", of: STRING },
    { kind: "map", of: STRING },
  ]);
});

test("a name means the same in rules and in search", () => {
  expect(RECORD_VARIABLES).toMatchObject(REQUEST_VARIABLES);
});
