/** Flags of `connector print`: what is refused, with the flag and the fix. Whole outputs: ../connector.test.ts. */
import { expect, test } from "vitest";
import { run } from "../stage.ts";

test.each([
  ["envoy --tls-name a", "--tls-name is given without --tls-ca"],
  ["envoy --tls-ca ca.pem --tls-key k.pem", "--tls-cert is missing"],
  ["envoy --method wasm --wasm oci://a/b", "here it takes a path, http, https"],
  ["envoy --method wasm --wasm https://a/b --wasm-sha256 12", "--wasm-sha256 is no hash"],
  ["envoy --processor a:0", "--processor has port 0"],
  ["istio --selector app", '--selector is "app"'],
  ["istio --namespace Shop", '--namespace is "Shop"'],
  ["istio --mesh --tls-ca ca.pem", "--mesh and --tls-ca are given"],
  ["istio --upstream 127.0.0.1:1", "--upstream is for envoy"],
  ["istio --method wasm --failure open", "--failure is for ext_proc"],
  ["envoy-gateway", "--target is missing"],
  ["envoy-gateway --target Service/a", '--target is "Service/a"'],
  ["envoy-gateway --target Gateway/eg --processor 10.0.0.1:9002", "Envoy Gateway wants a Service"],
  ["envoy-gateway --target Gateway/eg --out-of-band", "--out-of-band is for envoy, istio"],
  ["envoy-gateway --target Gateway/eg --method wasm", "here it takes http, https, oci"],
])("print %s is refused", async (line, words) => {
  const { code, stderr, stdout } = await run(["connector", "print", ...line.split(" ")]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(words);
});

test("what is left out has a default", async () => {
  const istio = await run(["connector", "print", "istio"]);
  expect(istio.stdout).toContain("istio: ingressgateway\n");
  expect(istio.stdout).toContain("address: merlon-extproc.merlon.svc.cluster.local\n");
  const sidecar = await run(["connector", "print", "istio", "--context", "sidecar", "--out-of-band"]);
  expect(sidecar.stdout).not.toContain("workloadSelector");
  expect(sidecar.stdout).toContain("observability_mode: true\n");
  const fetched = await run(["connector", "print", "istio", "--method", "wasm", "--wasm", "https://a.example/m.wasm"]);
  expect(fetched.stdout).toMatch(/sha256: [0-9a-f]{64}\n/);
});
