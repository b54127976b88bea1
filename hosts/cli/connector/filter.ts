/**
 * Merlon in Envoy's words: the WebAssembly filter, or the ext_proc filter with the cluster of its server. What they are
 * put into (a whole Envoy, Istio's patches) is the business of those who import this.
 */
import type { Mode } from "../../core/verdict.ts";
import { compileBundle } from "../../policy/bundle.ts";
import { filterImage } from "../../policy/filter-image.ts";
import type { Policy } from "../../policy/schema.ts";
import type { ListenAddress } from "../protection/listen-address.ts";
import type { Comments } from "./commented-yaml.ts";
import { type FilterService, followSettings, POLICY_CLUSTER } from "./policy-cluster.ts";
import { AGENT_CLUSTER } from "./record-log.ts";

/** How Envoy sends request bodies to ext_proc. */
export const BODY_MODES = ["NONE", "STREAMED", "BUFFERED", "BUFFERED_PARTIAL", "FULL_DUPLEX_STREAMED"] as const;

/** TLS to the ext_proc server or to an agent: files on Envoy's machine. */
export interface ProcessorTls {
  /** Authorities that the server's certificate is checked against. */
  readonly ca: string;
  /** The name that has to stand in the certificate. */
  readonly name: string;
  /** Envoy's own certificate, for a server that asks for one. */
  readonly client?: { readonly cert: string; readonly key: string } | undefined;
}

/** Merlon in its own process. */
export interface ExtProcFilter {
  readonly processor: ListenAddress;
  readonly bodyMode: (typeof BODY_MODES)[number];
  /** Sent with each request, ahead of what the server's policy says; null leaves it to the policy. */
  readonly mode: Mode | null;
  /** Out of band: Envoy shows requests and waits for nothing. */
  readonly observe: boolean;
  /** What Envoy does with a request where the server does not answer. */
  readonly failure: "open" | "closed";
  readonly tls?: ProcessorTls | undefined;
}

/** Merlon in Envoy. */
export interface WasmFilter {
  /** Path of the module on Envoy's machine, or a URL that Envoy fetches it from. */
  readonly wasm: string;
  /** SHA-256 of the module, which a URL needs. */
  readonly sha256?: string | undefined;
  readonly policy: Policy;
  /** Takes the place of the policy's mode; null leaves it. */
  readonly mode?: Mode | null | undefined;
  /** The service that the filter follows; what it has to say takes the place of `policy`. */
  readonly service?: FilterService | undefined;
  /** The agent that records are sent to; absent where none is. */
  readonly agent?: RecordAgent | undefined;
}

/** An agent that listens for access logs, as Envoy reaches it. */
export interface RecordAgent {
  readonly address: ListenAddress;
  readonly tls?: ProcessorTls | undefined;
}

/** Begin of the types of Envoy's extensions. */
export const TYPES = "type.googleapis.com/envoy.extensions";
/** Name of the filters and of the server's cluster. */
export const NAME = "merlon";
/** Name of the cluster that a module is fetched from. */
export const CODE_CLUSTER = "merlon-code";
const CONNECT_TIMEOUT = "0.2s";
/** Envoy lets 1024 through at once by default; each request in progress is one. */
const STREAMS_MAX = 100_000;

/**
 * FULL_DUPLEX_STREAMED knows no `message_timeout` (measured with Envoy 1.40: a server that says nothing holds requests
 * for ever). So Envoy asks the connection itself: one that gives no answer is closed within 0.2 s, jitter included.
 */
const KEEPALIVE = { interval: "0.03s", timeout: "0.14s" };

/** What is said of the fields. */
export const COMMENTS: Comments = {
  failure_mode_allow: "What happens where the server does not answer: true lets requests pass, false answers 500.",
  message_timeout: "Longest wait for one answer of the server.",
  observability_mode: "Out of band: requests are shown and nothing waits. Nothing can be blocked.",
  allow_mode_override: "The server asks for bodies where a route does not send them.",
  request_body_mode: "docs/extproc.md says what each mode can hold back.",
  request_attributes: "Without source.address every client has the address of Envoy.",
  max_requests: "Each request in progress is one; Envoy's own limit is 1024.",
  connection_keepalive: "A server that hangs is noticed by this within 0.2 s.",
  http2_protocol_options: "gRPC needs HTTP/2: over HTTP/1 every request is answered 500.",
  match_typed_subject_alt_names: "The name that has to stand in the server's certificate.",
  failure_policy: "The other policies never come back after a trap.",
  allow_on_headers_stop_iteration: "Without it the head reaches the application before the body was seen.",
  per_connection_buffer_limit_bytes: "Has to be more than the policy's holdBytes, or Envoy answers 413.",
  configuration: "policy is a compiled policy: `merlon connector print` made it from a file.",
  upgrade_configs: "WebSockets go on.",
};

/** The ext_proc filter. @param cluster the one that its server is in */
export function extProcFilter(plan: ExtProcFilter, cluster: string = NAME): object {
  const { mode } = plan;
  const metadata = mode === null ? {} : { initial_metadata: [{ key: "x-merlon-mode", value: mode }] };
  return {
    name: NAME,
    typed_config: {
      "@type": `${TYPES}.filters.http.ext_proc.v3.ExternalProcessor`,
      grpc_service: { envoy_grpc: { cluster_name: cluster }, ...metadata },
      failure_mode_allow: plan.failure === "open",
      message_timeout: "0.2s",
      ...(plan.observe ? { observability_mode: true } : { allow_mode_override: true }),
      processing_mode: {
        request_header_mode: "SEND",
        request_body_mode: plan.observe && plan.bodyMode !== "NONE" ? "STREAMED" : plan.bodyMode,
        request_trailer_mode: "SEND",
        response_header_mode: "SKIP",
        response_body_mode: "NONE",
        response_trailer_mode: "SKIP",
      },
      request_attributes: ["request.id", "request.time", "source.address"],
    },
  };
}

/** The cluster of the ext_proc server. */
export function processorCluster({ processor, tls }: ExtProcFilter): object {
  return {
    ...clusterOf(NAME, processor, CONNECT_TIMEOUT),
    circuit_breakers: { thresholds: [{ max_requests: STREAMS_MAX, max_pending_requests: STREAMS_MAX }] },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: { http2_protocol_options: { connection_keepalive: KEEPALIVE } },
      },
    },
    ...(tls === undefined ? {} : { transport_socket: tlsSocket(tls, ["h2"]) }),
  };
}

function tlsSocket({ ca, name, client }: ProcessorTls, protocols: readonly string[]): object {
  const file = (path: string): object => ({ filename: path });
  const certificates =
    client === undefined
      ? {}
      : { tls_certificates: [{ certificate_chain: file(client.cert), private_key: file(client.key) }] };
  const san = { san_type: isAddress(name) ? "IP_ADDRESS" : "DNS", matcher: { exact: name } };
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": `${TYPES}.transport_sockets.tls.v3.UpstreamTlsContext`,
      ...(isAddress(name) ? {} : { sni: name }),
      common_tls_context: {
        alpn_protocols: protocols,
        ...certificates,
        validation_context: { trusted_ca: file(ca), match_typed_subject_alt_names: [san] },
      },
    },
  };
}

/** What the plugin is told, as JSON. @param holdsHead whether Envoy lets it stop at a head */
export function pluginConfig({ policy, mode, service }: Omit<WasmFilter, "wasm">, holdsHead: boolean): object {
  const { image } = filterImage(compileBundle(policy));
  // In the order of their names, as Helm writes them.
  return {
    ...(holdsHead ? {} : { holdHead: false }),
    ...(mode === undefined || mode === null ? {} : { mode }),
    policy: Buffer.from(image).toString("base64"),
    ...followSettings(service),
  };
}

/** The cluster of the policy service; none where the filter follows none. */
function policyClusters({ service }: WasmFilter): object[] {
  if (service === undefined) return [];
  const { address, ca, client } = service;
  const tls = ca === undefined ? undefined : { ca, name: address.host, client };
  return [
    {
      ...clusterOf(POLICY_CLUSTER, address, "3s"),
      ...(tls === undefined ? {} : { transport_socket: tlsSocket(tls, ["http/1.1"]) }),
    },
  ];
}

/** Clusters that the filter needs: those of its module and of its policy service. */
export function wasmClusters(plan: WasmFilter): object[] {
  return [...codeClusters(plan), ...policyClusters(plan)];
}

/** The cluster of the agent that records are sent to. */
export function agentCluster({ address, tls }: RecordAgent): object {
  return {
    ...clusterOf(AGENT_CLUSTER, address, "3s"),
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    ...(tls === undefined ? {} : { transport_socket: tlsSocket(tls, ["h2"]) }),
  };
}

/** The WebAssembly filter. */
export function wasmFilter(plan: WasmFilter): object {
  const { wasm, sha256 } = plan;
  const isUrl = /^https?:/.test(wasm);
  const remote = { http_uri: { uri: wasm, cluster: CODE_CLUSTER, timeout: "10s" }, sha256 };
  return {
    name: NAME,
    typed_config: {
      "@type": `${TYPES}.filters.http.wasm.v3.Wasm`,
      config: {
        name: NAME,
        root_id: NAME,
        failure_policy: "FAIL_RELOAD",
        allow_on_headers_stop_iteration: true,
        vm_config: {
          vm_id: NAME,
          runtime: "envoy.wasm.runtime.v8",
          code: isUrl ? { remote } : { local: { filename: wasm } },
        },
        configuration: {
          "@type": "type.googleapis.com/google.protobuf.StringValue",
          value: JSON.stringify(pluginConfig(plan, true)),
        },
      },
    },
  };
}

/** The cluster that a module is fetched from; none for a file. */
export function codeClusters({ wasm }: WasmFilter): object[] {
  if (!/^https?:/.test(wasm)) return [];
  const { protocol, hostname, port } = new URL(wasm);
  const isTls = protocol === "https:";
  const host = hostname.replace(/^\[|\]$/g, "");
  const address = { host, port: Number(port) || (isTls ? 443 : 80) };
  const typed = { "@type": `${TYPES}.transport_sockets.tls.v3.UpstreamTlsContext`, sni: host };
  const socket = { transport_socket: { name: "envoy.transport_sockets.tls", typed_config: typed } };
  return [{ ...clusterOf(CODE_CLUSTER, address, "5s"), ...(isTls ? socket : {}) }];
}

/** A cluster of one endpoint: names are resolved, addresses are not. */
export function clusterOf(name: string, address: ListenAddress, connectTimeout: string): object {
  return {
    name,
    type: isAddress(address.host) ? "STATIC" : "STRICT_DNS",
    connect_timeout: connectTimeout,
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: addressOf(address) } }] }],
    },
  };
}

/** An address in Envoy's words. */
export function addressOf({ host, port }: ListenAddress): object {
  return { socket_address: { address: host, port_value: port } };
}

function isAddress(host: string): boolean {
  return /^[\d.]+$|:/.test(host);
}
