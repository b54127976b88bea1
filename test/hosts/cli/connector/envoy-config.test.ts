/** The configuration as a document: addresses, clusters, and what differs between the methods. */
import { expect, test } from "vitest";
import { parse } from "yaml";
import { type ExtProcPlan, extProcYaml, wasmYaml } from "../../../../hosts/cli/connector/envoy-config.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";

const PLAN: ExtProcPlan = {
  listen: { host: "0.0.0.0", port: 8080 },
  upstream: { host: "app.internal", port: 3000 },
  processor: { host: "::1", port: 9002 },
  bodyMode: "FULL_DUPLEX_STREAMED",
  mode: null,
  observe: false,
  failure: "closed",
};

test("names are resolved and addresses are not", () => {
  const { static_resources: resources, admin } = parse(extProcYaml({ ...PLAN, admin: 9901 }));
  expect(resources.clusters.map(({ name, type }: { name: string; type: string }) => [name, type])).toEqual([
    ["application", "STRICT_DNS"],
    ["merlon", "STATIC"],
  ]);
  expect(admin.address.socket_address).toEqual({ address: "127.0.0.1", port_value: 9901 });
  expect(parse(extProcYaml(PLAN)).admin).toBeUndefined();
});

test("watching takes pieces as they come, whatever body mode would hold them", () => {
  const modeOf = (plan: ExtProcPlan): string =>
    parse(extProcYaml(plan)).static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[0]
      .typed_config.processing_mode.request_body_mode;
  expect(modeOf({ ...PLAN, observe: true })).toBe("STREAMED");
  expect(modeOf({ ...PLAN, observe: true, bodyMode: "NONE" })).toBe("NONE");
  expect(modeOf(PLAN)).toBe("FULL_DUPLEX_STREAMED");
});

test("the filter in Envoy comes back after a trap and needs no cluster", () => {
  const { static_resources: resources } = parse(wasmYaml({ ...PLAN, wasm: "/m.wasm", policy: defaultPolicy }));
  expect(resources.clusters).toHaveLength(1);
  expect(JSON.stringify(resources)).toContain('"failure_policy":"FAIL_RELOAD"');
});
