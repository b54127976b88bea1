/** What records say of a policy: which it is, and names instead of numbers. */
import { expect, test } from "vitest";
import { applicationId } from "../../../hosts/policy/application.ts";
import { defaultPolicy, type Policy } from "../../../hosts/policy/schema.ts";
import { policyFacts } from "../../../hosts/records/policy-facts.ts";

test("facts follow the policy in force, and each change is a generation", () => {
  let policy: Policy = { ...defaultPolicy, application: "shop" };
  const facts = policyFacts("merlon.yaml", () => policy);
  const first = facts();
  expect(first).toMatchObject({ ref: "merlon.yaml", generation: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(first.applications.get(applicationId("shop"))).toBe("shop");
  expect(facts()).toBe(first);
  policy = { ...policy, mode: "block" };
  expect(facts()).toMatchObject({ generation: 2 });
  expect(facts().sha256).not.toBe(first.sha256);
});
