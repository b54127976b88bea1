/** Programs: postfix, the deepest part first, and never more at hand than the core has room for. */
import { expect, test } from "vitest";
import type { Formula } from "../../../../hosts/policy/rule/plan.ts";
import { programOf } from "../../../../hosts/policy/rule/program.ts";

const term = (): Formula => ({ kind: "term", subject: { kind: "path", name: "" }, term: { kind: "present" } });
const [a, b, c] = [term(), term(), term()];
const numbers = new Map<Formula, number>([
  [a, 0],
  [b, 1],
  [c, 300],
]);

test("a formula is its steps", () => {
  const formula: Formula = { kind: "or", of: [a, { kind: "not", of: { kind: "and", of: [b, c] } }] };
  expect([...programOf(formula, numbers, "r")]).toEqual([5, 1, 0, 5, 44, 1, 3, 2, 5, 0, 0, 4]);
});

test("a long chain takes no deep stack, and one that would is refused", () => {
  const chain: Formula = { kind: "and", of: Array.from({ length: 500 }, () => a) };
  expect(programOf(chain, numbers, "r").length).toBe(500 * 3 + 499);
  let doubling: Formula = b;
  // `a == (a == (a == …))`: a few hundred parts, and two to the power of that many steps.
  for (let level = 0; level < 300; level++) {
    const inner: Formula = { kind: "and", of: [a, doubling] };
    const other: Formula = {
      kind: "and",
      of: [
        { kind: "not", of: a },
        { kind: "not", of: doubling },
      ],
    };
    doubling = { kind: "or", of: [inner, other] };
  }
  expect(() => programOf(doubling, numbers, "r")).toThrow("the rule r is too large");
  let deep: Formula = a;
  // Both sides equally deep: each level takes one place more.
  for (let level = 0; level < 17; level++) deep = { kind: level % 2 ? "or" : "and", of: [deep, deep] };
  expect(() => programOf({ kind: "and", of: [deep, deep] }, numbers, "r")).toThrow("the rule r is too large");
});
