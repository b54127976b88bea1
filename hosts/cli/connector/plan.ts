/** What `merlon connector print` was asked for, read from its flags and checked. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MODES } from "../../core/verdict.ts";
import { readPolicyFile } from "../../policy/policy-file.ts";
import { defaultPolicy, type Policy } from "../../policy/schema.ts";
import { type Input, usage } from "../command.ts";
import { type ListenAddress, parseListen } from "../protection/listen-address.ts";
import { showWord } from "../text.ts";
import type { GatewayTarget } from "./envoy-gateway.ts";
import { BODY_MODES, type ExtProcFilter, type ProcessorTls, type RecordAgent, type WasmFilter } from "./filter.ts";
import type { IstioPlace } from "./istio.ts";
import { filterServiceOf } from "./policy-cluster.ts";

/** What can be printed for. */
export const PROXIES = ["envoy", "istio", "envoy-gateway"] as const;
/** The two ways in. */
export const METHODS = ["ext_proc", "wasm"] as const;
export type Method = (typeof METHODS)[number];

/** Defaults of addresses. */
export const LISTEN = "127.0.0.1:8080";
export const UPSTREAM = "127.0.0.1:3000";
const PROCESSORS = { envoy: "127.0.0.1:9002", cluster: "merlon-extproc.merlon.svc.cluster.local:9002" };
const FAILURES = ["open", "closed"] as const;
const WASM_FILE = new URL("../../../build/merlon.wasm", import.meta.url);
/** Where the image of Istio's proxies takes the module from, mounted there or built in. */
const WASM_IN_PROXY = "/etc/merlon/merlon.wasm";

/** What was asked for, and how. */
export interface Asked {
  readonly input: Input;
  readonly proxy: (typeof PROXIES)[number];
  readonly method: Method;
  readonly form: "envoy-filter" | "wasm-plugin";
}

/** @returns the ext_proc filter that was asked for. @throws MerlonError MERLON_USAGE */
export function extProcOf({ input, proxy }: Asked): ExtProcFilter {
  const mode = input.choice("mode", MODES) ?? null;
  const otherwise = proxy === "envoy" ? PROCESSORS.envoy : PROCESSORS.cluster;
  const processor = parseListen(input.text("processor") ?? otherwise, "processor");
  if (processor.port === 0) throw usage("--processor has port 0", "a configuration needs the port", "choose one");
  return {
    processor,
    bodyMode: input.choice("body-mode", BODY_MODES) ?? "FULL_DUPLEX_STREAMED",
    mode,
    observe: proxy !== "envoy-gateway" && (input.flag("out-of-band") || mode === "monitoring"),
    failure: input.choice("failure", FAILURES) ?? "open",
    tls: tlsOf(input, processor),
  };
}

function tlsOf(input: Input, processor: ListenAddress): ProcessorTls | undefined {
  const ca = input.text("tls-ca");
  const [cert, key] = [input.text("tls-cert"), input.text("tls-key")];
  if (ca === undefined) {
    const flag = ["tls-name", "tls-cert", "tls-key"].find((name) => input.flag(name));
    if (flag === undefined) return undefined;
    throw usage(`--${flag} is given without --tls-ca`, "TLS begins with whom to trust", "write --tls-ca <file>");
  }
  if ((cert === undefined) !== (key === undefined)) {
    const [missing, given] = cert === undefined ? ["tls-cert", "tls-key"] : ["tls-key", "tls-cert"];
    throw usage(`--${missing} is missing`, `--${given} is given`, "a certificate and its key belong together");
  }
  const client = cert === undefined || key === undefined ? undefined : { cert, key };
  return { ca, name: input.text("tls-name") ?? processor.host, client };
}

/** @returns the module and policy that were asked for. @throws MerlonError for a flag or the policy */
export async function wasmOf({ input, proxy, form }: Asked): Promise<WasmFilter> {
  const wasm = input.text("wasm") ?? (proxy === "envoy" ? fileURLToPath(WASM_FILE) : WASM_IN_PROXY);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(wasm)?.[1];
  const allowed = schemesOf(proxy, form);
  if (!allowed.includes(scheme ?? "a path")) {
    throw usage(`--wasm is "${showWord(wasm)}"`, `here it takes ${allowed.join(", ")}`, "write one of them");
  }
  const isFetched = scheme === "http" || scheme === "https";
  const sha256 = isFetched ? (input.text("wasm-sha256") ?? ownHash()) : undefined;
  if (isFetched && sha256 === undefined) {
    throw usage("--wasm-sha256 is missing", "what is fetched has to be known", "write what sha256sum prints");
  }
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256)) {
    throw usage("--wasm-sha256 is no hash", "it takes 64 digits 0-9a-f", "write what sha256sum prints");
  }
  const service = filterServiceOf(input);
  if (service !== undefined && (proxy === "envoy-gateway" || form === "wasm-plugin")) {
    const fix = "print an EnvoyFilter, or compile the policy in by --policy";
    throw usage("--policy-url needs a cluster of Envoy's", "what is printed here cannot have one", fix);
  }
  const mode = input.choice("mode", MODES) ?? null;
  return { wasm, sha256, policy: await policyOf(input), mode, service, agent: agentOf(input) };
}

/** The agent that records are sent to, with its TLS. */
function agentOf(input: Input): RecordAgent | undefined {
  const written = input.text("agent");
  const [ca, cert, key] = [input.text("agent-ca"), input.text("agent-cert"), input.text("agent-key")];
  if (written === undefined) {
    const flag = ["agent-ca", "agent-cert", "agent-key"].find((name) => input.flag(name));
    if (flag === undefined) return undefined;
    throw usage(`--${flag} is given without --agent`, "it says how the agent is reached", "write --agent <host:port>");
  }
  const address = parseListen(written, "agent");
  if (address.port === 0) throw usage("--agent has port 0", "a configuration needs the port", "choose one");
  if ((cert === undefined) !== (key === undefined) || (cert !== undefined && ca === undefined)) {
    const missing = ca === undefined ? "agent-ca" : cert === undefined ? "agent-cert" : "agent-key";
    throw usage(
      `--${missing} is missing`,
      "a certificate needs its key and whom to trust",
      `write --${missing} <file>`,
    );
  }
  const client = cert === undefined || key === undefined ? undefined : { cert, key };
  return { address, tls: ca === undefined ? undefined : { ca, name: address.host, client } };
}

function schemesOf(proxy: Asked["proxy"], form: Asked["form"]): string[] {
  if (proxy === "envoy-gateway") return ["http", "https", "oci"];
  return form === "wasm-plugin" ? ["a path", "file", "http", "https", "oci"] : ["a path", "http", "https"];
}

/** The hash of the module of this release. */
function ownHash(): string | undefined {
  return existsSync(WASM_FILE) ? createHash("sha256").update(readFileSync(WASM_FILE)).digest("hex") : undefined;
}

async function policyOf(input: Input): Promise<Policy> {
  const path = input.text("policy");
  return path === undefined ? defaultPolicy : (await readPolicyFile(path)).policy;
}

/** Names of Kubernetes (RFC 1123). */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

function nameOf(input: Input, flag: string, otherwise: string): string {
  const name = input.text(flag) ?? otherwise;
  if (NAME.test(name)) return name;
  throw usage(`--${flag} is "${showWord(name)}"`, "it takes a name of Kubernetes: a-z, 0-9, - and .", "write one");
}

/** @returns where Istio is to put the filter. @throws MerlonError MERLON_USAGE */
export function placeOf(input: Input): IstioPlace {
  const context = input.choice("context", ["gateway", "sidecar"]) ?? "gateway";
  const written = input.texts("selector");
  const selector = Object.fromEntries(written.map(labelOf));
  const gateways = { istio: "ingressgateway" };
  return {
    name: nameOf(input, "name", "merlon"),
    namespace: nameOf(input, "namespace", context === "gateway" ? "istio-system" : "default"),
    context,
    selector: written.length === 0 && context === "gateway" ? gateways : selector,
  };
}

function labelOf(text: string): [string, string] {
  const match = /^([A-Za-z0-9][-A-Za-z0-9._/]{0,316})=([A-Za-z0-9]?[-A-Za-z0-9._]{0,62})$/.exec(text);
  if (match !== null) return [match[1] ?? "", match[2] ?? ""];
  throw usage(`--selector is "${showWord(text)}"`, "it takes a label and its value", "write one such as app=shop");
}

/** @returns what Envoy Gateway is to attach the policy to. @throws MerlonError MERLON_USAGE */
export function targetOf(input: Input): GatewayTarget {
  const written = input.text("target") ?? "";
  const [, kind = "", name = ""] = /^(Gateway|HTTPRoute|GRPCRoute)\/([a-z0-9][-a-z0-9.]{0,252})$/.exec(written) ?? [];
  if (name === "") {
    const what = written === "" ? "--target is missing" : `--target is "${showWord(written)}"`;
    throw usage(what, "it takes Gateway/<name>, HTTPRoute/<name> or GRPCRoute/<name>", "write --target Gateway/eg");
  }
  const target = { kind, name };
  return { name: nameOf(input, "name", "merlon"), namespace: nameOf(input, "namespace", "default"), target };
}

/** @returns the Service that a host in a cluster names. @throws MerlonError MERLON_USAGE */
export function serviceOf({ host }: ListenAddress): { name: string; namespace: string } {
  const [, name, namespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)(?:\.svc(?:\.[a-z0-9.-]+)?)?$/.exec(host) ?? [];
  if (name !== undefined && namespace !== undefined) return { name, namespace };
  const why = "Envoy Gateway wants a Service";
  throw usage(`--processor is "${showWord(host)}"`, why, "write <service>.<namespace>.svc:<port>");
}
