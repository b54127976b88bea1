/** What becomes of a request: held, let go, answered, or cut, by the verdicts on what was seen of it. */
import {
  line_size,
  tx_begin,
  tx_body,
  tx_end,
  tx_free,
  tx_head,
  tx_line,
  tx_source,
  tx_trailers,
} from "../../../assembly/abi/exports";
import { Status } from "../../../assembly/abi/status";
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { Framing } from "../../../assembly/decode/content";
import { isMessageOver, messageRest } from "../../../assembly/decode/grpc";
import { current, transactionOf } from "../../../assembly/decode/transaction";
import { Failure, failsClosed, imageOf, Slot, useBank } from "../../../assembly/policy/image";
import { Mode, Source } from "../../../assembly/policy/mode";
import { hasSources, sourceOf } from "../../../assembly/policy/sources";
import { Page, Section, sectionOf } from "../../../assembly/policy/tables";
import { trustsProxies } from "../../../assembly/policy/trusted";
import { Answer, answerPlainly, answerWith } from "./answer";
import { proxy_replace_header_map_value } from "./env";
import { askClean, declaredBytes, isTunnel } from "./head";
import { Count, count } from "./metrics";
import { Cause, pageHeld } from "./page";
import { answerSize, askBytes, askProperty, BufferKind, HeaderMap, nowMs } from "./proxy";
import { recordStream } from "./record";
import { RootFlag, rootAt } from "./roots";
import { lostBank, Stream, StreamFlag, streamRemove } from "./streams";

/** What a callback tells the host to do. */
export enum Action {
  CONTINUE = 0,
  PAUSE = 1,
}

/** Body bytes fetched by one host call. */
const PIECE_BYTES: u32 = 65536;
const NO_PAGE: Page = changetype<Page>(0);
const words: usize = memory.data(32, 16);

/** Whether the plugin of a stream asks for this. */
function wants(stream: Stream, flag: RootFlag): bool {
  return (rootAt(stream.bank).flags & flag) != 0;
}

/**
 * Opens the stream's transaction. The peer's address is asked for only where the policy trusts proxies, and decides
 * which hop is the client, or has lists of clients: a property costs as much as a head of headers.
 */
function open(stream: Stream): bool {
  useBank(stream.bank);
  const size = (trustsProxies() || hasSources()) && askProperty("source\0address") ? answerSize : 0;
  stream.handle = tx_begin(size, nowSeconds(), 0);
  return stream.handle != 0;
}

/** Seconds since 1970, where the policy has something that expires; it is asked for then alone. */
function nowSeconds(): u32 {
  const expires = sectionOf(imageOf(Slot.ACTIVE), Section.EXCEPTIONS) || hasSources();
  return expires ? <u32>(nowMs() / 1000) : 0;
}

/** Asks the lists for the client, whom the head has named. @returns the status of the decision that was made with it */
function tellSource(stream: Stream, status: u32): u32 {
  if (!hasSources()) return status;
  const source = sourceOf(current.clientHigh, current.clientLow, current.now);
  if (source == Source.NONE) return status;
  count(Count.LISTED);
  return tx_source(stream.handle, <u32>source);
}

/** Answers in the application's stead, or cuts the stream where that has begun to answer. */
function refuse(stream: Stream, kind: Answer, page: Page): u32 {
  const line = wants(stream, RootFlag.PROBE) && stream.handle ? tx_line(stream.handle) : 0;
  stream.flags |= StreamFlag.ANSWERED;
  answerWith(stream, kind, page, line, line ? line_size() : 0);
  return Action.PAUSE;
}

/** What happens to a request that there is not even room for as a stream. */
function overStreams(): u32 {
  useBank(lostBank);
  count(Count.REQUESTS);
  count(Count.SKIPPED_OVERLIMIT);
  const isClosed = failsClosed(imageOf(Slot.ACTIVE), Failure.OVERLIMIT);
  count(isClosed ? Count.CLOSED_OVERLIMIT : Count.OPEN_OVERLIMIT);
  if (!isClosed) return Action.CONTINUE;
  answerPlainly();
  return Action.PAUSE;
}

/** What happens to a request that there is no room for. */
function overLimit(stream: Stream): u32 {
  if (!stream) return overStreams();
  useBank(stream.bank);
  stream.flags |= StreamFlag.OVER_LIMIT;
  if (!failsClosed(imageOf(Slot.ACTIVE), Failure.OVERLIMIT)) {
    stream.flags |= StreamFlag.STREAMING | StreamFlag.WENT_ON | StreamFlag.ENDED;
    count(Count.OPEN_OVERLIMIT);
    return Action.CONTINUE;
  }
  count(Count.CLOSED_OVERLIMIT);
  return refuse(stream, Answer.UNINSPECTED, NO_PAGE);
}

/** The verdict stops the request. */
export function block(stream: Stream): u32 {
  stream.flags |= StreamFlag.BLOCKED;
  count(stream.flags & StreamFlag.WENT_ON ? Count.PARTIALLY_BLOCKED : Count.BLOCKED);
  recordStream(stream);
  const isListed = current.source == <u32>Source.DENY;
  return refuse(stream, Answer.BLOCKED, pageHeld(isListed ? Cause.ACL_IP : Cause.ATTACK));
}

/** The body is longer than what may be held: it is streamed from here on, or refused. */
function overSize(stream: Stream): u32 {
  stream.flags |= StreamFlag.OVER_SIZE;
  if (current.failures & (1 << (<u32>Failure.OVERSIZE))) {
    count(Count.CLOSED_OVERSIZE);
    return refuse(stream, Answer.TOO_LARGE, NO_PAGE);
  }
  count(Count.OPEN_OVERSIZE);
  stream.flags |= StreamFlag.STREAMING;
  return release(stream);
}

/** Lets what is held go on; a probe's line goes with its head. */
function release(stream: Stream): u32 {
  if (!(stream.flags & StreamFlag.WENT_ON) && wants(stream, RootFlag.PROBE)) {
    const line = tx_line(stream.handle);
    const name = writeLiteral(words, "x-merlon-line");
    proxy_replace_header_map_value(HeaderMap.REQUEST, words, name, line, line_size());
  }
  stream.flags |= StreamFlag.WENT_ON;
  return Action.CONTINUE;
}

/** The request is complete. */
function finish(stream: Stream): u32 {
  const status = tx_end(stream.handle);
  stream.flags |= StreamFlag.ENDED;
  if (status == <u32>Status.BLOCK) return block(stream);
  if (current.matches) recordStream(stream);
  return release(stream);
}

/** The head is there. @returns an `Action`: the head waits for the body's verdict, unless there is no body */
export function requestHead(stream: Stream, endOfStream: bool): u32 {
  if (!stream || !open(stream) || !askClean(HeaderMap.REQUEST)) return overLimit(stream);
  const judged = tx_head(stream.handle, answerSize);
  const isJudged = judged == <u32>Status.BLOCK || judged == <u32>Status.PASS;
  const status = isJudged ? tellSource(stream, judged) : judged;
  if (status == <u32>Status.BLOCK) return block(stream);
  if (status != <u32>Status.PASS) return overLimit(stream);
  if (endOfStream) return finish(stream);
  if (isTunnel()) {
    stream.flags |= StreamFlag.TUNNEL;
    return finish(stream);
  }
  stream.declared = declaredBytes();
  /* Nothing will be decided, so nothing has to wait. */
  if (current.mode == <u32>Mode.OFF) stream.flags |= StreamFlag.STREAMING;
  if (stream.flags & StreamFlag.STREAMING) return release(stream);
  /* A length beyond what is held says now that the verdict cannot wait for the end. */
  const closed = (current.failures & (1 << (<u32>Failure.OVERSIZE))) != 0;
  if (closed && stream.declared > current.holdMost) return overSize(stream);
  /* Where Envoy may not stop at the head, a stop would last for ever: the body alone is held. */
  return wants(stream, RootFlag.HOLD_HEAD) ? <u32>Action.PAUSE : release(stream);
}

/** Whether all that is held are whole messages, which may go on while the next ones are awaited. */
function isMessageWhole(): bool {
  return current.framing == <u32>Framing.FRAMES && messageRest() != 0 && isMessageOver();
}

/**
 * More body is buffered. Each byte is read once; beyond the policy's `holdBytes` the request goes on, and the rest is
 * read as it passes.
 */
export function requestBody(stream: Stream, size: u32, endOfStream: bool): u32 {
  if (!stream || !stream.handle || stream.flags & (StreamFlag.TUNNEL | StreamFlag.ENDED)) return Action.CONTINUE;
  /* Its answer is on its way. */
  if (stream.flags & StreamFlag.ANSWERED) return Action.PAUSE;
  if ((stream.flags & (StreamFlag.STREAMING | StreamFlag.LAST_HELD)) == <u32>StreamFlag.STREAMING) stream.read = 0;
  while (stream.read < size) {
    const left = size - stream.read;
    if (!askBytes(BufferKind.REQUEST_BODY, stream.read, left < PIECE_BYTES ? left : PIECE_BYTES))
      return overLimit(stream);
    if (!answerSize) break;
    stream.read += answerSize;
    if (tx_body(stream.handle, answerSize) == <u32>Status.BLOCK) return block(stream);
  }
  if (endOfStream) return finish(stream);
  if (isLastPiece(stream)) return Action.PAUSE;
  if (stream.flags & StreamFlag.STREAMING) return Action.CONTINUE;
  if (size >= current.holdMost) return overSize(stream);
  if (!isMessageWhole()) return Action.PAUSE;
  stream.read = 0;
  return release(stream);
}

/**
 * Whether the body is there to its declared end. Its last piece waits for the verdict, even where the rest has gone: no
 * application then has the whole request.
 */
function isLastPiece(stream: Stream): bool {
  if (!stream.declared || current.bodyBytes < stream.declared || current.mode == <u32>Mode.OFF) return false;
  stream.flags |= StreamFlag.LAST_HELD;
  return true;
}

/** Trailers end the request. */
export function requestTrailers(stream: Stream): u32 {
  if (!stream || !stream.handle || stream.flags & (StreamFlag.TUNNEL | StreamFlag.ENDED)) return Action.CONTINUE;
  if (stream.flags & StreamFlag.ANSWERED) return Action.PAUSE;
  if (!askClean(HeaderMap.REQUEST_TRAILERS)) return overLimit(stream);
  tx_trailers(stream.handle, answerSize);
  return finish(stream);
}

/** The last word on a stream before its access log: what was found after its record was made. */
export function recordLast(stream: Stream): void {
  if (!stream) return;
  const transaction = transactionOf(stream.handle);
  if (!transaction || !transaction.matches) return;
  /* The client left in the middle of its request: what the last value was is known all the same. */
  if (!(stream.flags & (StreamFlag.ENDED | StreamFlag.ANSWERED))) tx_end(stream.handle);
  recordStream(stream);
}

/** Counts a stream and frees what it has. */
export function endStream(stream: Stream): void {
  const transaction = transactionOf(stream.handle);
  if (stream.handle || stream.flags & StreamFlag.OVER_LIMIT) {
    count(Count.REQUESTS);
    if (stream.flags & StreamFlag.OVER_LIMIT) count(Count.SKIPPED_OVERLIMIT);
    else if (transaction && transaction.mode == <u32>Mode.OFF) count(Count.SKIPPED_OFF);
    else count(Count.INSPECTED);
  }
  if (transaction) {
    if (transaction.would) count(Count.ATTACKS);
    tx_free(stream.handle);
  }
  streamRemove(stream);
}
