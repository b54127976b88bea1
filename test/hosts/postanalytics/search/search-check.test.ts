/** Searches as the console shows them while they are typed. */
import { expect, test } from "vitest";
import { searchCheckSchema } from "../../../../hosts/postanalytics/api/schema.ts";
import { checkSearch } from "../../../../hosts/postanalytics/search/search-check.ts";

test.each([
  ["", [], ""],
  ["type:sqli !ip:10.0.0.0/8", ["type:sqli", "!ip:10.0.0.0/8"], 'type == "sqli" && !(ip in "10.0.0.0/8")'],
  ['type == "sqli" && action == "blocked"', ["type:sqli", "blocked"], 'type == "sqli" && action == "blocked"'],
])("%j has the chips %j", (text, chips, long) => {
  const check = searchCheckSchema.parse(checkSearch(text));
  expect([check.valid, check.long, check.chips.map((chip) => chip.text), check.problem]).toEqual([
    true,
    long,
    chips,
    null,
  ]);
  // Chips put together again are the search.
  if (chips.length > 0) expect(checkSearch(check.chips.map((chip) => chip.text).join(" ")).long).toBe(long);
});

test.each(["type == ", "tpye:sqli", 'type == "', "ip == 5", "x".repeat(5000)])("what is wrong is told: %j", (text) => {
  const check = searchCheckSchema.parse(checkSearch(text));
  expect([check.valid, check.long]).toEqual([false, ""]);
  expect(check.problem?.message).toMatch(/—/);
});
