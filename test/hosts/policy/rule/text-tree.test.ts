/** Tests of texts as machines: what each finds, and the text in lower case. */
import { expect, test } from "vitest";
import { automatonOf, runAutomaton } from "../../../../hosts/policy/regex/automaton.ts";
import { textTree } from "../../../../hosts/policy/rule/text-tree.ts";

test.each([
  ["==", ["ab", "c"], "ab", "abc"],
  ["startsWith", ["ab"], "abc", "cab"],
  ["endsWith", ["ab"], "cab", "abc"],
  ["contains", ["a.b"], "xa.bx", "xaabx"],
  ["matches", ["a.b"], "xaabx", "ab"],
])("%s %j", (test_, texts, fits, not) => {
  const automaton = automatonOf(textTree(test_, texts, false));
  expect([fits, not].map((text) => runAutomaton(automaton, Buffer.from(text)))).toEqual([true, false]);
});

test("of a text in lower case, upper letters find nothing and lower ones both", () => {
  const finds = (pattern: string, text: string): boolean =>
    runAutomaton(automatonOf(textTree("matches", [pattern], true)), Buffer.from(text));
  expect([
    finds("ab", "xAbx"),
    finds("Ab", "xAbx"),
    finds("^[^a]$", "A"),
    finds("^[A-c]$", "C"),
    finds("Ä", "Ä"),
  ]).toEqual([true, false, false, true, true]);
});
