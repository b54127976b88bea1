/**
 * What the host is asked, in the words of the filter: fields, properties, the clock, the log. Whatever comes back lies
 * in the core's input buffer until the next question.
 */
import { writeLiteral } from "../../../assembly/bytes/ascii";
import {
  proxy_get_buffer_bytes,
  proxy_get_current_time_nanoseconds,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_get_property,
  proxy_get_shared_data,
  proxy_log,
} from "./env";

/** Header maps by their numbers in the ABI. */
export enum HeaderMap {
  REQUEST = 0,
  REQUEST_TRAILERS = 1,
  /** Of the answer to a call of our own. */
  CALL = 6,
}

/** Buffers by their numbers in the ABI. */
export enum BufferKind {
  REQUEST_BODY = 0,
  RESPONSE_BODY = 1,
  /** Of the answer to a call of our own. */
  CALL = 4,
  CONFIGURATION = 7,
}

/** Levels of the host's log. */
export enum LogLevel {
  INFO = 2,
  WARN = 3,
  ERROR = 4,
}

const out: usize = memory.data(16, 16);
const words: usize = memory.data(256, 16);

/** Where the last answer lies, and its bytes. */
export let answerAt: usize = 0;
export let answerSize: u32 = 0;

function take(status: u32): bool {
  answerAt = status ? 0 : load<usize>(out);
  answerSize = status ? 0 : load<u32>(out + 4);
  return !status;
}

/** Asks for all pairs of a map, serialised. @returns false when the host has none, or there is no room for them */
export function askPairs(map: HeaderMap): bool {
  return take(proxy_get_header_map_pairs(map, out, out + 4));
}

/** Asks for a field of the request. @returns false when the host no longer has its head */
export function askField(name: string): bool {
  const size = writeLiteral(words, name);
  return take(proxy_get_header_map_value(HeaderMap.REQUEST, words, size, out, out + 4));
}

/** Asks for a field of the answer to a call of our own. @returns false where it has none */
export function askCallField(name: string): bool {
  const size = writeLiteral(words, name);
  return take(proxy_get_header_map_value(HeaderMap.CALL, words, size, out, out + 4));
}

/** Number of the change of the shared value asked for last. */
export let sharedChange: u32 = 0;

/** Asks for a shared value. @returns false where there is none, or no room for it */
export function askShared(key: usize, keySize: u32): bool {
  const has = take(proxy_get_shared_data(key, keySize, out, out + 4, out + 8));
  sharedChange = has ? load<u32>(out + 8) : 0;
  return has;
}

/** Asks for bytes of a buffer from `start` on, at most `most`. */
export function askBytes(buffer: BufferKind, start: u32, most: u32): bool {
  return take(proxy_get_buffer_bytes(buffer, start, most, out, out + 4));
}

/** Asks for a property. @param path its segments, separated by NUL */
export function askProperty(path: string): bool {
  const size = writeLiteral(words, path);
  return take(proxy_get_property(words, size, out, out + 4));
}

/** Milliseconds since 1970; 0 without a clock. */
export function nowMs(): u64 {
  return proxy_get_current_time_nanoseconds(out) == 0 ? load<u64>(out) / 1000000 : 0;
}

/** Writes a line to the host's log. */
export function log(level: LogLevel, at: usize, size: u32): void {
  proxy_log(level, at, size);
}
