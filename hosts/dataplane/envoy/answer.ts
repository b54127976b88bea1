/**
 * The answers that the filter gives itself, in the form that the client can read: a page for browsers, problem details
 * for programs, a status for gRPC, each with the reference of the request. None repeats a byte of it.
 */
import { arenaAlloc, arenaReset } from "../../../assembly/bytes/arena";
import { startsLower, writeLiteral, writeNumber } from "../../../assembly/bytes/ascii";
import { Page } from "../../../assembly/policy/tables";
import { prefersPage } from "./accept";
import {
  BLOCKED_TEXT,
  BLOCKED_TITLE,
  FIELDS,
  GRPC_FIELDS,
  GRPC_WEB_FIELDS,
  OWN_PAGE_FIELDS,
  PAGE,
  PAGE_FIELDS,
  PROBLEM,
  PROBLEM_FIELDS,
  RETRY_FIELDS,
  STRICT,
  STYLE,
  TOO_LARGE_TEXT,
  TOO_LARGE_TITLE,
  UNINSPECTED_TEXT,
  UNINSPECTED_TITLE,
  WEB_FIELDS,
} from "./answer-texts";
import { proxy_send_local_response } from "./env";
import { isForAll, pageText } from "./page";
import { answerAt, answerSize, askField } from "./proxy";
import { namedAt, nameStream, REFERENCE_CHARACTERS, writeId, writeTime } from "./reference";
import { Stream } from "./streams";

/** What happened, as the client is told. */
export enum Answer {
  BLOCKED = 0,
  UNINSPECTED = 1,
  TOO_LARGE = 2,
}

const FIELDS_MAX: u32 = 16;
const FIELD_BYTES_MAX: u32 = 65536;
/** A page of the policy has 32 KiB; what is filled in makes its shortest place three times as long. */
const BODY_BYTES_MAX: u32 = 131072;

const details: usize = memory.data(32, 16);
const reference: usize = memory.data(16, 16);
const time: usize = memory.data(32, 16);
const number: usize = memory.data(16, 16);

let title: string = "";
let text: string = "";
let status: u32 = 0;
let grpc: u32 = 0;

function choose(kind: Answer): void {
  if (kind == Answer.BLOCKED) {
    title = BLOCKED_TITLE;
    text = BLOCKED_TEXT;
    status = 403;
    grpc = 7;
  } else if (kind == Answer.TOO_LARGE) {
    title = TOO_LARGE_TITLE;
    text = TOO_LARGE_TEXT;
    status = 413;
    grpc = 8;
  } else {
    title = UNINSPECTED_TITLE;
    text = UNINSPECTED_TEXT;
    status = 503;
    grpc = 14;
  }
}

function putBytes(to: usize, at: usize, size: usize): usize {
  memory.copy(to, at, size);
  return to + size;
}

function putNumber(to: usize, value: u32): usize {
  return putBytes(to, number, <usize>writeNumber(number, value));
}

/** Writes what stands for a name in braces; nothing for one that nobody knows. */
function putNamed(to: usize, name: usize, size: u32): usize {
  if (startsLower(name, size, "reference")) return putBytes(to, reference, <usize>REFERENCE_CHARACTERS);
  if (startsLower(name, size, "time")) return putBytes(to, time, 24);
  if (startsLower(name, size, "title")) return to + <usize>writeLiteral(to, title);
  if (startsLower(name, size, "text")) return to + <usize>writeLiteral(to, text);
  if (startsLower(name, size, "status")) return putNumber(to, status);
  if (startsLower(name, size, "style")) return to + <usize>writeLiteral(to, STYLE);
  if (startsLower(name, size, "strict")) return to + <usize>writeLiteral(to, STRICT);
  if (startsLower(name, size, "grpc")) return putNumber(to, grpc);
  return to;
}

const word: usize = memory.data(32, 16);

/** Writes one of our texts with its places filled in. @returns where it ends */
function fillText(to: usize, template: string): usize {
  let at = changetype<usize>(template);
  const end = at + ((<usize>template.length) << 1);
  while (at < end) {
    if (load<u32>(at) != 0x007b007b) {
      store<u8>(to++, <u8>load<u16>(at));
      at += 2;
      continue;
    }
    let size: u32 = 0;
    for (at += 4; load<u16>(at) != 0x7d; at += 2) {
      store<u8>(word + <usize>size, <u8>load<u16>(at));
      size++;
    }
    at += 4;
    to = putNamed(to, word, size);
  }
  return to;
}

/** Writes a policy's page, in which two places may be filled in. @returns where it ends */
function fillPage(to: usize, at: usize, size: u32): usize {
  const end = at + <usize>size;
  while (at < end) {
    const left = <u32>(end - at);
    if (startsLower(at, left, "{{reference}}") && load<u8>(at + 2) == 0x72) {
      to = putBytes(to, reference, <usize>REFERENCE_CHARACTERS);
      at += 13;
    } else if (startsLower(at, left, "{{time}}") && load<u8>(at + 2) == 0x74) {
      to = putBytes(to, time, 24);
      at += 8;
    } else store<u8>(to++, load<u8>(at++));
  }
  return to;
}

/* Fields of the answer: their bytes lie behind room for the sizes of FIELDS_MAX, and are moved up to the sizes used. */
let block: usize = 0;
let bytes: usize = 0;
let fields: u32 = 0;

function beginFields(): bool {
  arenaReset();
  block = arenaAlloc(FIELD_BYTES_MAX);
  bytes = block + 4 + <usize>(FIELDS_MAX * 8);
  fields = 0;
  return block != 0;
}

function endField(nameSize: u32, valueSize: u32): void {
  const sizes = block + 4 + <usize>(fields++ * 8);
  store<u32>(sizes, nameSize);
  store<u32>(sizes + 4, valueSize);
}

/** Adds a field; both are there to their end. */
function addField(name: string, at: usize, size: u32): void {
  const nameSize = writeLiteral(bytes, name);
  bytes += <usize>nameSize;
  store<u8>(bytes++, 0);
  bytes = putBytes(bytes, at, <usize>size);
  store<u8>(bytes++, 0);
  endField(nameSize, size);
}

/** Adds the fields of a text's lines. */
function addLines(lines: string): void {
  const end = fillText(bytes, lines);
  let from = bytes;
  while (from < end) {
    let stop = from;
    while (load<u8>(stop) != 0x0a) stop++;
    let colon = from;
    while (load<u8>(colon) != 0x3a) colon++;
    const nameSize = <u32>(colon - from);
    const valueSize = <u32>(stop - colon) - 2;
    /* Name, NUL, value, NUL take as many bytes as name, colon, space, value, line end, but for one. */
    memory.copy(bytes, from, <usize>nameSize);
    store<u8>(bytes + <usize>nameSize, 0);
    memory.copy(bytes + <usize>nameSize + 1, colon + 2, <usize>valueSize);
    bytes += <usize>(nameSize + valueSize + 1);
    store<u8>(bytes++, 0);
    endField(nameSize, valueSize);
    from = stop + 1;
  }
}

/** @returns bytes of the block of fields */
function endFields(): u32 {
  const from = block + 4 + <usize>(FIELDS_MAX * 8);
  const to = block + 4 + <usize>(fields * 8);
  store<u32>(block, fields);
  memory.copy(to, from, bytes - from);
  return <u32>(bytes - from) + 4 + fields * 8;
}

function send(name: string, code: u32, body: usize, size: u32, grpcStatus: i32): void {
  const detailsSize = writeLiteral(details, name);
  proxy_send_local_response(code, details, detailsSize, body, size, block, endFields(), grpcStatus);
}

function detailsOf(kind: Answer): string {
  if (kind == Answer.BLOCKED) return "merlon_blocked";
  return kind == Answer.TOO_LARGE ? "merlon_too_large" : "merlon_uninspected";
}

/** Answers a call of gRPC: its status, and the title as its message. */
function answerGrpc(kind: Answer): void {
  const isWeb = startsLower(answerAt, answerSize, "application/grpc-web");
  addLines(isWeb ? GRPC_WEB_FIELDS : GRPC_FIELDS);
  /* Envoy makes an answer of gRPC from this itself, and none of gRPC-Web. */
  const body = arenaAlloc(64);
  const size = isWeb || !body ? 0 : writeLiteral(body, title);
  send(detailsOf(kind), isWeb ? 200 : status, body, size, isWeb ? -1 : <i32>grpc);
}

/**
 * Answers the request in the host's stead.
 * @param page what the policy shows, or null for Merlon's own
 * @param lineAt a probe's line for the answer, 0 for none
 */
export function answerWith(stream: Stream, kind: Answer, page: Page, lineAt: usize, lineSize: u32): void {
  nameStream(stream);
  writeId(reference, stream, REFERENCE_CHARACTERS);
  writeTime(time, namedAt(stream));
  choose(kind);
  if (!beginFields()) return;
  addLines(FIELDS);
  if (lineAt) addField("x-merlon-line", lineAt, lineSize);
  if (kind == Answer.UNINSPECTED) addLines(RETRY_FIELDS);
  if (askField("content-type") && startsLower(answerAt, answerSize, "application/grpc")) {
    answerGrpc(kind);
    return;
  }
  addLines(WEB_FIELDS);
  const own = page != null;
  const wantsPage = (askField("accept") && prefersPage(answerAt, answerSize)) || (own && isForAll(page));
  if (own && page.redirectSize != 0 && wantsPage) {
    addField("location", pageText(page.redirect), page.redirectSize);
    send(detailsOf(kind), 302, 0, 0, -1);
    return;
  }
  if (own) status = page.status;
  const isOwn = own && page.htmlSize != 0 && wantsPage;
  addLines(isOwn ? OWN_PAGE_FIELDS : wantsPage ? PAGE_FIELDS : PROBLEM_FIELDS);
  const body = arenaAlloc(BODY_BYTES_MAX);
  let end = body;
  if (!body) status = 503;
  else if (isOwn) end = fillPage(body, pageText(page.html), page.htmlSize);
  else end = fillText(body, wantsPage ? PAGE : PROBLEM);
  send(detailsOf(kind), status, body, <u32>(end - body), -1);
}

/** Answers that a request could not be checked, in a word: for one that has no stream, and so no reference. */
export function answerPlainly(): void {
  choose(Answer.UNINSPECTED);
  if (!beginFields()) return;
  addLines(RETRY_FIELDS);
  send(detailsOf(Answer.UNINSPECTED), status, 0, 0, <i32>grpc);
}
