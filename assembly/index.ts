/** The module's face: Merlon's ABI, the layout of its records, and the Proxy-Wasm callbacks. Nothing else. */

export {
  proxy_abi_version_0_2_1,
  proxy_on_configure,
  proxy_on_context_create,
  proxy_on_delete,
  proxy_on_http_call_response,
  proxy_on_log,
  proxy_on_memory_allocate,
  proxy_on_request_body,
  proxy_on_request_headers,
  proxy_on_request_trailers,
  proxy_on_response_body,
  proxy_on_response_trailers,
  proxy_on_tick,
} from "../hosts/dataplane/envoy/exports";
export * from "./abi/exports";
export * from "./abi/layout";
export * from "./abi/limits";
export { Anomaly, Limit, Status } from "./abi/status";
export * from "./abi/trace";

import { start } from "./abi/start";

start();
