/** A policy in force: its image and its lists reach an engine together, the same way in every host. */
import type { Engine } from "../core/engine.ts";
import type { Mode } from "../core/verdict.ts";
import { compilePolicy } from "./image.ts";
import { Sources } from "./ip-list.ts";
import type { Policy } from "./schema.ts";

/**
 * Loads a policy into the active slot, with what its lists say of clients.
 * @throws MerlonError MERLON_POLICY, MERLON_POLICY_VERSION; the policy before then stays in force
 */
export function applyPolicy(engine: Engine, policy: Policy): void {
  engine.loadPolicy("active", compilePolicy(policy));
  const lists = policy.ipLists === undefined ? null : new Sources(policy.ipLists);
  engine.sources = lists === null ? null : (high, low, now) => lists.sourceOf(high, low, now);
}

/** @returns the policy with a mode that is somebody's last word: neither scopes nor console rules change it */
export function withMode(policy: Policy, mode: Mode): Policy {
  const scopes = policy.scopes?.map(({ mode: _mode, modeAllowOverride: _override, ...rest }) => rest);
  return { ...policy, mode, modeAllowOverride: "off", ...(scopes === undefined ? {} : { scopes }) };
}
