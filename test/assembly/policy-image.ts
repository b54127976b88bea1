/** Policy images for tests of the core, made by the hosts' own compiler. */
import type { z } from "zod";
import { compilePolicy } from "../../hosts/policy/image.ts";
import { parsePolicy } from "../../hosts/policy/policy-text.ts";
import { API_VERSION, type documentSchemas, type Policy, settingsSchema } from "../../hosts/policy/schema.ts";
import type { Core } from "./core.ts";

/** Settings as a policy file has them. */
export type Settings = z.input<typeof settingsSchema>;
/** A scope of a policy file. */
export type ScopeSettings = NonNullable<z.input<(typeof documentSchemas)["WafPolicy"]>["spec"]["scopes"]>[number];
/** An exception of a policy file, without what every one must say and no test asks about. */
export type ExceptionSettings = Pick<z.input<(typeof documentSchemas)["WafException"]>["spec"], "match" | "ignore"> & {
  readonly expiresAt?: string;
};

/** A rule of a policy file. */
export type RuleSettings = NonNullable<z.input<(typeof documentSchemas)["WafPolicy"]>["spec"]["rules"]>[number];

/** A threshold of a policy file. */
export type ThresholdSettings = NonNullable<
  z.input<(typeof documentSchemas)["WafPolicy"]>["spec"]["thresholds"]
>[number];

/** A second at which exceptions that say nothing of a date still count. */
export const NOW = 1_800_000_000;
const FUTURE = "2027-06-01T00:00:00Z";

/** What a policy file holds beside its settings. */
export interface Objects {
  readonly scopes?: readonly ScopeSettings[];
  readonly exceptions?: readonly ExceptionSettings[];
  readonly rules?: readonly RuleSettings[];
  readonly thresholds?: readonly ThresholdSettings[];
}

/** A policy as a file says it. */
export function policyOf(settings: Settings, objects: Objects = {}): Policy {
  const { scopes = [], exceptions = [], rules = [], thresholds = [] } = objects;
  const documents: object[] = [
    { apiVersion: API_VERSION, kind: "WafPolicy", spec: { defaults: settings, scopes, rules, thresholds } },
    ...exceptions.map((exception) => ({
      apiVersion: API_VERSION,
      kind: "WafException",
      spec: { reason: "a test", expiresAt: FUTURE, ...exception },
    })),
  ];
  return parsePolicy(documents.map((document) => JSON.stringify(document)).join("\n---\n"), "policy");
}

/** Makes a policy with these settings the active one, or the shadow. */
export function usePolicy(core: Core, settings: Settings, slot: "active" | "shadow" = "active"): void {
  load(core, settingsSchema.parse(settings), slot);
}

/** Makes a policy with scopes and exceptions the active one, or the shadow. */
export function useObjects(
  core: Core,
  settings: Settings,
  objects: Objects,
  slot: "active" | "shadow" = "active",
): void {
  load(core, policyOf(settings, objects), slot);
}

function load(core: Core, policy: Policy, slot: "active" | "shadow"): void {
  const status = core.loadPolicy(slot, compilePolicy(policy));
  if (status !== 0) throw new Error(`the core refused the policy with ${status}`);
}
