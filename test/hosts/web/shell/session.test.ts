/** What each role is shown the way to; the server decides again. */
import { expect, test } from "vitest";
import { OPERATIONS, type OperationName, ROLES } from "../../../../hosts/postanalytics/api/operations.ts";
import { refusalOf, type Session } from "../../../../hosts/web/shell/session.ts";

function session(fields: Partial<Session>): Session {
  const rest = { by: "password", idleUntil: 0, endsAt: 0, mustChangePassword: false, version: "" } as const;
  return { name: "ada", role: "viewer", tenants: null, policyWrite: { allowed: true, reason: "" }, ...rest, ...fields };
}

const NAMES = Object.keys(OPERATIONS) as OperationName[];

test.each(ROLES)("a %s may what the API's table says, and no more", (role) => {
  const allowed = NAMES.filter((name) => refusalOf(session({ role }), name) === null);
  const wanted = NAMES.filter((name) => {
    const { access } = OPERATIONS[name];
    return access === "anyone" || access === "user" || ROLES.indexOf(access) <= ROLES.indexOf(role);
  });
  expect(allowed).toEqual(wanted);
  expect(wanted.length).toBeGreaterThan(5);
});

test("who sees some applications only is not shown what belongs to all", () => {
  const refusal = refusalOf(session({ role: "admin", tenants: ["shop"] }), "nodes");
  expect(refusal).toBe("this is for those who may see all applications");
  expect(refusalOf(session({ role: "viewer" }), "users")).toBe("this takes the role admin; yours is viewer");
});
