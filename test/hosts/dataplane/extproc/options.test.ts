/** Options: defaults of the policy, and everything wrong refused by name. */
import { expect, test } from "vitest";
import { fixedPolicy } from "../../../../hosts/core/host-policy.ts";
import { type ExtProcOptions, parseConfiguration } from "../../../../hosts/dataplane/extproc/options.ts";
import { policyDefaults } from "../../../../hosts/policy/schema.ts";
import { WordInspector } from "../sidecar/word-inspector.ts";

const inspectorFor = () => new WordInspector();

test("the defaults are those of the policy file, and of one machine", () => {
  const configuration = parseConfiguration({ inspectorFor });
  expect(fixedPolicy(configuration)).toEqual(policyDefaults);
  expect(configuration.listen).toEqual({ host: "127.0.0.1", port: 0 });
});

test.each([
  [{ holdBytes: 1 }, "holdBytes"],
  [{ listen: { port: 70_000 } }, "listen.port"],
  [{ tls: { certFile: "a", keyFile: "" } }, "tls.keyFile"],
  [{ blockPage: { statusCode: 200 } }, "blockPage.statusCode"],
])("refuses %o by its field", (options: Partial<ExtProcOptions>, field) => {
  expect(() => parseConfiguration({ inspectorFor, ...options })).toThrow(`ext_proc option ${field}:`);
});
