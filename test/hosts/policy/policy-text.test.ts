/** Policies as text: what is read, and that every error names the place, the reason and the fix. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MerlonError } from "../../../hosts/core/error.ts";
import { parsePolicy } from "../../../hosts/policy/policy-text.ts";
import { defaultPolicy } from "../../../hosts/policy/schema.ts";

const HEAD = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec:\n";

const EXCEPTION = `apiVersion: merlon.dev/v1alpha1
kind: WafException
metadata: {name: e}
spec: {ignore: {types: [xss]}, reason: r, expiresAt: 2027-02-01}
`;
const LIST = `apiVersion: merlon.dev/v1alpha1
kind: WafIPList
spec: {list: deny, entries: [{cidr: 203.0.113.0/24}]}
`;

function messageOf(text: string): string {
  try {
    parsePolicy(text, "merlon.yaml");
  } catch (error) {
    if (error instanceof MerlonError && error.code === "MERLON_POLICY") return error.message;
    throw error;
  }
  return "no error";
}

describe("a policy file", () => {
  test("may say nothing beyond its kind", () => {
    expect(parsePolicy(`${HEAD}  defaults: {}\n`, "merlon.yaml")).toEqual(defaultPolicy);
  });

  test("may say everything", () => {
    const text = `# Written by hand.
${HEAD.replace("spec:", "metadata: {name: shop, labels: {team: web}}\nspec:")}  defaults:
    mode: block
    modeAllowOverride: strict
    console:
      mode: monitoring
      rules:
        - {method: POST, path: /main/apply, mode: default}
        - path: /main
          mode: off
    failure: {trap: closed, unreachable: closed, overlimit: open, oversize: closed}
    limits: {inspectBytes: 1Mi, holdBytes: 65536}
    clientIP: {trustedCIDRs: [10.0.0.0/8], header: X-Forwarded-For}
    mask: [password, X-Api-Key]
    disable: {stamps: [sqli-union]}
    blockPage: {statusCode: 451}
`;
    expect(parsePolicy(text, "merlon.yaml")).toEqual({
      mode: "block",
      modeAllowOverride: "strict",
      console: {
        mode: "monitoring",
        rules: [
          { method: "POST", path: "/main/apply", mode: "default" },
          { path: "/main", mode: "off" },
        ],
      },
      failure: { trap: "closed", unreachable: "closed", overlimit: "open", oversize: "closed" },
      limits: { inspectBytes: 1_048_576, holdBytes: 65_536 },
      clientIP: { trustedCIDRs: [{ address: 0xffff_0a00_0000n, prefix: 104 }], header: "X-Forwarded-For" },
      mask: ["password", "X-Api-Key"],
      disable: { stamps: ["sqli-union"] },
      parsers: { disable: [] },
      blockPage: { statusCode: 451, json: true, types: ["attack", "acl_ip"] },
    });
  });

  test("is given as an example with every field", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../docs/examples/merlon.yaml"), "utf8");
    const policy = parsePolicy(text, "merlon.yaml");
    expect(policy).toMatchObject({ mode: "block", mask: ["iban"], failure: defaultPolicy.failure });
    for (const field of Object.keys(defaultPolicy)) expect(text).toContain(`    ${field}:`);
  });

  test("may hold exceptions and lists beside its policy, in any order", () => {
    const text = [EXCEPTION, `${HEAD}  scopes: [{match: {path: /a}, mode: off}]\n`, LIST].join("---\n");
    const { scopes, exceptions, ipLists } = parsePolicy(text, "merlon.yaml");
    expect(scopes).toHaveLength(1);
    expect(exceptions).toMatchObject([{ name: "e", reason: "r" }]);
    expect(ipLists).toMatchObject([{ list: "deny", entries: [{ cidr: { prefix: 120 } }] }]);
  });

  test("may be JSON, use anchors, and say off without quotes", () => {
    const json = '{"apiVersion":"merlon.dev/v1alpha1","kind":"WafPolicy","spec":{"defaults":{"mode":"block"}}}';
    expect(parsePolicy(json, "merlon.json").mode).toBe("block");
    const anchors = "  defaults:\n    mask: &names [a, b]\n    disable: {stamps: *names}\n    mode: off\n";
    expect(parsePolicy(HEAD + anchors, "merlon.yaml")).toMatchObject({
      mode: "off",
      mask: ["a", "b"],
      disable: { stamps: ["a", "b"] },
    });
  });
});

describe("an error of a policy file names the place, the reason and the fix:", () => {
  const at = (field: string): string => `${HEAD}  defaults:\n    ${field}\n`;
  test.each([
    {
      name: "an unknown field",
      text: at("mod: block"),
      says: [":5:5:", '"mod" is no field of spec.defaults', '"mode"?'],
    },
    {
      name: "an unknown field of a rule",
      text: at("console: {rules: [{pth: /a, mode: off}]}"),
      says: [":5:24:", '"path"?'],
    },
    {
      name: "an unknown field at the top",
      text: `${HEAD}  defaults: {}\nstat: 1\n`,
      says: [":5:1:", "no field of the policy"],
    },
    { name: "a field that objects inherit", text: at("constructor: 1"), says: [":5:5:", "no field"] },
    { name: "a field that objects have", text: at("__proto__: {mode: off}"), says: [":5:5:", "no field"] },
    { name: "a field of the cluster", text: `${HEAD}  targetRefs: []\n`, says: [":4:3:", "delete it"] },
    { name: "a value that is none", text: at("mode: blok"), says: [":5:11:", '"blok"', "safe_blocking", '"block"?'] },
    { name: "a value that says nothing", text: at("mode:"), says: [":5:10:", "empty", "monitoring"] },
    { name: "an open or shut case", text: at("failure: {trap: shut}"), says: [":5:21:", '"shut"', "open, closed"] },
    {
      name: "a missing mode",
      text: at("console: {rules: [{path: /a}]}"),
      says: [":5:23:", "rules[0].mode is missing"],
    },
    { name: "a missing head", text: "spec: {defaults: {}}", says: [":1:1:", "apiVersion is missing", "1 more"] },
    {
      name: "another version",
      text: "apiVersion: v2\nkind: WafPolicy\nspec: {defaults: {}}",
      says: [":1:13:", '"v2"'],
    },
    { name: "a size that is none", text: at("limits: {inspectBytes: 10M}"), says: [":5:28:", '"10M"', "512Ki"] },
    { name: "a size out of range", text: at("limits: {holdBytes: 1Gi}"), says: [":5:25:", "1Ki to 64Mi"] },
    { name: "a list instead of a map", text: at("limits: [1]"), says: [":5:13:", "is a list", "a map of fields"] },
    {
      name: "a network that is none",
      text: at("clientIP: {trustedCIDRs: [a]}"),
      says: [":5:31:", '"a"', "10.0.0.0/8"],
    },
    { name: "a host in a network", text: at("clientIP: {trustedCIDRs: [10.0.0.1/8]}"), says: [":5:31:", "beyond"] },
    {
      name: "a header nobody reads",
      text: at("clientIP: {header: X-Real-IP}"),
      says: [":5:24:", '"X-Real-IP"', "X-Forwarded-For"],
    },
    { name: "a relative path", text: at("console: {rules: [{path: a, mode: off}]}"), says: [":5:30:", "slash"] },
    { name: "a path with a query", text: at("console: {rules: [{path: /a?b, mode: off}]}"), says: [":5:30:", "query"] },
    { name: "a path as shown", text: at("console: {rules: [{path: /é, mode: off}]}"), says: [":5:30:", "percent"] },
    {
      name: "a method in lower case",
      text: at("console: {rules: [{method: get, path: /, mode: off}]}"),
      says: ["POST"],
    },
    {
      name: "a rule twice",
      text: at("console: {rules: [{path: /, mode: off}, {path: /, mode: block}]}"),
      says: [":5:45:", "earlier"],
    },
    {
      name: "a point as a mask",
      text: at("mask: [header.AUTHORIZATION]"),
      says: [":5:12:", "is a point", "authorization"],
    },
    { name: "a stamp that is none", text: at("disable: {stamps: ['SQL i']}"), says: [":5:24:", "sqli-union"] },
    { name: "a status that is no block", text: at("blockPage: {statusCode: 200}"), says: [":5:29:", "at least 400"] },
    { name: "a key twice", text: at("mode: off\n    mode: off"), says: [":6:5:", "unique"] },
    { name: "no YAML", text: `${HEAD}  defaults: {mode: block`, says: ["no valid YAML"] },
    { name: "nothing", text: "# to do\n", says: ["is empty", "docs/policy.md"] },
    {
      name: "a kind that is none",
      text: `${HEAD}  defaults: {}\n---\nkind: WafExcepton\n`,
      says: [":6:7:", '"WafExcepton"', '"WafException"?'],
    },
    {
      name: "a kind that nobody obeys yet",
      text: `${HEAD}  defaults: {}\n---\nkind: WafExport\n`,
      says: [":6:7:", "no effect", "delete it"],
    },
    {
      name: "a file without a policy",
      text: EXCEPTION,
      says: ["holds no WafPolicy"],
    },
    {
      name: "two exceptions of one name",
      text: `${HEAD}  defaults: {}\n---\n${EXCEPTION}---\n${EXCEPTION}`,
      says: [":11:1:", "a second WafException e begins"],
    },
    {
      name: "an exception for everything",
      text: `${HEAD}  defaults: {}\n---\n${EXCEPTION.replace("types: [xss]", "all: true")}`,
      says: [":9:7:", "match.path and match.point"],
    },
    {
      name: "a scope for everything",
      text: `${HEAD}  scopes: [{match: {}, mode: off}]\n`,
      says: [":4:20:", "fits everything", "spec.defaults"],
    },
    {
      name: "two scopes for the same requests",
      text: `${HEAD}  scopes: [{match: {path: /a, host: A.x}}, {match: {host: a.x, path: /%61}}]\n`,
      says: [":4:", "spec.scopes[1]", "keep one of them"],
    },
    {
      name: "a field of a scope that nobody obeys there",
      text: `${HEAD}  scopes: [{match: {path: /a}, clientIP: {}}]\n`,
      says: [":4:32:", '"clientIP" is no field of spec.scopes[0]', "parsers"],
    },
    {
      name: "a list without a kind of its own",
      text: `${HEAD}  defaults: {}\n---\n${LIST.replace("deny", "block")}`,
      says: [":8:14:", '"block"', "allow, deny, gray"],
    },
    {
      name: "a network with bits too many",
      text: `${HEAD}  defaults: {}\n---\n${LIST.replace("/24", "/16")}`,
      says: [":8:", "bits beyond its prefix"],
    },
    {
      name: "two policies",
      text: `${HEAD}  defaults: {}\n---\n${HEAD}  defaults: {}\n`,
      says: [":6:1:", "a second WafPolicy begins"],
    },
    { name: "a list", text: "- 1\n", says: [":1:1:", "a list"] },
    { name: "text", text: "block everything", says: [":1:1:", "text"] },
  ])("$name", ({ text, says }) => {
    const message = messageOf(text);
    for (const part of says) expect(message).toContain(part);
    expect(message).toMatch(/^merlon\.yaml/);
    expect(message).not.toContain("\n");
  });

  test.each([
    { name: "nested without end", text: "[".repeat(100_000) },
    { name: "an alias of itself", text: "a: &a [*a]" },
    {
      name: "aliases that multiply",
      text: `a: &a [${"x,".repeat(50)}]\nb: &b [${"*a,".repeat(50)}]\nc: [${"*b,".repeat(50)}]`,
    },
    { name: "an alias to nowhere", text: "a: *b" },
    { name: "control characters", text: `${HEAD}  "a\\u001b[2J\\nb": 1` },
    { name: "a very long name", text: `${HEAD}  ${"x".repeat(100_000)}: 1` },
    { name: "bytes that are no text", text: "\u0000\u0001\ufffd" },
  ])("hostile text: $name", ({ text }) => {
    const message = messageOf(text);
    expect(message).toMatch(/^merlon\.yaml/);
    expect(message.length).toBeLessThan(600);
    expect(message).toMatch(/^[\x20-\x7e—…]+$/);
  });
});
