/**
 * What is wrapped around DEFLATE: gzip's header and trailer (RFC 1952), any number of members; zlib's (RFC 1950);
 * nothing. Check sums are not computed: a reader who minds them refuses the whole. Names and comments in a header are
 * looked at with the bytes as they came.
 */
import { Anomaly } from "../abi/status";
import { Inflater, Inflating, inflateRestart, inflateRun, madeSize } from "./inflate";
import { noteAnomaly } from "./transaction";

/** The wrapping around a stream. */
export enum Wrapping {
  NONE = 0,
  ZLIB = 1,
  GZIP = 2,
}

/** Where in the wrapping reading stands. */
enum Wrap {
  HEAD = 0,
  EXTRA_SIZE = 1,
  EXTRA = 2,
  NAME = 3,
  COMMENT = 4,
  HEAD_CHECK = 5,
  STREAM = 6,
  TRAILER = 7,
  /** Behind a trailer: another member, or nothing. */
  NEXT = 8,
  /** Nothing is read any more. */
  OVER = 9,
}

const HAS_CHECK: u32 = 2;
const HAS_EXTRA: u32 = 4;
const HAS_NAME: u32 = 8;
const HAS_COMMENT: u32 = 16;
const HEAD_BYTES: u32 = 10;

/** Whether the bytes begin as gzip does, with the one method that there is. */
export function looksGzip(first: u32): bool {
  return (first & 0xffffff) == 0x088b1f;
}

/** Whether the bytes begin as zlib does: method, window and the check of both (RFC 1950 §2.2). */
export function looksZlib(first: u32): bool {
  const method = first & 255;
  const check = (method << 8) | ((first >> 8) & 255);
  return (method & 15) == 8 && method >> 4 < 8 && !(check & 32) && check % 31 == 0;
}

/** Starts on a stream in such a wrapping. */
export function gzipBegin(one: Inflater, wrapping: Wrapping): void {
  one.wrapping = <u32>wrapping;
  one.wrapLeft = 0;
  one.wrapFlags = 0;
  one.wrapMode = wrapping == Wrapping.NONE ? <u32>Wrap.STREAM : <u32>Wrap.HEAD;
}

/** Whether nothing more is read from the stream: it is broken, or was stopped. */
export function gzipIsOver(one: Inflater): bool {
  return one.wrapMode == <u32>Wrap.OVER;
}

/** Reads nothing more. */
export function gzipStop(one: Inflater): void {
  one.wrapMode = Wrap.OVER;
}

/** What follows is not what the format says. */
function giveUp(one: Inflater): void {
  noteAnomaly(Anomaly.ENCODING);
  one.wrapMode = Wrap.OVER;
}

/** Goes on to what the header's flags announce behind `mode`. */
function headNext(one: Inflater, mode: u32): void {
  const flags = one.wrapFlags;
  one.wrapLeft = 0;
  if (mode < <u32>Wrap.EXTRA_SIZE && (flags & HAS_EXTRA) != 0) one.wrapMode = Wrap.EXTRA_SIZE;
  else if (mode < <u32>Wrap.NAME && (flags & HAS_NAME) != 0) one.wrapMode = Wrap.NAME;
  else if (mode < <u32>Wrap.COMMENT && (flags & HAS_COMMENT) != 0) one.wrapMode = Wrap.COMMENT;
  else if (mode < <u32>Wrap.HEAD_CHECK && (flags & HAS_CHECK) != 0) one.wrapMode = Wrap.HEAD_CHECK;
  else one.wrapMode = Wrap.STREAM;
}

/** One byte of a header's fixed part. */
function readHead(one: Inflater, byte: u32): void {
  const index = one.wrapLeft++;
  if (one.wrapping == <u32>Wrapping.ZLIB) {
    if (index) one.wrapMode = Wrap.STREAM;
    return;
  }
  const expected: u32 = index == 0 ? 0x1f : index == 1 ? 0x8b : 8;
  if (index < 3 && byte != expected) giveUp(one);
  if (index == 3) one.wrapFlags = byte;
  if (index == HEAD_BYTES - 1) headNext(one, Wrap.HEAD);
}

/** One byte outside the stream itself. */
function readWrap(one: Inflater, byte: u32): void {
  switch (one.wrapMode) {
    case Wrap.HEAD:
      readHead(one, byte);
      return;
    case Wrap.EXTRA_SIZE:
      /* The low byte first; a marker above both tells whether it was read. */
      if (!one.wrapLeft) one.wrapLeft = byte | 0x10000;
      else {
        one.wrapLeft = (one.wrapLeft & 255) | (byte << 8);
        if (one.wrapLeft) one.wrapMode = Wrap.EXTRA;
        else headNext(one, Wrap.EXTRA);
      }
      return;
    case Wrap.EXTRA:
      if (--one.wrapLeft == 0) headNext(one, Wrap.EXTRA);
      return;
    case Wrap.NAME:
    case Wrap.COMMENT:
      if (!byte) headNext(one, one.wrapMode);
      return;
    case Wrap.HEAD_CHECK:
      if (++one.wrapLeft == 2) one.wrapMode = Wrap.STREAM;
      return;
    case Wrap.TRAILER:
      if (--one.wrapLeft == 0) one.wrapMode = Wrap.NEXT;
      return;
    case Wrap.NEXT:
      if (one.wrapping == <u32>Wrapping.GZIP && byte == 0x1f) {
        inflateRestart(one);
        gzipBegin(one, Wrapping.GZIP);
        readHead(one, byte);
      } else if (byte) giveUp(one);
      return;
    default:
  }
}

/** The stream is over; what was read beyond it belongs to the trailer. */
function endStream(one: Inflater): void {
  one.wrapLeft = one.wrapping == <u32>Wrapping.GZIP ? 8 : one.wrapping == <u32>Wrapping.ZLIB ? 4 : 0;
  one.wrapMode = one.wrapLeft ? Wrap.TRAILER : Wrap.NEXT;
  while (one.bits >= 8) {
    const byte = <u32>one.hold & 255;
    one.hold >>= 8;
    one.bits -= 8;
    readWrap(one, byte);
  }
}

/**
 * Reads on in the piece from `one.at` to `one.end`.
 * @returns true when bytes came out, at `madeAt`: hand them on and call again; false when the piece is used up
 */
export function gzipRun(one: Inflater): bool {
  while (one.wrapMode != <u32>Wrap.OVER) {
    if (one.wrapMode != <u32>Wrap.STREAM) {
      if (one.at == one.end) return false;
      readWrap(one, load<u8>(one.at++));
      continue;
    }
    inflateRun(one);
    if (one.mode == <u32>Inflating.DONE) endStream(one);
    else if (one.mode == <u32>Inflating.BROKEN) giveUp(one);
    else if (!madeSize) return false;
    if (madeSize) return true;
  }
  return false;
}

/** No more bytes come: a stream that is not whole is odd. */
export function gzipEnd(one: Inflater): void {
  if (one.wrapMode < <u32>Wrap.NEXT) noteAnomaly(Anomaly.ENCODING);
}
