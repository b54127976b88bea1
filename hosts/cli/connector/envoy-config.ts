/**
 * Envoy's configuration with Merlon in it, as one whole from which a bare Envoy starts: one listener, one upstream, and
 * either the core itself as a WebAssembly filter or the ext_proc server beside it. Whoever has a configuration already
 * takes the filter and, for ext_proc, the cluster.
 */
import { stringify } from "yaml";
import type { Mode } from "../../core/verdict.ts";
import { compilePolicy } from "../../policy/image.ts";
import type { Policy } from "../../policy/schema.ts";
import type { ListenAddress } from "../protection/listen-address.ts";

/** How Envoy sends request bodies to ext_proc. */
export const BODY_MODES = ["NONE", "STREAMED", "BUFFERED", "BUFFERED_PARTIAL", "FULL_DUPLEX_STREAMED"] as const;

/** What the two ways have in common. */
interface Plan {
  readonly listen: ListenAddress;
  readonly upstream: ListenAddress;
  /** Port of Envoy's own interface on this machine; absent for none. */
  readonly admin?: number | undefined;
}

/** Merlon in its own process. */
export interface ExtProcPlan extends Plan {
  readonly processor: ListenAddress;
  readonly bodyMode: (typeof BODY_MODES)[number];
  /** Sent with each request, ahead of what the server's policy says; null leaves it to the policy. */
  readonly mode: Mode | null;
  /** Envoy shows requests and waits for nothing. */
  readonly observe: boolean;
  /** What Envoy does with a request where the server does not answer. */
  readonly failure: "open" | "closed";
}

/** Merlon in Envoy. */
export interface WasmPlan extends Plan {
  /** Path of the module on Envoy's machine. */
  readonly wasm: string;
  readonly policy: Policy;
}

const TYPES = "type.googleapis.com/envoy.extensions";
/** Envoy's own limit for buffered bodies, said here because holds depend on it. */
const BUFFER_BYTES = 1 << 20;
const CONNECT_TIMEOUT = "0.2s";
/** Envoy lets 1024 through at once by default; each request in progress is one. */
const STREAMS_MAX = 100_000;

/**
 * FULL_DUPLEX_STREAMED knows no `message_timeout` (measured with Envoy 1.40: a server that says nothing holds requests
 * for ever). So Envoy asks the connection itself: one that gives no answer is closed within 0.2 s, jitter included.
 */
const KEEPALIVE = { interval: "0.03s", timeout: "0.14s" };

/** Merlon's ext_proc filter and its cluster in a whole configuration, as YAML. */
export function extProcYaml(plan: ExtProcPlan): string {
  const { processor, mode } = plan;
  const metadata = mode === null ? {} : { initial_metadata: [{ key: "x-merlon-mode", value: mode }] };
  const filter = {
    name: "merlon",
    typed_config: {
      "@type": `${TYPES}.filters.http.ext_proc.v3.ExternalProcessor`,
      grpc_service: { envoy_grpc: { cluster_name: "merlon" }, ...metadata },
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
  const cluster = {
    ...clusterOf("merlon", processor),
    circuit_breakers: { thresholds: [{ max_requests: STREAMS_MAX, max_pending_requests: STREAMS_MAX }] },
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: { http2_protocol_options: { connection_keepalive: KEEPALIVE } },
      },
    },
  };
  return stringify(bootstrap(plan, filter, [cluster]), { lineWidth: 0 });
}

/** Merlon's module as a filter in a whole configuration, as YAML. */
export function wasmYaml(plan: WasmPlan): string {
  const policy = Buffer.from(compilePolicy(plan.policy)).toString("base64");
  const filter = {
    name: "merlon",
    typed_config: {
      "@type": `${TYPES}.filters.http.wasm.v3.Wasm`,
      config: {
        name: "merlon",
        root_id: "merlon",
        // The other policies never come back after a trap.
        failure_policy: "FAIL_RELOAD",
        // Without it the head reaches the application before the body was seen.
        allow_on_headers_stop_iteration: true,
        vm_config: {
          vm_id: "merlon",
          runtime: "envoy.wasm.runtime.v8",
          code: { local: { filename: plan.wasm } },
        },
        configuration: {
          "@type": "type.googleapis.com/google.protobuf.StringValue",
          value: JSON.stringify({ policy }),
        },
      },
    },
  };
  return stringify(bootstrap(plan, filter, []), { lineWidth: 0 });
}

function bootstrap({ listen, upstream, admin }: Plan, filter: object, clusters: readonly object[]): object {
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": `${TYPES}.filters.http.router.v3.Router` },
  };
  const manager = {
    "@type": `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "merlon",
    use_remote_address: true,
    upgrade_configs: [{ upgrade_type: "websocket" }],
    route_config: {
      virtual_hosts: [
        {
          name: "application",
          domains: ["*"],
          // Time limits are the application's own matter: streams and long answers go on.
          routes: [{ match: { prefix: "/" }, route: { cluster: "application", timeout: "0s" } }],
        },
      ],
    },
    http_filters: [filter, router],
  };
  const listener = {
    name: "merlon",
    address: addressOf(listen),
    per_connection_buffer_limit_bytes: BUFFER_BYTES,
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
  };
  return {
    ...(admin === undefined ? {} : { admin: { address: addressOf({ host: "127.0.0.1", port: admin }) } }),
    static_resources: { listeners: [listener], clusters: [clusterOf("application", upstream), ...clusters] },
  };
}

function clusterOf(name: string, address: ListenAddress): object {
  return {
    name,
    type: /^[\d.]+$|:/.test(address.host) ? "STATIC" : "STRICT_DNS",
    connect_timeout: name === "merlon" ? CONNECT_TIMEOUT : "5s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: addressOf(address) } }] }],
    },
  };
}

function addressOf({ host, port }: ListenAddress): object {
  return { socket_address: { address: host, port_value: port } };
}
