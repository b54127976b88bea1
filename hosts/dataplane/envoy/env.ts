/**
 * Host functions of Proxy-Wasm ABI 0.2.1 that the filter calls. The file's name is the import module's name, which the
 * ABI fixes as "env". Nothing else may be imported: Envoy refuses a module with an unknown import.
 * @see https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1
 */

/** Serialised pairs of a header map; the host allocates them by `proxy_on_memory_allocate`. */
export declare function proxy_get_header_map_pairs(map: u32, dataAt: usize, sizeAt: usize): u32;
/** The value of a field of a header map. */
export declare function proxy_get_header_map_value(
  map: u32,
  key: usize,
  keySize: u32,
  dataAt: usize,
  sizeAt: usize,
): u32;
/** Adds a field to a header map. */
export declare function proxy_replace_header_map_value(
  map: u32,
  key: usize,
  keySize: u32,
  value: usize,
  valueSize: u32,
): u32;
/** Takes all fields of a name out of a header map. */
export declare function proxy_remove_header_map_value(map: u32, key: usize, keySize: u32): u32;
/** Bytes of a buffer from `start` on, at most `most`. */
export declare function proxy_get_buffer_bytes(buffer: u32, start: u32, most: u32, dataAt: usize, sizeAt: usize): u32;
/** A property of the stream; the path's segments are separated by NUL. */
export declare function proxy_get_property(path: usize, pathSize: u32, dataAt: usize, sizeAt: usize): u32;
/** Keeps a value with the stream, outside this instance: Envoy's filter state, under `wasm.` and the path. */
export declare function proxy_set_property(path: usize, pathSize: u32, value: usize, valueSize: u32): u32;
/** Nanoseconds since 1970, 64 bits. */
export declare function proxy_get_current_time_nanoseconds(timeAt: usize): u32;
/** Has `proxy_on_tick` called that often, for the context that is asking. */
export declare function proxy_set_tick_period_milliseconds(milliseconds: u32): u32;
/** Makes a metric known: 0 a counter, 1 a gauge; its number goes to `idAt`. */
export declare function proxy_define_metric(kind: u32, name: usize, nameSize: u32, idAt: usize): u32;
/** Adds to a counter. */
export declare function proxy_increment_metric(id: u32, by: i64): u32;
/** Sets a gauge. */
export declare function proxy_record_metric(id: u32, value: i64): u32;
/** A value that all instances of a `vm_id` share, and the number of its change. */
export declare function proxy_get_shared_data(
  key: usize,
  keySize: u32,
  dataAt: usize,
  sizeAt: usize,
  changeAt: usize,
): u32;
/** Sets such a value; where `change` is not 0, only if nobody else has since. */
export declare function proxy_set_shared_data(key: usize, keySize: u32, value: usize, size: u32, change: u32): u32;
/** Sends a request by one of the host's clusters; `proxy_on_http_call_response` is told of the answer. */
export declare function proxy_http_call(
  cluster: usize,
  clusterSize: u32,
  headers: usize,
  headersSize: u32,
  body: usize,
  bodySize: u32,
  trailers: usize,
  trailersSize: u32,
  milliseconds: u32,
  tokenAt: usize,
): u32;
/** Answers the request from here. */
export declare function proxy_send_local_response(
  status: u32,
  details: usize,
  detailsSize: u32,
  body: usize,
  bodySize: u32,
  headers: usize,
  headersSize: u32,
  grpcStatus: i32,
): u32;
/** Writes a line to the host's log: 0 trace to 5 critical. */
export declare function proxy_log(level: u32, text: usize, size: u32): u32;
