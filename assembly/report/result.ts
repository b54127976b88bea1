/**
 * The result record: what hosts read after a decision. A fixed head whose offsets are exported, then the matches as
 * record.ts made them. One record at a time; the next call may overwrite it.
 */
import { CHAIN_MAX, EXCERPT_BYTES_MAX, MATCHES_MAX, POINT_TEXT_BYTES_MAX, RULE_LINE_BYTES_MAX } from "../abi/limits";
import { reserve } from "../bytes/region";
import { ropeCopy } from "../bytes/rope";
import { current, matchRope } from "../decode/transaction";
import { isIncident } from "../policy/verdict";
import { LayerHead, MatchHead } from "./record";

/** The fixed head of the record; its fields mean what `Verdict` in hosts/core/verdict.ts says of them. */
@unmanaged
export class Result {
  /** Bytes of the record with its matches. */
  size: u32;
  action: u32;
  would: u32;
  /** 0 pass, 1 block, 2 no candidate is loaded. */
  shadow: u32;
  mode: u32;
  matches: u32;
  matchesDropped: u32;
  limits: u32;
  anomalies: u32;
  inspected: u32;
  bodyBytes: u32;
  incident: u32;
  clientHigh: u64;
  clientLow: u64;
  /** What the policy says of this request: number of its application, of its page, bytes to hold, closed failures. */
  application: u32;
  page: u32;
  holdMost: u32;
  failures: u32;
  /** Thresholds that the request counts for, one bit each. */
  counted: u64;
}

const MATCHES_BYTES_MAX: u32 =
  MATCHES_MAX *
  (offsetof<MatchHead>() +
    POINT_TEXT_BYTES_MAX +
    RULE_LINE_BYTES_MAX +
    (CHAIN_MAX + 1) * (offsetof<LayerHead>() + EXCERPT_BYTES_MAX));
/** Bytes of the largest record. */
export const RESULT_BYTES_MAX: u32 = offsetof<Result>() + MATCHES_BYTES_MAX;

let room: usize = 0;

/** Reserves the record; called once when the module starts. */
export function resultInit(): void {
  room = reserve(RESULT_BYTES_MAX);
}

/** Writes the current transaction's record. @returns its address */
export function writeResult(hasShadow: bool): usize {
  const result = changetype<Result>(room);
  const rope = matchRope();
  result.size = offsetof<Result>() + rope.size;
  result.action = current.action;
  result.would = current.would;
  result.shadow = hasShadow ? current.shadow : 2;
  result.mode = current.mode;
  result.matches = current.matches;
  result.matchesDropped = current.matchesDropped;
  result.limits = current.limits;
  result.anomalies = current.anomalies;
  result.inspected = current.inspected;
  result.bodyBytes = current.bodyBytes;
  result.incident = isIncident() ? 1 : 0;
  result.clientHigh = current.clientHigh;
  result.clientLow = current.clientLow;
  result.application = current.application;
  result.page = current.page;
  result.holdMost = current.holdMost;
  result.failures = current.failures;
  result.counted = current.counted;
  if (rope.size) ropeCopy(rope, 0, rope.size, room + <usize>offsetof<Result>());
  return room;
}
