/** Differences of policies: what is new, gone or changed, and nothing where only the writing differs. */
import { expect, test } from "vitest";
import { changesBetween } from "../../../hosts/policy/difference.ts";
import { ruleSchema } from "../../../hosts/policy/rule/rule.ts";
import { type Policy, settingsSchema } from "../../../hosts/policy/schema.ts";

const policy = (written: object, more: Partial<Policy> = {}): Policy => ({ ...settingsSchema.parse(written), ...more });

test("the same policy written in another way does not differ", () => {
  expect(changesBetween(policy({}), policy({ mode: "monitoring", limits: { holdBytes: "512Ki" } }))).toEqual([]);
});

test("fields, scopes, exceptions and lists that differ are named", () => {
  const scope = { match: { host: "a.x" }, mode: "block" } as const;
  const exception = {
    name: "e",
    match: {},
    ignore: { stamps: [], types: ["xss"], all: false },
    reason: "r",
    expiresAt: 1_801_440_000,
  };
  const before = policy({ clientIP: { trustedCIDRs: ["10.0.0.0/8"] } }, { scopes: [scope], exceptions: [exception] });
  const after = policy({ mode: "block" }, { scopes: [{ ...scope, mode: "off" }] });
  expect(changesBetween(before, after)).toEqual([
    '~ mode: "monitoring" → "block"',
    expect.stringMatching(/^~ clientIP: .*"prefix":104.* → .*"trustedCIDRs":\[\]/),
    '~ scope a.x: {"mode":"block"} → {"mode":"off"}',
    "- exception e",
  ]);
  expect(changesBetween(after, before).at(-1)).toMatch(/^\+ exception e: .*2027-02-01T00:00:00Z/);
});

test("rules that differ are named", () => {
  const rule = ruleSchema.parse({ name: "a", when: "has(query.x)", type: "rce", expiresAt: "2027-02-01" });
  expect(changesBetween(policy({}), policy({}, { rules: [rule] }))).toEqual([
    expect.stringMatching(/^\+ rule a: .*"when":"has\(query\.x\)".*2027-02-01T00:00:00Z/),
  ]);
  expect(changesBetween(policy({}, { rules: [rule] }), policy({}, { rules: [{ ...rule, type: "xss" }] }))).toEqual([
    expect.stringMatching(/^~ rule a: .*"rce".* → .*"xss"/),
  ]);
});
