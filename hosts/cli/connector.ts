/** `merlon connector print`: what connects a proxy with Merlon, complete and ready to be started from or applied. */

import { MODES } from "../core/verdict.ts";
import { type Command, type Input, type Io, type Option, usage } from "./command.ts";
import { extProcYaml, wasmYaml } from "./connector/envoy-config.ts";
import { gatewayExtProcYaml, gatewayWasmYaml } from "./connector/envoy-gateway.ts";
import { istioExtProcYaml, istioPluginYaml, istioWasmYaml } from "./connector/istio.ts";
import {
  type Asked,
  extProcOf,
  LISTEN,
  METHODS,
  type Method,
  PROXIES,
  placeOf,
  serviceOf,
  targetOf,
  UPSTREAM,
  wasmOf,
} from "./connector/plan.ts";
import { type ListenAddress, parseListen } from "./protection/listen-address.ts";
import { SERVICE_OPTIONS } from "./protection/service-address.ts";
import { showWord } from "./text.ts";

/**
 * The flags of hosts that follow, for a filter: Envoy reads the certificates, and this command the token. A filter
 * cannot enrol.
 */
const FILTER_SERVICE_OPTIONS: Readonly<Record<string, Option>> = Object.fromEntries(
  Object.entries(SERVICE_OPTIONS)
    .filter(([name]) => name !== "identity")
    .map(([name, option]) => [name, { ...option, about: `wasm: ${option.about}` }]),
);

/** The command. */
export const connectorCommand: Command = {
  name: "connector",
  summary: "print what connects a proxy with Merlon",
  usage: "print <envoy|istio|envoy-gateway> [flags]",
  least: 2,
  most: 2,
  options: {
    method: {
      type: "string",
      value: "<method>",
      about: "ext_proc (a server beside Envoy) or wasm (in Envoy); ext_proc",
    },
    mode: { type: "string", value: "<mode>", about: `${MODES.join(", ")}; ext_proc leaves it to the server's policy` },
    upstream: { type: "string", value: "<host:port>", about: `envoy: the application; ${UPSTREAM} if not given` },
    listen: { type: "string", value: "<host:port>", about: `envoy: where it listens; ${LISTEN} if not given` },
    admin: { type: "string", value: "<port>", about: "envoy: port of its own interface; none if not given" },
    "trusted-hops": {
      type: "string",
      value: "<number>",
      about: "envoy: proxies in front of it that write X-Forwarded-For; 0",
    },
    processor: { type: "string", value: "<host:port>", about: "ext_proc: the server" },
    "body-mode": {
      type: "string",
      value: "<mode>",
      about: "ext_proc: NONE, STREAMED, BUFFERED, BUFFERED_PARTIAL; FULL_DUPLEX_STREAMED if not given",
    },
    failure: {
      type: "string",
      value: "<side>",
      about: "open or closed, where the server does not answer; open if not given",
    },
    "out-of-band": { type: "boolean", about: "ext_proc: show requests and wait for nothing; so does mode monitoring" },
    "tls-ca": { type: "string", value: "<file>", about: "ext_proc: authorities (PEM) on Envoy's machine; TLS then" },
    "tls-name": { type: "string", value: "<name>", about: "ext_proc: name in the server's certificate" },
    "tls-cert": { type: "string", value: "<file>", about: "ext_proc: Envoy's own certificate, where the server asks" },
    "tls-key": { type: "string", value: "<file>", about: "ext_proc: key of that certificate" },
    policy: { type: "string", value: "<file>", about: "wasm: policy file that is compiled into the configuration" },
    ...FILTER_SERVICE_OPTIONS,
    wasm: { type: "string", value: "<file|url>", about: "wasm: the module on Envoy's machine, or where it is fetched" },
    "wasm-sha256": { type: "string", value: "<hash>", about: "wasm: hash of what is fetched; this release's module" },
    records: { type: "string", value: "<file>", about: "envoy, wasm: records as lines of JSON; none if not given" },
    agent: {
      type: "string",
      value: "<host:port>",
      about: "envoy, istio, wasm: merlon agent --listen-als, for records",
    },
    "agent-ca": { type: "string", value: "<file>", about: "--agent: authorities (PEM) on Envoy's machine; TLS then" },
    "agent-cert": { type: "string", value: "<file>", about: "--agent: Envoy's own certificate, where the agent asks" },
    "agent-key": { type: "string", value: "<file>", about: "--agent: key of that certificate" },
    form: { type: "string", value: "<form>", about: "istio, wasm: envoy-filter or wasm-plugin; envoy-filter" },
    context: { type: "string", value: "<context>", about: "istio: gateway or sidecar; gateway if not given" },
    selector: {
      type: "string",
      multiple: true,
      value: "<label=value>",
      about: "istio: label of the pods; istio=ingressgateway for gateways",
    },
    mesh: { type: "boolean", about: "istio, ext_proc: reach the server by the mesh's own mutual TLS" },
    target: { type: "string", value: "<kind/name>", about: "envoy-gateway: Gateway/eg, HTTPRoute/shop …" },
    namespace: { type: "string", value: "<name>", about: "of what is applied; istio-system for gateways of Istio" },
    name: { type: "string", value: "<name>", about: "of what is applied; merlon if not given" },
  },
  details: [
    "The configuration goes to stdout. Out of band, Envoy shows requests and waits for nothing. What each body mode",
    "can hold back is in docs/extproc.md; docs/envoy.md and docs/istio.md go through an installation.",
  ].join("\n"),
  examples: [
    "merlon connector print envoy --upstream 127.0.0.1:3000 > envoy.yaml",
    "merlon connector print envoy --method wasm --mode block --records /var/log/merlon.jsonl > envoy.yaml",
    "merlon connector print istio --mode block | kubectl apply -f -",
    "merlon connector print envoy-gateway --target Gateway/eg --namespace default | kubectl apply -f -",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const [verb = "", name = ""] = input.positionals;
  const proxy = PROXIES.find((known) => known === name);
  if (verb !== "print" || proxy === undefined) {
    const written = showWord(`${verb} ${name}`);
    throw usage(`"${written}" is unknown`, `there are ${PROXIES.join(", ")} to print`, `write "print ${PROXIES[0]}"`);
  }
  const method = input.choice("method", METHODS) ?? "ext_proc";
  const form = input.choice("form", ["envoy-filter", "wasm-plugin"]) ?? "envoy-filter";
  const asked: Asked = { input, proxy, method, form };
  refuseForeign(asked);
  io.stdout.write(await print(asked));
  return 0;
}

async function print(asked: Asked): Promise<string> {
  const { input, proxy, method, form } = asked;
  if (proxy === "envoy") {
    const plan = {
      listen: address(input, "listen", LISTEN),
      upstream: address(input, "upstream", UPSTREAM),
      hops: input.integer("trusted-hops", 0, 32, 0),
      ...(input.text("admin") === undefined ? {} : { admin: input.integer("admin", 1, 65_535, 0) }),
    };
    if (method === "wasm") return wasmYaml({ ...plan, ...(await wasmOf(asked)), records: input.text("records") });
    return extProcYaml({ ...plan, ...extProcOf(asked) });
  }
  if (proxy === "istio") {
    const place = placeOf(input);
    if (method === "ext_proc") return istioExtProcYaml(place, extProcOf(asked), input.flag("mesh"));
    return (form === "wasm-plugin" ? istioPluginYaml : istioWasmYaml)(place, await wasmOf(asked));
  }
  const target = targetOf(input);
  const failure = input.choice("failure", ["open", "closed"]) ?? "open";
  if (method === "wasm") return gatewayWasmYaml(target, await wasmOf(asked), failure);
  const plan = extProcOf(asked);
  return gatewayExtProcYaml(target, plan, serviceOf(plan.processor));
}

/** Which proxies and method each flag is for; a flag without effect would look like one that was obeyed. */
const FOR: Readonly<Record<string, { proxies?: readonly string[]; method?: Method }>> = {
  upstream: { proxies: ["envoy"] },
  listen: { proxies: ["envoy"] },
  admin: { proxies: ["envoy"] },
  "trusted-hops": { proxies: ["envoy"] },
  records: { proxies: ["envoy"], method: "wasm" },
  agent: { proxies: ["envoy", "istio"], method: "wasm" },
  "agent-ca": { proxies: ["envoy", "istio"], method: "wasm" },
  "agent-cert": { proxies: ["envoy", "istio"], method: "wasm" },
  "agent-key": { proxies: ["envoy", "istio"], method: "wasm" },
  processor: { method: "ext_proc" },
  "body-mode": { method: "ext_proc" },
  "out-of-band": { proxies: ["envoy", "istio"], method: "ext_proc" },
  "tls-ca": { proxies: ["envoy", "istio"], method: "ext_proc" },
  "tls-name": { proxies: ["envoy", "istio"], method: "ext_proc" },
  "tls-cert": { proxies: ["envoy", "istio"], method: "ext_proc" },
  "tls-key": { proxies: ["envoy", "istio"], method: "ext_proc" },
  policy: { method: "wasm" },
  ...Object.fromEntries(Object.keys(FILTER_SERVICE_OPTIONS).map((flag) => [flag, { method: "wasm" }] as const)),
  wasm: { method: "wasm" },
  "wasm-sha256": { method: "wasm" },
  form: { proxies: ["istio"], method: "wasm" },
  context: { proxies: ["istio"] },
  selector: { proxies: ["istio"] },
  mesh: { proxies: ["istio"], method: "ext_proc" },
  target: { proxies: ["envoy-gateway"] },
  namespace: { proxies: ["istio", "envoy-gateway"] },
  name: { proxies: ["istio", "envoy-gateway"] },
};

function refuseForeign({ input, proxy, method }: Asked): void {
  for (const [flag, { proxies, method: only }] of Object.entries(FOR)) {
    if (!input.flag(flag)) continue;
    if (only !== undefined && only !== method) {
      throw usage(`--${flag} is for ${only}`, `the method is ${method}`, `leave it out, or write --method ${only}`);
    }
    if (proxies !== undefined && !proxies.includes(proxy)) {
      throw usage(`--${flag} is for ${proxies.join(", ")}`, `this prints ${proxy}`, "leave it out");
    }
  }
  if (input.flag("failure") && method === "wasm" && proxy !== "envoy-gateway") {
    throw usage("--failure is for ext_proc", "the method is wasm", "leave it out, or write --method ext_proc");
  }
  if (input.flag("mesh") && input.flag("tls-ca")) {
    throw usage("--mesh and --tls-ca are given", "the mesh has certificates of its own", "leave one of them out");
  }
}

function address(input: Input, flag: string, otherwise: string): ListenAddress {
  const parsed = parseListen(input.text(flag) ?? otherwise, flag);
  if (parsed.port > 0) return parsed;
  throw usage(`--${flag} has port 0`, "a configuration needs to name the port", "choose one");
}
