/**
 * Who calls: the session of a cookie or the token of a header, and whether a page of ours sent it. What that allows is
 * decided by identity.ts.
 */

import { isOwnOrigin } from "../access/host-names.ts";
import { commonTenants, type Identity, type Refusal, weakerRole } from "../access/identity.ts";
import type { Session } from "../access/sessions.ts";
import type { ApiParts } from "./context.ts";
import { CSRF_HEADER, type Operation } from "./operations.ts";
import { Problem } from "./problem.ts";

/** Where the session's token is; the prefix makes browsers refuse it from anything but TLS and this very host. */
const COOKIE_TLS = "__Host-merlon";
const COOKIE_PLAIN = "merlon";

type GuardParts = Pick<ApiParts, "users" | "sessions" | "apiTokens" | "now">;

/** @returns the name of the session's cookie */
export function cookieName(secure: boolean): string {
  return secure ? COOKIE_TLS : COOKIE_PLAIN;
}

/** @returns the value of a cookie; empty where it is not there */
export function cookieOf(request: Request, name: string): string {
  for (const pair of (request.headers.get("cookie") ?? "").slice(0, 8192).split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return "";
}

/**
 * @param seconds how long the browser keeps it; 0 to forget it
 * @returns the header that sets a cookie of ours
 */
export function setCookie(name: string, value: string, seconds: number, secure: boolean, site = "Strict"): string {
  const base = `${name}=${value}; Path=/; HttpOnly; SameSite=${site}; Max-Age=${seconds}`;
  return secure ? `${base}; Secure` : base;
}

/** @returns the identity of a session or a token, null where there is none or it has ended; and a new token for it */
export async function identify(
  { users, sessions, apiTokens, now }: GuardParts,
  request: Request,
  secure: boolean,
): Promise<{ readonly who: Identity; readonly session: Session | null } | null> {
  const header = request.headers.get("authorization");
  if (header !== null) {
    const token = /^Bearer ([!-~]{1,128})$/i.exec(header)?.[1] ?? "";
    const info = await apiTokens.find(token);
    const user = info === null ? null : await users.find(info.user);
    if (info === null || user === null || user.locked) return null;
    const endsAt = info.expiresAt ?? now() + 365 * 86_400_000;
    const role = weakerRole(info.role, user.role);
    const tenants = commonTenants(info.tenants, user.tenants);
    const rest = { by: "token", idleUntil: endsAt, endsAt, mustChangePassword: false, session: null } as const;
    return { who: { name: user.name, role, tenants, ...rest }, session: null };
  }
  const token = cookieOf(request, cookieName(secure));
  const session = token === "" ? null : await sessions.find(token);
  const user = session === null ? null : await users.find(session.user);
  if (session === null || user === null || user.locked) return null;
  const { name, role, tenants } = user;
  const { by, idleUntil, endsAt, hash } = session;
  // Whoever came by the link has the machine, and need not know a password.
  const mustChangePassword = by === "password" && user.mustChangePassword;
  return { who: { name, role, tenants, by, idleUntil, endsAt, mustChangePassword, session: hash }, session };
}

/** Refuses what a foreign page could have sent. @throws Problem FOREIGN_PAGE */
export function refuseForeign(request: Request, { method }: Operation, secure: boolean): void {
  if (method === "GET" || request.headers.has("authorization")) return;
  const origin = request.headers.get("origin") ?? undefined;
  const site = request.headers.get("sec-fetch-site");
  const isOurs =
    isOwnOrigin(origin, request.headers.get("host") ?? undefined, secure) &&
    (site === null || site === "same-origin") &&
    request.headers.has(CSRF_HEADER);
  if (isOurs) return;
  const fix = `send the header ${CSRF_HEADER}, or a token instead of a session`;
  throw new Problem("FOREIGN_PAGE", `this change did not come from a page of this console — ${fix}`);
}

const REFUSALS: Readonly<Record<Refusal, () => Problem>> = {
  nobody: () => new Problem("UNAUTHENTICATED", "nobody is signed in, or the session or token has ended — sign in"),
  role: () => new Problem("FORBIDDEN", "your role does not allow this — ask an admin for another role"),
  tenant: () => new Problem("FORBIDDEN", "this is for those who may see all applications — ask an admin"),
  password: () => new Problem("PASSWORD_CHANGE", "somebody else made your password — change it first"),
};

/** @returns a refusal as a problem */
export function refusalProblem(refusal: Refusal): Problem {
  return REFUSALS[refusal]();
}
