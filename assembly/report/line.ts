/**
 * The result as one line of ASCII: what conformance compares between hosts, and what a log shows.
 *
 *   block sqli-union@query.id raw[0,20]>form[0,16]; xss-tag@query.id raw[4,30]
 *
 * Verdict, then stamp, point and the span in every layer of each match.
 */
import { CHAIN_MAX, MATCHES_MAX, POINT_TEXT_BYTES_MAX } from "../abi/limits";
import { writeLiteral, writeNumber } from "../bytes/ascii";
import { reserve } from "../bytes/region";
import { DECODER_NAMES } from "../decode/decoder";
import { CATALOG } from "../tables/signatures.gen";
import { LayerHead, MatchHead } from "./record";
import { Result } from "./result";

/** Bytes of the longest line; each byte of a point's text may become four. */
export const LINE_BYTES_MAX: u32 = 64 + MATCHES_MAX * (POINT_TEXT_BYTES_MAX * 4 + 64 + (CHAIN_MAX + 1) * 48);

let room: usize = 0;

/** Reserves the line; called once when the module starts. */
export function lineInit(): void {
  room = reserve(LINE_BYTES_MAX);
}

/** Writes the word that stands at an index of a list whose items end with `close`. @returns bytes written */
function writeItem(to: usize, list: string, index: u32, skipTo: u32, close: u32): u32 {
  let at = changetype<usize>(list);
  const end = at + ((<usize>list.length) << 1);
  while (index && at < end) {
    if (<u32>load<u16>(at) == skipTo) index--;
    at += 2;
  }
  const start = to;
  while (at < end && <u32>load<u16>(at) != close) {
    store<u8>(to++, <u8>load<u16>(at));
    at += 2;
  }
  return <u32>(to - start);
}

/** Writes a signature's stamp. @returns bytes written */
export function writeStamp(to: usize, signature: u32): u32 {
  return writeItem(to, CATALOG, signature - 1, 10, 9);
}

/** Writes a decoder's name. @returns bytes written */
export function writeDecoder(to: usize, decoder: u32): u32 {
  return writeItem(to, DECODER_NAMES, decoder, 32, 32);
}

/**
 * Writes a point's text. Its names are the client's, so that a space or semicolon, which divide the line, is escaped:
 * nobody can write a match of their own into it. @returns bytes written
 */
function writePointText(to: usize, at: usize, size: u32): u32 {
  const start = to;
  for (const end = at + <usize>size; at < end; at++) {
    const c = <u32>load<u8>(at);
    if (c == 0x20) to += <usize>writeLiteral(to, "\\x20");
    else if (c == 0x3b) to += <usize>writeLiteral(to, "\\x3b");
    else store<u8>(to++, <u8>c);
  }
  return <u32>(to - start);
}

/** Writes the stamp of a rule: its line up to the tab. @returns bytes written, ≤ RULE_STAMP_BYTES_MAX */
function writeRuleStamp(to: usize, line: usize, size: u32): u32 {
  const most = size < RULE_STAMP_BYTES_MAX ? size : RULE_STAMP_BYTES_MAX;
  let stamp: u32 = 0;
  while (stamp < most && load<u8>(line + <usize>stamp) > 0x20) {
    store<u8>(to + <usize>stamp, load<u8>(line + <usize>stamp));
    stamp++;
  }
  return stamp;
}

/** Longest stamp of a rule; room for it is part of LINE_BYTES_MAX. */
const RULE_STAMP_BYTES_MAX: u32 = 64;

function writeMatch(to: usize, at: usize): u32 {
  const start = to;
  const head = changetype<MatchHead>(at);
  at += <usize>offsetof<MatchHead>();
  const line = at + <usize>head.pointSize;
  if (head.ruleSize) to += <usize>writeRuleStamp(to, line, head.ruleSize);
  else to += <usize>writeStamp(to, head.signature);
  store<u8>(to++, 0x40);
  to += <usize>writePointText(to, at, head.pointSize);
  at = line + <usize>head.ruleSize;
  for (let i: u32 = 0; i < head.layers; i++) {
    const one = changetype<LayerHead>(at);
    store<u8>(to++, i ? 0x3e : 0x20);
    to += <usize>writeDecoder(to, one.decoder);
    store<u8>(to++, 0x5b);
    to += <usize>writeNumber(to, one.start);
    store<u8>(to++, 0x2c);
    to += <usize>writeNumber(to, one.end);
    store<u8>(to++, 0x5d);
    at += <usize>(offsetof<LayerHead>() + one.excerptSize);
  }
  return <u32>(to - start);
}

/** Bytes of the line written last. */
export let lineSize: u32 = 0;

/** Writes the line of a result record. @returns its address */
export function writeLine(record: usize): usize {
  const result = changetype<Result>(record);
  let to = room;
  to += <usize>writeLiteral(to, result.would ? "block" : "pass");
  let at = record + <usize>offsetof<Result>();
  for (let i: u32 = 0; i < result.matches; i++) {
    if (i) store<u8>(to++, 0x3b);
    store<u8>(to++, 0x20);
    to += <usize>writeMatch(to, at);
    at += <usize>load<u32>(at);
  }
  lineSize = <u32>(to - room);
  return room;
}
