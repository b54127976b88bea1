/**
 * The printed ext_proc configuration, changed so that a test sees the server and nothing else: time-outs that no busy
 * machine breaks, and an Envoy that lets through what a test client sends and one at the edge would not.
 */
import { type ExtProcPlan, extProcYaml } from "../../hosts/cli/connector/envoy-config.ts";

const HOST = "127.0.0.1";

/** @param ports where Envoy listens, and where the application does */
export function lenientYaml(ports: { listen: number; upstream: number }, plan: Partial<ExtProcPlan>): string {
  return patient(lenient(yamlOf(ports, plan)));
}

function patient(yaml: string): string {
  return yaml
    .replace("message_timeout: 0.2s", "message_timeout: 20s")
    .replace("interval: 0.03s", "interval: 20s")
    .replace("timeout: 0.14s", "timeout: 20s")
    .replace("connect_timeout: 0.2s", "connect_timeout: 20s");
}

function lenient(yaml: string): string {
  return yaml
    .replace(
      /^( +)stat_prefix: merlon$/m,
      [
        "$&",
        "$1max_request_headers_kb: 256",
        "$1common_http_protocol_options: { max_headers_count: 1000 }",
        "$1http_protocol_options: { enable_trailers: true }",
        "$1generate_request_id: false",
      ].join("\n"),
    )
    .replace("per_connection_buffer_limit_bytes: 1048576", "per_connection_buffer_limit_bytes: 16777216");
}

function yamlOf(ports: { listen: number; upstream: number }, plan: Partial<ExtProcPlan>): string {
  return extProcYaml({
    listen: { host: HOST, port: ports.listen },
    upstream: { host: HOST, port: ports.upstream },
    processor: { host: HOST, port: 1 },
    bodyMode: "FULL_DUPLEX_STREAMED",
    mode: null,
    observe: false,
    failure: "closed",
    ...plan,
  });
}
