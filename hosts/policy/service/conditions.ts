/**
 * What is true of each object of a policy, in the words of GEP-713: accepted by the service, programmed into hosts, and
 * enforced on which share of requests. An object that says something and does nothing must not look as if it did.
 */
import type { Policy } from "../schema.ts";
import type { Condition, ObjectState, RolloutState, Status } from "../wire.ts";
import { OBJECTS_SHOWN_MAX } from "../wire.ts";

const MESSAGE_CHARS_MAX = 500;
/** A policy file names no policy. */
const POLICY_NAME = "policy";

/** Why the newest content of a policy does not count. */
export interface Newer {
  readonly reason: "Invalid" | "Staged" | "HeldBack" | "RolledBack";
  readonly why: string;
}

/** @returns what keeps it from counting: it is not valid, it is tried, or it was found to do harm */
export function newerOf(refused: string, rollout: RolloutState | null): Newer | null {
  if (refused !== "") return { reason: "Invalid", why: refused };
  switch (rollout?.stage) {
    case "shown":
    case "trial":
      return { reason: "Staged", why: "a newer content is tried first" };
    case "held":
      return { reason: "HeldBack", why: `a newer content was held back: ${rollout.why}` };
    case "rolled_back":
      return { reason: "RolledBack", why: `a newer content was rolled back: ${rollout.why}` };
    default:
      return null;
  }
}

/**
 * @param policy that counts; undefined where only its bundle is known, after a restart
 * @param newer what keeps the policy's newest content from counting; null where it counts
 * @param nowSeconds by which dates are judged
 * @returns the policy first, then objects of which something is not true, then others
 */
export function objectStates(
  policy: Policy | undefined,
  status: Pick<Status, "active" | "refused" | "total" | "version" | "instances">,
  newer: Newer | null,
  nowSeconds: number,
): ObjectState[] {
  if (policy === undefined) return [];
  const programmed = programmedOf(status);
  const enforced = enforcedOf(status, policy);
  const accepted: Condition = conditionOf("Accepted", "True", "Accepted", `part of version ${status.version}`);
  const stays = `version ${status.version} stays`;
  const own = newer === null ? accepted : conditionOf("Accepted", "False", newer.reason, `${newer.why} (${stays})`);
  const live = (kind: ObjectState["kind"], name: string, isOver: boolean): ObjectState => {
    if (!isOver) return { kind, name, conditions: [accepted, programmed, enforced] };
    const gone = conditionOf("Enforced", "False", "Expired", "its date is over: it has no effect any more");
    return { kind, name, conditions: [accepted, programmed, gone] };
  };
  const isOver = (expiresAt: number | undefined): boolean => expiresAt !== undefined && expiresAt <= nowSeconds;
  const objects = [
    ...(policy.exceptions ?? []).map(({ name, expiresAt }) => live("WafException", name, isOver(expiresAt))),
    ...(policy.ipLists ?? []).map(({ list, entries }, index) =>
      live("WafIPList", `${list}-${index + 1}`, entries.length > 0 && entries.every((one) => isOver(one.expiresAt))),
    ),
  ];
  const first = (state: ObjectState): number => (state.conditions.every((one) => one.status === "True") ? 1 : 0);
  return [
    { kind: "WafPolicy" as const, name: POLICY_NAME, conditions: [own, programmed, enforced] },
    ...objects.sort((a, b) => first(a) - first(b)),
  ].slice(0, OBJECTS_SHOWN_MAX);
}

function programmedOf({ active, refused, total }: Pick<Status, "active" | "refused" | "total">): Condition {
  if (total === 0) return conditionOf("Programmed", "Unknown", "NoNodes", "no node follows the service");
  if (active === total) return conditionOf("Programmed", "True", "Programmed", `on ${active} of ${total} nodes`);
  const why = refused === 0 ? "" : `; ${refused} cannot take it`;
  const reason = refused === 0 ? "Reconciling" : "PartiallyProgrammed";
  return conditionOf("Programmed", "False", reason, `on ${active} of ${total} nodes${why}`);
}

/** What hosts have counted since their start, of those that have the policy. */
function enforcedOf({ instances }: Pick<Status, "instances">, { mode, scopes = [] }: Policy): Condition {
  if (mode === "off" && scopes.every((scope) => scope.mode === undefined || scope.mode === "off")) {
    return conditionOf("Enforced", "False", "Off", "the mode is off: nothing is inspected");
  }
  const counted = instances.filter(({ state }) => state === "active").map(({ counters }) => counters);
  const sum = (name: string): number => counted.reduce((all, counters) => all + (counters[name] ?? 0), 0);
  const [requests, inspected] = [sum("requests"), sum("inspected")];
  if (requests === 0) return conditionOf("Enforced", "Unknown", "NoTraffic", "no request has come yet");
  const share = `${Math.floor((inspected / requests) * 10_000) / 100} % of ${requests} requests inspected`;
  const what = `${share}, ${requests - inspected} skipped, mode ${mode}`;
  return inspected === requests
    ? conditionOf("Enforced", "True", "Enforced", what)
    : conditionOf("Enforced", inspected === 0 ? "False" : "True", "PartiallyInspected", what);
}

function conditionOf(type: Condition["type"], status: Condition["status"], reason: string, message: string): Condition {
  return { type, status, reason, message: message.slice(0, MESSAGE_CHARS_MAX) };
}
