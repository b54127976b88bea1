/** What is applied to a mesh, as documents. That istiod and Envoy take it: test/conformance/istio.test.ts. */
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { ExtProcFilter } from "../../../../hosts/cli/connector/filter.ts";
import { istioExtProcYaml, istioPluginYaml, istioWasmYaml } from "../../../../hosts/cli/connector/istio.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";

const PLACE = { name: "merlon", namespace: "shop", context: "sidecar", selector: { app: "shop" } } as const;
const PLAN: ExtProcFilter = {
  processor: { host: "merlon-extproc.merlon.svc.cluster.local", port: 9002 },
  bodyMode: "FULL_DUPLEX_STREAMED",
  mode: "block",
  observe: false,
  failure: "open",
};
const WASM = { wasm: "/etc/merlon/merlon.wasm", policy: defaultPolicy };

test("ext_proc: a cluster of its own, and the filter in front of the router", () => {
  const { metadata, spec } = parse(istioExtProcYaml(PLACE, PLAN, false));
  expect(metadata).toMatchObject({ name: "merlon", namespace: "shop" });
  expect(spec.workloadSelector).toEqual({ labels: { app: "shop" } });
  expect(spec.configPatches).toMatchObject([
    {
      applyTo: "CLUSTER",
      match: { context: "SIDECAR_INBOUND" },
      patch: { operation: "ADD", value: { name: "merlon" } },
    },
    { applyTo: "HTTP_FILTER", match: { context: "SIDECAR_INBOUND" }, patch: { operation: "INSERT_BEFORE" } },
  ]);
  const everywhere = parse(istioExtProcYaml({ ...PLACE, context: "gateway", selector: {} }, PLAN, false));
  expect(everywhere.spec.workloadSelector).toBeUndefined();
  expect(everywhere.spec.configPatches[1].match.context).toBe("GATEWAY");
});

test("ext_proc through the mesh: Istio's cluster, HTTP/2 and its certificates by a DestinationRule", () => {
  const [rule, filter] = parseAllDocuments(istioExtProcYaml(PLACE, PLAN, true)).map((one) => JSON.stringify(one));
  expect(rule).toContain('"kind":"DestinationRule"');
  expect(rule).toContain('"tls":{"mode":"ISTIO_MUTUAL"}');
  expect(rule).toContain('"h2UpgradePolicy":"UPGRADE"');
  expect(filter).toContain('"cluster_name":"outbound|9002||merlon-extproc.merlon.svc.cluster.local"');
  expect(filter).not.toContain('"applyTo":"CLUSTER"');
});

test("wasm: the EnvoyFilter holds heads, the WasmPlugin says that it cannot", () => {
  const filter = istioWasmYaml(PLACE, WASM);
  expect(filter).toContain("allow_on_headers_stop_iteration: true\n");
  expect(filter).not.toContain("holdHead: false");
  const { kind, spec } = parse(istioPluginYaml(PLACE, WASM));
  expect(kind).toBe("WasmPlugin");
  expect(spec).toMatchObject({
    selector: { matchLabels: { app: "shop" } },
    url: "file:///etc/merlon/merlon.wasm",
    failStrategy: "FAIL_RELOAD",
    pluginConfig: { holdHead: false },
  });
  const url = "https://cdn.example/merlon.wasm";
  expect(parse(istioPluginYaml(PLACE, { ...WASM, wasm: url, sha256: "b" })).spec).toMatchObject({ url, sha256: "b" });
});
