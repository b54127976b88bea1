/** What the service counts, in Prometheus' words. */
import { expect, test } from "vitest";
import { metricsText } from "../../../../hosts/core/metrics.ts";
import { ServiceMetrics } from "../../../../hosts/policy/service/service-metrics.ts";
import type { RolloutState, Status } from "../../../../hosts/policy/wire.ts";

const ROLLOUT: RolloutState = {
  ...{ stage: "rolled_back", hash: "a".repeat(64), at: 0, canaries: [], why: "", by: "service" },
  ...{ requests: 0, wouldBlock: 0, wouldPass: 0 },
};
const STATUS: Status = {
  ...{ version: 7, hash: "b".repeat(64), publishedAt: 0, active: 3, refused: 1, total: 6, tookMs: null },
  ...{ instances: [], hits: [], rollout: { ...ROLLOUT, stage: "trial" } },
};

test("nodes by state, and rollouts by what became of them", () => {
  const metrics = new ServiceMetrics();
  metrics.add(ROLLOUT);
  metrics.add({ ...ROLLOUT, stage: "published" });
  metrics.add({ ...ROLLOUT, stage: "published" });
  const text = metricsText(metrics.families(STATUS));
  for (const line of [
    "waf_policy_version 7",
    'waf_policy_nodes{state="active"} 3',
    'waf_policy_nodes{state="behind"} 2',
    'waf_policy_rollouts_total{outcome="rolled_back"} 1',
    'waf_policy_rollouts_total{outcome="published"} 2',
    "waf_policy_rollout_running 1",
  ])
    expect(text).toContain(`${line}\n`);
  expect(metricsText(metrics.families({ ...STATUS, rollout: null }))).toContain("waf_policy_rollout_running 0\n");
});
