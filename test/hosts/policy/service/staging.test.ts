/** Policies that are tried first: what is light, what is harmful, and a real host that shows one to real requests. */
import { expect, onTestFinished, test, vi } from "vitest";
import { PolicyKeeper } from "../../../../hosts/cli/protection/policy-keeper.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import type { Policy } from "../../../../hosts/policy/schema.ts";
import type { PolicyService } from "../../../../hosts/policy/service/policy-service.ts";
import { isLight, sumOf } from "../../../../hosts/policy/service/staging.ts";
import type { Comparison } from "../../../../hosts/policy/wire.ts";
import { policyOf } from "../../../assembly/policy-image.ts";
import { eventOf } from "../../demo/stage.ts";
import { BLOCKING, startService, WATCHING } from "./stage.ts";

const WAIT = { timeout: 30_000, interval: 20 };
const SCOPED = policyOf({ mode: "block" }, { scopes: [{ match: { path: "/a/**" }, mode: "off", application: 3 }] });

test.each<[string, Policy, Policy, boolean]>([
  ["the same", SCOPED, SCOPED, true],
  ["a mode", BLOCKING, WATCHING, true],
  [
    "a scope's mode",
    SCOPED,
    policyOf({}, { scopes: [{ match: { path: "/a/**" }, mode: "block", application: 3 }] }),
    true,
  ],
  [
    "exceptions",
    BLOCKING,
    policyOf({ mode: "block" }, { exceptions: [{ match: {}, ignore: { types: ["xss"] } }] }),
    true,
  ],
  ["a scope", BLOCKING, SCOPED, false],
  [
    "a threshold",
    BLOCKING,
    policyOf({ mode: "block" }, { thresholds: [{ name: "a", limit: { requests: 1, per: "1m" } }] }),
    false,
  ],
  [
    "an application",
    SCOPED,
    policyOf({}, { scopes: [{ match: { path: "/a/**" }, mode: "off", application: 4 }] }),
    false,
  ],
  ["a mask", BLOCKING, { ...BLOCKING, mask: ["iban"] }, false],
  ["a proxy", BLOCKING, policyOf({ mode: "block", clientIP: { trustedCIDRs: ["10.0.0.0/8"] } }), false],
])("a change of %s", (_what, before, after, light) => {
  expect(isLight(before, after)).toBe(light);
});

test("what hosts have seen is added up", () => {
  const comparison: Comparison = {
    hash: "a".repeat(64),
    since: 0,
    requests: 10,
    wouldBlock: 1,
    wouldPass: 2,
    changes: [],
  };
  expect(sumOf([comparison, comparison])).toMatchObject({ requests: 20, wouldBlock: 2, wouldPass: 4 });
});

/** A host under traffic, one request in twenty an attack. */
async function startTraffic(service: PolicyService, url: string): Promise<Engine> {
  const engine = Engine.load();
  const source = { path: undefined, mode: undefined, service: { url, instance: "i", kind: "test" } };
  const keeper = await PolicyKeeper.open(engine, source, () => {});
  onTestFinished(() => keeper.close());
  let sent = 0;
  const timer = setInterval(() => {
    const transaction = engine.begin("192.0.2.1", 1_800_000_000);
    const target = sent++ % 20 === 0 ? "/?a=../../../../../../etc/passwd" : "/fine";
    transaction.head({ method: "GET", target, authority: "a", scheme: "http", rawHeaders: [] });
    transaction.end();
    const verdict = transaction.verdict();
    transaction.free();
    keeper.observe(eventOf({ host: "a", path: "/", startedAt: Date.now() }, verdict));
  }, 5);
  onTestFinished(() => clearInterval(timer));
  await vi.waitFor(() => expect(service.status).toMatchObject({ active: 1, total: 1 }), WAIT);
  return engine;
}

function modeIn(engine: Engine): string {
  const transaction = engine.begin("192.0.2.1", 1_800_000_000);
  transaction.head({ method: "GET", target: "/", authority: "a", scheme: "http", rawHeaders: [] });
  const { mode } = transaction.verdict();
  transaction.free();
  return mode;
}

test("what would stop five requests in a hundred is held back, and no host has it for a moment", async () => {
  const { service, url } = await startService({ isOpen: true });
  await service.publish(WATCHING);
  const engine = await startTraffic(service, url);
  const bad = policyOf({ mode: "monitoring" }, { scopes: [{ match: { method: "GET" }, mode: "block" }] });
  const staged = await service.stage(bad, { stageMs: 60_000, shareMax: 0.01 });
  expect(staged).toMatchObject({ outcome: "held" });
  expect(staged.wouldBlock / staged.requests).toBeCloseTo(0.05, 1);
  expect(staged.changes[0]).toMatchObject({ before: "pass", after: "block" });
  expect([service.published.version, modeIn(engine)]).toEqual([1, "monitoring"]);
  expect(String(service.pointer?.bytes)).toContain('"candidate":null');
}, 120_000);

test("what does no harm is published when its time is over, and a newer one takes its place", async () => {
  const { service, url } = await startService({ isOpen: true });
  await service.publish(WATCHING);
  const engine = await startTraffic(service, url);
  const first = service.stage({ ...WATCHING, mask: ["a"] }, { stageMs: 60_000, shareMax: 0.01 });
  const second = await service.stage({ ...WATCHING, mask: ["b"] }, { stageMs: 4000, shareMax: 0.01 });
  expect((await first).outcome).toBe("superseded");
  expect(second).toMatchObject({ outcome: "published", wouldBlock: 0 });
  expect(service.policy?.mask).toEqual(["b"]);
  // A light change waits for nobody.
  expect(await service.stage({ ...BLOCKING, mask: ["b"] }, { stageMs: 60_000, shareMax: 0 })).toMatchObject({
    requests: 0,
  });
  await vi.waitFor(() => expect(modeIn(engine)).toBe("block"), WAIT);
}, 120_000);
