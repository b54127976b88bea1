/**
 * Messages in frames: gRPC, gRPC-Web and Connect write a byte of flags and four of size before each message, which may
 * be compressed by itself. gRPC-Web's text form has all of it in base64, a segment of its own for each flush.
 */
import { Anomaly } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { base64Digit } from "./base64";
import { bodyBegin, parseEnd, parseFeed } from "./body";
import { outgrows } from "./coding";
import { Coding, Framing } from "./content";
import { gzipBegin, gzipEnd, gzipIsOver, gzipRun, gzipStop, Wrapping } from "./gzip";
import { Inflater, inflateClose, inflateOpen, madeAt, madeSize } from "./inflate";
import { pushWord, Word } from "./point";
import { BodyKind, current, noteAnomaly, Second } from "./transaction";

/** Flags of a frame: compressed; the end of a Connect stream, in JSON; trailers of gRPC-Web, as header lines. */
const COMPRESSED: u32 = 1;
const LAST: u32 = 2;
const TRAILERS: u32 = 128;
const KNOWN_FLAGS: u32 = COMPRESSED | LAST | TRAILERS;
/** Above the flags: bytes of the frame's head that were read; the message is open; the frames are none. */
const HEAD_ONE: u32 = 0x100;
const HEAD_MASK: u32 = 0x700;
const HEAD_ALL: u32 = 0x500;
const BROKEN: u32 = 0x1000;

/** Base64 digits read at once. */
const SLICE: u32 = 1024;

function inflater(): Inflater {
  return changetype<Inflater>(current.frameInflater);
}

/** Pushes the frames' part of the point. */
export function pushFrames(): void {
  if (!current.framing) return;
  pushWord(Word.GRPC);
  if (current.frameInflater) pushWord(Word.GZIP);
}

/** The frame's head is complete: chooses the parser of its message. */
function beginMessage(): void {
  const flags = current.frameFlags & 255;
  current.bodyKind = current.declaredKind;
  if (flags & TRAILERS) current.bodyKind = BodyKind.RAW;
  else if (flags & LAST) current.bodyKind = BodyKind.SNIFF;
  current.second = Second.UNKNOWN;
  if (flags & COMPRESSED) {
    const coding = (current.codings >> 16) & 255;
    const one = coding == <u32>Coding.OTHER ? changetype<Inflater>(0) : inflateOpen();
    if (one) gzipBegin(one, coding == <u32>Coding.DEFLATE ? Wrapping.ZLIB : Wrapping.GZIP);
    else {
      noteAnomaly(Anomaly.ENCODING);
      current.bodyKind = BodyKind.RAW;
    }
    current.frameInflater = changetype<usize>(one);
  }
  bodyBegin();
  if (!current.frameLeft) endMessage();
}

function endMessage(): void {
  const one = inflater();
  if (one && !gzipIsOver(one)) gzipEnd(one);
  parseEnd();
  if (one) {
    current.inflated += one.written;
    inflateClose(one);
    current.frameInflater = 0;
  }
  current.frameFlags = 0;
  current.frameLeft = 0;
}

/** Bytes of a message, as they stand in its frame. */
function feedMessage(at: usize, size: u32): void {
  const one = inflater();
  if (!one) {
    parseFeed(at, size);
    return;
  }
  one.at = at;
  one.end = at + <usize>size;
  while (gzipRun(one)) {
    const from = madeAt;
    const many = madeSize;
    parseFeed(from, many);
    if (outgrows(one, from + <usize>many)) gzipStop(one);
  }
}

/** One byte of a frame's head. */
function takeHead(byte: u32): void {
  if (!(current.frameFlags & HEAD_MASK)) {
    if (byte & ~KNOWN_FLAGS) {
      noteAnomaly(Anomaly.PROTOBUF);
      current.frameFlags = BROKEN;
      return;
    }
    current.frameFlags = byte;
    current.frameLeft = 0;
  } else current.frameLeft = (current.frameLeft << 8) | byte;
  current.frameFlags += HEAD_ONE;
  if ((current.frameFlags & HEAD_MASK) == HEAD_ALL) beginMessage();
}

function feedFrames(at: usize, size: u32): void {
  const end = at + <usize>size;
  while (at < end && !(current.frameFlags & BROKEN)) {
    if ((current.frameFlags & HEAD_MASK) != HEAD_ALL) {
      takeHead(load<u8>(at++));
      continue;
    }
    const left = <u32>(end - at);
    const step = left < current.frameLeft ? left : current.frameLeft;
    feedMessage(at, step);
    at += <usize>step;
    current.frameLeft -= step;
    if (!current.frameLeft) endMessage();
  }
}

/** Reads base64 in pieces: up to three digits wait for the fourth; padding ends a segment. */
function feedText(at: usize, size: u32): void {
  const mark = arenaMark();
  const room = arenaAlloc(SLICE);
  let to = room;
  for (let i: u32 = 0; i < size && room; i++) {
    const byte = <u32>load<u8>(at + <usize>i);
    const value = base64Digit(byte);
    if (value < 64) {
      const count = (current.frameText >> 24) + 1;
      const bits = ((current.frameText & 0xffffff) << 6) | value;
      current.frameText = (bits & 0xffffff) | (count << 24);
      if (count == 4) to = putDigits(to, 3);
    } else if (byte == 0x3d) {
      const count = current.frameText >> 24;
      current.frameText <<= (4 - count) * 6;
      if (count > 1) to = putDigits(to, count - 1);
      current.frameText = 0;
    }
  }
  if (to > room) feedFrames(room, <u32>(to - room));
  arenaRelease(mark);
}

/** Writes the first `many` of the three bytes that wait. */
function putDigits(to: usize, many: u32): usize {
  const bits = current.frameText;
  for (let i: u32 = 0; i < many; i++) store<u8>(to++, <u8>(bits >> (16 - (i << 3))));
  current.frameText = 0;
  return to;
}

/** Reads the next bytes of a framed body. */
export function grpcFeed(at: usize, size: u32): void {
  if (current.framing == <u32>Framing.FRAMES) {
    feedFrames(at, size);
    return;
  }
  while (size) {
    const step = size < SLICE ? size : SLICE;
    feedText(at, step);
    at += <usize>step;
    size -= step;
  }
}

/**
 * Bytes of a framed body up to the end of the message that it is in, or up to the end of the message's head where that
 * is not read yet; 0 where messages do not show from outside: there are none, or a coding lies around them.
 */
export function messageRest(): u32 {
  if (current.framing != <u32>Framing.FRAMES || current.codings & 0xffff || current.frameFlags & BROKEN) return 0;
  const read = (current.frameFlags & HEAD_MASK) >> 8;
  return read < 5 ? 5 - read : current.frameLeft;
}

/** Whether a framed body stands at the end of a message. */
export function isMessageOver(): bool {
  return !current.frameFlags;
}

/** The body is complete: what an open message holds is looked at, and one that is not whole is odd. */
export function grpcEnd(): void {
  const read = current.frameFlags & HEAD_MASK;
  if (!read) return;
  noteAnomaly(Anomaly.PROTOBUF);
  if (read == HEAD_ALL) endMessage();
}
