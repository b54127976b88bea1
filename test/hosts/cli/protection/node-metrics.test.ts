/** What a host counts: under which names, and that sums hold. */
import { expect, test } from "vitest";
import { NodeMetrics } from "../../../../hosts/cli/protection/node-metrics.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import type { Family } from "../../../../hosts/core/metrics.ts";
import type { Match } from "../../../../hosts/core/verdict.ts";
import { createCounters } from "../../../../hosts/dataplane/sidecar/counters.ts";
import { applicationId } from "../../../../hosts/policy/application.ts";
import { readyPolicy } from "../../../../hosts/policy/apply.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";
import { policyFacts } from "../../../../hosts/records/policy-facts.ts";
import { eventOf } from "../../demo/stage.ts";

const MATCH: Match = {
  type: "sqli",
  stamp: "sqli-union",
  cwe: [],
  severity: 5,
  point: "query.id",
  reason: "because",
  counts: true,
  exception: 0,
  layers: [],
};

function make() {
  const ready = readyPolicy({ ...defaultPolicy, application: "shop" });
  const policy = policyFacts("merlon.yaml", () => ready);
  const metrics = new NodeMetrics(
    { kind: "sidecar", engine: Engine.load(), policy, policySource: () => "live", thresholds: () => [] },
    null,
  );
  const counters = createCounters();
  const samplesOf = (name: string): Family["samples"] =>
    metrics.families(counters).find((family) => family.name === name)?.samples ?? [];
  return { metrics, counters, samplesOf };
}

test("attacks are counted by type, what was done and application", () => {
  const { metrics, samplesOf } = make();
  const details = () => ({ application: applicationId("shop"), list: "none" as const, head: () => null });
  const blocked = { matches: [MATCH, MATCH, { ...MATCH, type: "xss" }], action: "block" as const };
  metrics.add(eventOf({ details }, blocked));
  metrics.add(eventOf({ details }, blocked));
  metrics.add(eventOf({ watched: true }, blocked));
  metrics.add(eventOf({}, { matches: [{ ...MATCH, counts: false }] }));
  metrics.add(eventOf());
  expect(samplesOf("waf_attacks_total")).toEqual([
    { labels: { type: "sqli", action: "blocked", app: "shop" }, value: 2 },
    { labels: { type: "xss", action: "blocked", app: "shop" }, value: 2 },
    { labels: { type: "sqli", action: "monitored", app: "" }, value: 1 },
    { labels: { type: "xss", action: "monitored", app: "" }, value: 1 },
  ]);
  expect(samplesOf("waf_blocked_total")).toEqual([{ labels: { by: "attack" }, value: 2 }]);
  expect(samplesOf("waf_inspection_duration_seconds").at(-1)?.value).toBe(5);
  expect(metrics.sums).toMatchObject({ requests: 5, abnormal: 4, attacks: 3, blocked: 2, blockedByList: 0 });
});

test("who is denied by a list is counted apart", () => {
  const { metrics, samplesOf } = make();
  const details = () => ({ application: 0, list: "deny" as const, head: () => null });
  metrics.add(eventOf({ details }, { action: "block" }));
  expect(samplesOf("waf_blocked_total")).toEqual([{ labels: { by: "ip" }, value: 1 }]);
  expect(metrics.sums).toMatchObject({ blocked: 0, blockedByList: 1 });
});

test("what was not judged adds up to what was skipped", () => {
  const { counters, samplesOf } = make();
  Object.assign(counters, { requests: 10, inspected: 4, skipped: 6 });
  counters.refused.parse = 5;
  counters.failedOpen.trap = 1;
  const skipped = samplesOf("waf_requests_skipped_total");
  expect(skipped.map(({ labels, value }) => [labels["reason"], value])).toEqual([
    ["refused", 5],
    ["failure", 1],
  ]);
  expect(samplesOf("waf_fail_total")).toContainEqual({ labels: { policy: "open", reason: "trap" }, value: 1 });
  expect(samplesOf("waf_policy_source")).toContainEqual({ labels: { kind: "live" }, value: 1 });
});
