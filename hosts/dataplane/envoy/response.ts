/**
 * What becomes of a response: its first bytes pass by the core, which looks for leaks, and nothing of it is ever held.
 * Answers that Envoy gives itself are none.
 */
import { tx_response_body, tx_response_end, tx_response_head } from "../../../assembly/abi/exports";
import { RESPONSE_BYTES_MAX } from "../../../assembly/abi/limits";
import { Status } from "../../../assembly/abi/status";
import { current } from "../../../assembly/decode/transaction";
import { isIncident } from "../../../assembly/policy/verdict";
import { Count, count } from "./metrics";
import { answerSize, askBytes, BufferKind } from "./proxy";
import { recordStream } from "./record";
import { Action, block } from "./request";
import { RootFlag, rootAt } from "./roots";
import { Stream, StreamFlag } from "./streams";

/**
 * Whether the response is looked at, asked at its first piece: the core takes it only behind a whole request, and asks
 * nothing of its head, so that Envoy has no callback for that to call.
 */
function isWanted(stream: Stream): bool {
  const before: u32 = StreamFlag.ENDED | StreamFlag.ANSWERED | StreamFlag.TUNNEL | StreamFlag.ANSWERING;
  if ((stream.flags & before) != <u32>StreamFlag.ENDED || !stream.handle) return false;
  stream.flags |= StreamFlag.ANSWERING;
  if (!(rootAt(stream.bank).flags & RootFlag.RESPONSES)) return false;
  if (tx_response_head(stream.handle, 0) != <u32>Status.PASS) return false;
  stream.flags |= StreamFlag.RESPONSE;
  return true;
}

/** A piece of the body passes. */
export function responseBody(stream: Stream, size: u32, endOfStream: bool): u32 {
  if (!stream || !(stream.flags & StreamFlag.RESPONSE || isWanted(stream))) return Action.CONTINUE;
  const most = size < RESPONSE_BYTES_MAX ? size : RESPONSE_BYTES_MAX;
  if (size && askBytes(BufferKind.RESPONSE_BODY, 0, most)) {
    if (tx_response_body(stream.handle, answerSize) == <u32>Status.BLOCK) return cut(stream);
    if (current.responseBytes >= RESPONSE_BYTES_MAX) endOfStream = true;
  }
  return endOfStream ? responseEnd(stream) : <u32>Action.CONTINUE;
}

/** The response is complete, or as much of it was seen as is looked at. */
export function responseEnd(stream: Stream): u32 {
  if (!stream || !(stream.flags & StreamFlag.RESPONSE)) return Action.CONTINUE;
  stream.flags &= ~(<u32>StreamFlag.RESPONSE);
  const status = tx_response_end(stream.handle);
  if (isIncident()) count(Count.INCIDENTS);
  if (status == <u32>Status.BLOCK) return cut(stream);
  if (current.matches > stream.matches) recordStream(stream);
  return Action.CONTINUE;
}

/** The verdict on a response comes when its head has gone: the rest of it does not follow. */
function cut(stream: Stream): u32 {
  stream.flags &= ~(<u32>StreamFlag.RESPONSE);
  return block(stream);
}
