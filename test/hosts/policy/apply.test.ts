/** A policy in force, on the real core: image and lists come and go together. */
import { expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";
import { applyPolicy, applyReady, readyPolicy, withMode } from "../../../hosts/policy/apply.ts";
import { imageWithMode } from "../../../hosts/policy/image.ts";
import { parsePolicy } from "../../../hosts/policy/policy-text.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";
import { policyOf } from "../../assembly/policy-image.ts";

const NOW = 1_800_000_000;
const ATTACK = "/?a=../../../../../../etc/passwd";

function answer(engine: Engine, peer: string, target = "/"): string {
  const transaction = engine.begin(peer, NOW);
  transaction.head({ method: "GET", target, authority: "a.example", scheme: "http", rawHeaders: [] });
  transaction.end();
  const { action, mode } = transaction.verdict();
  transaction.free();
  return `${action} in ${mode}`;
}

const denying = parsePolicy(
  `apiVersion: merlon.dev/v1alpha1
kind: WafPolicy
spec:
  defaults: { mode: block }
  scopes:
    - match: { path: /open/** }
      mode: "off"
      modeAllowOverride: "on"
---
apiVersion: merlon.dev/v1alpha1
kind: WafIPList
spec:
  list: deny
  entries: [{ cidr: 203.0.113.0/24 }]
`,
  "merlon.yaml",
);

test("lists come with their policy and go with it", () => {
  const engine = Engine.load();
  applyPolicy(engine, denying);
  expect([answer(engine, "203.0.113.7"), answer(engine, "192.0.2.1")]).toEqual(["block in block", "pass in block"]);
  applyPolicy(engine, { ...defaultPolicy, mode: "block" });
  expect(answer(engine, "203.0.113.7")).toBe("pass in block");
  expect(answer(engine, "203.0.113.7", ATTACK)).toBe("block in block");
});

test("a policy that the core has no room for changes neither image nor lists", () => {
  const engine = Engine.load();
  applyPolicy(engine, denying);
  const stamps = Array.from({ length: 1_100_000 }, (_, at) => `stamp-${at}`);
  expect(() => applyPolicy(engine, { ...defaultPolicy, disable: { stamps } })).toThrowError("too large");
  expect(answer(engine, "203.0.113.7")).toBe("block in block");
});

test("a mode that is the last word goes before those of scopes", () => {
  const engine = Engine.load();
  applyPolicy(engine, denying);
  expect(answer(engine, "192.0.2.1", `/open/${ATTACK.slice(1)}`)).toBe("pass in off");
  const last = withMode(readyPolicy(denying), "monitoring");
  applyReady(engine, last);
  expect(answer(engine, "192.0.2.1", `/open/${ATTACK.slice(1)}`)).toBe("pass in monitoring");
  expect(last.mode).toBe("monitoring");
  applyReady(engine, withMode(readyPolicy(defaultPolicy), "block"));
  expect(answer(engine, "192.0.2.1", ATTACK)).toBe("block in block");
});

test("the other fields of scopes stay under a mode that is the last word", () => {
  const policy = policyOf(
    { mode: "off", console: { mode: "off" } },
    { scopes: [{ match: { path: "/a/**" }, mode: "monitoring", application: 7 }] },
  );
  const engine = Engine.load();
  engine.loadPolicy("active", imageWithMode(readyPolicy(policy).image, "block"));
  expect(answer(engine, "192.0.2.1", `/a/${ATTACK.slice(1)}`)).toBe("block in block");
  const transaction = engine.begin("192.0.2.1", NOW);
  transaction.head({ method: "GET", target: "/a/b", authority: "a", scheme: "http", rawHeaders: [] });
  expect(transaction.settings()?.application).toBe(7);
  transaction.free();
});

test("a damaged image is refused and not mended", () => {
  const { image } = readyPolicy(denying);
  expect(() => imageWithMode(image.subarray(0, image.length / 2), "block")).toThrowError("damaged");
});
