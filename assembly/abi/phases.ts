/**
 * What each phase of the current transaction does with its bytes, and where decisions fall: at the head's end, every
 * DECISION_BYTES of body, at the end of each gRPC message, and at the end. Between two decision points nothing shows,
 * so however a host cut the body, the same bytes lead to the same result.
 */

import { arenaMark, arenaRelease } from "../bytes/arena";
import { bodyEnd, bodyFeed, bodyRestrict } from "../decode/body";
import { isBare, mayBeBare } from "../decode/coding";
import { collectAdd, collectBegin, collectEnd } from "../decode/collect";
import { Decoder } from "../decode/decoder";
import { isMessageOver, messageRest } from "../decode/grpc";
import { headInspect, headRead, trailersInspect } from "../decode/head";
import {
  headBlockAt,
  headBlockSize,
  pieceAt,
  pieceSize,
  RawState,
  rawBodyFeed,
  rawHead,
  rawHeadFeed,
  rawTrailers,
} from "../decode/http1";
import { pairsRead } from "../decode/pairs";
import { Phase } from "../decode/phase";
import { Place, pointTruncate, pushWord, Word } from "../decode/point";
import { current, noteAnomaly, reachLimit } from "../decode/transaction";
import { Mode } from "../policy/mode";
import { rulesDecide, rulesEnd, rulesHead } from "../policy/rule/rule";
import { scopeHead } from "../policy/scope";
import { decide } from "../policy/verdict";
import { DECISION_BYTES, RESPONSE_BYTES_MAX } from "./limits";
import { Anomaly, Limit } from "./status";

/** Whether anything still looks at this transaction. */
function isLive(): bool {
  if (current.frozen) return false;
  return current.mode != <u32>Mode.OFF || current.shadowMode != <u32>Mode.OFF;
}

/** @returns false when the block is malformed; the transaction then has an empty head and goes on */
export function feedHead(at: usize, size: u32): bool {
  const good = headRead(at, size);
  scopeHead();
  if (current.parsersOff) bodyRestrict();
  current.phase = <u32>Phase.REQUEST_BODY;
  if (isLive() && good) {
    rulesHead();
    headInspect();
  }
  decide();
  return good;
}

/** The parser is finished with the body, at its end or at the limit. */
function finishBody(): void {
  if (isLive()) bodyEnd();
  decide();
}

/**
 * Takes the next piece of the request's body and decides at each DECISION_BYTES and each message that it completes, so
 * that a host can let a message go before the next one comes. Bytes beyond the policy's `inspectBytes` are only
 * counted, and the limit is reported.
 */
export function feedBody(at: usize, size: u32): void {
  const most = current.inspectMost;
  while (size) {
    const toDecision = DECISION_BYTES - (current.bodyBytes & (DECISION_BYTES - 1));
    const looks = current.inspected < most && isLive();
    const toMessage = looks && mayBeBare() ? messageRest() : 0;
    let step = size < toDecision ? size : toDecision;
    if (toMessage && toMessage < step) step = toMessage;
    if (looks) {
      const room = most - current.inspected;
      const look = step < room ? step : room;
      bodyFeed(at, look);
      current.inspected += look;
      if (look == room) {
        reachLimit(Limit.OVERSIZE);
        finishBody();
      }
    }
    current.bodyBytes = current.bodyBytes + step < current.bodyBytes ? 0xffffffff : current.bodyBytes + step;
    at += <usize>step;
    size -= step;
    if (step != toDecision && (step != toMessage || !isBare() || !isMessageOver())) continue;
    if (isLive()) rulesDecide();
    decide();
  }
}

/** Looks at trailers. @returns false when the block is malformed; the decision is that of the request's end */
export function feedTrailers(at: usize, size: u32): bool {
  return !isLive() || trailersInspect(at, size);
}

/** The request is complete: whatever a parser still holds is looked at, and the decision is made. */
export function feedEnd(): void {
  if (current.phase == <u32>Phase.RAW_HEAD) endRawHead();
  if (current.phase == <u32>Phase.RAW_BODY && current.rawState == <u32>RawState.TRAILERS) endRawTrailers();
  if (!(current.limits & Limit.OVERSIZE) && isLive()) bodyEnd();
  if (isLive()) rulesEnd();
  decide();
  current.phase = <u32>Phase.REQUEST_DONE;
}

/** Takes a response's head. @returns false when the block is malformed; the body is looked at all the same */
export function feedResponseHead(at: usize, size: u32): bool {
  const good = pairsRead(at, size);
  current.phase = <u32>Phase.RESPONSE_BODY;
  collectBegin();
  return good;
}

/** Whether the response is looked at: also when the request's verdict is frozen, since a leak proves that it worked. */
function isResponseLive(): bool {
  return current.mode != <u32>Mode.OFF || current.shadowMode != <u32>Mode.OFF;
}

/** Takes the next piece of a response's body; beyond RESPONSE_BYTES_MAX it is only counted. */
export function feedResponseBody(at: usize, size: u32): void {
  if (current.responseBytes < RESPONSE_BYTES_MAX && isResponseLive()) {
    const room = RESPONSE_BYTES_MAX - current.responseBytes;
    pushWord(Word.RESPONSE);
    collectAdd(Place.RESPONSE, Decoder.RAW, at, size < room ? size : room);
    pointTruncate(0);
  }
  const bytes = current.responseBytes + size;
  current.responseBytes = bytes < size ? 0xffffffff : bytes;
}

/** The response is complete. */
export function feedResponseEnd(): void {
  if (isResponseLive()) {
    pushWord(Word.RESPONSE);
    collectEnd(Place.RESPONSE, Decoder.RAW, 0, 0);
    pointTruncate(0);
  }
  decide();
  current.phase = <u32>Phase.RESPONSE_DONE;
}

/** The collected raw head becomes a head block and goes the way of every head. */
function endRawHead(): void {
  const mark = arenaMark();
  if (rawHead()) feedHead(headBlockAt, headBlockSize);
  else noteAnomaly(Anomaly.HEAD);
  arenaRelease(mark);
  current.phase = <u32>Phase.RAW_BODY;
}

/** The collected raw trailers go the way of all trailers. */
function endRawTrailers(): void {
  const mark = arenaMark();
  if (rawTrailers()) feedTrailers(headBlockAt, headBlockSize);
  arenaRelease(mark);
}

/** Takes the next bytes of a raw HTTP/1 request, cut anywhere; what they complete goes the way of all requests. */
export function feedRaw(at: usize, size: u32): void {
  while (size) {
    let read: u32;
    if (current.phase == <u32>Phase.RAW_HEAD) {
      read = rawHeadFeed(at, size);
      if (current.rawState != <u32>RawState.HEAD) endRawHead();
    } else {
      const inTrailers = current.rawState == <u32>RawState.TRAILERS;
      read = rawBodyFeed(at, size);
      if (pieceSize) feedBody(pieceAt, pieceSize);
      if (inTrailers && current.rawState == <u32>RawState.DONE) endRawTrailers();
    }
    at += <usize>read;
    size -= read;
  }
}
