/**
 * The Proxy-Wasm face of the core (ABI 0.2.1): Envoy's callbacks become calls of Merlon's ABI. The head waits for the
 * body's verdict up to `holdBytes`, which needs `allow_on_headers_stop_iteration` in the filter's configuration; bodies
 * that are longer are then streamed, and a later match resets the stream.
 *
 * The host puts what it returns into the core's input buffer (`proxy_on_memory_allocate`), where the core reads it in
 * place: nothing is copied and nothing is to be freed.
 */

import {
  input,
  line_size,
  policy_load,
  tx_begin,
  tx_body,
  tx_end,
  tx_free,
  tx_head,
  tx_line,
  tx_trailers,
} from "../../../assembly/abi/exports";
import { INPUT_BYTES_MAX } from "../../../assembly/abi/limits";
import { Status } from "../../../assembly/abi/status";
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { current } from "../../../assembly/decode/transaction";
import { Failure, failsClosed, imageOf, Slot } from "../../../assembly/policy/image";
import { Section, sectionOf } from "../../../assembly/policy/tables";
import { trustsProxies } from "../../../assembly/policy/trusted";
import { LINE_BYTES_MAX } from "../../../assembly/report/line";
import { configurationRead, imageSize, probe } from "./configuration";
import {
  proxy_get_buffer_bytes,
  proxy_get_current_time_nanoseconds,
  proxy_get_header_map_pairs,
  proxy_get_property,
  proxy_log,
  proxy_replace_header_map_value,
  proxy_send_local_response,
} from "./env";
import { Cause, pageHeld, pageText } from "./page";
import { Stream, streamAdd, streamOf, streamRemove } from "./streams";

/** What a callback tells the host to do. */
enum Action {
  CONTINUE = 0,
  PAUSE = 1,
}

const REQUEST_HEADERS: u32 = 0;
const REQUEST_TRAILERS: u32 = 1;
const REQUEST_BODY: u32 = 0;
const CONFIGURATION: u32 = 7;
const LOG_WARN: u32 = 3;
/** Body bytes fetched by one host call. */
const PIECE_BYTES: u32 = 65536;

const out: usize = memory.data(16, 16);
const words: usize = memory.data(512, 16);
/** Room for the headers of an answer: a line, a redirect's URL, their names and sizes. */
const lineHeaders: usize = memory.data(LINE_BYTES_MAX + 4096, 16);
const htmlType: usize = memory.data(64, 16);

/** Its name alone says which ABI this module speaks. */
export function proxy_abi_version_0_2_1(): void {}

/** Room for what a host call returns: the input buffer, since each result is used before the next call. */
export function proxy_on_memory_allocate(size: u32): usize {
  return size <= INPUT_BYTES_MAX ? input() : 0;
}

/** Takes the plugin's configuration; refuses one whose policy image is not valid. */
export function proxy_on_configure(_context: u32, size: u32): u32 {
  if (!size) return 1;
  if (proxy_get_buffer_bytes(CONFIGURATION, 0, size, out, out + 4) != 0)
    return warn("merlon: configuration unreadable");
  configurationRead(load<usize>(out), load<u32>(out + 4));
  if (!imageSize) return 1;
  if (policy_load(<u32>Slot.ACTIVE, imageSize) == <u32>Status.PASS) return 1;
  return warn("merlon: the policy image in the configuration is damaged or was made for another release");
}

function warn(text: string): u32 {
  proxy_log(LOG_WARN, words, writeLiteral(words, text));
  return 0;
}

/**
 * Opens the stream's transaction. The peer's address is asked for only where the policy trusts proxies: it decides then
 * which hop is the client, and a property costs as much as a head of headers.
 */
function open(context: u32): Stream {
  let size: u32 = 0;
  if (trustsProxies()) {
    const path = writeLiteral(words, "source\0address");
    if (proxy_get_property(words, path, out, out + 4) == 0) size = load<u32>(out + 4);
  }
  const handle = tx_begin(size, now(), 0);
  return handle ? streamAdd(context, handle) : changetype<Stream>(0);
}

/** Seconds since 1970, where the policy has something that expires; it is asked for then alone. */
function now(): u32 {
  if (!sectionOf(imageOf(Slot.ACTIVE), Section.EXCEPTIONS)) return 0;
  return proxy_get_current_time_nanoseconds(out) == 0 ? <u32>(load<u64>(out) / 1000000000) : 0;
}

/** What happens to a request that the core has no room for. */
function overLimit(): u32 {
  return failsClosed(imageOf(Slot.ACTIVE), Failure.OVERLIMIT) ? answer(503, "merlon_overlimit", 0, 0) : Action.CONTINUE;
}

function answer(status: u32, details: string, headers: usize, headersSize: u32): u32 {
  const detailsSize = writeLiteral(words, details);
  const body = words + <usize>detailsSize;
  const bodySize = writeLiteral(body, status == 503 ? "Service unavailable\n" : "Request blocked\n");
  proxy_send_local_response(status, words, detailsSize, body, bodySize, headers, headersSize, -1);
  return Action.PAUSE;
}

/** Headers of the answer, serialised: count, two sizes each, then names and values with a NUL behind each. */
let headerCount: u32 = 0;
let headerNames: usize = 0;

/** Begins the headers of an answer that will have so many. */
function beginHeaders(count: u32): void {
  headerCount = 0;
  headerNames = lineHeaders + 4 + <usize>(count * 8);
  store<u32>(lineHeaders, count);
}

function addHeader(name: string, at: usize, size: u32): void {
  const sizes = lineHeaders + 4 + <usize>(headerCount++ * 8);
  const nameSize = writeLiteral(headerNames, name);
  store<u32>(sizes, nameSize);
  store<u32>(sizes + 4, size);
  store<u8>(headerNames + <usize>nameSize, 0);
  headerNames += <usize>(nameSize + 1);
  memory.copy(headerNames, at, size);
  store<u8>(headerNames + <usize>size, 0);
  headerNames += <usize>(size + 1);
}

/** Answers with the page that the policy has for this request, or in plain text where it has none. */
function block(stream: Stream): u32 {
  const line = probe ? tx_line(stream.handle) : 0;
  const page = pageHeld(Cause.ATTACK);
  const redirect = page ? page.redirectSize : 0;
  const html = page ? page.htmlSize : 0;
  const typed: u32 = redirect || html ? 1 : 0;
  beginHeaders(typed + (line ? 1 : 0));
  if (line) addHeader("x-merlon-line", line, line_size());
  if (redirect) addHeader("location", pageText(page.redirect), redirect);
  else if (html) addHeader("content-type", htmlType, writeLiteral(htmlType, "text/html; charset=utf-8"));
  const size = headerCount ? <u32>(headerNames - lineHeaders) : 0;
  const status = page ? page.status : 403;
  if (!html) return answer(status, "merlon_blocked", lineHeaders, size);
  const details = writeLiteral(words, "merlon_blocked");
  proxy_send_local_response(status, words, details, pageText(page.html), html, lineHeaders, size, -1);
  return Action.PAUSE;
}

/** Lets the request go on; a probe's line goes with its head. */
function release(stream: Stream): u32 {
  if (probe && !stream.released) {
    const line = tx_line(stream.handle);
    const name = writeLiteral(words, "x-merlon-line");
    proxy_replace_header_map_value(REQUEST_HEADERS, words, name, line, line_size());
  }
  stream.released = 1;
  return Action.CONTINUE;
}

/** The request is complete. */
function finish(stream: Stream): u32 {
  return tx_end(stream.handle) == <u32>Status.BLOCK ? block(stream) : release(stream);
}

/** The head is there. @returns an `Action`: the head waits for the body's verdict, unless there is no body */
export function proxy_on_request_headers(context: u32, _count: u32, endOfStream: u32): u32 {
  const stream = open(context);
  if (!stream) return overLimit();
  if (proxy_get_header_map_pairs(REQUEST_HEADERS, out, out + 4) != 0) return overLimit();
  const status = tx_head(stream.handle, load<u32>(out + 4));
  if (status == <u32>Status.BLOCK) return block(stream);
  if (status != <u32>Status.PASS) return overLimit();
  stream.hold = current.holdMost;
  return endOfStream ? finish(stream) : Action.PAUSE;
}

/**
 * More body is buffered. Each byte is read once; beyond the policy's `holdBytes` the request goes on, and the rest is
 * read as it passes.
 * @param size bytes buffered by now, those of earlier calls among them while they are held
 */
export function proxy_on_request_body(context: u32, size: u32, endOfStream: u32): u32 {
  const stream = streamOf(context);
  if (!stream) return Action.CONTINUE;
  if (stream.released) stream.read = 0;
  while (stream.read < size) {
    const left = size - stream.read;
    const most = left < PIECE_BYTES ? left : PIECE_BYTES;
    if (proxy_get_buffer_bytes(REQUEST_BODY, stream.read, most, out, out + 4) != 0) return overLimit();
    const piece = load<u32>(out + 4);
    if (!piece) break;
    stream.read += piece;
    stream.bytes += piece;
    if (tx_body(stream.handle, piece) == <u32>Status.BLOCK) return block(stream);
  }
  if (endOfStream) return finish(stream);
  if (stream.released) return Action.CONTINUE;
  return stream.bytes < stream.hold ? Action.PAUSE : release(stream);
}

/** Trailers end the request: the last moment to stop it. */
export function proxy_on_request_trailers(context: u32, _count: u32): u32 {
  const stream = streamOf(context);
  if (!stream) return Action.CONTINUE;
  if (proxy_get_header_map_pairs(REQUEST_TRAILERS, out, out + 4) != 0) return overLimit();
  tx_trailers(stream.handle, load<u32>(out + 4));
  return finish(stream);
}

/** The stream is over. */
export function proxy_on_delete(context: u32): void {
  const stream = streamOf(context);
  if (!stream) return;
  tx_free(stream.handle);
  streamRemove(stream);
}
