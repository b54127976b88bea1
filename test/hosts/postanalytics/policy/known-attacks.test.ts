/** Known attacks against exceptions: what a close one admits and a wide one more, in the real core. */
import { expect, test } from "vitest";
import { readSuite } from "../../../../hosts/cli/attack-suite.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import type { ExceptionDraft } from "../../../../hosts/postanalytics/policy/door.ts";
import { KnownAttacks } from "../../../../hosts/postanalytics/policy/known-attacks.ts";
import { parseDraft } from "../../../../hosts/postanalytics/policy/overlay.ts";
import { POLICY_TEXT } from "../stage.ts";

const SUITE = readSuite().filter(({ attack }) => attack);
const ATTACKS = new KnownAttacks(Engine.load(), SUITE);
const POLICY = parsePolicy(POLICY_TEXT, "t");
const NOW = 1_764_000_000;

function admitted(match: ExceptionDraft["match"], ignore: Partial<ExceptionDraft["ignore"]>) {
  const draft = { match, ignore: { stamps: [], types: [], ...ignore }, reason: "r", expiresAt: "2098-01-01" };
  return ATTACKS.admittedBy(parseDraft("preview", draft), draft, POLICY, NOW);
}

test("an exception for one stamp admits some, one for the type more, one for another type none", () => {
  const match = { host: "shop.example", path: "/search", point: "query.q" };
  const close = admitted(match, { stamps: ["sqli-union"] });
  const wide = admitted(match, { types: ["sqli"] });
  const other = admitted(match, { types: ["crlf"] });
  expect(close.tried).toBe(wide.tried);
  expect(close.tried).toBeGreaterThan(SUITE.length / 2);
  expect(close.admittedCount).toBeGreaterThan(0);
  expect(wide.admittedCount).toBeGreaterThan(close.admittedCount);
  for (const { type, stamps } of close.admitted) expect([type, stamps]).toEqual(["sqli", ["sqli-union"]]);
  expect(other.admitted.every(({ type }) => type === "crlf")).toBe(true);
});

test("what is admitted where the policy only watches is told as well", () => {
  const match = { host: "shop.example", path: "/admin/x", point: "query.q" };
  expect(admitted(match, { types: ["sqli"] }).admittedCount).toBeGreaterThan(0);
});

test("where nothing can be put, nothing was tried", () => {
  expect(admitted({ path: "/a", point: "path" }, { types: ["sqli"] })).toEqual({
    tried: 0,
    admittedCount: 0,
    admitted: [],
  });
});
