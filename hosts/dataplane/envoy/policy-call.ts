/**
 * What the filter asks of its policy service and tells it, as requests by one of the host's clusters: for the image,
 * and what this Envoy has in force. The words are those of hosts/policy/wire.ts.
 */
import { writeLiteral } from "../../../assembly/bytes/ascii";
import { imageOf, Slot } from "../../../assembly/policy/image";
import { IDENTITY_BYTES, Section, sectionOf } from "../../../assembly/policy/tables";
import { proxy_get_current_time_nanoseconds, proxy_http_call } from "./env";
import { Setting } from "./follow-settings";
import { ETAG, Following, textAt } from "./following";
import { jsonBegin, jsonSize, putPlain, putText } from "./json-writer";
import { pairsAt, pairsBegin, pairsBytes, pairsEnd, pairsName, pairsSize, pairsText } from "./pairs-writer";
import { Origin } from "./policy-gauges";
import { answerAt, answerSize } from "./proxy";
import { readShared, Shared, writeShared } from "./shared";

/** How long the service may wait for news, and how long an answer may take: longer than that. */
const WAIT: string = "wait=10";
const ANSWER_MS: u32 = 13000;
const REPORT_MS: u32 = 5000;
const NAME_BYTES: u32 = 8;
const BODY_BYTES: u32 = 1024;
/** SHA-256 in hex, between the quotes of an ETag. */
const HASH_CHARACTERS: u32 = 64;

const out: usize = memory.data(16, 16);
const name: usize = memory.data(32, 16);
const hex: usize = memory.data(64, 16);
const body: usize = memory.data(1024, 16);
const digits: usize = memory.data(32, 16);
const DIGITS: string = "0123456789abcdef";

function putHex(to: usize, at: usize, size: u32): void {
  for (let i: u32 = 0; i < size; i++) {
    const byte = <u32>load<u8>(at + <usize>i);
    store<u8>(to++, <u8>load<u16>(changetype<usize>(DIGITS) + <usize>((byte >> 4) << 1)));
    store<u8>(to++, <u8>load<u16>(changetype<usize>(DIGITS) + <usize>((byte & 15) << 1)));
  }
}

/** Writes the name of this Envoy, the same for all of its instances. @returns its bytes */
function putName(): u32 {
  if (!readShared(Shared.NAME, 0, 0) || answerSize != NAME_BYTES) {
    proxy_get_current_time_nanoseconds(out);
    store<u64>(out, (load<u64>(out) ^ 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9);
    writeShared(Shared.NAME, 0, 0, out, NAME_BYTES, 0);
    readShared(Shared.NAME, 0, 0);
  }
  const size = writeLiteral(name, "envoy-");
  if (answerSize != NAME_BYTES) return size;
  putHex(name + <usize>size, answerAt, NAME_BYTES);
  return size + NAME_BYTES * 2;
}

function addField(field: string, value: string): void {
  pairsName(field);
  pairsText(value);
  pairsEnd();
}

function beginRequest(bank: u32, state: Following, method: string, path: string): void {
  const nameSize = putName();
  pairsBegin();
  addField(":method", method);
  addField(":scheme", "http");
  pairsName(":authority");
  pairsBytes(textAt(bank, Setting.AUTHORITY), state.authoritySize);
  pairsEnd();
  addField(":path", path);
  pairsName("merlon-instance");
  pairsBytes(name, nameSize);
  pairsEnd();
  if (!state.tokenSize) return;
  pairsName("authorization");
  pairsText("Bearer ");
  pairsBytes(textAt(bank, Setting.TOKEN), state.tokenSize);
  pairsEnd();
}

function send(bank: u32, state: Following, bodyAt: usize, bodySize: u32, milliseconds: u32): u32 {
  const size = pairsSize();
  const cluster = textAt(bank, Setting.CLUSTER);
  store<u32>(out, 0);
  const status = proxy_http_call(
    cluster,
    state.clusterSize,
    pairsAt(),
    size,
    bodyAt,
    bodySize,
    0,
    0,
    milliseconds,
    out,
  );
  return status ? 0 : load<u32>(out);
}

/** Asks for the policy, or for news where the bank knows one. @returns the call's number, 0 where none was made */
export function askPolicy(bank: u32, state: Following): u32 {
  beginRequest(bank, state, "GET", "/v1/image");
  addField("prefer", WAIT);
  if (state.etagSize) {
    pairsName("if-none-match");
    pairsBytes(textAt(bank, ETAG), state.etagSize);
    pairsEnd();
  }
  return send(bank, state, 0, 0, ANSWER_MS);
}

/** Writes a number of 64 bits. */
function putNumber(value: u64): void {
  let at = digits + 20;
  do {
    store<u8>(--at, <u8>(48 + (value % 10)));
    value /= 10;
  } while (value);
  putPlain(at, <u32>(digits + 20 - at));
}

function originOf(origin: u32): string {
  if (origin == <u32>Origin.LIVE) return '"source":"live"';
  return origin == <u32>Origin.LAST_KNOWN_GOOD ? '"source":"last_known_good"' : '"source":"builtin"';
}

/** Tells the service what is in force; nothing depends on whether it hears it. */
export function report(bank: u32, state: Following): void {
  beginRequest(bank, state, "PUT", "/v1/report");
  addField("content-type", "application/json");
  jsonBegin(body, BODY_BYTES);
  putText('{"instance":"');
  putPlain(name, putName());
  putText('","kind":"wasm","merlon":"","policy":{"hash":');
  const at = sectionOf(imageOf(Slot.ACTIVE), Section.IDENTITY);
  if (at) {
    putHex(hex, at, IDENTITY_BYTES);
    putText('"');
    putPlain(hex, HASH_CHARACTERS);
    putText('"');
  } else putText("null");
  putText(',"version":0,');
  putText(originOf(state.origin));
  putText(',"since":');
  putNumber(state.since);
  putText('},"refused":');
  if (state.isRefused && state.etagSize == HASH_CHARACTERS + 2) {
    putText('{"hash":"');
    putPlain(textAt(bank, ETAG) + 1, HASH_CHARACTERS);
    putText('","why":"the image is damaged, or was made for another release"}');
  } else putText("null");
  putText(',"counters":{},"hits":[],"comparison":null}');
  send(bank, state, body, jsonSize(), REPORT_MS);
}
