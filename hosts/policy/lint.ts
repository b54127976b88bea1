/** What a valid policy says in vain: names that nobody has, days that are over, rules that ask nothing. */
import { applicationId } from "./application.ts";
import { dateText } from "./date.ts";
import { compileExpression } from "./expression/expression.ts";
import { REQUEST_VARIABLES } from "./expression/variables.ts";
import { suggestion } from "./nearest.ts";
import { rulesOf } from "./rule/pack.ts";
import { planOf } from "./rule/plan.ts";
import { stampOf } from "./rule/rule.ts";
import type { Policy } from "./schema.ts";
import { checksOf } from "./specification/checks.ts";
import { thresholdStamp } from "./threshold/threshold.ts";

/** What is asked of a signature here. */
export interface KnownSignature {
  readonly stamp: string;
  readonly type: string;
}

/**
 * Stamps and types that no signature has: they let nothing pass.
 * @returns a line for each, with the name that was probably meant
 */
export function namesNobodyKnows(policy: Policy, signatures: readonly KnownSignature[]): string[] {
  const rules = rulesOf(policy);
  const checks = checksOf(policy.apiSpecs);
  const stamps = new Set([...[...signatures, ...checks].map(({ stamp }) => stamp), ...rules.map(stampOf)]);
  const counted = new Map((policy.thresholds ?? []).map((one) => [thresholdStamp(one), one.name]));
  const types = new Set([...signatures, ...rules, ...checks].map(({ type }) => type));
  const unknown = (where: string, what: string, name: string, known: ReadonlySet<string>): string[] => {
    if (known.has(name)) return [];
    const threshold = what === "signature" ? counted.get(name) : undefined;
    if (threshold !== undefined) {
      return [`${where}: ${name} is a threshold, and no finding that could pass; change threshold ${threshold}`];
    }
    const near = suggestion(name, known);
    return [`${where}: this version has no ${what} ${name}${near === "" ? "" : `; ${near}`}`];
  };
  return [
    ...policy.disable.stamps.flatMap((stamp) => unknown("disable.stamps", "signature", stamp, stamps)),
    ...(policy.exceptions ?? []).flatMap(({ name, ignore }) => [
      ...ignore.stamps.flatMap((stamp) => unknown(`exception ${name}`, "signature", stamp, stamps)),
      ...ignore.types.flatMap((type) => unknown(`exception ${name}`, "signature of the type", type, types)),
    ]),
  ];
}

/** Exceptions and rules that count no more. @returns a line for each */
export function expiredObjects({ exceptions = [], rules = [] }: Policy, nowSeconds: number): string[] {
  const dated = [
    ...exceptions.map(({ name, expiresAt }) => ({ name: `exception ${name}`, expiresAt })),
    ...rules.map(({ name, expiresAt = Number.POSITIVE_INFINITY }) => ({ name: `rule ${name}`, expiresAt })),
  ];
  return dated
    .filter(({ expiresAt }) => expiresAt <= nowSeconds)
    .map(({ name, expiresAt }) => `${name}: expired ${dateText(expiresAt)}; delete it, or give it a new date`);
}

/** Thresholds whose conditions fit nothing. @returns a line for each */
export function idleThresholds({ thresholds = [] }: Policy): string[] {
  return thresholds.flatMap(({ name, when }) => {
    const plan = planOf(compileExpression(when, REQUEST_VARIABLES), applicationId);
    if (plan.kind !== "constant" || plan.value) return [];
    return [`threshold ${name}: its condition fits no request; mend the condition`];
  });
}

/** Rules whose conditions ask nothing of a request. @returns a line for each */
export function idleRules({ rules = [] }: Policy): string[] {
  return rules.flatMap(({ name, when }) => {
    const plan = planOf(compileExpression(when, REQUEST_VARIABLES), applicationId);
    if (plan.kind !== "constant") return [];
    const what = plan.value ? "fits every request in its scope" : "fits no request";
    return [`rule ${name}: its condition ${what}; mend the condition`];
  });
}

/** What specifications say and nobody asks of requests. @returns a line for each */
export function unaskedOf({ apiSpecs = [] }: Policy): string[] {
  return apiSpecs.flatMap(({ name, unasked }) => unasked.map((line) => `specification ${name}: ${line}`));
}
