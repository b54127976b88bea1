/** What a valid policy says in vain: names that this version does not have, and exceptions whose day is over. */
import { dateText } from "./date.ts";
import { suggestion } from "./nearest.ts";
import type { Policy } from "./schema.ts";

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
  const stamps = new Set(signatures.map(({ stamp }) => stamp));
  const types = new Set(signatures.map(({ type }) => type));
  const unknown = (where: string, what: string, name: string, known: ReadonlySet<string>): string[] => {
    if (known.has(name)) return [];
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

/** Exceptions that count no more. @returns a line for each */
export function expiredExceptions(policy: Policy, nowSeconds: number): string[] {
  return (policy.exceptions ?? [])
    .filter(({ expiresAt }) => expiresAt <= nowSeconds)
    .map(
      ({ name, expiresAt }) => `exception ${name}: expired ${dateText(expiresAt)}; delete it, or give it a new date`,
    );
}
