/** The tree of a text: what binds how, and the bounds of depth and size. */
import { expect, test } from "vitest";
import { parseExpression, type Syntax } from "../../../../hosts/policy/expression/parser.ts";

function shown(node: Syntax): string {
  switch (node.kind) {
    case "list":
      return `[${node.items.map(shown).join(" ")}]`;
    case "select":
      return `${shown(node.of)}.${node.name}`;
    case "call": {
      const args = [...(node.of === undefined ? [] : [node.of]), ...node.args];
      return `(${[node.name, ...args.map(shown)].join(" ")})`;
    }
    default:
      return node.text;
  }
}

test.each([
  ["a || b && c == d + e * -f", "(|| a (&& b (== c (+ d (* e (negate f))))))"],
  ["a - b - c", "(- (- a b) c)"],
  ["!a.b(c)[0].d", "(! (index (b a c) 0).d)"],
  ["a ? b : c ? d : e", "(?: a b (?: c d e))"],
  ["x in [1, 2,]", "(in x [1 2])"],
  ["-5 + --5", "(+ -5 (negate -5))"],
  ["(a || b) && c", "(&& (|| a b) c)"],
  ["f()", "(f)"],
])("%s is %s", (text, tree) => {
  expect(shown(parseExpression(text))).toBe(tree);
});

test.each([
  ["f(a,)", "is no value"],
  ["a b", "does not go on"],
  ["[1", "never closed"],
  ["a ? b", "never closed"],
  ["a.", "no name"],
  ["in", "is no value"],
  [`${"-".repeat(100)}a`, "deeper"],
  [Array.from({ length: 3000 }, () => "1").join("+"), "parts"],
])("%s is refused: %s", (text, why) => {
  expect(() => parseExpression(text)).toThrow(why);
});
