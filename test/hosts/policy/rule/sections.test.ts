/** Tables of rules through the real core: what hosts read of a match, limits, and equal machines once. */
import { expect, test } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { type Rule, ruleSchema } from "../../../../hosts/policy/rule/rule.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";

const rule = (said: Partial<Parameters<typeof ruleSchema.parse>[0] & object>): Rule =>
  ruleSchema.parse({ name: "a", when: "has(query.x)", type: "rce", ...said });
const compile = (...rules: Rule[]): Uint8Array => compilePolicy({ ...defaultPolicy, rules });

test("a match of a rule is told with its name, type, reason and hole", () => {
  const engine = Engine.load();
  const reference = "https://example.test/advisory";
  engine.loadPolicy("active", compile(rule({ kind: "vpatch", cve: "CVE-2021-44228", reference })));
  const transaction = engine.begin("192.0.2.1", 0);
  transaction.head({ method: "GET", target: "/p?x=1", authority: "a", scheme: "http", rawHeaders: [] });
  transaction.end();
  const { action, mode, matches } = transaction.verdict();
  transaction.free();
  expect({ action, mode }).toEqual({ action: "block", mode: "monitoring" });
  expect(matches).toMatchObject([
    {
      stamp: "rule-a",
      type: "rce",
      cve: ["CVE-2021-44228"],
      severity: 4,
      point: "uri",
      counts: true,
      reason: `The policy's virtual patch a fits: CVE-2021-44228, see ${reference}`,
      layers: [{ as: "raw", span: [0, 2] }],
    },
  ]);
});

test("equal machines are kept once", () => {
  const one = compile(rule({ when: 'path.contains("abcdefgh")' })).length;
  const two = compile(
    rule({ when: 'path.contains("abcdefgh")' }),
    rule({ name: "b", when: 'query["q"].contains("abcdefgh")' }),
  ).length;
  expect(two - one).toBeLessThan(256);
});

test.each([
  ["questions about the body", Array.from({ length: 33 }, (_, at) => `body.contains("a${at}")`).join(" || ")],
  [
    "units of work of every value",
    Array.from({ length: 60 }, (_, at) => `has(point["${"a".repeat(30)}${at}"])`).join("||"),
  ],
  ["questions", Array.from({ length: 1025 }, (_, at) => `size(path) == ${at}`).join("||")],
])("too many %s are refused", (what, when) => {
  const rules = when.length > 8000 ? halves(when) : [rule({ when })];
  expect(() => compile(...rules)).toThrow(what);
});

function halves(when: string): Rule[] {
  const parts = when.split("||");
  return [0, 1, 2, 3, 4].map((at) => rule({ name: `r${at}`, when: parts.slice(at * 205, (at + 1) * 205).join("||") }));
}

test("too many questions of values are refused", () => {
  const asked = (rule_: number): string => Array.from({ length: 64 }, (_, at) => `v=="${rule_}-${at}"`).join("||");
  const rules = [0, 1, 2, 3].map((at) => rule({ name: `r${at}`, when: `point["**"].exists(v, ${asked(at)})` }));
  expect(() => compile(...rules)).toThrow("256 questions of values");
});
