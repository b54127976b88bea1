/** Rules of policy files: what they say where nothing is written, and errors with line, field and column. */
import { expect, test } from "vitest";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { isReport, type Rule, ruleSchema, stampOf } from "../../../../hosts/policy/rule/rule.ts";

const file = (...lines: string[]): string =>
  [
    "apiVersion: merlon.dev/v1alpha1",
    "kind: WafPolicy",
    "spec:",
    "  rules:",
    ...lines.map((line) => `    ${line}`),
  ].join("\n");

test("a rule is a detector that blocks, unless it says otherwise", () => {
  const { rules: [rule] = [] } = parsePolicy(file("- { name: a-1, when: has(query.x), type: rce }"), "p.yaml");
  expect(rule).toMatchObject({ kind: "detector", action: "block", experimental: false, match: {} });
  const reported: Rule = ruleSchema.parse({ name: "a", when: "true", type: "rce", experimental: true });
  expect([isReport(reported), stampOf(reported)]).toEqual([true, "rule-a"]);
});

test.each([
  [["- { name: A, when: has(query.x), type: rce }"], "p.yaml:5:15: spec.rules[0].name", "is no name of a rule"],
  [['- { name: a, when: "true", typ: rce }'], 'p.yaml:5:32: "typ" is no field', 'did you mean "type"'],
  [["- { name: a, when: pth == 1, type: rce }"], "p.yaml:5:24: spec.rules[0].when", 'column 1: "pth" is no variable'],
  [["- { name: a, when: 'size(body) > 1', type: rce }"], "spec.rules[0].when", "column 1: is not known while"],
  [["- { name: a, when: 'country == \"DE\"', type: rce }"], "spec.rules[0].when", '"country" is no variable'],
  [['- { name: a, when: "true", type: rce, cve: 2021-1 }'], "spec.rules[0].cve", "is no CVE number"],
  [['- { name: a, when: "true", type: rce, kind: patch }'], "spec.rules[0].kind", 'did you mean "vpatch"'],
  [['- { name: a, when: "true", type: rce, reference: "javascript:x" }'], "spec.rules[0].reference", "is no URL"],
  [
    ['- { name: a, when: "true", type: rce }', '- { name: a, when: "true", type: rce }'],
    "p.yaml:6:15: spec.rules[1].name",
    "is the name of an earlier rule",
  ],
])("%j is refused", (lines, place, why) => {
  expect(() => parsePolicy(file(...lines), "p.yaml")).toThrow(place);
  expect(() => parsePolicy(file(...lines), "p.yaml")).toThrow(why);
});
