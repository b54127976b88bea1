/**
 * Merlon's own ABI: every function that a host calls. All numbers are 32 bits. Bytes go in through one buffer at
 * `input()`, results come out as records whose layout layout.ts exports.
 *
 * Order of a transaction: tx_begin, tx_head, tx_source?, tx_body*, tx_trailers?, tx_end, then tx_response_head,
 * tx_response_body*, tx_response_end where the host sees responses, tx_result and tx_mask at any time, tx_free once. Or
 * tx_begin, tx_raw*, tx_end for the bytes of a raw HTTP/1 request. Calls answer a `Status`; PASS and BLOCK are the
 * decision so far.
 */
import { arenaReset } from "../bytes/arena";
import { blocksUsed } from "../bytes/blocks";
import { allow, forbid, pad } from "../bytes/guard";
import { reservedBytes } from "../bytes/region";
import { addressHigh, addressLow, readAddress } from "../decode/client";
import { DECODER_NAMES } from "../decode/decoder";
import { RawState } from "../decode/http1";
import { Phase } from "../decode/phase";
import { pointTruncate } from "../decode/point";
import {
  current,
  setCurrent,
  Transaction,
  transactionFree,
  transactionOf,
  transactionOpen,
  transactionsOpen,
  transactionsReset,
} from "../decode/transaction";
import { setFuel, setNest } from "../decode/value";
import { LEXER_NAMES } from "../detect/detector";
import { imageClear, imageCommit, imageOf, imageStage, imagesIntact, Slot } from "../policy/image";
import { decide } from "../policy/verdict";
import { lineSize, writeLine } from "../report/line";
import { maskPairs } from "../report/mask";
import { writeResult } from "../report/result";
import { PLACE_NAMES } from "../report/trace";
import { CATALOG } from "../tables/signatures.gen";
import { INPUT_BYTES_MAX } from "./limits";
import {
  feedBody,
  feedEnd,
  feedHead,
  feedRaw,
  feedResponseBody,
  feedResponseEnd,
  feedResponseHead,
  feedTrailers,
} from "./phases";
import { inputAt, tablesIntact } from "./start";
import { ANOMALY_NAMES, LIMIT_NAMES, Status } from "./status";

/** Version of this ABI: hosts refuse another. */
export const ABI_VERSION: u32 = 1;

/** @returns address of the buffer for up to INPUT_BYTES_MAX bytes; it never moves */
export function input(): usize {
  return inputAt;
}

/** Makes the handle's transaction current. @returns false when it is not open */
function enter(handle: u32): bool {
  const transaction = transactionOf(handle);
  if (!transaction) return false;
  setCurrent(transaction);
  arenaReset();
  pointTruncate(0);
  setNest(0);
  setFuel(0);
  return true;
}

/** Bytes behind what a call gave that the checked build forbids, but for 16 that a 16-byte load may reach. */
const EDGE_BYTES: u32 = 64;
let given: u32 = 0;

/**
 * Whether a call may give that many bytes. In the checked build nothing may then read beyond them, though the input
 * buffer goes on.
 */
function take(size: u32): bool {
  if (size > INPUT_BYTES_MAX) return false;
  if (MERLON_CHECKED) {
    const before = INPUT_BYTES_MAX - given;
    const after = INPUT_BYTES_MAX - size;
    allow(inputAt + <usize>given, before < EDGE_BYTES ? before : EDGE_BYTES);
    forbid(inputAt + <usize>size, after < EDGE_BYTES ? after : EDGE_BYTES);
    pad(inputAt + <usize>size, 16);
    given = size;
  }
  return true;
}

/** The decision so far. */
function answer(): u32 {
  arenaReset();
  return current.action ? <u32>Status.BLOCK : <u32>Status.PASS;
}

/**
 * Opens a transaction.
 * @param peerSize bytes of the peer's address in text form in the input buffer; 0 where there is none
 * @param now seconds since 1970
 * @param source what the host's lists say of the client: 0 nothing, 1 allow, 2 deny, 3 gray
 * @returns a handle, or 0 when memory is used up: the host then applies `failure.overlimit`
 */
export function tx_begin(peerSize: u32, now: u32, source: u32): u32 {
  const transaction = transactionOpen();
  if (!transaction) return 0;
  transaction.now = now;
  transaction.source = source > 3 ? 0 : source;
  if (peerSize && peerSize < 128 && take(peerSize) && readAddress(inputAt, peerSize)) {
    transaction.peerHigh = addressHigh;
    transaction.peerLow = addressLow;
    transaction.clientHigh = addressHigh;
    transaction.clientLow = addressLow;
  }
  return transaction.handle;
}

/** Takes the request's head: a block of pairs in the input buffer, see decode/pairs.ts. */
export function tx_head(handle: u32, size: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  if (current.phase != <u32>Phase.OPEN) return Status.BAD_PHASE;
  if (!take(size)) return Status.LIMIT;
  if (!feedHead(inputAt, size)) return Status.MALFORMED;
  return answer();
}

/**
 * Says what the host's lists say of the client, whose address is known when the head is: the decision is made anew.
 * @param source 0 nothing, 1 allow, 2 deny, 3 gray
 */
export function tx_source(handle: u32, source: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  if (current.phase == <u32>Phase.OPEN || current.phase >= <u32>Phase.RAW_HEAD) return Status.BAD_PHASE;
  current.source = source > 3 ? 0 : source;
  current.frozen = 0;
  decide();
  return answer();
}

/** Takes the next piece of the request's body from the input buffer. */
export function tx_body(handle: u32, size: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  if (current.phase != <u32>Phase.REQUEST_BODY) return Status.BAD_PHASE;
  if (!take(size)) return Status.LIMIT;
  feedBody(inputAt, size);
  return answer();
}

/** Takes the request's trailers as a block of pairs. */
export function tx_trailers(handle: u32, size: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  if (current.phase != <u32>Phase.REQUEST_BODY) return Status.BAD_PHASE;
  if (!take(size)) return Status.LIMIT;
  if (!feedTrailers(inputAt, size)) return Status.MALFORMED;
  return answer();
}

/** The request is complete. */
export function tx_end(handle: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  if (current.phase == <u32>Phase.REQUEST_DONE) return answer();
  if (current.phase > <u32>Phase.REQUEST_BODY && current.phase < <u32>Phase.RAW_HEAD) return Status.BAD_PHASE;
  feedEnd();
  return answer();
}

/** Takes the response's head; a `:status` pair says which. */
export function tx_response_head(handle: u32, size: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  if (current.phase > <u32>Phase.REQUEST_DONE) return Status.BAD_PHASE;
  if (!take(size)) return Status.LIMIT;
  if (!feedResponseHead(inputAt, size)) return Status.MALFORMED;
  return answer();
}

/** Takes the next piece of the response's body. */
export function tx_response_body(handle: u32, size: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  if (current.phase != <u32>Phase.RESPONSE_BODY) return Status.BAD_PHASE;
  if (!take(size)) return Status.LIMIT;
  feedResponseBody(inputAt, size);
  return answer();
}

/** The response is complete. */
export function tx_response_end(handle: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  if (current.phase != <u32>Phase.RESPONSE_BODY) return Status.BAD_PHASE;
  feedResponseEnd();
  return answer();
}

/** Takes the next bytes of a raw HTTP/1 request from the input buffer. */
export function tx_raw(handle: u32, size: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  const raw = current.phase == <u32>Phase.RAW_HEAD || current.phase == <u32>Phase.RAW_BODY;
  if (!raw && current.phase != <u32>Phase.OPEN) return Status.BAD_PHASE;
  if (current.phase == <u32>Phase.OPEN) {
    current.phase = <u32>Phase.RAW_HEAD;
    current.rawState = <u32>RawState.HEAD;
  }
  if (!take(size)) return Status.LIMIT;
  feedRaw(inputAt, size);
  return answer();
}

/** @returns address of the result record, good until the next call; 0 for a bad handle */
export function tx_result(handle: u32): usize {
  if (!enter(handle)) return 0;
  return writeResult(imageOf(Slot.SHADOW) != 0);
}

/** @returns address of the result as one line of ASCII, its size in `line_size`; 0 for a bad handle */
export function tx_line(handle: u32): usize {
  if (!enter(handle)) return 0;
  return writeLine(writeResult(imageOf(Slot.SHADOW) != 0));
}

/** Bytes of the line that tx_line wrote last. */
export function line_size(): u32 {
  return lineSize;
}

/**
 * Masks a block of pairs in the input buffer where it lies, for records: the request's head, or a part of it, with what
 * the policy of this transaction hides overwritten by `*`, byte for byte. Changes nothing else.
 */
export function tx_mask(handle: u32, size: u32): u32 {
  if (!enter(handle)) return Status.BAD_HANDLE;
  if (!take(size)) return Status.LIMIT;
  return maskPairs(inputAt, size) ? Status.PASS : Status.MALFORMED;
}

/** Closes a transaction and gives its memory back. */
export function tx_free(handle: u32): u32 {
  const transaction: Transaction = transactionOf(handle);
  if (!transaction) return Status.BAD_HANDLE;
  transactionFree(transaction);
  return Status.PASS;
}

/** Loads the image in the input buffer: slot 0 is the active policy, 1 the shadow. A bad image changes nothing. */
export function policy_load(slot: u32, size: u32): u32 {
  if (!take(size)) return Status.LIMIT;
  return imageStage(slot, size, 0, inputAt, size) && imageCommit(slot, size) ? Status.PASS : Status.BAD_POLICY;
}

/**
 * Takes a piece of an image that is larger than the input buffer; `policy_commit` loads what was put together.
 * @param total bytes of the whole image, the same for each piece
 * @param offset of the piece in the image
 */
export function policy_stage(slot: u32, total: u32, offset: u32, size: u32): u32 {
  if (!take(size)) return Status.LIMIT;
  return imageStage(slot, total, offset, inputAt, size) ? Status.PASS : Status.BAD_POLICY;
}

/** Loads the image whose pieces came by `policy_stage`. A bad image changes nothing. */
export function policy_commit(slot: u32, total: u32): u32 {
  return imageCommit(slot, total) ? Status.PASS : Status.BAD_POLICY;
}

/** Goes back to the built-in policy (slot 0), or empties the shadow slot. */
export function policy_clear(slot: u32): u32 {
  if (slot > 1) return Status.BAD_POLICY;
  imageClear(<Slot>slot);
  return Status.PASS;
}

/** Whether tables and policies still hold what was loaded. */
export function verify(): u32 {
  return tablesIntact() && imagesIntact() ? Status.PASS : Status.CORRUPT;
}

/** Closes every transaction: the instance is as new, policies stay. */
export function reset(): void {
  transactionsReset();
  arenaReset();
}

/** Transactions open now. */
export function open_count(): u32 {
  return transactionsOpen();
}

/** Blocks of parked memory in use. */
export function blocks_used(): u32 {
  return blocksUsed();
}

/** Bytes of memory taken so far; it never shrinks. */
export function memory_reserved(): u32 {
  return reservedBytes();
}

/**
 * Texts that hosts show, UTF-16: 0 signatures' catalog, 1 names of limits, 2 of anomalies, 3 of decoders, 4 of lexers,
 * 5 of places.
 */
export function text_at(which: u32): usize {
  return changetype<usize>(textOf(which));
}

/** Characters of such a text. */
export function text_size(which: u32): u32 {
  return <u32>textOf(which).length;
}

function textOf(which: u32): string {
  if (which == 1) return LIMIT_NAMES;
  if (which == 2) return ANOMALY_NAMES;
  if (which == 4) return LEXER_NAMES;
  if (which == 5) return PLACE_NAMES;
  return which == 3 ? DECODER_NAMES : CATALOG;
}
