/**
 * How records leave Envoy: the filter keeps each in the stream's filter state, and this access log writes a line for
 * every request that has one. A record stays there when the filter's instance is gone.
 */

const TYPES = "type.googleapis.com/envoy.extensions.access_loggers";
/** Numbers only, beside the record: Envoy does not escape what clients write. */
const LINE =
  '{"record":%FILTER_STATE(wasm.merlon:PLAIN)%,"response":{"status":%RESPONSE_CODE%,"size":%BYTES_SENT%,' +
  '"time_ms":%DURATION%}}\n';

/** @returns an access log of Envoy's that appends records to a file, a line of JSON each */
export function recordLog(path: string): object {
  return {
    name: "merlon-records",
    filter: {
      extension_filter: {
        name: "envoy.access_loggers.extension_filters.cel",
        typed_config: {
          "@type": `${TYPES}.filters.cel.v3.ExpressionFilter`,
          expression: "'wasm.merlon' in filter_state",
        },
      },
    },
    typed_config: {
      "@type": `${TYPES}.file.v3.FileAccessLog`,
      path,
      log_format: { text_format_source: { inline_string: LINE } },
    },
  };
}
