/**
 * The encodings, by number: what each is called, which byte it wakes up at, and the two loops over its step: decode
 * into fresh memory, and find where a span of the output came from.
 */
import { copyBytes } from "../bytes/guard";
import { findByte, findEither } from "../bytes/scan";
import { stepBase64 } from "./base64";
import { stepEntity } from "./entity";
import { stepEscape } from "./escape";
import { stepPercent } from "./percent";
import { stepQuoted } from "./quoted";
import { fromEbcdic } from "./recode";
import { stepBytes, stepPlain, stepRead, stepSet, stepSize } from "./step";
import { stepUtf8 } from "./utf8";

/** How one layer came out of the one before. The names are part of records: append only. */
export enum Decoder {
  /** The bytes as they came. */
  RAW = 0,
  /** `%XX` and `%uXXXX`. */
  PERCENT = 1,
  /** The same, and `+` for a space: queries and forms. */
  FORM = 2,
  /** Overlong and full-width UTF-8. */
  UTF8 = 3,
  /** HTML character references. */
  ENTITY = 4,
  /** Backslash escapes of JavaScript. */
  ESCAPE = 5,
  /** Backslash escapes of a JSON string. */
  JSON_STRING = 6,
  BASE64 = 7,
  /** Several values of one name joined by commas. */
  JOINED = 8,
  /** Quoted-printable, which the head of a part announces. */
  QUOTED = 9,
  /** UTF-16 whose every other byte is NUL. */
  WIDE = 10,
  /** Code page 037, which the head of a form announces. */
  EBCDIC = 11,
}

/** Names of the decoders in their order, separated by one space. */
export const DECODER_NAMES: string =
  "raw percent form utf8 htmlentity escape json_string base64 joined quoted_printable utf16 ebcdic";

/** @returns the next byte in [at, end) at which the encoding does something, or `end` */
function nextTrigger(decoder: u32, at: usize, end: usize): usize {
  switch (decoder) {
    case Decoder.PERCENT:
      return findByte(at, end, 0x25);
    case Decoder.FORM:
      return findEither(at, end, 0x25, 0x2b);
    case Decoder.ENTITY:
      return findByte(at, end, 0x26);
    case Decoder.ESCAPE:
    case Decoder.JSON_STRING:
      return findByte(at, end, 0x5c);
    case Decoder.UTF8: {
      while (at < end && load<u8>(at) < 0xc0) at++;
      return at;
    }
    case Decoder.QUOTED:
      return findByte(at, end, 0x3d);
    case Decoder.WIDE:
      return findByte(at, end, 0);
    case Decoder.BASE64:
    case Decoder.EBCDIC:
      return at;
    default:
      return end;
  }
}

function step(decoder: u32, at: usize, end: usize): void {
  switch (decoder) {
    case Decoder.PERCENT:
      stepPercent(at, end);
      return;
    case Decoder.FORM:
      if (load<u8>(at) == 0x2b) stepSet(1, 1, 0x20);
      else stepPercent(at, end);
      return;
    case Decoder.ENTITY:
      stepEntity(at, end);
      return;
    case Decoder.ESCAPE:
    case Decoder.JSON_STRING:
      stepEscape(at, end);
      return;
    case Decoder.UTF8:
      stepUtf8(at, end);
      return;
    case Decoder.BASE64:
      stepBase64(at, end);
      return;
    case Decoder.QUOTED:
      stepQuoted(at, end);
      return;
    case Decoder.WIDE:
      stepSet(1, 0, 0);
      return;
    case Decoder.EBCDIC:
      stepPlain(fromEbcdic(load<u8>(at)));
      return;
    default:
      stepPlain(load<u8>(at));
  }
}

/** Copies [at, stop): a call for a long run, by hand for the few bytes between two escapes. */
function copyRun(to: usize, at: usize, stop: usize): void {
  if (stop - at >= 24) copyBytes(to, at, <u32>(stop - at));
  else while (at < stop) store<u8>(to++, load<u8>(at++));
}

/** Whether the last `decode` changed anything. */
export let decodeChanged: bool = false;

/**
 * Decodes [at, at + size) to `to`, which has room for `size` bytes.
 * @returns bytes written, ≤ size; `decodeChanged` says whether any escape was found
 */
export function decode(decoder: u32, at: usize, size: u32, to: usize): u32 {
  const end = at + <usize>size;
  const start = to;
  decodeChanged = false;
  while (at < end) {
    const stop = nextTrigger(decoder, at, end);
    if (stop > at) {
      copyRun(to, at, stop);
      to += stop - at;
      at = stop;
      if (at == end) break;
    }
    step(decoder, at, end);
    if (stepRead > 1 || stepSize != 1 || <u8>stepBytes != load<u8>(at)) decodeChanged = true;
    at += <usize>stepRead;
    let bytes = stepBytes;
    for (let i: u32 = 0; i < stepSize; i++) {
      store<u8>(to++, <u8>bytes);
      bytes >>= 8;
    }
  }
  return <u32>(to - start);
}

/** Span of the last `locate`: offsets into the encoded bytes. */
export let locatedStart: u32 = 0;
export let locatedEnd: u32 = 0;

/**
 * Finds which encoded bytes gave the output [start, end): whole escapes, never half of one. Sets `locatedStart` and
 * `locatedEnd`. A second run of the decoder, made only for matches.
 */
export function locate(decoder: u32, at: usize, size: u32, start: u32, end: u32): void {
  const base = at;
  const stop = at + <usize>size;
  let out: u32 = 0;
  locatedStart = size;
  locatedEnd = size;
  let started = false;
  while (at < stop) {
    const trigger = nextTrigger(decoder, at, stop);
    const run = <u32>(trigger - at);
    if (run) {
      if (!started && out + run > start) {
        locatedStart = <u32>(at - base) + (start > out ? start - out : 0);
        started = true;
      }
      if (started && out + run >= end) {
        locatedEnd = <u32>(at - base) + (end - out);
        return;
      }
      out += run;
      at = trigger;
      if (at == stop) return;
    }
    step(decoder, at, stop);
    if (!started && out + stepSize > start) {
      locatedStart = <u32>(at - base);
      started = true;
    }
    at += <usize>stepRead;
    out += stepSize;
    if (started && out >= end) {
      locatedEnd = <u32>(at - base);
      return;
    }
  }
}
