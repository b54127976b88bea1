/** The schema's defaults and what hosts take from a policy; errors of the schema are in policy-text.test.ts. */
import { expect, test } from "vitest";
import { defaultPolicy, hostPolicyOf, policyDefaults, settingsSchema } from "../../../hosts/policy/schema.ts";

test("the default is to watch and to keep traffic flowing, but to stop what exceeds the work limits", () => {
  expect(defaultPolicy).toEqual({
    mode: "monitoring",
    modeAllowOverride: "on",
    console: { mode: "default", rules: [] },
    failure: { trap: "open", unreachable: "open", overlimit: "closed", oversize: "open" },
    limits: { inspectBytes: 10_485_760, holdBytes: 524_288 },
    clientIP: { trustedCIDRs: [], header: "X-Forwarded-For" },
    mask: [],
    disable: { stamps: [] },
    parsers: { disable: [] },
    blockPage: { statusCode: 403, json: true, types: ["attack", "acl_ip"] },
  });
});

test("hosts take hold, failure and block page from the policy", () => {
  const policy = settingsSchema.parse({
    limits: { holdBytes: "64Ki" },
    failure: { trap: "closed" },
    blockPage: { statusCode: 451 },
  });
  expect(hostPolicyOf(policy)).toEqual({
    holdBytes: 65_536,
    failure: { trap: "closed", unreachable: "open", overlimit: "closed", oversize: "open" },
    pages: [{ statusCode: 451, json: true, types: ["attack", "acl_ip"] }],
    isScoped: false,
  });
  expect(policyDefaults).toEqual(hostPolicyOf(defaultPolicy));
});
