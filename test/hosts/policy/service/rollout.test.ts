/**
 * Versions on their way through canaries: a real service and server, real hosts that follow, each with a core, and
 * requests that the cores judge. The worst that may happen is that one host of three has a bad version for a while.
 */
import { expect, test, vi } from "vitest";
import { metricsText } from "../../../../hosts/core/metrics.ts";
import type { Policy } from "../../../../hosts/policy/schema.ts";
import type { StageLimits } from "../../../../hosts/policy/service/staging.ts";
import { policyOf, type RuleSettings } from "../../../assembly/policy-image.ts";
import { type FleetHost, type Sent, startFleet, type Traffic } from "./fleet.ts";
import { startService } from "./stage.ts";

const WAIT = { timeout: 60_000, interval: 20 };
const LIMITS: StageLimits = { stageMs: 2500, shareMax: 0.01, canary: { count: 1 } };
const ATTACK = "/?a=../../../../../../etc/passwd";
const GOOD: Sent = { target: "/fine" };

function withRule(rule?: Partial<RuleSettings>): Policy {
  const rules = rule === undefined ? [] : [{ name: "new", when: 'path == "/cart"', type: "rce", ...rule }];
  return policyOf({ mode: "block" }, { rules });
}

const TODAY = withRule();
const BAD = withRule({});

/** One request in twenty is one that nobody should stop and the bad rule stops. */
function mixed(index: number, client?: string): Sent {
  const target = index % 20 === 7 ? "/cart" : "/fine";
  return { target, ...(client === undefined ? {} : { client }) };
}

async function startThree(
  traffic: Traffic,
): Promise<Awaited<ReturnType<typeof startService>> & { hosts: FleetHost[] }> {
  const stage = await startService({ isOpen: true });
  const { hash } = await stage.service.publish(TODAY);
  const hosts = await startFleet(stage.service, stage.url, 3, traffic);
  for (const { used } of hosts) expect(used.at(-1)).toBe(hash);
  return { ...stage, hosts };
}

/** Hosts that never had nor were shown any policy but the first. */
function untouched(hosts: readonly FleetHost[], first: string): number {
  return hosts.filter(({ used, shown }) => new Set(used).size <= 2 && used.at(-1) === first && !shown.includes(true))
    .length;
}

test("a rule that stops five good requests in a hundred is held back, shown to one host alone", async () => {
  const { service, hosts } = await startThree({ next: (index) => mixed(index) });
  const first = service.published.hash;
  const staged = await service.stage(BAD, { ...LIMITS, stageMs: 60_000 });
  expect(staged).toMatchObject({ outcome: "held", why: expect.stringMatching(/it blocks \d.* that pass without it/) });
  expect(staged.changes[0]).toMatchObject({ path: "/", before: "pass", after: "block" });
  expect([service.published.hash, untouched(hosts, first)]).toEqual([first, 2]);
  expect(hosts.map(({ stopped }) => stopped)).toEqual([0, 0, 0]);
  expect(service.status.rollout).toMatchObject({ stage: "held", canaries: [expect.stringMatching(/^anyone i\d$/)] });
}, 180_000);

test("harm that shows only once it is in force is rolled back, and the others never have it", async () => {
  const traffic: Traffic = { next: () => GOOD };
  const { service, hosts, url } = await startThree(traffic);
  const first = service.published.hash;
  const staging = service.stage(BAD, { ...LIMITS, stageMs: 4000 });
  await vi.waitFor(
    () => expect(service.status.instances.filter(({ state }) => state === "canary")).toHaveLength(1),
    WAIT,
  );
  const badSince = Date.now();
  traffic.next = (index) => mixed(index);
  const staged = await staging;
  expect(staged).toMatchObject({ outcome: "rolled_back", why: expect.stringContaining("that pass without it") });
  expect(staged.changes[0]).toMatchObject({ before: "pass", after: "block" });
  // Every host has the policy of before, with nothing beside it, and the whole took less than half a minute.
  await vi.waitFor(() => expect(service.status).toMatchObject({ active: 3, total: 3 }), WAIT);
  expect(Date.now() - badSince).toBeLessThan(30_000);
  expect(untouched(hosts, first)).toBe(2);
  expect(hosts.filter(({ stopped }) => stopped > 0)).toHaveLength(1);
  await vi.waitFor(
    () => expect(hosts.map(({ keeper }) => keeper.candidate === null)).toEqual([true, true, true]),
    WAIT,
  );
  expect(service.status.rollout).toMatchObject({ stage: "rolled_back", by: "service" });
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('waf_policy_rollouts_total{outcome="rolled_back"} 1');
}, 180_000);

test("errors of canaries alone roll a version back, errors of all do not", async () => {
  const hashes: { bad?: string } = {};
  const failing = (policy: string): number => (policy === hashes.bad ? 502 : 200);
  const traffic: Traffic = { next: (index) => ({ ...GOOD, ...(index % 4 === 0 ? { status: failing } : {}) }) };
  const { service } = await startThree(traffic);
  const first = service.published.hash;
  const begun = await service.begin({ ...TODAY, mask: ["a"] }, { ...LIMITS, stageMs: 3000 });
  hashes.bad = begun.hash;
  expect(await begun.ending).toMatchObject({ outcome: "rolled_back", why: expect.stringContaining("end with 5xx") });
  expect(service.published.hash).toBe(first);
  // The application is broken, whatever policy it is behind.
  const next = await service.begin({ ...TODAY, mask: ["b"] }, LIMITS);
  await vi.waitFor(() => expect(service.status.rollout?.stage).toBe("trial"), WAIT);
  traffic.next = (index) => ({ ...GOOD, ...(index % 4 === 0 ? { status: () => 502 } : {}) });
  expect(await next.ending).toMatchObject({ outcome: "published" });
}, 180_000);

test("attackers hold nothing back: neither by what is stopped anyway, nor by what the new rule is for", async () => {
  const traffic: Traffic = {
    next: (index) => {
      // Nine in ten requests are attacks of one client, half of them those that only the new rule stops.
      if (index % 10 !== 0) return { target: index % 2 === 0 ? ATTACK : "/cart", client: "198.51.100.66" };
      return { ...GOOD, client: `192.0.2.${1 + ((index / 10) % 40)}` };
    },
  };
  const { service, hosts } = await startThree(traffic);
  const staged = await service.stage(BAD, LIMITS);
  expect(staged).toMatchObject({ outcome: "published", why: "" });
  expect(staged.wouldBlock).toBeGreaterThan(0);
  const { hash } = service.published;
  await vi.waitFor(() => expect(hosts.map(({ used }) => used.at(-1))).toEqual([hash, hash, hash]), WAIT);
  await vi.waitFor(
    () => expect(hosts.map(({ keeper }) => keeper.candidate === null)).toEqual([true, true, true]),
    WAIT,
  );
}, 180_000);

test("an operator's word ends a trial, and what commands change reaches canaries too", async () => {
  const { service, hosts } = await startThree({ next: () => GOOD });
  const first = service.published.hash;
  const begun = await service.begin(BAD, { ...LIMITS, stageMs: 60_000 });
  await service.decide("withdraw", "alice");
  expect(await begun.ending).toMatchObject({ outcome: "held", why: "an operator took it back" });
  expect(service.status.rollout).toMatchObject({ by: "alice" });
  expect(service.published.hash).toBe(first);
  // One that was held back is let in.
  expect(await service.decide("promote", "alice")).toBe("version 2 is published");
  await expect(service.decide("promote", "alice")).rejects.toThrowError("nothing to decide");

  const next = await service.begin({ ...BAD, mask: ["a"] }, { ...LIMITS, stageMs: 2500 });
  await vi.waitFor(() => expect(service.status.rollout?.stage).toBe("trial"), WAIT);
  await service.edit({ op: "list.add", list: "deny", entry: "192.0.2.1", reason: "a test" });
  const denied = hosts.map(({ stopped }) => stopped);
  await vi.waitFor(() => expect(hosts.filter(({ stopped }, at) => stopped > (denied[at] ?? 0))).toHaveLength(3), WAIT);
  await service.decide("promote", "bob");
  expect(await next.ending).toMatchObject({ outcome: "published" });
  expect([service.policy?.mask, service.policy?.ipLists?.length]).toEqual([["a"], 1]);
  expect(metricsText(service.families)).toContain('waf_policy_rollouts_total{outcome="published"} 2');
}, 180_000);

test("a canary whose service dies goes back to the policy of before by itself", async () => {
  const { service, hosts, close } = await startThree({ next: () => GOOD });
  const first = service.published.hash;
  const begun = await service.begin(BAD, { ...LIMITS, stageMs: 60_000 });
  void begun.ending.catch(() => undefined);
  await vi.waitFor(() => expect(service.status.rollout?.requests).toBeGreaterThan(0), WAIT);
  // Sooner than its time: the trial is what is looked at here.
  await service.decide("withdraw", "alice");
  await begun.ending;
  const again = await service.begin(BAD, { ...LIMITS, stageMs: 1000 });
  await vi.waitFor(() => expect(hosts.map(({ used }) => used.at(-1))).toContain(again.hash), WAIT);
  await close();
  await vi.waitFor(() => expect(hosts.map(({ used }) => used.at(-1))).toEqual([first, first, first]), WAIT);
  expect(hosts.flatMap(({ said }) => said).join("\n")).toContain("the one before is in force again");
  await service.decide("withdraw", "alice");
  await again.ending;
}, 180_000);
