/** The measurement of what policies cost a request, small: that it measures, and not how much. */
import { expect, test } from "vitest";
import { defaultPolicy } from "../../hosts/policy/schema.ts";
import { askedOf, costLines, measureCosts, policyWithRules } from "./policy-cost.ts";
import { makePolicy } from "./policy-size.ts";

test("every policy has a cost, held against the first", () => {
  const size = { routes: 20, applications: 5, exceptions: 10, networks: 100 };
  const policies = new Map([
    ["empty", defaultPolicy],
    ["small", makePolicy(size)],
    ["rules", policyWithRules(9)],
  ]);
  for (const mix of [false, true]) {
    const costs = measureCosts(policies, askedOf(size, mix).slice(0, 50), 2);
    expect(Object.values(costs).every((ns) => ns > 0)).toBe(true);
    expect(costLines("a title", costs)).toMatch(/^a title\n {2}empty +\d+ ns +0\.0 %\n {2}small +\d+ ns/);
  }
});
