/** What a policy service counts, as Prometheus reads it: nodes by state, versions, and rollouts by their outcome. */
import { CounterFamily, type Family, single } from "../../core/metrics.ts";
import type { InstanceState, RolloutState, Status } from "../wire.ts";

const STATES: readonly InstanceState["state"][] = ["active", "canary", "behind", "refused", "silent"];

/** The numbers of one service. */
export class ServiceMetrics {
  readonly #rollouts = new CounterFamily(
    "waf_policy_rollouts_total",
    "Versions that were tried before they counted, by what became of them.",
  );

  /** A version that was tried is not any more. */
  add({ stage }: RolloutState): void {
    this.#rollouts.add({ outcome: stage });
  }

  /** @returns families as they stand */
  families(status: Status): Family[] {
    const { version, rollout, states } = { ...status, states: countsOf(status) };
    const isTried = rollout?.stage === "shown" || rollout?.stage === "trial";
    return [
      single("waf_policy_version", "gauge", "Number of the policy that counts.", version, "max"),
      {
        ...single("waf_policy_nodes", "gauge", "Instances that follow, by state.", 0),
        samples: STATES.map((state) => ({ labels: { state }, value: states.get(state) ?? 0 })),
      },
      this.#rollouts.family,
      single("waf_policy_rollout_running", "gauge", "Whether a version is tried now.", isTried ? 1 : 0, "max"),
    ];
  }
}

function countsOf({ active, refused, total, instances }: Status): ReadonlyMap<string, number> {
  // The table may be cut; those that count are told apart from it.
  const seen = (state: InstanceState["state"]): number => instances.filter((one) => one.state === state).length;
  return new Map([
    ["active", active],
    ["refused", refused],
    ["behind", total - active - refused],
    ["canary", seen("canary")],
    ["silent", seen("silent")],
  ]);
}
