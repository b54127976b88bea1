/**
 * The body: chooses the parser that the head or the first bytes ask for, and hands it piece after piece. What a parser
 * gives up on goes on as plain text. Bodies that are coded, which the head or the first bytes tell, take a way round by
 * coding.ts and come back as plain bytes; and as they came they are read too (wire.ts).
 */
import { NAME_BYTES_MAX, VALUE_BYTES_MAX, VALUE_OVERLAP_BYTES } from "../abi/limits";
import { Anomaly, Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { isSpace, isWord } from "../bytes/ascii";
import { ropeAppend, ropeCopy, ropeFree } from "../bytes/rope";
import { inspectValue } from "./chain";
import { codingEnd, codingFeed, codingFree, heldAt, heldBytes, isPlain, pushCodings } from "./coding";
import { collectAdd, collectBegin, collectEnd, textAdd, textBegin, textInspect, textRoom } from "./collect";
import { sniffKind } from "./content";
import { Decoder } from "./decoder";
import { FormState, formBegin, formFeed, formWhole } from "./form";
import { grpcEnd, grpcFeed, pushFrames } from "./grpc";
import { JsonState, jsonBegin, jsonEnd, jsonFeed } from "./json";
import { multipartBegin, multipartEnd, multipartFeed, multipartRestart } from "./multipart";
import { isOff, Parser } from "./parser";
import { Place, pointDepth, pointTruncate, pushWord, Word } from "./point";
import { pollutionBegin, pollutionEnd } from "./pollution";
import { protobufBegin, protobufEnd, protobufFeed } from "./protobuf";
import {
  BodyKind,
  current,
  markSignatures,
  noteAnomaly,
  parserState,
  rawRope,
  reachLimit,
  Second,
  wireRope,
} from "./transaction";
import { followBody, SEEN_BYTES, setTold, told } from "./value";
import { wireAdd, wireAt, wireTake, wireTellOnce } from "./wire";
import { xmlBegin, xmlEnd, xmlFeed } from "./xml";
import { XmlState } from "./xml/state";

/** Starts the parser that `current.bodyKind` names. */
export function bodyBegin(): void {
  switch (current.bodyKind) {
    case BodyKind.FORM:
      pollutionBegin();
      formBegin(changetype<FormState>(parserState()), 0x26, Place.FORM_NAME, Place.FORM, Decoder.FORM);
      return;
    case BodyKind.JSON:
      jsonBegin(changetype<JsonState>(parserState()));
      collectBegin();
      return;
    case BodyKind.MULTIPART:
      multipartBegin();
      return;
    case BodyKind.PROTOBUF:
      protobufBegin();
      return;
    case BodyKind.XML:
      beginXml();
      return;
    default:
      collectBegin();
  }
}

function beginXml(): void {
  const state = changetype<XmlState>(parserState());
  xmlBegin(state, true);
  state.matchesBefore = current.matches;
  textBegin();
}

/** Whether the parser of a kind of body is off. */
function isKindOff(kind: BodyKind): bool {
  switch (kind) {
    case BodyKind.FORM:
      return isOff(Parser.FORM);
    case BodyKind.MULTIPART:
      return isOff(Parser.MULTIPART);
    case BodyKind.JSON:
      return isOff(Parser.JSON);
    case BodyKind.XML:
      return isOff(Parser.XML);
    case BodyKind.PROTOBUF:
      return isOff(Parser.PROTOBUF);
    default:
      return false;
  }
}

function switchTo(kind: BodyKind): void {
  current.bodyKind = <u32>(isKindOff(kind) ? BodyKind.RAW : kind);
  bodyBegin();
}

/** Begins again with what the policy leaves of the head's choice; asked before the body's first byte. */
export function bodyRestrict(): void {
  if (!isKindOff(<BodyKind>current.bodyKind)) return;
  switchTo(<BodyKind>current.bodyKind);
  current.declaredKind = current.bodyKind;
}

/**
 * Skips white space before a body whose type says little; the first other byte chooses the parser and whether the body
 * is read in a second way at its end. @returns bytes read
 */
function sniff(at: usize, size: u32): u32 {
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (isSpace(c)) continue;
    switchTo(sniffKind(c));
    if (current.bodyKind == <u32>BodyKind.XML) changetype<XmlState>(parserState()).strict = 0;
    if (current.bodyKind == <u32>BodyKind.RAW) current.second = <u32>Second.KEEP;
    return i;
  }
  return size;
}

/** The first bytes of a body whose type is XML: they tell whether it is something else. @returns bytes read */
function openXml(state: XmlState, at: usize, size: u32): u32 {
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (isSpace(c) || c == 0xef || c == 0xbb || c == 0xbf) continue;
    state.open = 1;
    if (c == 0x3c) return i;
    noteAnomaly(Anomaly.CONTENT_TYPE);
    switchTo(sniffKind(c));
    if (current.bodyKind == <u32>BodyKind.RAW) current.second = <u32>Second.KEEP;
    return i;
  }
  return size;
}

const toldBits: usize = memory.data(SEEN_BYTES, 16);

/**
 * Looks at the text's window, in which markup shows that no leaf holds. What a leaf of the body has shown is not told
 * of its text again: an exception for the leaf shall hold.
 */
function readText(state: XmlState, done: bool): void {
  const outer = told;
  v128.store(toldBits, outer ? v128.load(outer) : i64x2.splat(0));
  v128.store(toldBits + 16, outer ? v128.load(outer + 16) : i64x2.splat(0));
  markSignatures(toldBits, state.matchesBefore);
  setTold(toldBits);
  textInspect(done);
  setTold(outer);
}

/** Reads a document twice at once: its leaves, and all of it as a text, whose windows are cut at fixed bytes. */
function feedXml(at: usize, size: u32): u32 {
  const state = changetype<XmlState>(parserState());
  if (!state.open) return openXml(state, at, size);
  const base = pointDepth();
  let left = size;
  while (left) {
    if (!textRoom()) readText(state, false);
    const room = textRoom();
    const step = left < room ? left : room;
    xmlFeed(state, at, step);
    pointTruncate(base);
    textAdd(at, step);
    at += <usize>step;
    left -= step;
  }
  return size;
}

/** A form whose first byte looks like JSON or markup is read as that too: clients often leave a form's type on it. */
function sniffForm(at: usize, size: u32): void {
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (isSpace(c)) continue;
    const other = c == 0x7b || c == 0x5b || c == 0x3c;
    current.second = <u32>(other ? Second.KEEP : Second.NONE);
    if (other) noteAnomaly(Anomaly.CONTENT_TYPE);
    return;
  }
}

/** Keeps bytes for the second reading, up to one window; white space in front, which chose nothing, is left out. */
function keepSecond(at: usize, size: u32): void {
  const rope = rawRope();
  while (size && !rope.size && isSpace(load<u8>(at))) {
    at++;
    size--;
  }
  const room = VALUE_BYTES_MAX - rope.size;
  if (size > room) current.second = <u32>Second.NONE;
  if (!ropeAppend(rope, at, size < room ? size : room)) reachLimit(Limit.MEMORY);
}

/** Whether the bytes begin like a pair: a name of few characters and an equals sign. */
function looksLikeForm(at: usize, size: u32): bool {
  const most = size < NAME_BYTES_MAX ? size : NAME_BYTES_MAX;
  for (let i: u32 = 0; i < most; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c == 0x3d) return i > 0;
    const name = isWord(c) || c == 0x2d || c == 0x2e || c == 0x5b || c == 0x5d || c == 0x25;
    if (!name) return false;
  }
  return false;
}

/** Reads a short body the other way round: a form as one text, a text as a form. */
function readAgain(): void {
  const rope = rawRope();
  const mark = arenaMark();
  const size = rope.size;
  const copy = size && current.second == <u32>Second.KEEP ? arenaAlloc(size) : 0;
  if (copy) {
    ropeCopy(rope, 0, size, copy);
    if (current.bodyKind == <u32>BodyKind.FORM) inspectValue(Place.BODY, Decoder.RAW, copy, size, 0);
    else if (looksLikeForm(copy, size)) {
      pushWord(Word.FORM);
      formWhole(copy, size, 0x26, Place.FORM_NAME, Place.FORM, Decoder.FORM);
    }
  }
  ropeFree(rope);
  arenaRelease(mark);
}

/** Pushes the way to what the parser reads: the body, and what is around it where it is coded. */
function pushBody(): void {
  pointTruncate(0);
  pushWord(Word.POST);
  if (!current.coded) return;
  pushCodings();
  pushFrames();
}

/** Reads the next plain bytes of the body, or of a message in it. */
export function parseFeed(at: usize, size: u32): void {
  /* The second time, as it came, the body is no other text. */
  if (current.rulesBody && !told) followBody(at, size);
  pushBody();
  const base = pointDepth();
  while (size) {
    let read = size;
    if (current.bodyKind == <u32>BodyKind.FORM && !current.second) sniffForm(at, size);
    switch (current.bodyKind) {
      case BodyKind.FORM:
        pushWord(Word.FORM);
        formFeed(changetype<FormState>(parserState()), at, size, false);
        break;
      case BodyKind.JSON:
        read = jsonFeed(changetype<JsonState>(parserState()), at, size);
        if (read < size) {
          noteAnomaly(Anomaly.JSON);
          switchTo(BodyKind.RAW);
        }
        break;
      case BodyKind.MULTIPART:
        pushWord(Word.MULTIPART);
        multipartFeed(at, size);
        break;
      case BodyKind.PROTOBUF:
        protobufFeed(at, size);
        break;
      case BodyKind.XML:
        read = feedXml(at, size);
        break;
      case BodyKind.SNIFF:
        read = sniff(at, size);
        break;
      default:
        collectAdd(Place.BODY, Decoder.RAW, at, size);
    }
    pointTruncate(base);
    const kept = current.bodyKind == <u32>BodyKind.FORM || (current.bodyKind == <u32>BodyKind.RAW && read == size);
    if (kept && current.second == <u32>Second.KEEP) keepSecond(at, read);
    at += <usize>read;
    size -= read;
  }
  pointTruncate(0);
}

function endXml(): void {
  const state = changetype<XmlState>(parserState());
  if (!state.open) return;
  const base = pointDepth();
  xmlEnd(state);
  pointTruncate(base);
  readText(state, true);
}

/** The plain bytes are complete, or as many of them as are looked at. */
export function parseEnd(): void {
  pushBody();
  const base = pointDepth();
  switch (current.bodyKind) {
    case BodyKind.FORM:
      pushWord(Word.FORM);
      formFeed(changetype<FormState>(parserState()), 0, 0, true);
      pollutionEnd(Place.FORM, Decoder.FORM);
      break;
    case BodyKind.JSON:
      jsonEnd(changetype<JsonState>(parserState()));
      break;
    case BodyKind.MULTIPART:
      pushWord(Word.MULTIPART);
      multipartEnd();
      break;
    case BodyKind.PROTOBUF:
      protobufEnd();
      break;
    case BodyKind.XML:
      endXml();
      break;
    default:
      collectEnd(Place.BODY, Decoder.RAW, 0, 0);
  }
  pointTruncate(base);
  readAgain();
  pointTruncate(0);
}

/** Bytes without their codings: whole messages are taken out of their frames. */
export function textFeed(at: usize, size: u32): void {
  if (current.framing) grpcFeed(at, size);
  else parseFeed(at, size);
}

/** Keeps bytes of a coded body for the reading as they came. */
function keepWire(at: usize, size: u32): void {
  pointTruncate(0);
  pushWord(Word.POST);
  wireAdd(at, size);
  pointTruncate(0);
}

/** Reads the next piece of the body. */
export function bodyFeed(at: usize, size: u32): void {
  if (isPlain()) {
    parseFeed(at, size);
    return;
  }
  while (size) {
    /* Cut where a window of the wire is full, so that its turn comes at the same byte however the body came. */
    const room = VALUE_BYTES_MAX - wireRope().size;
    const most = room ? room : VALUE_BYTES_MAX - VALUE_OVERLAP_BYTES;
    const step = size < most ? size : most;
    const known = current.coded != 0;
    const held = heldBytes();
    if (known) keepWire(at, step);
    codingFeed(0, at, step);
    if (!known && current.coded) {
      if (held) keepWire(heldAt(), held);
      keepWire(at, step);
    }
    at += <usize>step;
    size -= step;
  }
}

/** The body is complete, or as much of it as is looked at. */
export function bodyEnd(): void {
  const before = current.coded;
  const held = heldBytes();
  if (!isPlain()) codingEnd();
  if (!before && current.coded && held) keepWire(heldAt(), held);
  if (current.framing) grpcEnd();
  else parseEnd();
  codingFree();
  if (!current.coded) return;
  current.coded = 0;
  readWire();
}

/** Reads a coded body as it came, by the parser that the head asks for. */
function readWire(): void {
  const mark = arenaMark();
  const anomalies = current.anomalies;
  wireTellOnce();
  pushWord(Word.POST);
  const size = wireTake();
  pointTruncate(0);
  if (size) {
    const protobuf = current.declaredKind == <u32>BodyKind.PROTOBUF;
    const multipart = current.declaredKind == <u32>BodyKind.MULTIPART;
    current.bodyKind = protobuf ? <u32>BodyKind.SNIFF : current.declaredKind;
    current.second = <u32>Second.UNKNOWN;
    if (multipart) multipartRestart();
    else bodyBegin();
    parseFeed(wireAt, size);
    parseEnd();
  }
  /* That the codes are no document of the kind is what is to be expected. */
  current.anomalies = anomalies;
  setTold(0);
  arenaRelease(mark);
}
