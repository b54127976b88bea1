/** The bootstrap of the benchmark's Envoys: one listener, one upstream, with or without Merlon's filter. */

/** What differs between the two Envoys. Ports are on the loopback interface. */
export interface EnvoyPlan {
  readonly port: number;
  readonly admin: number;
  readonly upstream: number;
  /** Path of the module, or null for a chain without it. */
  readonly wasm: string | null;
}

const TYPES = "type.googleapis.com/envoy.extensions.filters.http";
const MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
/** The same in both Envoys: enough for what the filter may hold. */
const BUFFER_BYTES = 16 << 20;

/** A static bootstrap for `envoy -c`, as an object to be written as JSON. */
export function envoyConfig({ port, admin, upstream, wasm }: EnvoyPlan): object {
  const router = { name: "envoy.filters.http.router", typed_config: { "@type": `${TYPES}.router.v3.Router` } };
  const manager = {
    "@type": MANAGER,
    stat_prefix: "bench",
    generate_request_id: false,
    route_config: {
      virtual_hosts: [
        { name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "upstream" } }] },
      ],
    },
    http_filters: wasm === null ? [router] : [merlonFilter(wasm), router],
  };
  const listener = {
    name: "bench",
    address: loopback(port),
    per_connection_buffer_limit_bytes: BUFFER_BYTES,
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
  };
  const cluster = {
    name: "upstream",
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: "upstream",
      endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(upstream) } }] }],
    },
  };
  return {
    admin: { address: loopback(admin) },
    static_resources: { listeners: [listener], clusters: [cluster] },
  };
}

/**
 * The filter with its built-in policy. Held bodies need `allow_on_headers_stop_iteration`, and only FAIL_RELOAD comes
 * back after a trap.
 */
function merlonFilter(wasm: string): object {
  return {
    name: "merlon",
    typed_config: {
      "@type": `${TYPES}.wasm.v3.Wasm`,
      config: {
        name: "merlon",
        root_id: "merlon",
        failure_policy: "FAIL_RELOAD",
        allow_on_headers_stop_iteration: true,
        vm_config: {
          vm_id: "merlon-bench",
          runtime: "envoy.wasm.runtime.v8",
          code: { local: { filename: wasm } },
        },
      },
    },
  };
}

function loopback(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
