/** Imported rules as a file: it says where they come from, can be read back, and holds what one policy has room for. */
import { expect, test } from "vitest";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { policyYaml, withinRoom } from "../../../../hosts/policy/seclang/policy-yaml.ts";
import type { Imported, ImportedRule } from "../../../../hosts/policy/seclang/translate.ts";

const rule = (id: number, more: Partial<ImportedRule> = {}): ImportedRule => ({
  name: `sec-${id}`,
  kind: "detector",
  when: `path == "/${id}"`,
  type: "custom",
  action: "block",
  experimental: false,
  message: "",
  notes: [],
  file: "rules/a.conf",
  line: id,
  id,
  tags: [],
  ...more,
});
const of = (rules: readonly ImportedRule[]): Imported => ({
  rules,
  refusals: [],
  read: rules.length,
  aside: 0,
  mode: "block",
});

test("what is written is read back, whatever its author called it", () => {
  const message = "a: [x]\n    - name: evil\u0085\u2028 # b";
  const text = policyYaml(of([rule(1, { message, experimental: true, action: "report", notes: ["less"] })]));
  expect(text).toContain("    # a.conf:1 a: [x]     - name: evil");
  const { mode, rules = [] } = parsePolicy(text, "a.yaml");
  expect([mode, rules]).toMatchObject([
    "block",
    [{ name: "sec-1", when: 'path == "/1"', action: "report", experimental: true }],
  ]);
  expect(parsePolicy(policyYaml(of([])), "a.yaml").rules).toEqual([]);
});

test("of more rules than a policy holds the first ones stay, and the others are told", () => {
  const when = 'point["query.**"].exists(v, v == "a") || point["post.**"].exists(v, v == "a")';
  const all = of(Array.from({ length: 100 }, (_, index) => rule(index + 1, { when })));
  const { rules, refusals } = withinRoom(all);
  expect(rules.length).toBeGreaterThan(20);
  expect(rules.length + refusals.length).toBe(100);
  expect(refusals[0]).toMatchObject({ kind: "room", line: rules.length + 1, text: expect.stringContaining("no room") });
  const few = of([rule(1)]);
  expect(withinRoom(few)).toBe(few);
});
