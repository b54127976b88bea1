/** Rights as a table: who may ask for what. The routes' own matrix is in api/access-matrix.test.ts. */
import { describe, expect, test } from "vitest";
import { commonTenants, isAtLeast, refusalOf, weakerRole } from "../../../../hosts/postanalytics/access/identity.ts";
import type { Access, Role } from "../../../../hosts/postanalytics/api/operations.ts";

const who = (role: Role, tenants: readonly string[] | null = null, mustChangePassword = false) => {
  return { role, tenants, mustChangePassword };
};

describe("a call is refused", () => {
  test.each<[Access, boolean, ReturnType<typeof who> | null, string | null]>([
    ["anyone", false, null, null],
    ["user", false, null, "nobody"],
    ["viewer", false, null, "nobody"],
    ["viewer", false, who("viewer"), null],
    ["analyst", false, who("viewer"), "role"],
    ["admin", false, who("editor"), "role"],
    ["admin", true, who("admin"), null],
    ["viewer", true, who("viewer", ["shop"]), "tenant"],
    ["admin", true, who("admin", []), "tenant"],
    ["viewer", false, who("viewer", []), null],
    ["user", false, who("admin", null, true), null],
    ["viewer", false, who("admin", null, true), "password"],
  ])("%s, whole site %j, by %j: %j", (access, wholeSite, caller, refusal) => {
    expect(refusalOf(wholeSite ? { access, wholeSite } : { access }, caller)).toBe(refusal);
  });
});

test("roles build on each other", () => {
  expect(isAtLeast("admin", "viewer")).toBe(true);
  expect(isAtLeast("viewer", "analyst")).toBe(false);
  expect(weakerRole("admin", "analyst")).toBe("analyst");
  expect(weakerRole("viewer", "editor")).toBe("viewer");
});

test.each([
  [null, null, null],
  [null, ["a"], ["a"]],
  [["a"], null, ["a"]],
  [["a", "b"], ["b", "c"], ["b"]],
  [["a"], [], []],
])("applications in both %j and %j: %j", (one, other, both) => expect(commonTenants(one, other)).toEqual(both));
