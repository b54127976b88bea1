/**
 * The doctor before real Envoys, each broken in one way on purpose: it names the hop, and says nothing of Envoys that
 * are well.
 */
import { renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import {
  type ExtProcFilter,
  extProcFilter,
  processorCluster,
  wasmClusters,
  wasmFilter,
} from "../../../../hosts/cli/connector/filter.ts";
import { examine } from "../../../../hosts/cli/doctor/admin.ts";
import { diagnose } from "../../../../hosts/cli/doctor/checks.ts";
import { Engine } from "../../../../hosts/core/engine.ts";
import { startExtProc } from "../../../../hosts/dataplane/extproc/extproc.ts";
import { defaultPolicy } from "../../../../hosts/policy/schema.ts";
import { type Component, requireOrSkip } from "../../../tools/component.ts";
import { freePorts } from "../../../tools/free-port.ts";
import {
  findEnvoy,
  LONG_MS,
  type Plan,
  type Stage,
  send,
  startEnvoy,
  trappingModule,
  until,
  WASM,
} from "../../dataplane/envoy/stage.ts";
import { makeCertificate, makeFolder } from "../../dataplane/sidecar/certificates.ts";

let binary: Component<string>;
beforeAll(async () => {
  binary = await findEnvoy();
}, LONG_MS);

const upstream: Plan["upstream"] = (_, response) => response.end("application");
const edge = (): object => ({ use_remote_address: true });
const wasm = wasmFilter({ wasm: WASM, policy: { ...defaultPolicy, mode: "block" } });
/** The filter with something of its text replaced. */
const changed = (filter: object, from: string | RegExp, to: string): object => {
  const text = JSON.stringify(filter);
  expect(text).toMatch(from);
  return JSON.parse(text.replace(from, to));
};

async function start(plan: Partial<Plan>): Promise<Stage> {
  if (!("found" in binary)) throw new Error(binary.missing);
  const stage = await startEnvoy(binary.found, { listeners: [[wasm]], upstream, manager: edge, ...plan });
  onTestFinished(() => stage.stop());
  return stage;
}

/** Codes of what is not well, the worst first. */
async function codesOf(stage: Stage, hops: number | null = null): Promise<string[]> {
  const findings = diagnose(await examine(new URL(`http://127.0.0.1:${stage.admin}`)), hops);
  return findings.filter(({ level }) => level !== "ok").map(({ level, code }) => `${level} ${code}`);
}

async function extProc(more: Partial<ExtProcFilter> = {}): Promise<ExtProcFilter> {
  const engine = Engine.load();
  const server = await startExtProc({ inspectorFor: () => engine });
  onTestFinished(() => server.close(0));
  const processor = { host: "127.0.0.1", port: server.port };
  return { processor, bodyMode: "FULL_DUPLEX_STREAMED", mode: null, observe: false, failure: "open", ...more };
}

const planOf = (plan: ExtProcFilter): Partial<Plan> => ({
  listeners: [[extProcFilter(plan)]],
  clusters: [processorCluster(plan)],
});

test(
  "an Envoy that is well",
  async (context) => {
    requireOrSkip(context, binary);
    const plan = await extProc();
    const stage = await start({ ...planOf(plan), listeners: [[wasm], [extProcFilter(plan)]] });
    await send(stage.ports[1] ?? 0, "/");
    expect(await codesOf(stage, 0)).toEqual([]);
  },
  LONG_MS,
);

const WASM_CASES: readonly { readonly code: string; readonly plan: Partial<Plan>; readonly hops?: number }[] = [
  { code: "broken filter-absent", plan: { listeners: [[]] } },
  { code: "broken head-stop", plan: { listeners: [[changed(wasm, '"allow_on_headers_stop_iteration":true,', "")]] } },
  { code: "risk failure-policy", plan: { listeners: [[changed(wasm, "FAIL_RELOAD", "FAIL_CLOSED")]] } },
  { code: "broken buffer-limit", plan: { listener: { per_connection_buffer_limit_bytes: 65_536 } } },
  { code: "risk client-ip", plan: { manager: () => ({ use_remote_address: false }) } },
  { code: "broken client-ip", plan: {}, hops: 1 },
];
test.each(WASM_CASES)(
  "$code",
  async ({ code, plan, hops }) => {
    if (!("found" in binary)) return;
    expect(await codesOf(await start(plan), hops ?? null)).toEqual([code]);
  },
  LONG_MS,
);

test(
  "the server's cluster speaks HTTP/1, or is not there, or leads nowhere",
  async () => {
    if (!("found" in binary)) return;
    const plan = await extProc();
    const http1 = changed(
      processorCluster(plan),
      /"typed_extension_protocol_options":\{.*\}(?=\})/,
      '"lb_policy":"RANDOM"',
    );
    const old = await start({ ...planOf(plan), clusters: [http1] });
    await send(old.ports[0] ?? 0, "/");
    expect(await codesOf(old)).toEqual(expect.arrayContaining(["broken cluster-http1"]));
    const [nowhere = 0] = await freePorts(1);
    const lost = await start(planOf({ ...plan, processor: { host: "127.0.0.1", port: nowhere } }));
    await send(lost.ports[0] ?? 0, "/");
    expect(await codesOf(lost)).toEqual(["broken no-connection", "risk failed-open"]);
    const unresolved = await start(planOf({ ...plan, processor: { host: "nobody.invalid", port: 9002 } }));
    expect(await codesOf(unresolved)).toEqual(["broken no-endpoint"]);
  },
  LONG_MS,
);

test(
  "what the server is shown",
  async () => {
    if (!("found" in binary)) return;
    const plan = await extProc();
    const blind = changed(extProcFilter(plan), /,"request_attributes":\[[^\]]*\]/, "");
    expect(await codesOf(await start({ ...planOf(plan), listeners: [[blind]] }))).toEqual(["risk client-ip"]);
    const headless = changed(extProcFilter(plan), '"request_header_mode":"SEND"', '"request_header_mode":"SKIP"');
    expect(await codesOf(await start({ ...planOf(plan), listeners: [[headless]] }))).toEqual(["broken head-skipped"]);
  },
  LONG_MS,
);

test(
  "the server's certificate has another name",
  async () => {
    if (!("found" in binary)) return;
    const folder = makeFolder();
    const { certFile, keyFile } = makeCertificate(folder, "merlon.example");
    const engine = Engine.load();
    const server = await startExtProc({ inspectorFor: () => engine, tls: { certFile, keyFile } });
    onTestFinished(() => server.close(0));
    const plan = await extProc({ processor: { host: "127.0.0.1", port: server.port } });
    const good = await start(planOf({ ...plan, tls: { ca: certFile, name: "merlon.example" } }));
    await send(good.ports[0] ?? 0, "/");
    expect(await codesOf(good)).toEqual([]);
    const bad = await start(planOf({ ...plan, tls: { ca: certFile, name: "other.example" } }));
    await send(bad.ports[0] ?? 0, "/");
    expect(await codesOf(bad)).toContain("broken tls-name");
  },
  LONG_MS,
);

test(
  "a listener that Envoy rejected, and a plugin's configuration that the filter refused",
  async () => {
    if (!("found" in binary)) return;
    let path = "";
    const router = {
      name: "envoy.filters.http.router",
      typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    };
    const write = (filter: object): void => {
      const resource = { "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig", ...filter };
      writeFileSync(`${path}.new`, JSON.stringify({ version_info: "1", resources: [resource] }));
      renameSync(`${path}.new`, path);
    };
    const stage = await start({
      listeners: [[]],
      manager: (folder) => {
        path = join(folder, "merlon.json");
        write(wasm);
        const config_discovery = {
          config_source: { path_config_source: { path }, resource_api_version: "V3" },
          type_urls: ["type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm"],
        };
        return { use_remote_address: true, http_filters: [{ name: "merlon", config_discovery }, router] };
      },
    });
    await until(
      () => codesOf(stage),
      (codes) => codes.length === 0,
    );
    write(changed(wasm, /\\"policy\\":/, '\\"polcy\\":'));
    const codes = await until(
      () => codesOf(stage),
      (list) => list.length > 0,
    );
    expect(codes[0]).toMatch(/config-rejected|plugin-config/);
  },
  LONG_MS,
);

test(
  "the module trapped, and none is left where it may not come back",
  async () => {
    if (!("found" in binary)) return;
    const folder = makeFolder();
    const trapping = wasmFilter({ wasm: await trappingModule(folder), policy: defaultPolicy });
    const stage = await start({ listeners: [[trapping]] });
    const trap = async (): Promise<void> => {
      const socket = connect(stage.ports[0] ?? 0, "127.0.0.1");
      socket.end("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\na: b\r\n\r\n");
      socket.resume();
      socket.on("error", () => {});
      await new Promise((resolve) => socket.once("close", resolve));
    };
    expect(await codesOf(stage)).toEqual([]);
    await trap();
    await send(stage.ports[0] ?? 0, "/");
    await until(
      () => codesOf(stage),
      (codes) => codes.includes("risk vm-failed"),
    );
  },
  LONG_MS,
);

test(
  "wasm: a policy service that is away, and lists that the filter cannot hold",
  async () => {
    if (!("found" in binary)) return;
    const [port = 0] = await freePorts(1);
    const plan = {
      wasm: WASM,
      policy: { ...defaultPolicy, ipLists: [{ list: "deny" as const, entries: [{ country: "DE" }] }] },
      service: { address: { host: "127.0.0.1", port }, authority: `127.0.0.1:${port}`, token: "" },
    };
    const stage = await start({ listeners: [[wasmFilter(plan)]], clusters: wasmClusters(plan) });
    await until(
      () => codesOf(stage),
      (codes) => codes.join() === "risk policy-away,risk lists-cut",
    );
  },
  LONG_MS,
);
