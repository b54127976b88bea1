/** A policy service in flags: what the plugin is told of it, the cluster, and what is refused. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { followSettings } from "../../../../hosts/cli/connector/policy-cluster.ts";
import { makeFolder, run } from "../stage.ts";

const PRINT = ["connector", "print", "envoy", "--method", "wasm"];

async function print(...flags: string[]): Promise<{ cluster: object; settings: object }> {
  const { code, stdout, stderr } = await run([...PRINT, ...flags]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const { listeners, clusters } = parse(stdout).static_resources;
  const [filter] = listeners[0].filter_chains[0].filters[0].typed_config.http_filters;
  const { policy: _policy, ...settings } = JSON.parse(filter.typed_config.config.configuration.value);
  return { cluster: clusters.find(({ name }: { name: string }) => name === "merlon-policy"), settings };
}

test("a service over TLS: its name is checked, the token goes to the plugin", async () => {
  const token = join(makeFolder(), "token");
  writeFileSync(token, "abc\n");
  const flags = ["--policy-url", "https://policy.example:9443", "--policy-ca", "/ca.crt", "--node-token-file", token];
  const { cluster, settings } = await print(...flags, "--mode", "block");
  expect(settings).toEqual({
    mode: "block",
    policyCluster: "merlon-policy",
    policyAuthority: "policy.example:9443",
    policyToken: "abc",
  });
  const text = JSON.stringify(cluster);
  expect(text).toContain('"address":"policy.example","port_value":9443');
  expect(text).toContain('"san_type":"DNS","matcher":{"exact":"policy.example"}');
  expect(text).toContain('"trusted_ca":{"filename":"/ca.crt"}');
  expect(text).toContain('"alpn_protocols":["http/1.1"]');
});

test("a service without TLS, and one that knows Envoy by its certificate", async () => {
  const plain = await print("--policy-url", "http://127.0.0.1:9080");
  expect(plain.settings).toEqual({ policyCluster: "merlon-policy", policyAuthority: "127.0.0.1:9080" });
  expect(JSON.stringify(plain.cluster)).not.toContain("tls");
  const own = ["--policy-cert", "/c.pem", "--policy-key", "/k.pem"];
  const { cluster } = await print("--policy-url", "https://policy.example", "--policy-ca", "/ca.crt", ...own);
  expect(JSON.stringify(cluster)).toContain('"private_key":{"filename":"/k.pem"}');
  expect(JSON.stringify(cluster)).toContain('"port_value":443');
});

test("a plugin that follows nobody is told nothing", async () => {
  expect(followSettings(undefined)).toEqual({});
  const { cluster, settings } = await print();
  expect([cluster, settings]).toEqual([undefined, {}]);
});

test.each([
  [[...PRINT, "--policy-url", "https://policy.example"], /--policy-ca is missing/],
  [[...PRINT, "--policy-url", "http://127.0.0.1:1", "--identity", "a"], /--identity/],
  [
    [...PRINT, "--policy-url", "https://policy.example/x", "--policy-ca", "a"],
    /takes http or https, a host and a port/,
  ],
  [[...PRINT, "--policy-url", "ftp://policy.example"], /takes http or https/],
  [[...PRINT, "--policy-ca", "a"], /--policy-ca has no --policy-url/],
  [["connector", "print", "envoy", "--policy-url", "http://a"], /--policy-url is for wasm/],
  [
    ["connector", "print", "istio", "--method", "wasm", "--form", "wasm-plugin", "--policy-url", "http://a"],
    /--policy-url needs a cluster/,
  ],
])("%j is refused", async (args, expected) => {
  const { code, stderr } = await run(args);
  expect(stderr).toMatch(expected);
  expect(code).toBe(2);
});
