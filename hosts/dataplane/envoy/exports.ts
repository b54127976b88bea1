/**
 * The Proxy-Wasm face of the core (ABI 0.2.1): Envoy's callbacks become calls of Merlon's ABI. The head waits for the
 * body's verdict up to `holdBytes`, which needs `allow_on_headers_stop_iteration` in the filter's configuration; bodies
 * that are longer are then streamed, and a later match resets the stream. Bodies of gRPC wait message by message.
 *
 * The host puts what it returns into the core's input buffer (`proxy_on_memory_allocate`), where the core reads it in
 * place: nothing is copied and nothing is to be freed. request.ts has what becomes of a stream.
 */
import { input } from "../../../assembly/abi/exports";
import { BANKS_MAX, INPUT_BYTES_MAX } from "../../../assembly/abi/limits";
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { useBank } from "../../../assembly/policy/image";
import { configurationRead, fault, faultAt, faultSize, flagsRead, hasPolicyRead, modeRead } from "./configuration";
import { proxy_set_tick_period_milliseconds } from "./env";
import { FOLLOW_MS, followAnswer, followBegin, followEnd, followTick } from "./following";
import { Count, count, defineMetrics, TELL_MS, tellMetrics } from "./metrics";
import { LogLevel, log } from "./proxy";
import { endStream, recordLast, requestBody, requestHead, requestTrailers } from "./request";
import { responseBody, responseEnd } from "./response";
import { bankOf, rootAdd, rootAt, rootRemove } from "./roots";
import { streamAdd, streamOf } from "./streams";

const words: usize = memory.data(512, 16);

/** Its name alone says which ABI this module speaks. */
export function proxy_abi_version_0_2_1(): void {}

/** Room for what a host call returns: the input buffer, since each result is used before the next call. */
export function proxy_on_memory_allocate(size: u32): usize {
  return size <= INPUT_BYTES_MAX ? input() : 0;
}

/** A context begins: a plugin's root, which `proxy_on_configure` sees to, or a stream of one. */
export function proxy_on_context_create(context: u32, parent: u32): void {
  if (!parent) return;
  const bank = bankOf(parent);
  if (bank < BANKS_MAX) streamAdd(context, bank);
}

/** Says in one line why a configuration is refused. */
function refuse(text: string): u32 {
  count(Count.REFUSED);
  let size = writeLiteral(words, "merlon: the configuration is refused: ");
  if (faultSize) {
    store<u8>(words + <usize>size, 0x22);
    size++;
    memory.copy(words + <usize>size, faultAt, <usize>faultSize);
    size += faultSize;
    size += writeLiteral(words + <usize>size, '" ');
  } else if (text == fault) size += writeLiteral(words + <usize>size, "it ");
  size += writeLiteral(words + <usize>size, text);
  log(LogLevel.ERROR, words, size);
  return 0;
}

/**
 * Takes a plugin's configuration.
 * @returns 0 for one that is not good: Envoy then does not start with it, or keeps the one before
 */
export function proxy_on_configure(context: u32, size: u32): u32 {
  defineMetrics();
  proxy_set_tick_period_milliseconds(TELL_MS);
  let bank = bankOf(context);
  const isNew = bank == BANKS_MAX;
  /* A free place has context 0. */
  if (isNew) bank = bankOf(0);
  if (bank == BANKS_MAX) return refuse("too many plugins share one VM; give some of them another vm_id");
  useBank(bank);
  if (!configurationRead(size)) return refuse(fault);
  if (isNew) rootAdd(bank, context);
  rootAt(bank).flags = flagsRead;
  if (followBegin(bank, modeRead, hasPolicyRead())) proxy_set_tick_period_milliseconds(FOLLOW_MS);
  return 1;
}

/** Once a second for a root, or more often where it follows a policy service. */
export function proxy_on_tick(context: u32): void {
  tellMetrics();
  const bank = bankOf(context);
  if (bank == BANKS_MAX) return;
  useBank(bank);
  followTick(bank);
}

/** A call of a root has its answer; without headers there is none. @param size bytes of its body */
export function proxy_on_http_call_response(context: u32, call: u32, _headers: u32, size: u32, _trailers: u32): void {
  const bank = bankOf(context);
  if (bank == BANKS_MAX) return;
  useBank(bank);
  followAnswer(bank, call, size);
}

/** The head is there. */
export function proxy_on_request_headers(context: u32, _count: u32, endOfStream: u32): u32 {
  return requestHead(streamOf(context), endOfStream != 0);
}

/** More body is there. @param size bytes in the host's buffer: with those that were held, while they are held */
export function proxy_on_request_body(context: u32, size: u32, endOfStream: u32): u32 {
  return requestBody(streamOf(context), size, endOfStream != 0);
}

/** Trailers end the request: the last moment to stop it. */
export function proxy_on_request_trailers(context: u32, _count: u32): u32 {
  return requestTrailers(streamOf(context));
}

/** More of the response's body passes. */
export function proxy_on_response_body(context: u32, size: u32, endOfStream: u32): u32 {
  return responseBody(streamOf(context), size, endOfStream != 0);
}

/** Trailers end the response. */
export function proxy_on_response_trailers(context: u32, _count: u32): u32 {
  return responseEnd(streamOf(context));
}

/** The stream is over, and its access log is about to be written. */
export function proxy_on_log(context: u32): void {
  recordLast(streamOf(context));
}

/** A context is gone. */
export function proxy_on_delete(context: u32): void {
  const stream = streamOf(context);
  if (stream) {
    endStream(stream);
    return;
  }
  const bank = bankOf(context);
  if (bank == BANKS_MAX) return;
  useBank(bank);
  followEnd(bank);
  rootRemove(bank);
}
