/** Operators of SecLang as conditions: each against texts that it fits and does not fit. */
import { expect, test } from "vitest";
import { compileExpression } from "../../../../hosts/policy/expression/expression.ts";
import { REQUEST_VARIABLES } from "../../../../hosts/policy/expression/variables.ts";
import { conditionOf, countOf, coveredBy, networksOf } from "../../../../hosts/policy/seclang/conditions.ts";
import { operatorOf } from "../../../../hosts/policy/seclang/rule-text.ts";

const conditionText = (written: string, isLower = false, isLength = false): string =>
  conditionOf(operatorOf(written), isLower, isLength)("path");
const fits = (written: string, path: string, isLower = false, isLength = false): unknown =>
  compileExpression(conditionText(written, isLower, isLength), REQUEST_VARIABLES).evaluate({ path });

test.each([
  ["@rx ^/a.b$", ["/a\nb", "x\n/axb"], ["/ab"]],
  ["@rx a{2}", ["aa"], ["a"]],
  ['@contains a"b', ['x a"b'], ["ab"]],
  ["@beginsWith /a", ["/ab"], ["b/a"]],
  ["@endsWith .php", ["/x.php"], ["/x.phpx"]],
  ["@streq /a", ["/a"], ["/A"]],
  ["@containsWord cat", ["a cat."], ["cats"]],
  ["@pm a.b union", ["xA.By", "UNION"], ["axb"]],
  ["@within GET POST", ["GET", "POST"], ["PUT", "ET"]],
  ["@validateByteRange 32-126", ["a\n", "ä"], ["a~"]],
  ["@validateByteRange 1-255", ["a\0"], ["ä\n"]],
])("%s", (written, yes, no) => {
  for (const text of yes) expect([text, fits(written, text)]).toEqual([text, true]);
  for (const text of no) expect([text, fits(written, text)]).toEqual([text, false]);
});

test("letters are made lower, and lengths are counted", () => {
  expect([
    fits("@streq /a", "/A", true),
    fits("@gt 3", "/abc", false, true),
    fits("@gt 4", "/abc", false, true),
  ]).toEqual([true, true, false]);
});

test.each([
  ["@rx (?=a)b", "in linear time"],
  ["@rx a%{tx.x}", "a macro has no value here"],
  ["@eq 5", "rules have no such question"],
  ["@rbl x.example", "waits for no other server"],
  ["@validateByteRange 1-200", "takes some bytes above 127"],
  ["@validateByteRange 0-255", "fits nothing"],
  ["@validateByteRange x", "is no range"],
  ["@pm #", "is empty"],
])("%s is refused", (written, why) => {
  expect(() => conditionText(written)).toThrow(why);
});

test("networks, counts and what signatures do", () => {
  expect(networksOf("10.0.0.0/8, 192.0.2.1")).toBe('ip in ["10.0.0.0/8","192.0.2.1"]');
  expect(() => networksOf("10.0.0.300")).toThrow("is no network");
  const targets = [{ kind: "points" as const, pattern: "query.x" }];
  expect(countOf(operatorOf("@eq 0"), targets)).toBe('!has(point["query.x"])');
  expect(countOf(operatorOf("!@eq 0"), targets)).toBe('has(point["query.x"])');
  expect(() => countOf(operatorOf("@gt 3"), targets)).toThrow("not how many");
  expect(coveredBy(operatorOf("@detectSQLi"))).toContain("signatures of sqli");
  expect(coveredBy(operatorOf("@rx a"))).toBeUndefined();
});
