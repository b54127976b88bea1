/** What is applied for Envoy Gateway, as documents; no Envoy Gateway runs here. */
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { gatewayExtProcYaml, gatewayWasmYaml } from "../../../../hosts/cli/connector/envoy-gateway.ts";
import type { ExtProcFilter } from "../../../../hosts/cli/connector/filter.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";

const PLACE = { name: "merlon", namespace: "default", target: { kind: "Gateway", name: "eg" } };
const PLAN: ExtProcFilter = {
  processor: { host: "merlon-extproc.merlon.svc", port: 9002 },
  bodyMode: "FULL_DUPLEX_STREAMED",
  mode: null,
  observe: false,
  failure: "closed",
};

test("ext_proc names a Service, and a grant lets it do so", () => {
  const service = { name: "merlon-extproc", namespace: "merlon" };
  const [policy, grant] = parseAllDocuments(gatewayExtProcYaml(PLACE, PLAN, service)).map((one) => JSON.stringify(one));
  expect(policy).toContain('"targetRefs":[{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"eg"}]');
  expect(policy).toContain('"backendRefs":[{"name":"merlon-extproc","namespace":"merlon","port":9002}]');
  expect(policy).toContain('"failOpen":false');
  expect(policy).toContain('"body":"FullDuplexStreamed"');
  expect(grant).toContain('"kind":"ReferenceGrant"');
  const near = parseAllDocuments(gatewayExtProcYaml({ ...PLACE, namespace: "merlon" }, PLAN, service));
  expect(near).toHaveLength(1);
  expect(gatewayExtProcYaml(PLACE, { ...PLAN, bodyMode: "NONE" }, service)).not.toContain("body:");
});

test("the module comes from a URL or an image, and holds no head", () => {
  const plan = { wasm: "oci://registry.example/merlon:1", policy: defaultPolicy };
  const [image] = parse(gatewayWasmYaml(PLACE, plan, "open")).spec.wasm;
  expect(image).toMatchObject({ failOpen: true, config: { holdHead: false } });
  expect(image.code).toEqual({ type: "Image", image: { url: "registry.example/merlon:1" } });
  const url = "https://cdn.example/merlon.wasm";
  const [fetched] = parse(gatewayWasmYaml(PLACE, { ...plan, wasm: url, sha256: "c" }, "closed")).spec.wasm;
  expect(fetched.code).toEqual({ type: "HTTP", http: { url, sha256: "c" } });
});
