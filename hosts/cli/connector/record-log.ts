/**
 * How records leave Envoy: the filter keeps each in the stream's filter state, and this access log writes a line for
 * every request that has one. A record stays there when the filter's instance is gone.
 */

const TYPES = "type.googleapis.com/envoy.extensions.access_loggers";
/** Name of the cluster of the agent that logs are sent to. */
export const AGENT_CLUSTER = "merlon-agent";
/** Numbers only, beside the record: Envoy does not escape what clients write. */
const LINE =
  '{"record":%FILTER_STATE(wasm.merlon:PLAIN)%,"response":{"status":%RESPONSE_CODE%,"size":%BYTES_SENT%,' +
  '"time_ms":%DURATION%}}\n';

/** @returns an access log of Envoy's that appends records to a file, a line of JSON each */
export function recordLog(path: string): object {
  return logOf({
    "@type": `${TYPES}.file.v3.FileAccessLog`,
    path,
    log_format: { text_format_source: { inline_string: LINE } },
  });
}

/** @returns an access log of Envoy's that sends records to an agent, by gRPC and once a second */
export function recordStream(): object {
  return logOf({
    "@type": `${TYPES}.grpc.v3.HttpGrpcAccessLogConfig`,
    common_config: {
      log_name: "merlon",
      transport_api_version: "V3",
      grpc_service: { envoy_grpc: { cluster_name: AGENT_CLUSTER } },
      filter_state_objects_to_log: ["wasm.merlon"],
    },
  });
}

/** Of the requests that have a record and of no others. */
function logOf(typed: object): object {
  const filter = { "@type": `${TYPES}.filters.cel.v3.ExpressionFilter`, expression: "'wasm.merlon' in filter_state" };
  const name = "envoy.access_loggers.extension_filters.cel";
  return { name: "merlon-records", filter: { extension_filter: { name, typed_config: filter } }, typed_config: typed };
}
