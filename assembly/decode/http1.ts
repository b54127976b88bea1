/**
 * A raw HTTP/1 request (RFC 9112), for evaluate, explain and the mirror: bytes of a wire become a head block and body
 * pieces. It is no server: it reads what it can, and what a strict server would refuse is noted as an anomaly.
 */
import { HEAD_BYTES_MAX, HEADERS_MAX } from "../abi/limits";
import { Anomaly, Limit } from "../abi/status";
import { arenaAlloc } from "../bytes/arena";
import { equalsLower, hexValue, isDigit, isSpace, lower } from "../bytes/ascii";
import { copyBytes } from "../bytes/guard";
import { Rope, ropeAppend, ropeCopy, ropeFree } from "../bytes/rope";
import { findByte } from "../bytes/scan";
import { current, noteAnomaly, rawRope, reachLimit, trailerRope } from "./transaction";

/** Where the reader stands, in `current.rawState`. */
export enum RawState {
  HEAD = 0,
  /** A body of known length, or up to the end of input. */
  BODY = 1,
  CHUNK_SIZE = 2,
  CHUNK = 3,
  CHUNK_END = 4,
  TRAILERS = 5,
  DONE = 6,
}

/** Pairs of a block: the fields of a head and its two pseudo fields. */
const PAIRS_MAX: u32 = HEADERS_MAX + 2;
/** `current.rawLeft` for a body that ends with the input. */
const TO_THE_END: u32 = 0xffffffff;

/** The block of pairs made by `rawHead` or `rawTrailers`. */
export let headBlockAt: usize = 0;
export let headBlockSize: u32 = 0;

/** Body bytes found by `rawBody`. */
export let pieceAt: usize = 0;
export let pieceSize: u32 = 0;

/**
 * Collects head bytes up to the empty line.
 * @returns bytes read; `current.rawState` leaves HEAD when the head is complete
 */
export function rawHeadFeed(at: usize, size: u32): u32 {
  const end = at + <usize>size;
  let from = at;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    /* rawLine counts bytes of the running line, not counting CR; two line ends in a row end the head. */
    if (c == 0x0d) {
      if (!current.rawStatusLine && !current.rawLine) from = at;
    } else if (c == 0x0a) {
      if (!current.rawLine && current.rawStatusLine) {
        keepLines(rawRope(), from, <u32>(at - from));
        current.rawState = RawState.BODY;
        return <u32>(at - (end - <usize>size));
      }
      if (!current.rawStatusLine && !current.rawLine) from = at;
      else current.rawStatusLine = 1;
      current.rawLine = 0;
    } else current.rawLine++;
  }
  keepLines(rawRope(), from, <u32>(end - from));
  return size;
}

/** Collects the lines of trailers up to the empty one; `current.rawState` is DONE when they are complete. */
function trailersFeed(at: usize, end: usize): u32 {
  const from = at;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x0a) {
      if (!current.rawLine) {
        current.rawState = RawState.DONE;
        break;
      }
      current.rawLine = 0;
    } else if (c != 0x0d) current.rawLine++;
  }
  keepLines(trailerRope(), from, <u32>(at - from));
  return <u32>(at - from);
}

/** Keeps lines of a head or of trailers. */
function keepLines(rope: Rope, at: usize, size: u32): void {
  const room = HEAD_BYTES_MAX - rope.size;
  if (size > room) {
    reachLimit(Limit.HEADERS);
    size = room;
  }
  if (!ropeAppend(rope, at, size)) reachLimit(Limit.MEMORY);
}

/** Writes one pair's sizes and bytes. @returns where the next pair's bytes go */
function putPair(sizes: usize, to: usize, nameAt: usize, nameSize: u32, valueAt: usize, valueSize: u32): usize {
  store<u32>(sizes, nameSize);
  store<u32>(sizes + 4, valueSize);
  for (let i: u32 = 0; i < nameSize; i++) store<u8>(to + <usize>i, lower(load<u8>(nameAt + <usize>i)));
  to += <usize>nameSize;
  store<u8>(to++, 0);
  copyBytes(to, valueAt, valueSize);
  to += <usize>valueSize;
  store<u8>(to++, 0);
  return to;
}

const pseudo: usize = memory.data<u8>([0x3a, 0x6d, 0x65, 0x74, 0x68, 0x6f, 0x64, 0x3a, 0x70, 0x61, 0x74, 0x68]);

/** What the head's fields say about the body. */
function readFraming(nameAt: usize, nameSize: u32, valueAt: usize, valueSize: u32): void {
  if (equalsLower(nameAt, nameSize, "content-length")) {
    let length: u64 = 0;
    for (let i: u32 = 0; i < valueSize; i++) {
      const c = <u32>load<u8>(valueAt + <usize>i);
      if (!isDigit(c) || length > 0xfffffff) {
        noteAnomaly(Anomaly.HEAD);
        break;
      }
      length = length * 10 + <u64>(c - 48);
    }
    if (current.rawState == RawState.CHUNK_SIZE) noteAnomaly(Anomaly.HEAD);
    else if (current.rawLeft == TO_THE_END) current.rawLeft = <u32>length;
    else if (current.rawLeft != <u32>length) {
      /* Of two lengths the longer one: what one of the readers takes for body is looked at. */
      noteAnomaly(Anomaly.HEAD);
      if (current.rawLeft < <u32>length) current.rawLeft = <u32>length;
    }
  } else if (equalsLower(nameAt, nameSize, "transfer-encoding")) {
    if (current.rawLeft != TO_THE_END) noteAnomaly(Anomaly.HEAD);
    if (valueSize >= 7 && equalsLower(valueAt + <usize>valueSize - 7, 7, "chunked")) {
      /* Chunks win over a length (RFC 9112 §6.3). */
      current.rawState = RawState.CHUNK_SIZE;
      current.rawLeft = TO_THE_END;
    }
  }
}

/**
 * Makes the head block of the collected head, in the arena: pseudo fields first, names in lower case, values trimmed.
 * @returns false when there is no room
 */
export function rawHead(): bool {
  current.rawState = RawState.BODY;
  current.rawLeft = TO_THE_END;
  return makeBlock(rawRope(), true);
}

/** Makes the block of the collected trailers in the same way. @returns false when there are none, or no room */
export function rawTrailers(): bool {
  return trailerRope().size > 2 && makeBlock(trailerRope(), false);
}

/** Makes a block of pairs of the collected lines; `isHead`: the first is the request line, fields say the framing. */
function makeBlock(rope: Rope, isHead: bool): bool {
  const size = rope.size;
  const lines = arenaAlloc(size);
  const sizes = arenaAlloc(4 + PAIRS_MAX * 8);
  const bytes = lines && sizes ? arenaAlloc(size * 2 + PAIRS_MAX * 2 + 16) : 0;
  if (!bytes) {
    reachLimit(Limit.MEMORY);
    return false;
  }
  ropeCopy(rope, 0, size, lines);
  ropeFree(rope);
  const end = lines + <usize>size;
  let at = lines;
  let to = bytes;
  let count: u32 = 0;
  if (isHead) {
    const stop = findByte(at, end, 0x0a);
    to = readRequestLine(at, trimEnd(at, stop), sizes + 4, to);
    at = stop + 1;
    count = 2;
  }
  while (at < end && count < PAIRS_MAX) {
    const stop = unfoldedEnd(at, end);
    const line = trimEnd(at, stop);
    const colon = findByte(at, line, 0x3a);
    if (colon < line) {
      let value = colon + 1;
      while (value < line && isSpace(load<u8>(value))) value++;
      if (isHead) readFraming(at, <u32>(colon - at), value, <u32>(line - value));
      to = putPair(sizes + 4 + ((<usize>count) << 3), to, at, <u32>(colon - at), value, <u32>(line - value));
      count++;
    } else if (line > at) noteAnomaly(Anomaly.HEAD);
    at = stop + 1;
  }
  if (at < end) reachLimit(Limit.HEADERS);
  store<u32>(sizes, count);
  const used = <u32>(to - bytes);
  headBlockSize = 4 + count * 8 + used;
  headBlockAt = arenaAlloc(headBlockSize);
  if (!headBlockAt) {
    reachLimit(Limit.MEMORY);
    return false;
  }
  copyBytes(headBlockAt, sizes, 4 + count * 8);
  copyBytes(headBlockAt + <usize>(4 + count * 8), bytes, used);
  return true;
}

/** @returns the end of the line at `at`, with the lines that continue it (RFC 9112 §5.2) */
function unfoldedEnd(at: usize, end: usize): usize {
  let stop = findByte(at, end, 0x0a);
  while (stop + 1 < end && (load<u8>(stop + 1) == 0x20 || load<u8>(stop + 1) == 9)) {
    noteAnomaly(Anomaly.HEAD);
    stop = findByte(stop + 1, end, 0x0a);
  }
  return stop;
}

function trimEnd(at: usize, end: usize): usize {
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  return end;
}

/** Method up to the first space, target up to the last one before the version, spaces inside kept. */
function readRequestLine(at: usize, end: usize, sizes: usize, to: usize): usize {
  const space = findByte(at, end, 0x20);
  let target = space;
  while (target < end && load<u8>(target) == 0x20) target++;
  let stop = end;
  while (stop > target && load<u8>(stop - 1) != 0x20) stop--;
  if (stop == target || !equalsLower(stop, end - stop < 5 ? <u32>(end - stop) : 5, "http/")) stop = end;
  else while (stop > target && load<u8>(stop - 1) == 0x20) stop--;
  to = putPair(sizes, to, pseudo, 7, at, <u32>(space - at));
  return putPair(sizes + 8, to, pseudo + 7, 5, target, <u32>(stop - target));
}

/** Reads the digits of a chunk's size; extensions are skipped. @returns bytes read */
function feedChunkSize(at: usize, end: usize): u32 {
  const from = at;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x0a) {
      current.rawState = current.rawLeft ? RawState.CHUNK : RawState.TRAILERS;
      current.rawLine = 0;
      current.rawStatusLine = 0;
      break;
    }
    const value = hexValue(c);
    if (value < 16 && !current.rawStatusLine) {
      if (current.rawLeft > 0xfffffff) {
        noteAnomaly(Anomaly.HEAD);
        current.rawState = RawState.DONE;
        break;
      }
      current.rawLeft = (current.rawLeft << 4) | value;
    } else if (c != 0x0d) current.rawStatusLine = 1;
  }
  return <u32>(at - from);
}

/**
 * Reads on in the body.
 * @returns bytes read, ≥ 1; if some of them are the body's, they are at `pieceAt`, `pieceSize`
 */
export function rawBodyFeed(at: usize, size: u32): u32 {
  pieceSize = 0;
  const end = at + <usize>size;
  switch (current.rawState) {
    case RawState.BODY: {
      const take = size < current.rawLeft ? size : current.rawLeft;
      pieceAt = at;
      pieceSize = take;
      if (current.rawLeft != TO_THE_END) {
        current.rawLeft -= take;
        if (!current.rawLeft) current.rawState = RawState.DONE;
      }
      return take ? take : size;
    }
    case RawState.CHUNK_SIZE:
      if (current.rawLeft == TO_THE_END) {
        current.rawLeft = 0;
        current.rawStatusLine = 0;
      }
      return feedChunkSize(at, end);
    case RawState.CHUNK: {
      const take = size < current.rawLeft ? size : current.rawLeft;
      pieceAt = at;
      pieceSize = take;
      current.rawLeft -= take;
      if (!current.rawLeft) current.rawState = RawState.CHUNK_END;
      return take;
    }
    case RawState.CHUNK_END: {
      const stop = findByte(at, end, 0x0a);
      if (stop == end) return size;
      current.rawState = RawState.CHUNK_SIZE;
      current.rawLeft = 0;
      current.rawStatusLine = 0;
      return <u32>(stop - at) + 1;
    }
    case RawState.TRAILERS:
      return trailersFeed(at, end);
    default:
      return size;
  }
}
