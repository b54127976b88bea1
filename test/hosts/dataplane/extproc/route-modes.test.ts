/** A core for each mode that routes ask for, on the real engine: the policy's own, with another mode. */
import { expect, test } from "vitest";
import { Engine } from "../../../../hosts/core/engine.ts";
import type { Inspector, Mode, Verdict } from "../../../../hosts/core/verdict.ts";
import { RouteModes } from "../../../../hosts/dataplane/extproc/route-modes.ts";
import { applyPolicy, readyPolicy } from "../../../../hosts/policy/apply.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { defaultPolicy, type Policy } from "../../../../hosts/policy/schema.ts";

function judge(inspector: Inspector): Verdict {
  const transaction = inspector.begin("192.0.2.1", 1_800_000_000);
  const target = "/?id=1%27%20UNION%20SELECT%20login,password%20FROM%20users--";
  transaction.head({ method: "GET", target, authority: "a", scheme: "http", rawHeaders: [] });
  transaction.end();
  const verdict = transaction.verdict();
  transaction.free();
  return verdict;
}

function start(policy: Policy): { modes: RouteModes; engine: Engine } {
  const engine = Engine.load();
  applyPolicy(engine, policy);
  return { modes: new RouteModes(engine, readyPolicy(policy)), engine };
}

test.each<[Mode | null, string, string]>([
  [null, "pass", "monitoring"],
  ["block", "block", "block"],
  ["monitoring", "pass", "monitoring"],
  ["off", "pass", "off"],
])("a route that asks for %s", (mode, action, said) => {
  const { modes } = start(defaultPolicy);
  expect(judge(modes.inspectorFor(mode))).toMatchObject({ action, mode: said });
  expect(modes.inspectorFor(mode)).toBe(modes.inspectorFor(mode));
  modes.verify();
});

test("a new policy counts for routes too, with their mode", () => {
  const { modes } = start(defaultPolicy);
  const stamp = judge(modes.inspectorFor("block")).matches[0]?.stamp ?? "";
  expect(stamp).not.toBe("");
  const stamps = judge(modes.inspectorFor("block")).matches.map((match) => match.stamp);
  modes.use(readyPolicy({ ...defaultPolicy, disable: { stamps } }));
  expect(judge(modes.inspectorFor("block"))).toMatchObject({ action: "pass", mode: "block" });
});

test("a route's mode is the last word, and lists of clients count on routes too", () => {
  const policy = parsePolicy(
    `apiVersion: merlon.dev/v1alpha1
kind: WafPolicy
spec:
  defaults: { mode: monitoring }
  scopes:
    - match: { method: GET }
      mode: "off"
---
apiVersion: merlon.dev/v1alpha1
kind: WafIPList
spec:
  list: allow
  entries: [{ cidr: 192.0.2.1 }]
`,
    "merlon.yaml",
  );
  const { ipLists: _, ...withoutLists } = policy;
  const { modes } = start(withoutLists);
  expect(judge(modes.inspectorFor(null))).toMatchObject({ action: "pass", mode: "off" });
  expect(judge(modes.inspectorFor("block"))).toMatchObject({ action: "block", mode: "block" });
  modes.use(readyPolicy(policy));
  expect(judge(modes.inspectorFor("block"))).toMatchObject({ action: "pass", mode: "block" });
});

test("a candidate is shown on routes too, with their mode", () => {
  const { modes } = start(defaultPolicy);
  expect(judge(modes.inspectorFor("block")).shadowAction).toBeNull();
  const stamps = judge(modes.inspectorFor("block")).matches.map((match) => match.stamp);
  modes.show(readyPolicy({ ...defaultPolicy, disable: { stamps } }).image);
  expect(judge(modes.inspectorFor("block"))).toMatchObject({ action: "block", shadowAction: "pass" });
  // One that is made later shows it as well.
  expect(judge(modes.inspectorFor("safe_blocking")).shadowAction).toBe("pass");
  modes.show(null);
  expect(judge(modes.inspectorFor("block")).shadowAction).toBeNull();
});
