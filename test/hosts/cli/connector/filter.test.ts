/** Parts of configurations: TLS with the name that is checked, modules that are fetched, what the plugin is told. */
import { expect, test } from "vitest";
import {
  codeClusters,
  type ExtProcFilter,
  extProcFilter,
  pluginConfig,
  processorCluster,
  wasmFilter,
} from "../../../../hosts/cli/connector/filter.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";

const PLAN: ExtProcFilter = {
  processor: { host: "merlon.example", port: 9002 },
  bodyMode: "FULL_DUPLEX_STREAMED",
  mode: null,
  observe: false,
  failure: "closed",
};
const SHA256 = "a".repeat(64);

test("the server's name is checked, and Envoy's own certificate is shown where there is one", () => {
  expect(JSON.stringify(processorCluster(PLAN))).not.toContain("tls");
  const client = { cert: "/c.pem", key: "/k.pem" };
  const text = JSON.stringify(processorCluster({ ...PLAN, tls: { ca: "/ca.pem", name: "merlon.example", client } }));
  expect(text).toContain('"sni":"merlon.example"');
  expect(text).toContain('"san_type":"DNS","matcher":{"exact":"merlon.example"}');
  expect(text).toContain('"trusted_ca":{"filename":"/ca.pem"}');
  expect(text).toContain('"certificate_chain":{"filename":"/c.pem"},"private_key":{"filename":"/k.pem"}');
  const byAddress = JSON.stringify(processorCluster({ ...PLAN, tls: { ca: "/ca.pem", name: "192.0.2.1" } }));
  expect(byAddress).toContain('"san_type":"IP_ADDRESS"');
  expect(byAddress).not.toContain("sni");
});

test("the filter asks the cluster that it is told", () => {
  expect(JSON.stringify(extProcFilter(PLAN, "outbound|9002||a"))).toContain('"cluster_name":"outbound|9002||a"');
});

test("a module comes from a file, or from a URL with its hash and a cluster", () => {
  const local = { wasm: "/m.wasm", policy: defaultPolicy };
  expect(codeClusters(local)).toEqual([]);
  expect(JSON.stringify(wasmFilter(local))).toContain('"code":{"local":{"filename":"/m.wasm"}}');
  const remote = { wasm: "https://cdn.example/m.wasm", sha256: SHA256, policy: defaultPolicy };
  expect(JSON.stringify(wasmFilter(remote))).toContain(`"timeout":"10s"},"sha256":"${SHA256}"`);
  const clusters = JSON.stringify(codeClusters(remote));
  expect(clusters).toContain('"address":"cdn.example","port_value":443');
  expect(clusters).toContain('"sni":"cdn.example"');
  expect(JSON.stringify(codeClusters({ ...remote, wasm: "http://[::1]:81/m.wasm" }))).toMatch(
    /"type":"STATIC".*"address":"::1","port_value":81(?!.*sni)/,
  );
});

test("where Envoy cannot stop at a head, the plugin is told", () => {
  expect(pluginConfig({ policy: defaultPolicy }, true)).toEqual({ policy: expect.stringMatching(/^TVJMT/) });
  expect(pluginConfig({ policy: defaultPolicy, mode: "block" }, false)).toMatchObject({
    holdHead: false,
    mode: "block",
  });
});
