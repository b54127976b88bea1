/** Who calls, and what that allows. A pure function, so that every cell of the matrix can be tested. */
import { type Operation, ROLES, type Role } from "../api/operations.ts";

/** How somebody showed who they are. */
export const WAYS = ["password", "link", "oidc", "token"] as const;
export type Way = (typeof WAYS)[number];

/** Somebody who is signed in, or a token. */
export interface Identity {
  readonly name: string;
  readonly role: Role;
  /** Applications that they may see; null for all. */
  readonly tenants: readonly string[] | null;
  readonly by: Way;
  /** Milliseconds since 1970. */
  readonly idleUntil: number;
  readonly endsAt: number;
  readonly mustChangePassword: boolean;
  /** What is kept of the session's token; null for API tokens, which are none. */
  readonly session: string | null;
}

/** Why a call is refused. */
export type Refusal = "nobody" | "role" | "tenant" | "password";

/** @returns whether a role has what another has */
export function isAtLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** @returns the weaker of two */
export function weakerRole(one: Role, other: Role): Role {
  return isAtLeast(one, other) ? other : one;
}

/** @returns applications that are in both; null for all */
export function commonTenants(
  one: readonly string[] | null,
  other: readonly string[] | null,
): readonly string[] | null {
  if (one === null) return other;
  return other === null ? one : one.filter((name) => other.includes(name));
}

/** @returns why a call is refused, or null where it is allowed */
export function refusalOf(
  operation: Pick<Operation, "access" | "wholeSite">,
  who: Pick<Identity, "role" | "tenants" | "mustChangePassword"> | null,
): Refusal | null {
  const { access } = operation;
  if (access === "anyone") return null;
  if (who === null) return "nobody";
  if (access !== "user" && who.mustChangePassword) return "password";
  if (access !== "user" && !isAtLeast(who.role, access)) return "role";
  return operation.wholeSite === true && who.tenants !== null ? "tenant" : null;
}
