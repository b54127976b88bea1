/** A host without a policy file: its options are all that it is told. */
import { expect, test } from "vitest";
import { buildAnswer } from "../../../hosts/core/block-page.ts";
import { fixedPolicy } from "../../../hosts/core/host-policy.ts";
import { policyDefaults } from "../../../hosts/policy/schema.ts";

test("the defaults of the options are those of a policy that says nothing", () => {
  const { holdBytes, failure } = policyDefaults;
  expect(fixedPolicy({ holdBytes, failure, blockPage: { statusCode: 403 } })).toEqual(policyDefaults);
});

test("its page differs from the standard one in its status alone", () => {
  const { holdBytes, failure } = policyDefaults;
  const [page] = fixedPolicy({ holdBytes, failure, blockPage: { statusCode: 429 } }).pages;
  const context = { ref: "01JD3ABCDEFGHJKM", nowMs: 0, accept: "text/html", mediaType: "", detail: "" };
  const standard = buildAnswer("blocked", context);
  const own = buildAnswer("blocked", context, page);
  expect([standard.status, own.status]).toEqual([403, 429]);
  expect(own.body).toBe(standard.body);
});
