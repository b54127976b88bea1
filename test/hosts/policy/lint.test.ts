/** What a valid policy says in vain, with the name that was probably meant. */
import { expect, test } from "vitest";
import { expiredObjects, idleRules, namesNobodyKnows } from "../../../hosts/policy/lint.ts";
import { ruleSchema } from "../../../hosts/policy/rule/rule.ts";
import { defaultPolicy, type Policy } from "../../../hosts/policy/schema.ts";

const KNOWN = [
  { stamp: "sqli-union", type: "sqli" },
  { stamp: "xss-tag", type: "xss" },
];

function policyWith(stamps: string[], types: string[]): Policy {
  const exception = { name: "e", match: {}, ignore: { stamps, types, all: false }, reason: "r", expiresAt: 1000 };
  return { ...defaultPolicy, disable: { stamps }, exceptions: [exception] };
}

test("names that there are say nothing", () => {
  expect(namesNobodyKnows(policyWith(["sqli-union"], ["xss"]), KNOWN)).toEqual([]);
});

test("names that there are not are told with a near one", () => {
  expect(namesNobodyKnows(policyWith(["sqli-unoin"], ["nothing-near"]), KNOWN)).toEqual([
    'disable.stamps: this version has no signature sqli-unoin; did you mean "sqli-union"?',
    'exception e: this version has no signature sqli-unoin; did you mean "sqli-union"?',
    "exception e: this version has no signature of the type nothing-near",
  ]);
});

test("exceptions are told from the second on in which they end", () => {
  const policy = policyWith([], ["xss"]);
  expect(expiredObjects(policy, 999)).toEqual([]);
  expect(expiredObjects(policy, 1000)).toEqual([expect.stringContaining("exception e: expired 1970-01-01T00:16:40Z")]);
});

test("rules have stamps and types of their own, end like exceptions, and are told where they ask nothing", () => {
  const rule = (name: string, when: string) => ruleSchema.parse({ name, when, type: "own", expiresAt: "1970-01-02" });
  const rules = [rule("a", 'method == "PURGE"'), rule("b", "size(path) < 0"), rule("c", '"a" == "a" || has(query.x)')];
  const policy = { ...policyWith(["rule-a"], ["own"]), rules };
  expect(namesNobodyKnows(policy, KNOWN)).toEqual([]);
  expect(idleRules(policy)).toEqual([
    "rule b: its condition fits no request; mend the condition",
    "rule c: its condition fits every request in its scope; mend the condition",
  ]);
  expect(expiredObjects(policy, 86_400).filter((line) => line.startsWith("rule a: expired 1970-01-02"))).toHaveLength(
    1,
  );
});
