/** Numbers of applications: those that people write, those of names, and names that would have one number. */
import { expect, test } from "vitest";
import { applicationId, applicationsOf } from "../../../hosts/policy/application.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";

test("a number is itself, a name has one above all that can be written", () => {
  expect(applicationId(12)).toBe(12);
  expect(applicationId("shop-web")).toBeGreaterThanOrEqual(0x8000_0000);
  expect(applicationId("shop-web")).toBe(applicationId("shop-web"));
  expect(applicationId("shop-web")).not.toBe(applicationId("shop-api"));
});

test("all applications of a policy, by their numbers", () => {
  const scopes = ["partners", 7, "shop"].map((application) => ({ match: { host: `${application}.x` }, application }));
  const known = applicationsOf({ ...defaultPolicy, application: "shop", scopes });
  expect([...known.values()].sort()).toEqual(["7", "partners", "shop"]);
});

test("two names with one number are refused, with both names", () => {
  const scopes = [{ match: { host: "a.x" }, application: "shop-5d06f8e" }];
  const policy = { ...defaultPolicy, application: "shop-3b80549", scopes };
  expect(() => applicationsOf(policy)).toThrow("shop-3b80549 and shop-5d06f8e collide");
});
