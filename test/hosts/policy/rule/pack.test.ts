/** Packs: each patch stops its attack, lets its neighbours pass, and can be replaced by a rule of the policy's own. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { packRules, rulesOf } from "../../../../hosts/policy/rule/pack.ts";
import { PACKS, ruleSchema } from "../../../../hosts/policy/rule/rule.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";
import { Core } from "../../../assembly/core.ts";
import { ask } from "../../../assembly/requests.ts";

const requestSchema = z.strictObject({
  because: z.string(),
  method: z.string().optional(),
  target: z.string().optional(),
  fields: z.array(z.tuple([z.string(), z.string()])).optional(),
  type: z.string().optional(),
  body: z.string().optional(),
  /** The host is so long instead of the ordinary one. */
  hostBytes: z.int().optional(),
});
const rowSchema = z.strictObject({
  rule: z.string(),
  attacks: z.array(requestSchema).min(1),
  harmless: z.array(requestSchema).min(1),
});
const rows = z
  .array(rowSchema)
  .parse(parse(readFileSync(new URL("../../../data/policy/packs.yaml", import.meta.url), "utf8")));

const core = new Core("checked");
core.loadPolicy("active", compilePolicy({ ...defaultPolicy, packs: PACKS }));

function isStopped(rule: string, request: z.output<typeof requestSchema>): boolean {
  const { because: _because, hostBytes, ...asked } = request;
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const { line } = ask(core, { ...given, ...(hostBytes === undefined ? {} : { authority: "a".repeat(hostBytes) }) });
  return line.includes(`rule-${rule}@`);
}

test("every patch has its rows, and every row its patch", () => {
  const names = PACKS.flatMap((pack) => packRules(pack).map(({ name }) => name));
  expect(rows.map(({ rule }) => rule).sort()).toEqual([...names].sort());
});

test.each(rows.flatMap(({ rule, attacks }) => attacks.map((request) => ({ rule, request, why: request.because }))))(
  "$rule stops what is one: $why",
  ({ rule, request }) => {
    expect(isStopped(rule, request)).toBe(true);
  },
);

test.each(rows.flatMap(({ rule, harmless }) => harmless.map((request) => ({ rule, request, why: request.because }))))(
  "$rule lets pass what is none: $why",
  ({ rule, request }) => {
    expect(isStopped(rule, request)).toBe(false);
  },
);

test("a rule of the policy's own takes the place of the patch with its name", () => {
  const own = ruleSchema.parse({ name: "cve-2024-1709", when: "has(query.x)", type: "auth", action: "report" });
  const all = rulesOf({ rules: [own], packs: ["known-cve", "known-cve"] });
  expect(all.filter(({ name }) => name === "cve-2024-1709")).toEqual([own]);
  expect(all).toHaveLength(packRules("known-cve").length);
  expect(rulesOf({})).toEqual([]);
});
