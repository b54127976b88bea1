/**
 * charts/merlon by a real Helm: what it renders is what `merlon connector print` prints, every value has an effect, and
 * what is no value is refused.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { agentCommand } from "../../hosts/cli/agent.ts";
import { parseInput } from "../../hosts/cli/command.ts";
import { extprocCommand } from "../../hosts/cli/extproc.ts";
import { parsePolicy } from "../../hosts/policy/policy-text.ts";
import { run } from "../hosts/cli/stage.ts";
import { type Component, install, ROOT, requireOrSkip } from "../tools/component.ts";
import { helmBinary } from "../tools/mesh.ts";

const CHART = join(ROOT, "charts/merlon");
const LONG_MS = 300_000;
const ON = { "istio.enabled": true };
const WASM = { ...ON, "istio.method": "wasm" };

/** Something that a chart can be given. */
type Value = string | number | boolean | object;
type Values = Readonly<Record<string, Value>>;

interface Resource {
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested
  readonly spec: any;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested
  readonly data: any;
}

let helm: Component<string>;
beforeAll(async () => {
  helm = await helmBinary();
}, LONG_MS);

async function template(values: Values): Promise<Component<string>> {
  if (!("found" in helm)) throw new Error(helm.missing);
  const set = Object.entries(values).flatMap(([name, value]) => ["--set-json", `${name}=${JSON.stringify(value)}`]);
  return await install(helm.found, ["template", "merlon", CHART, "--namespace", "merlon", ...set]);
}

async function render(values: Values): Promise<Resource[]> {
  const outcome = await template(values);
  if (!("found" in outcome)) throw new Error(outcome.missing);
  return parseAllDocuments(outcome.found).map((document) => document.toJS());
}

function oneOf(resources: readonly Resource[], kind: string): Resource {
  const found = resources.filter((one) => one.kind === kind);
  expect(found.map((one) => one.kind)).toEqual([kind]);
  return found[0] ?? { kind, spec: undefined, data: undefined };
}

test(
  "Helm finds nothing to complain of",
  async (context) => {
    const binary = requireOrSkipHelm(context);
    const outcome = await install(binary, ["lint", "--strict", CHART]);
    expect(outcome).toHaveProperty("found");
  },
  LONG_MS,
);

/** Helm is on few machines, so that even CI has it only where it is told so. */
function requireOrSkipHelm(context: Parameters<typeof requireOrSkip>[0]): string {
  if (!("found" in helm) && process.env["MERLON_TOOLS"] === undefined) return context.skip(helm.missing);
  return requireOrSkip(context, helm);
}

describe("the server", () => {
  test("runs restricted, with arguments and a policy that Merlon takes", async () => {
    if (!("found" in helm)) return;
    const resources = await render({
      "extproc.mode": "block",
      "extproc.tls.secretName": "tls",
      "extproc.tls.clientCertificates": true,
    });
    const { template: pod } = oneOf(resources, "Deployment").spec;
    const [container] = pod.spec.containers;
    const [name, ...args] = container.args;
    expect(name).toBe(extprocCommand.name);
    expect(parseInput(extprocCommand, args).text("tls-client-ca")).toBe("/etc/merlon-tls/ca.crt");
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(pod.spec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(parsePolicy(oneOf(resources, "ConfigMap").data["merlon.yaml"], "merlon.yaml").mode).toBe("monitoring");
  });

  test("has a port that meshes and gateways know for gRPC, and a health check that fits", async () => {
    if (!("found" in helm)) return;
    const plain = await render({});
    expect(oneOf(plain, "Service").spec.ports).toMatchObject([{ port: 9002, appProtocol: "kubernetes.io/h2c" }]);
    expect(oneOf(plain, "Deployment").spec.template.spec.containers[0].readinessProbe.grpc).toEqual({ port: 9002 });
    const tls = await render({ "extproc.tls.secretName": "tls" });
    expect(oneOf(tls, "Service").spec.ports).toMatchObject([{ appProtocol: "https" }]);
    expect(oneOf(tls, "Deployment").spec.template.spec.containers[0].readinessProbe.tcpSocket).toBeDefined();
  });
});

describe("what Istio is told is what is printed", () => {
  const HOST = "merlon-extproc.merlon.svc.cluster.local:9002";
  test.each<{ values: Values; args: readonly string[] }>([
    { values: ON, args: [] },
    {
      values: { ...ON, "istio.mode": "block", "istio.extproc.failure": "closed" },
      args: ["--mode", "block", "--failure", "closed"],
    },
    { values: { ...ON, "istio.extproc.outOfBand": true }, args: ["--out-of-band"] },
    { values: { ...ON, "istio.extproc.bodyMode": "BUFFERED_PARTIAL" }, args: ["--body-mode", "BUFFERED_PARTIAL"] },
    {
      values: { ...ON, "istio.context": "sidecar", "istio.selector": { istio: null, app: "shop" } },
      args: ["--context", "sidecar", "--selector", "app=shop"],
    },
    { values: { ...ON, "extproc.tls.secretName": "tls" }, args: ["--tls-ca", "/etc/merlon/ca.crt"] },
  ])("$args", async ({ values, args }) => {
    if (!("found" in helm)) return;
    const { stdout } = await run(["connector", "print", "istio", "--processor", HOST, ...args]);
    expect(oneOf(await render(values), "EnvoyFilter").spec).toEqual(parse(stdout).spec);
  });

  test.each(["envoy-filter", "wasm-plugin"])("the module as %s", async (form) => {
    if (!("found" in helm)) return;
    const { stdout } = await run([
      "connector",
      "print",
      "istio",
      "--method",
      "wasm",
      "--form",
      form,
      "--mode",
      "block",
    ]);
    const printed = parse(stdout);
    const [, policyImage = ""] = /"?policy"?: ?"?([A-Za-z0-9+/=]{40,})/.exec(stdout) ?? [];
    const values = { ...WASM, "istio.mode": "block", "istio.wasm.form": form, "istio.wasm.policyImage": policyImage };
    expect(oneOf(await render(values), printed.kind).spec).toEqual(printed.spec);
  });

  test.each<{ values: Values; args: readonly string[] }>([
    { values: {}, args: [] },
    { values: { "agent.tls.secretName": "tls" }, args: ["--agent-ca", "/etc/merlon/ca.crt"] },
    {
      values: { "agent.tls.secretName": "tls", "agent.tls.clientCertificates": true },
      args: [
        ...["--agent-ca", "/etc/merlon/ca.crt"],
        ...["--agent-cert", "/etc/merlon/tls.crt", "--agent-key", "/etc/merlon/tls.key"],
      ],
    },
  ])("records to an agent, $args", async ({ values, args }) => {
    if (!("found" in helm)) return;
    const address = "merlon-agent.merlon.svc.cluster.local:9003";
    const form = ["--method", "wasm", "--form", "wasm-plugin", "--agent", address];
    const { stdout } = await run(["connector", "print", "istio", ...form, ...args]);
    const [, printed] = parseAllDocuments(stdout).map((document) => document.toJS());
    const url = { "agent.recordsUrl": "https://store.example" };
    const rendered = await render({ ...WASM, "istio.wasm.form": "wasm-plugin", ...url, ...values });
    expect(oneOf(rendered, "EnvoyFilter").spec).toEqual(printed.spec);
    const agent = rendered.find(({ kind, spec }) => kind === "Deployment" && spec.strategy?.type === "Recreate");
    const [name, ...flags] = agent?.spec.template.spec.containers[0].args ?? [];
    expect(name).toBe(agentCommand.name);
    expect(parseInput(agentCommand, flags).text("listen-als")).toBe("0.0.0.0:9003");
  });
});

describe("values", () => {
  /** What a leaf is changed to, where it is not plain. */
  const OTHERS: Values = {
    "image.pullPolicy": "Always",
    policy: "apiVersion: merlon.dev/v1alpha1\n",
    "extproc.mode": "block",
    "istio.method": "wasm",
    "istio.context": "sidecar",
    "istio.mode": "block",
    "istio.extproc.bodyMode": "NONE",
    "istio.extproc.failure": "closed",
    "istio.extproc.tlsCa": "/other",
    "istio.wasm.form": "wasm-plugin",
    "istio.wasm.module": "/other",
    "istio.wasm.policyImage": "AAAA",
    "agent.recordsUrl": "https://store.example",
    "image.pullSecrets": ["a"],
    "extproc.tolerations": [{ key: "a" }],
    "extproc.affinity": { nodeAffinity: {} },
  };
  const AGENT: Values = { ...WASM, "agent.recordsUrl": "https://a.example", "agent.tls.secretName": "tls" };
  const BASES: readonly Values[] = [
    {},
    ON,
    { ...ON, "extproc.tls.secretName": "tls" },
    WASM,
    { ...WASM, "istio.wasm.form": "wasm-plugin" },
    AGENT,
    { ...AGENT, "agent.tls.clientCertificates": true },
  ];

  function leavesOf(value: object, path: string): [string, unknown][] {
    return Object.entries(value).flatMap(([name, inner]): [string, unknown][] => {
      const at = path === "" ? name : `${path}.${name}`;
      const isBranch = typeof inner === "object" && !Array.isArray(inner) && Object.keys(inner).length > 0;
      return isBranch ? leavesOf(inner, at) : [[at, inner]];
    });
  }
  const leaves = leavesOf(parse(readFileSync(join(CHART, "values.yaml"), "utf8")), "");

  function otherThan(path: string, value: unknown): Value {
    const told = OTHERS[path];
    if (told !== undefined) return told;
    if (typeof value === "boolean") return !value;
    if (typeof value === "number") return value + 1;
    return typeof value === "string" ? "other" : { other: "value" };
  }

  test(
    "each has an effect",
    async () => {
      if (!("found" in helm)) return;
      const before = await Promise.all(BASES.map(template));
      expect(leaves.length).toBeGreaterThan(30);
      for (const [path, value] of leaves) {
        let differs = false;
        for (const [index, base] of BASES.entries()) {
          if (differs) break;
          const after = await template({ ...base, [path]: otherThan(path, value) });
          if (!("found" in after)) throw new Error(`${path}: ${after.missing}`);
          differs = JSON.stringify(after) !== JSON.stringify(before[index]);
        }
        expect({ path, differs }).toEqual({ path, differs: true });
      }
    },
    LONG_MS,
  );

  test.each<[string, Value]>([
    ["extproc.replica", 3],
    ["extproc.replicas", "three"],
    ["extproc.workers", 0],
    ["istio.method", "lua"],
    ["istio.extproc.bodyMode", "ALL"],
    ["istio.wasm.module", "merlon.wasm"],
    ["extproc.podLabels", { a: 1 }],
    ["polcy", "a"],
  ])("%s: %j is refused", async (path, value) => {
    if (!("found" in helm)) return;
    expect(await template({ [path]: value })).toHaveProperty("missing");
  });
});
