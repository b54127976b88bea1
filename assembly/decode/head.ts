/**
 * The head of a request: who is asking, what for, and every field as a value. Runs once, when the host has the whole
 * head; nothing of it is kept but what later phases need.
 */
import { Anomaly } from "../abi/status";
import { arenaMark, arenaRelease } from "../bytes/arena";
import { isAlpha, isDigit, startsLower } from "../bytes/ascii";
import { hashWord } from "../bytes/hash";
import { findByte, findEither } from "../bytes/scan";
import { bodyBegin } from "./body";
import { inspectValue } from "./chain";
import { findClient } from "./client";
import { bodyKindOf, charsetIn, codingsOf, framingOf } from "./content";
import { Decoder } from "./decoder";
import { FieldName, isRepeated, isSkipped } from "./field";
import { formWhole } from "./form";
import { fuelSpent, payKnown } from "./fuel";
import { isKnownValue, knownUnits, rememberValue } from "./memo";
import { Field, fieldCount, fieldIn, fieldNamed, joinedAt, joinedValue, pairsRead } from "./pairs";
import { isOff, Parser } from "./parser";
import { Place, pointDepth, pointTruncate, pushHeaderName, pushWord, Word } from "./point";
import { BodyKind, current, noteAnomaly } from "./transaction";
import { inspectTarget, inspectUrl, readPath } from "./uri";
import { everyLayer } from "./value";

/** Parts of the head read last, for the policy's scopes: addresses are good until the call returns. */
export let methodAt: usize = 0;
export let methodSize: u32 = 0;
export let targetAt: usize = 0;
export let targetSize: u32 = 0;
export let authorityAt: usize = 0;
export let authoritySize: u32 = 0;

/** Looks at a value that probably came before, unless it did and was harmless. The point's name is on the stack. */
function inspectRepeated(where: Place, field: Field, size: u32): void {
  const found = current.matches + current.matchesDropped;
  const limits = current.limits;
  const anomalies = current.anomalies;
  current.limits = 0;
  current.anomalies = 0;
  inspectValue(where, Decoder.RAW, joinedAt, size, 0);
  /* What is harmless where a parser is off may not be elsewhere. */
  const silent =
    !current.parsersOff && !current.limits && !current.anomalies && found == current.matches + current.matchesDropped;
  if (silent) rememberValue(field.name, joinedAt, size, fuelSpent);
  current.limits |= limits;
  current.anomalies |= anomalies;
}

function inspectField(field: Field): void {
  const name = field.name;
  /* No other name begins with a colon (RFC 9113 §8.3), and none is empty. */
  if (!name && (!field.nameSize || load<u8>(field.nameAt) == 0x3a)) return;
  const mark = arenaMark();
  const size = joinedValue(field, name == FieldName.COOKIE);
  if (!isRepeated(name) || everyLayer || current.rulesPoints || !isPaid(name, size)) inspectNamed(field, size);
  arenaRelease(mark);
}

/** Whether the value of a field that clients repeat is known to be harmless, and its look has been paid for. */
function isPaid(name: u32, size: u32): bool {
  return isKnownValue(name, joinedAt, size) && payKnown(placeOf(name), size, knownUnits);
}

function placeOf(name: u32): Place {
  return name == FieldName.USER_AGENT ? Place.USER_AGENT : Place.HEADER;
}

/** Looks at the joined value of a field that is not skipped. */
function inspectNamed(field: Field, size: u32): void {
  const name = field.name;
  const depth = pointDepth();
  pushWord(Word.HEADER);
  pushHeaderName(field.nameAt, field.nameSize);
  if (isRepeated(name)) {
    inspectRepeated(placeOf(name), field, size);
  } else if (name == FieldName.COOKIE && !isOff(Parser.COOKIE)) {
    pushWord(Word.COOKIE);
    formWhole(joinedAt, size, 0x3b, Place.COOKIE_NAME, Place.COOKIE, Decoder.PERCENT);
  } else if (name != FieldName.REFERER || !inspectUrl(joinedAt, size)) {
    const skip = name == FieldName.AUTHORIZATION ? schemeBytes(joinedAt, size) : 0;
    inspectValue(Place.HEADER, Decoder.RAW, joinedAt + <usize>skip, size - skip, skip);
  }
  pointTruncate(depth);
}

/** Bytes of the scheme in front of credentials, with its space: what follows is one value, in base64 in RFC 7617. */
function schemeBytes(at: usize, size: u32): u32 {
  for (let i: u32 = 0; i < size && i < SCHEME_BYTES_MAX; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c == 0x20) return i + 1;
    if (!isAlpha(c)) break;
  }
  return 0;
}

/** Longest scheme that is skipped; what is longer is no scheme and belongs to the value. */
const SCHEME_BYTES_MAX: u32 = 16;

/** @returns size of a known field's joined value, 0 if absent; its address is in `joinedAt` */
function headerValue(name: FieldName): u32 {
  const field = fieldNamed(name);
  return field ? joinedValue(field, false) : 0;
}

/** Removes scheme and authority of an absolute-form target, as every proxy does before it forwards. */
function originForm(): void {
  let skip: u32 = 0;
  if (startsLower(targetAt, targetSize, "http://")) skip = 7;
  else if (startsLower(targetAt, targetSize, "https://")) skip = 8;
  if (!skip) return;
  const end = targetAt + <usize>targetSize;
  const host = targetAt + <usize>skip;
  let path = findByte(host, end, 0x2f);
  path = findEither(host, path, 0x3f, 0x23);
  authorityAt = host;
  authoritySize = <u32>(path - host);
  targetAt = path;
  targetSize = <u32>(end - path);
}

/**
 * Reads a head without looking at its values: method, target, authority, client, parser of the body.
 * @returns false when the block is malformed
 */
export function headRead(at: usize, size: u32): bool {
  // What the head before had must not decide the mode of one that cannot be read.
  methodSize = 0;
  targetSize = 0;
  authoritySize = 0;
  readPath(0, 0);
  if (!pairsRead(at, size)) {
    noteAnomaly(Anomaly.HEAD);
    return false;
  }
  methodSize = headerValue(FieldName.METHOD);
  methodAt = methodSize ? joinedAt : 0;
  targetSize = headerValue(FieldName.PATH);
  targetAt = targetSize ? joinedAt : 0;
  authoritySize = headerValue(FieldName.AUTHORITY);
  authorityAt = joinedAt;
  if (!authoritySize) {
    authoritySize = headerValue(FieldName.HOST);
    authorityAt = joinedAt;
  }
  originForm();
  current.siteHash = hashWord(authorityAt, hostBytes(authorityAt, authoritySize));
  readPath(targetAt, targetSize);
  const forwarded = headerValue(FieldName.X_FORWARDED_FOR);
  findClient(joinedAt, forwarded);
  const type = headerValue(FieldName.CONTENT_TYPE);
  current.bodyKind = type ? <u32>bodyKindOf(joinedAt, type) : <u32>BodyKind.SNIFF;
  current.declaredKind = current.bodyKind;
  current.charset = type ? <u32>charsetIn(joinedAt, type) : 0;
  current.framing = type ? <u32>framingOf(joinedAt, type) : 0;
  current.coded = current.framing || current.bodyKind == <u32>BodyKind.PROTOBUF ? 1 : 0;
  const codings = headerValue(FieldName.CONTENT_ENCODING);
  current.codings = codings ? codingsOf(joinedAt, codings) : 0;
  if (current.framing) {
    let coding = headerValue(FieldName.GRPC_ENCODING);
    if (!coding) coding = headerValue(FieldName.CONNECT_CONTENT_ENCODING);
    if (coding) current.codings |= (codingsOf(joinedAt, coding) & 255) << 16;
  }
  bodyBegin();
  return true;
}

/** Bytes of the host in an authority: what stands before its port. */
export function hostBytes(at: usize, size: u32): u32 {
  let host = size;
  while (host && isDigit(load<u8>(at + <usize>(host - 1)))) host--;
  return host && host < size && load<u8>(at + <usize>(host - 1)) == 0x3a ? host - 1 : size;
}

/** Looks at every value of the head that `headRead` read. */
export function headInspect(): void {
  pushWord(Word.METHOD);
  inspectValue(Place.METHOD, Decoder.RAW, methodAt, methodSize, 0);
  pointTruncate(0);
  inspectTarget(targetAt, targetSize);
  pushWord(Word.AUTHORITY);
  inspectValue(Place.AUTHORITY, Decoder.RAW, authorityAt, authoritySize, 0);
  pointTruncate(0);
  const count = fieldCount();
  for (let i: u32 = 0; i < count; i++) {
    const field = fieldIn(i);
    if (!field.later && !isSkipped(field.name)) inspectField(field);
  }
}

/** Looks at the values of trailers. @returns false when the block is malformed */
export function trailersInspect(at: usize, size: u32): bool {
  if (!pairsRead(at, size)) return false;
  const count = fieldCount();
  for (let i: u32 = 0; i < count; i++) {
    const field = fieldIn(i);
    if (field.later || !field.nameSize) continue;
    pushWord(Word.TRAILER);
    pushHeaderName(field.nameAt, field.nameSize);
    const value = joinedValue(field, false);
    inspectValue(Place.TRAILER, Decoder.RAW, joinedAt, value, 0);
    pointTruncate(0);
  }
  return true;
}
