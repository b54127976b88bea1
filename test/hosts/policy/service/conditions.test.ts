/** What is true of objects: what is not valid, not everywhere, over or never asked is said. */
import { expect, test } from "vitest";
import type { Policy } from "../../../../hosts/policy/schema.ts";
import { newerOf, objectStates } from "../../../../hosts/policy/service/conditions.ts";
import type { InstanceState, RolloutState, Status } from "../../../../hosts/policy/wire.ts";
import { NOW, policyOf } from "../../../assembly/policy-image.ts";

const POLICY = policyOf(
  { mode: "block" },
  {
    exceptions: [
      { match: {}, ignore: { types: ["xss"] } },
      { match: {}, ignore: { types: ["rce"] }, expiresAt: "2020-01-01T00:00:00Z" },
    ],
  },
);

const ROLLOUT: RolloutState = {
  ...{ stage: "held", hash: "a".repeat(64), at: 0, canaries: [], why: "it blocks", by: "service" },
  ...{ requests: 0, wouldBlock: 0, wouldPass: 0 },
};

type Known = Parameters<typeof objectStates>[1];

function statusOf(status: Partial<Known> = {}, counters: Record<string, number> = {}): Known {
  const instance: InstanceState = {
    ...{ node: "n", instance: "i", kind: "sidecar", merlon: "0", state: "active", source: "live", version: 3 },
    ...{ why: "", tookMs: null, lastSeen: 0, counters },
  };
  const base: Pick<Status, "active" | "refused" | "total" | "version"> = {
    active: 2,
    refused: 0,
    total: 2,
    version: 3,
  };
  return { ...base, instances: [instance, { ...instance, state: "behind", counters: { requests: 1000 } }], ...status };
}

function wordsOf(policy: Policy, status: Known, refused = "", stage?: RolloutState["stage"]): string[] {
  const rollout = stage === undefined ? null : { ...ROLLOUT, stage };
  const [own] = objectStates(policy, status, newerOf(refused, rollout), NOW);
  return own?.conditions.map(({ type, status: is, reason }) => `${type} ${is} ${reason}`) ?? [];
}

test("of a policy that is everywhere and sees everything all is true", () => {
  expect(wordsOf(POLICY, statusOf({}, { requests: 10, inspected: 10 }))).toEqual([
    "Accepted True Accepted",
    "Programmed True Programmed",
    "Enforced True Enforced",
  ]);
});

test.each<[string, Policy, Known, string, string]>([
  ["a file that is not valid", POLICY, statusOf(), "line 5", "Accepted False Invalid"],
  ["a host that is behind", POLICY, statusOf({ active: 1 }), "", "Programmed False Reconciling"],
  ["one that cannot take it", POLICY, statusOf({ active: 1, refused: 1 }), "", "Programmed False PartiallyProgrammed"],
  ["nobody who follows", POLICY, statusOf({ active: 0, total: 0 }), "", "Programmed Unknown NoNodes"],
  ["no requests", POLICY, statusOf(), "", "Enforced Unknown NoTraffic"],
  ["some skipped", POLICY, statusOf({}, { requests: 9, inspected: 8 }), "", "Enforced True PartiallyInspected"],
  ["all skipped", POLICY, statusOf({}, { requests: 9, inspected: 0 }), "", "Enforced False PartiallyInspected"],
  ["mode off", policyOf({ mode: "off" }), statusOf({}, { requests: 9, inspected: 9 }), "", "Enforced False Off"],
])("%s", (_what, policy, status, refused, words) => {
  expect(wordsOf(policy, status, refused)).toContain(words);
});

test.each<[RolloutState["stage"], string]>([
  ["shown", "Accepted False Staged"],
  ["trial", "Accepted False Staged"],
  ["held", "Accepted False HeldBack"],
  ["rolled_back", "Accepted False RolledBack"],
  ["published", "Accepted True Accepted"],
])("a newer content that is %s", (stage, words) => {
  expect(wordsOf(POLICY, statusOf(), "", stage)).toContain(words);
});

test("an exception whose date is over comes before those that count, and says so", () => {
  const states = objectStates(POLICY, statusOf({}, { requests: 3, inspected: 2 }), null, NOW);
  expect(states.map(({ kind }) => kind)).toEqual(["WafPolicy", "WafException", "WafException"]);
  expect(states[1]?.conditions[2]).toMatchObject({ status: "False", reason: "Expired" });
  expect(states[2]?.conditions[2]?.message).toBe("66.66 % of 3 requests inspected, 1 skipped, mode block");
  expect(objectStates(undefined, statusOf(), null, NOW)).toEqual([]);
});
