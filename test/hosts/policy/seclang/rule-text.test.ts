/** SecLang's inner form: variables, operators and actions as they are written in practice. */
import { expect, test } from "vitest";
import { actionsOf, operatorOf, SecLangFault, variablesOf } from "../../../../hosts/policy/seclang/rule-text.ts";

test("variables have names in any case, keys, and what is left out or counted", () => {
  const found = variablesOf("args|!REQUEST_COOKIES:/__utm|x/|&REQUEST_HEADERS:'X-A',XML:/*");
  expect(found.map(({ name, key, isExcluded, isCount }) => [name, key, isExcluded, isCount])).toEqual([
    ["ARGS", undefined, false, false],
    ["REQUEST_COOKIES", "/__utm|x/", true, false],
    ["REQUEST_HEADERS", "X-A", false, true],
    ["XML", "/*", false, false],
  ]);
});

test.each([
  ["^a", "rx", "^a", false],
  ["!@rx ^a b", "rx", "^a b", true],
  ["@streq", "streq", "", false],
  ["@detectSQLi", "detectsqli", "", false],
  ["a@b.example", "rx", "a@b.example", false],
])("%j is an operator", (text, name, argument, isNegated) => {
  expect(operatorOf(text)).toEqual({ name, argument, isNegated });
});

test("actions keep commas of their quotes", () => {
  expect(actionsOf("id:1,msg:'a, b',deny,setvar:'tx.a=+%{tx.b}',t:none")).toEqual([
    { name: "id", value: "1" },
    { name: "msg", value: "a, b" },
    { name: "deny", value: "" },
    { name: "setvar", value: "tx.a=+%{tx.b}" },
    { name: "t", value: "none" },
  ]);
  expect(new SecLangFault("x")).toBeInstanceOf(Error);
});
