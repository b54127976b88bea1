/** Who is signed in and what they may do, for every view below. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { OPERATIONS, type OperationName, ROLES } from "../../postanalytics/api/operations.ts";
import type { Answer } from "../../postanalytics/api/routes.ts";

/** Who is signed in, as the API says it. */
export type Session = Answer<"session">;

const NOBODY: Session = {
  name: "",
  role: "viewer",
  tenants: [],
  by: "password",
  idleUntil: 0,
  endsAt: 0,
  mustChangePassword: false,
  version: "",
  policyWrite: { allowed: false, reason: "nobody is signed in" },
};

/** Carries the session to the views. */
export const SessionContext = createContext<Session>(NOBODY);

/** The session of whoever looks at the page. */
export function useSession(): Session {
  return useContext(SessionContext);
}

/** @returns why the session may not do something; null where it may. The server decides again. */
export function refusalOf(session: Session, operation: OperationName): string | null {
  const { access, ...rest } = OPERATIONS[operation];
  if ("wholeSite" in rest && session.tenants !== null) return "this is for those who may see all applications";
  if (access === "anyone" || access === "user") return null;
  if (ROLES.indexOf(session.role) >= ROLES.indexOf(access)) return null;
  return `this takes the role ${access}; yours is ${session.role}`;
}
