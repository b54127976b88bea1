/**
 * The record of a request that matched, as one line of JSON in the stream's filter state (`wasm.merlon`): it outlives
 * this instance, and an access log writes it out. Its fields are those of hosts/records; what an agent knows by itself
 * (node, policy, catalog) is left to it. Values were masked when the core kept them.
 */

import { tx_result } from "../../../assembly/abi/exports";
import { ANOMALY_NAMES, LIMIT_NAMES } from "../../../assembly/abi/status";
import { arenaAlloc, arenaReset } from "../../../assembly/bytes/arena";
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { addressHigh, addressLow, readAddress } from "../../../assembly/decode/client";
import { current } from "../../../assembly/decode/transaction";
import { Slot } from "../../../assembly/policy/image";
import { Source } from "../../../assembly/policy/mode";
import { imageHeld } from "../../../assembly/policy/scope";
import { IDENTITY_BYTES, Section, sectionOf } from "../../../assembly/policy/tables";
import { trustsProxies } from "../../../assembly/policy/trusted";
import { Spared } from "../../../assembly/policy/verdict";
import { writeDecoder, writeStamp } from "../../../assembly/report/line";
import { LayerHead, MatchHead } from "../../../assembly/report/record";
import { Result } from "../../../assembly/report/result";
import { proxy_set_property } from "./env";
import {
  jsonBack,
  jsonBegin,
  jsonSize,
  overflows,
  putBase64,
  putNames,
  putNumber,
  putPlain,
  putString,
  putText,
} from "./json-writer";
import { Count, count } from "./metrics";
import { answerAt, answerSize, askProperty } from "./proxy";
import { ID_CHARACTERS, namedAt, nameStream, REFERENCE_CHARACTERS, writeId, writeTime } from "./reference";
import { RootFlag, rootAt, takeRecord } from "./roots";
import { Stream, StreamFlag } from "./streams";

/** Longest record, as hosts/records has it. */
const RECORD_BYTES_MAX: u32 = 32768;
/** Room that findings leave to what follows them. */
const TAIL_BYTES: u32 = 1024;
/** Bytes of what the client wrote outside its findings. */
const METHOD_BYTES_MAX: u32 = 64;
const HOST_BYTES_MAX: u32 = 253;
const PATH_BYTES_MAX: u32 = 256;
const ID_BYTES_MAX: u32 = 128;

const name: usize = memory.data(16, 16);
const scratch: usize = memory.data(128, 16);

/** Writes a property of the stream as a string, cut to so many bytes; an empty one where the host has none. */
function putProperty(path: string, most: u32): void {
  const has = askProperty(path);
  putString(answerAt, has ? (answerSize < most ? answerSize : most) : 0);
}

/** The request's path without its query. */
function putPath(): void {
  const most = askProperty("request\0url_path") && answerSize < PATH_BYTES_MAX ? answerSize : PATH_BYTES_MAX;
  putString(answerAt, answerAt ? most : 0);
}

const HEX: string = "0123456789abcdef";

/** Writes an address as text: IPv4 in dots, IPv6 in eight groups. */
function putAddress(high: u64, low: u64): void {
  const isV4 = !high && low >> 32 == 0xffff;
  let groups: u32 = isV4 ? 4 : 8;
  if (!(high | low)) groups = 0;
  putText('"');
  for (let i: u32 = 0; i < groups; i++) {
    if (isV4) {
      if (i) putText(".");
      putNumber(<u32>(low >> ((3 - i) << 3)) & 255);
      continue;
    }
    const group = <u32>((i < 4 ? high : low) >> ((3 - (i & 3)) << 4)) & 0xffff;
    let size: u32 = 0;
    for (let shift: i32 = 12; shift >= 0; shift -= 4) {
      const digit = (group >> shift) & 15;
      if (!digit && !size && shift) continue;
      store<u8>(scratch + <usize>size, <u8>load<u16>(changetype<usize>(HEX) + <usize>(digit << 1)));
      size++;
    }
    if (i) putText(":");
    putPlain(scratch, size);
  }
  putText('"');
}

/** The client by the policy's trusted hops; where it trusts nobody, by Envoy's. */
function putClient(): void {
  putText(',"client":{"ip":');
  if (trustsProxies()) putAddress(current.clientHigh, current.clientLow);
  else if (askProperty("source\0address") && readAddress(answerAt, answerSize)) putAddress(addressHigh, addressLow);
  else putText('""');
  putText(listOf());
  putText("}");
}

function listOf(): string {
  if (current.source == <u32>Source.NONE) return ',"list":"none"';
  if (current.source == <u32>Source.ALLOW) return ',"list":"allow"';
  return current.source == <u32>Source.DENY ? ',"list":"deny"' : ',"list":"gray"';
}

/** The hash of the policy that judged, where its image says it. */
function putPolicy(): void {
  const at = sectionOf(imageHeld(Slot.ACTIVE), Section.IDENTITY);
  if (!at) return;
  putText(',"policy":"');
  for (let i: u32 = 0; i < IDENTITY_BYTES; i++) {
    const byte = <u32>load<u8>(at + <usize>i);
    store<u8>(scratch, <u8>load<u16>(changetype<usize>(HEX) + <usize>((byte >> 4) << 1)));
    store<u8>(scratch + 1, <u8>load<u16>(changetype<usize>(HEX) + <usize>((byte & 15) << 1)));
    putPlain(scratch, 2);
  }
  putText('"');
}

function putRequest(result: Result): void {
  putText(',"request":{"id":');
  putProperty("request\0id", ID_BYTES_MAX);
  putText(',"scheme":');
  putProperty("request\0scheme", 8);
  putText(',"method":');
  putProperty("request\0method", METHOD_BYTES_MAX);
  putText(',"host":');
  putProperty("request\0host", HOST_BYTES_MAX);
  putText(',"path":');
  putPath();
  putText(',"body":{"size":');
  putNumber(result.bodyBytes);
  putText(',"inspected":');
  putNumber(result.inspected);
  putText(result.inspected < result.bodyBytes ? ',"truncated":true}}' : ',"truncated":false}}');
}

function decisionOf(spared: u32): string {
  if (spared == <u32>Spared.COUNTS) return "would_block";
  return spared == <u32>Spared.EXCEPTED ? "excepted" : "counted";
}

/** The stamp of a rule: the first field of its line. */
function putRuleStamp(at: usize, size: u32): void {
  let end: u32 = 0;
  while (end < size && load<u8>(at + <usize>end) != 9) end++;
  putString(at, end);
}

function putHit(at: usize): void {
  const head = changetype<MatchHead>(at);
  const point = at + <usize>offsetof<MatchHead>();
  const line = point + <usize>head.pointSize;
  putText('{"stamps":[');
  if (head.ruleSize) putRuleStamp(line, head.ruleSize);
  else putString(scratch, writeStamp(scratch, head.signature));
  putText('],"severity":');
  putNumber(head.severity);
  if (head.ruleSize) {
    putText(',"rule":');
    putString(line, head.ruleSize);
  }
  putText(',"point_s":');
  putString(point, head.pointSize);
  at = line + <usize>head.ruleSize;
  putText(',"decision":"');
  putText(decisionOf(head.spared));
  putText('","exception_number":');
  putNumber(head.exception);
  putText(',"layers":[');
  for (let i: u32 = 0; i < head.layers; i++) {
    const one = changetype<LayerHead>(at);
    putText(i ? ',{"as":"' : '{"as":"');
    putPlain(scratch, writeDecoder(scratch, one.decoder));
    putText('","span":[');
    putNumber(one.start);
    putText(",");
    putNumber(one.end);
    putText('],"excerpt_at":');
    putNumber(one.excerptAt);
    putText(',"excerpt_b64":');
    putBase64(at + <usize>offsetof<LayerHead>(), one.excerptSize);
    putText("}");
    at += <usize>(offsetof<LayerHead>() + one.excerptSize);
  }
  putText("]}");
}

/** Writes the findings that fit. @returns how many did not */
function putHits(result: Result, room: u32): u32 {
  let at = changetype<usize>(result) + <usize>offsetof<Result>();
  let left: u32 = 0;
  putText(',"hits":[');
  for (let i: u32 = 0; i < result.matches; i++) {
    const before = jsonSize();
    if (i > left) putText(",");
    putHit(at);
    if (overflows || jsonSize() > room) {
      jsonBack(before);
      left++;
    }
    at += <usize>changetype<MatchHead>(at).size;
  }
  putText("]");
  return left;
}

function actionOf(stream: Stream): string {
  if (!(stream.flags & StreamFlag.BLOCKED)) return '","action":"monitored"';
  return stream.flags & StreamFlag.WENT_ON ? '","action":"partially_blocked"' : '","action":"blocked"';
}

function modeOf(mode: u32): string {
  if (mode == 0) return '","mode":"off';
  if (mode == 1) return '","mode":"monitoring';
  return mode == 2 ? '","mode":"safe_blocking' : '","mode":"block';
}

function putRecord(stream: Stream, result: Result): void {
  putText('{"v":1,"id":"');
  putPlain(scratch, writeId(scratch, stream, ID_CHARACTERS));
  putText('","ref":"');
  putPlain(scratch, writeId(scratch, stream, REFERENCE_CHARACTERS));
  putText('","ts":"');
  putPlain(scratch, writeTime(scratch, namedAt(stream)));
  putText(modeOf(result.mode));
  putText(actionOf(stream));
  putText(result.would ? ',"would_action":"block"' : ',"would_action":"pass"');
  putText(',"source":"inline","app":{"name":null,"id":');
  putNumber(result.application);
  putText("}");
  putPolicy();
  putClient();
  putRequest(result);
  const left = putHits(result, RECORD_BYTES_MAX - TAIL_BYTES);
  putText(',"limits":{"reached":');
  putNames(result.limits, LIMIT_NAMES);
  putText(',"parser_anomaly":');
  putNames(result.anomalies, ANOMALY_NAMES);
  putText(',"matches_dropped":');
  putNumber(result.matchesDropped + left);
  putText(result.incident ? '},"incident":true}' : '},"incident":false}');
}

/**
 * Makes or renews the record of a stream that matched, where its plugin wants records. More than the root may make in
 * a second, or than the host takes, are counted as dropped.
 */
export function recordStream(stream: Stream): void {
  const root = rootAt(stream.bank);
  const found = tx_result(stream.handle);
  if (!found || !(root.flags & RootFlag.RECORDS)) return;
  const result = changetype<Result>(found);
  if (!result.matches && !(stream.flags & StreamFlag.BLOCKED)) return;
  nameStream(stream);
  const isFirst = !(stream.flags & StreamFlag.RECORDED);
  stream.flags |= StreamFlag.RECORDED;
  stream.matches = result.matches;
  if (isFirst && !takeRecord(root, <u32>(namedAt(stream) / 1000))) {
    count(Count.RECORDS_DROPPED);
    stream.flags |= StreamFlag.UNRECORDED;
    return;
  }
  if (stream.flags & StreamFlag.UNRECORDED) return;
  arenaReset();
  const at = arenaAlloc(RECORD_BYTES_MAX);
  jsonBegin(at, at ? RECORD_BYTES_MAX : 0);
  putRecord(stream, result);
  const nameSize = writeLiteral(name, "merlon");
  const kept = !overflows && proxy_set_property(name, nameSize, at, jsonSize()) == 0;
  if (!kept) stream.flags |= StreamFlag.UNRECORDED;
  if (!kept) count(Count.RECORDS_DROPPED);
  else if (isFirst) count(Count.RECORDS);
}
