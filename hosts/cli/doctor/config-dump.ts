/**
 * What Envoy's admin interface says, as far as the doctor asks: its configuration, its counters and its endpoints. Only
 * what is asked for is named; the rest of a dump differs from version to version.
 */
import { z } from "zod";

const typed = z.looseObject({ "@type": z.string() });
const filterSchema = z.looseObject({
  name: z.string(),
  typed_config: typed.optional(),
  config_discovery: z.looseObject({}).optional(),
});

/** An HTTP filter as it stands in a chain. */
export type HttpFilter = z.output<typeof filterSchema>;

const managerSchema = z.looseObject({
  use_remote_address: z.boolean().optional(),
  xff_num_trusted_hops: z.number().optional(),
  original_ip_detection_extensions: z.array(z.unknown()).optional(),
  stat_prefix: z.string().optional(),
  http_filters: z.array(filterSchema).default([]),
});
const listenerSchema = z.looseObject({
  name: z.string().default(""),
  per_connection_buffer_limit_bytes: z.number().optional(),
  filter_chains: z.array(z.looseObject({ filters: z.array(filterSchema).default([]) })).default([]),
  default_filter_chain: z.looseObject({ filters: z.array(filterSchema).default([]) }).optional(),
});
const errorState = z.looseObject({ details: z.string().default("") });
const listenersDump = z.looseObject({
  static_listeners: z.array(z.looseObject({ listener: listenerSchema })).default([]),
  dynamic_listeners: z
    .array(
      z.looseObject({
        name: z.string().default(""),
        active_state: z.looseObject({ listener: listenerSchema }).optional(),
        error_state: errorState.optional(),
      }),
    )
    .default([]),
});
const clusterSchema = z.looseObject({
  name: z.string(),
  http2_protocol_options: z.looseObject({}).optional(),
  typed_extension_protocol_options: z.record(z.string(), z.unknown()).optional(),
});
const clustersDump = z.looseObject({
  static_clusters: z.array(z.looseObject({ cluster: clusterSchema })).default([]),
  dynamic_active_clusters: z.array(z.looseObject({ cluster: clusterSchema })).default([]),
});
const extensionsDump = z.looseObject({
  ecds_filters: z
    .array(z.looseObject({ ecds_filter: filterSchema.optional(), error_state: errorState.optional() }))
    .default([]),
});
const dumpSchema = z.object({ configs: z.array(typed) });

/** One HTTP connection manager, with its listener. */
export interface HttpChain extends z.output<typeof managerSchema> {
  readonly listener: string;
  /** Bytes that Envoy buffers of a body at most. */
  readonly bufferBytes: number;
}

/** Envoy's configuration as far as it is asked for. */
export interface Configuration {
  readonly managers: readonly HttpChain[];
  readonly clusters: ReadonlyMap<string, z.output<typeof clusterSchema>>;
  /** Filters that came by discovery, by name. */
  readonly discovered: ReadonlyMap<string, HttpFilter>;
  /** What Envoy said of configurations that it did not take. */
  readonly errors: readonly string[];
}

/** Envoy's own limit where a listener says nothing. */
const BUFFER_BYTES = 1 << 20;
const MANAGER = /\.HttpConnectionManager$/;

/** Reads `/config_dump`. @throws ZodError where it is none */
export function readDump(dump: unknown): Configuration {
  const managers: HttpChain[] = [];
  const clusters = new Map<string, z.output<typeof clusterSchema>>();
  const discovered = new Map<string, HttpFilter>();
  const errors: string[] = [];
  for (const config of dumpSchema.parse(dump).configs) {
    const type = config["@type"].replace(/^.*\./, "");
    if (type === "ListenersConfigDump") readListeners(config, managers, errors);
    if (type === "ClustersConfigDump") {
      const { static_clusters: fixed, dynamic_active_clusters: dynamic } = clustersDump.parse(config);
      for (const { cluster } of [...fixed, ...dynamic]) clusters.set(cluster.name, cluster);
    }
    if (type === "EcdsConfigDump") {
      for (const { ecds_filter: filter, error_state: error } of extensionsDump.parse(config).ecds_filters) {
        if (filter !== undefined) discovered.set(filter.name, filter);
        if (error !== undefined) errors.push(error.details);
      }
    }
  }
  return { managers, clusters, discovered, errors };
}

function readListeners(config: unknown, managers: HttpChain[], errors: string[]): void {
  const { static_listeners: fixed, dynamic_listeners: dynamic } = listenersDump.parse(config);
  errors.push(...dynamic.flatMap(({ error_state: error }) => (error === undefined ? [] : [error.details])));
  const active = dynamic.flatMap(({ active_state: state }) => (state === undefined ? [] : [state.listener]));
  for (const listener of [...fixed.map((one) => one.listener), ...active]) {
    const last = listener.default_filter_chain;
    for (const { filters } of [...listener.filter_chains, ...(last === undefined ? [] : [last])]) {
      for (const { typed_config: typedConfig } of filters) {
        if (typedConfig === undefined || !MANAGER.test(typedConfig["@type"])) continue;
        const bufferBytes = listener.per_connection_buffer_limit_bytes ?? BUFFER_BYTES;
        managers.push({ ...managerSchema.parse(typedConfig), listener: listener.name, bufferBytes });
      }
    }
  }
}

/** The ext_proc filter as the doctor reads it. */
export const extProcSchema = z.looseObject({
  grpc_service: z.looseObject({ envoy_grpc: z.looseObject({ cluster_name: z.string() }).optional() }).optional(),
  failure_mode_allow: z.boolean().default(false),
  observability_mode: z.boolean().default(false),
  processing_mode: z
    .looseObject({ request_header_mode: z.string().optional(), request_body_mode: z.string().default("NONE") })
    .prefault({}),
  request_attributes: z.array(z.string()).default([]),
});

/** The WebAssembly filter as the doctor reads it. */
export const wasmSchema = z.looseObject({
  config: z.looseObject({
    name: z.string().default(""),
    root_id: z.string().default(""),
    failure_policy: z.string().default(""),
    fail_open: z.boolean().default(false),
    allow_on_headers_stop_iteration: z.union([z.boolean(), z.looseObject({ value: z.boolean() })]).optional(),
    vm_config: z.looseObject({ vm_id: z.string().default("") }).prefault({}),
    configuration: z.looseObject({ value: z.string().optional() }).optional(),
  }),
});

/** Whether a cluster speaks HTTP/2 to its endpoints. */
export function speaksHttp2(cluster: z.output<typeof clusterSchema>): boolean {
  if (cluster.http2_protocol_options !== undefined) return true;
  return /"(?:http2_protocol_options|auto_config)":/.test(
    JSON.stringify(cluster.typed_extension_protocol_options ?? {}),
  );
}
