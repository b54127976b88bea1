/**
 * Envoy's configuration with Merlon in it, as one whole from which a bare Envoy starts: one listener, one upstream, and
 * either the core itself as a Wasm filter or the ext_proc server beside it. Whoever has a configuration already
 * takes the filter and, for ext_proc, the cluster.
 */
import type { ListenAddress } from "../protection/listen-address.ts";
import { commentedYaml } from "./commented-yaml.ts";
import {
  addressOf,
  agentCluster,
  COMMENTS,
  clusterOf,
  type ExtProcFilter,
  extProcFilter,
  processorCluster,
  TYPES,
  type WasmFilter,
  wasmClusters,
  wasmFilter,
} from "./filter.ts";
import { recordLog, recordStream } from "./record-log.ts";

/** What the two ways have in common. */
interface Plan {
  readonly listen: ListenAddress;
  readonly upstream: ListenAddress;
  /** Port of Envoy's own interface on this machine; absent for none. */
  readonly admin?: number | undefined;
  /** Proxies in front of Envoy that append to X-Forwarded-For. */
  readonly hops?: number | undefined;
}

/** A whole Envoy with Merlon in its own process. */
export interface ExtProcPlan extends Plan, ExtProcFilter {}

/** A whole Envoy with Merlon in it. */
export interface WasmPlan extends Plan, WasmFilter {
  /** File on Envoy's machine that records go to; absent for none. */
  readonly records?: string | undefined;
}

/** Envoy's own limit for buffered bodies, said here because holds depend on it. */
const BUFFER_BYTES = 1 << 20;

/** Merlon's ext_proc filter and its cluster in a whole configuration, as YAML. */
export function extProcYaml(plan: ExtProcPlan): string {
  const head = [
    "Envoy with Merlon behind its ext_proc filter. Start the server first: merlon extproc",
    "Then: envoy -c <this file>. Into a configuration of your own go the filter and the cluster named merlon.",
  ];
  return commentedYaml(head, [bootstrap(plan, extProcFilter(plan), [processorCluster(plan)], [])], COMMENTS);
}

/** Merlon's module as a filter in a whole configuration, as YAML. */
export function wasmYaml(plan: WasmPlan): string {
  const head = [
    "Envoy with Merlon in it, as a Wasm filter. Start it with: envoy -c <this file>",
    "Into a configuration of your own goes the filter named merlon.",
  ];
  const { records, agent } = plan;
  const logs = [
    ...(records === undefined ? [] : [recordLog(records)]),
    ...(agent === undefined ? [] : [recordStream()]),
  ];
  const clusters = [...wasmClusters(plan), ...(agent === undefined ? [] : [agentCluster(agent)])];
  return commentedYaml(head, [bootstrap(plan, wasmFilter(plan), clusters, logs)], COMMENTS);
}

function bootstrap(
  { listen, upstream, admin, hops = 0 }: Plan,
  filter: object,
  clusters: readonly object[],
  logs: readonly object[],
): object {
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": `${TYPES}.filters.http.router.v3.Router` },
  };
  const manager = {
    "@type": `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "merlon",
    use_remote_address: true,
    ...(hops === 0 ? {} : { xff_num_trusted_hops: hops }),
    upgrade_configs: [{ upgrade_type: "websocket" }],
    ...(logs.length === 0 ? {} : { access_log: logs }),
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
    static_resources: { listeners: [listener], clusters: [clusterOf("application", upstream, "5s"), ...clusters] },
  };
}
