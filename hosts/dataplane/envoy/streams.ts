/**
 * The host's stream contexts: an open-addressed table by context id. Envoy counts ids up, so that neighbours rarely
 * meet. Its memory is taken with the first stream: hosts that are no proxy have none.
 */
import { TRANSACTIONS_MAX } from "../../../assembly/abi/limits";
import { zeroBytes } from "../../../assembly/bytes/guard";
import { reserve } from "../../../assembly/bytes/region";

/** What is known of a stream, in `Stream.flags`. */
export enum StreamFlag {
  /** The head reached the back end: from now on a block cuts. */
  WENT_ON = 1,
  /** Nothing is held any more: the host's buffer has only what is new. */
  STREAMING = 2,
  /** The request is complete and judged. */
  ENDED = 4,
  /** The filter answered. */
  ANSWERED = 8,
  /** The request was blocked by its verdict. */
  BLOCKED = 16,
  /** The response is looked at. */
  RESPONSE = 32,
  /** A WebSocket or a tunnel: what follows the head is no body. */
  TUNNEL = 64,
  /** Its id was made. */
  NAMED = 128,
  /** Its record was counted. */
  RECORDED = 256,
  /** No room or no work was left for it, and the request went on, or was stopped. */
  OVER_LIMIT = 512,
  /** Its body is longer than what may be held. */
  OVER_SIZE = 1024,
  /** Its record was dropped. */
  UNRECORDED = 2048,
  /** The last piece of a body of declared length waits for the verdict: without it no application has the request. */
  LAST_HELD = 4096,
  /** The application's answer has begun. */
  ANSWERING = 8192,
}

/** One stream. */
@unmanaged
export class Stream {
  context: u32;
  /** Bank of its root context. */
  bank: u32;
  /** Handle of its transaction; 0 before the head, or where there was no room. */
  handle: u32;
  flags: u32;
  /** Body bytes of the host's buffer that were read. */
  read: u32;
  /** Matches that its record has. */
  matches: u32;
  /** Body bytes that its head declares; 0 where it does not say. */
  declared: u32;
  /** Its id, 128 bits. */
  idHigh: u64;
  idLow: u64;
}

const CAPACITY: u32 = TRANSACTIONS_MAX * 2;
let table: usize = 0;
let count: u32 = 0;
/** Bank of the stream that had no room last; its head comes next. */
export let lostBank: u32 = 0;

function at(slot: u32): Stream {
  return changetype<Stream>(table + <usize>((slot & (CAPACITY - 1)) * offsetof<Stream>()));
}

/** @returns the context's stream, or null */
export function streamOf(context: u32): Stream {
  for (let slot = context; table && slot - context < CAPACITY; slot++) {
    const stream = at(slot);
    if (stream.context == context) return stream;
    if (!stream.context) break;
  }
  return changetype<Stream>(0);
}

/** Adds a stream. @returns null when there are too many at once; `lostBank` is its bank then */
export function streamAdd(context: u32, bank: u32): Stream {
  lostBank = bank;
  if (!table) {
    table = reserve(CAPACITY * offsetof<Stream>());
    if (!table) return changetype<Stream>(0);
    zeroBytes(table, CAPACITY * offsetof<Stream>());
  }
  if (count == TRANSACTIONS_MAX) return changetype<Stream>(0);
  count++;
  let slot = context;
  while (at(slot).context) slot++;
  const stream = at(slot);
  zeroBytes(changetype<usize>(stream), offsetof<Stream>());
  stream.context = context;
  stream.bank = bank;
  return stream;
}

/** Removes a stream and moves those that probing put behind it (Knuth, TAOCP 3, 6.4 R). */
export function streamRemove(stream: Stream): void {
  let hole = <u32>((changetype<usize>(stream) - table) / <usize>offsetof<Stream>());
  count--;
  at(hole).context = 0;
  for (let slot = hole + 1; at(slot).context; slot++) {
    const moved = at(slot);
    const home = moved.context & (CAPACITY - 1);
    const distance = (slot - home) & (CAPACITY - 1);
    if (distance < ((slot - hole) & (CAPACITY - 1))) continue;
    memory.copy(changetype<usize>(at(hole)), changetype<usize>(moved), offsetof<Stream>());
    moved.context = 0;
    hole = slot;
  }
}
