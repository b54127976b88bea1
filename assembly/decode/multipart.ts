/**
 * Multipart bodies (RFC 2046 §5.1, RFC 7578), in any number of pieces. A delimiter is a line break, two dashes and the
 * boundary; a bare LF counts as a line break, because several back ends take it. Bytes before the first delimiter and
 * after the last are looked at as plain text: some parsers read parts there.
 */
import { BOUNDARY_BYTES_MAX, NAME_BYTES_MAX, PART_HEAD_BYTES_MAX } from "../abi/limits";
import { Anomaly, Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { isSpace } from "../bytes/ascii";
import { copyBytes, zeroBytes } from "../bytes/guard";
import { ropeAppend, ropeCopy, ropeFree } from "../bytes/rope";
import { findEither } from "../bytes/scan";
import { collectAdd, collectBegin, collectEnd } from "./collect";
import { boundaryAt, boundarySize } from "./content";
import { Decoder } from "./decoder";
import { partHeadRead, partNameAt, partNameSize, partQuoted } from "./part-head";
import { Place, pointDepth, pointTruncate, pushName } from "./point";
import { extraRope, noteAnomaly, parserState, reachLimit } from "./transaction";

enum Mode {
  /** Before the first delimiter, in a part's bytes, after the last delimiter. */
  PREAMBLE = 0,
  /** After a delimiter, up to the end of its line. */
  DELIMITER_LINE = 1,
  HEAD = 2,
  PART = 3,
  EPILOGUE = 4,
}

@unmanaged
class MultipartState {
  mode: u32;
  /** Bytes of the delimiter matched so far; the pattern begins with LF. */
  matched: u32;
  /** A CR was read that belongs to the delimiter if one follows, to the value if not. */
  heldReturn: u32;
  /** The pattern's first byte was taken as matched without being there: at the begin of the body or of a part. */
  virtualBreak: u32;
  /** Dashes at the begin of a delimiter's line: two end the body. */
  dashes: u32;
  /** The last bytes of the head were an end of line. */
  lineEmpty: u32;
  patternSize: u32;
  nameSize: u32;
  parts: u32;
  /** The last delimiter was seen. */
  closed: u32;
  /** The decoder that the current part's head asks for. */
  decoder: u32;
  /** A delimiter's line holds what is no delimiter's. */
  odd: u32;
}

const NAME_AT: usize = offsetof<MultipartState>();
const PATTERN_AT: usize = NAME_AT + <usize>NAME_BYTES_MAX;
/** Bytes of the parser's state with the current part's name and the delimiter. */
export const MULTIPART_STATE_BYTES: u32 = <u32>PATTERN_AT + BOUNDARY_BYTES_MAX + 3;

function stateOf(): MultipartState {
  return changetype<MultipartState>(parserState());
}

function patternAt(): usize {
  return parserState() + PATTERN_AT;
}

/** Starts on a body whose boundary content.ts has just read. */
export function multipartBegin(): void {
  zeroBytes(parserState(), MULTIPART_STATE_BYTES);
  const pattern = patternAt();
  store<u8>(pattern, 0x0a);
  store<u8>(pattern + 1, 0x2d);
  store<u8>(pattern + 2, 0x2d);
  copyBytes(pattern + 3, boundaryAt, boundarySize);
  stateOf().patternSize = boundarySize + 3;
  multipartRestart();
}

/** Starts again with the boundary of the body before. */
export function multipartRestart(): void {
  const state = stateOf();
  const size = state.patternSize;
  zeroBytes(changetype<usize>(state), offsetof<MultipartState>());
  state.patternSize = size;
  /* The first delimiter may stand at the very begin, as if a line break came before. */
  state.matched = 1;
  state.virtualBreak = 1;
  collectBegin();
  ropeFree(extraRope());
}

function pushPart(state: MultipartState): void {
  if (state.mode != Mode.PART) return;
  if (state.nameSize) pushName(parserState() + NAME_AT, state.nameSize);
}

function placeOf(state: MultipartState): Place {
  return state.mode == Mode.PART ? Place.PART : Place.BODY;
}

function addPiece(state: MultipartState, at: usize, size: u32): void {
  if (!size) return;
  const depth = pointDepth();
  pushPart(state);
  collectAdd(placeOf(state), state.decoder, at, size);
  pointTruncate(depth);
}

function endPart(state: MultipartState, at: usize, size: u32): void {
  const depth = pointDepth();
  pushPart(state);
  collectEnd(placeOf(state), state.decoder, at, size);
  pointTruncate(depth);
  collectBegin();
}

/** What was taken for the begin of a delimiter was part of the value after all. */
function giveBack(state: MultipartState): void {
  const carriage = memory.data<u8>([0x0d]);
  if (state.heldReturn) addPiece(state, carriage, 1);
  if (state.matched) addPiece(state, patternAt() + <usize>state.virtualBreak, state.matched - state.virtualBreak);
  state.virtualBreak = 0;
  state.heldReturn = 0;
  state.matched = 0;
}

/** A delimiter is complete; the part's last piece ends before it. */
function endAtDelimiter(state: MultipartState, at: usize, size: u32): void {
  endPart(state, at, size);
  state.virtualBreak = 0;
  state.matched = 0;
  state.heldReturn = 0;
  state.parts++;
  state.dashes = 0;
  state.odd = 0;
  state.decoder = <u32>Decoder.RAW;
  state.mode = Mode.DELIMITER_LINE;
}

/**
 * Reads on inside a part (or before the first, or after the last) until a delimiter is complete or the piece ends.
 * @returns where reading goes on
 */
function feedPart(state: MultipartState, at: usize, end: usize): usize {
  let from = at;
  /* What matched before this piece is not in it and was not given to the value yet. */
  let before = state.matched > 0 || state.heldReturn > 0;
  while (at < end) {
    if (!state.matched && !state.heldReturn) {
      at = findEither(at, end, 0x0d, 0x0a);
      if (at == end) break;
    }
    const c = <u32>load<u8>(at);
    if (state.matched && c == <u32>load<u8>(patternAt() + <usize>state.matched)) {
      at++;
      if (++state.matched < state.patternSize) continue;
      endAtDelimiter(state, from, before ? 0 : <u32>(at - from) - state.patternSize - state.heldReturn);
      return at;
    }
    if (!state.matched && c == (state.heldReturn ? 0x0a : 0x0d)) {
      if (state.heldReturn) state.matched = 1;
      else state.heldReturn = 1;
      at++;
      continue;
    }
    if (!state.matched && !state.heldReturn) {
      state.matched = 1;
      at++;
      continue;
    }
    /* No delimiter after all; this byte may begin the next one. */
    if (before) {
      giveBack(state);
      from = at;
      before = false;
    }
    state.matched = 0;
    state.heldReturn = 0;
  }
  if (!before) addPiece(state, from, <u32>(end - from) - state.matched - state.heldReturn);
  return end;
}

/**
 * Reads on after a delimiter: two dashes end the body, a line break begins a part's head. Of a line that holds more,
 * some readers say that it is no delimiter and belongs to the value: the rest of it is looked at as text.
 */
function feedDelimiterLine(state: MultipartState, at: usize, end: usize): usize {
  let from = at;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x0a) {
      if (state.odd) collectEnd(Place.BODY, Decoder.RAW, from, <u32>(at - from) - 1);
      collectBegin();
      state.mode = state.dashes == 2 ? Mode.EPILOGUE : Mode.HEAD;
      if (state.mode == Mode.EPILOGUE) state.closed = 1;
      state.lineEmpty = 1;
      state.nameSize = 0;
      ropeFree(extraRope());
      return at;
    }
    if (c == 0x2d && state.dashes < 2) state.dashes++;
    else if (!isSpace(c) && !state.odd) {
      noteAnomaly(Anomaly.MULTIPART);
      state.odd = 1;
      from = at - 1;
    }
  }
  if (state.odd) collectAdd(Place.BODY, Decoder.RAW, from, <u32>(end - from));
  return end;
}

/** Reads on in a part's head up to its empty line. */
function feedHead(state: MultipartState, at: usize, end: usize): usize {
  const from = at;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x0a) {
      if (state.lineEmpty) {
        keepHead(state, from, <u32>(at - from));
        endHead(state);
        return at;
      }
      state.lineEmpty = 1;
    } else if (c != 0x0d) state.lineEmpty = 0;
  }
  keepHead(state, from, <u32>(end - from));
  return end;
}

/** Keeps bytes of the head; what is too long is looked at in pieces, since nobody knows where its reader stops. */
function keepHead(state: MultipartState, at: usize, size: u32): void {
  const rope = extraRope();
  while (size) {
    const room = PART_HEAD_BYTES_MAX - rope.size;
    const step = size < room ? size : room;
    if (!ropeAppend(rope, at, step)) {
      reachLimit(Limit.MEMORY);
      return;
    }
    at += <usize>step;
    size -= step;
    if (rope.size < PART_HEAD_BYTES_MAX) return;
    reachLimit(Limit.PART_HEAD);
    noteAnomaly(Anomaly.MULTIPART);
    readHead(state);
  }
}

/** Takes over what the part's head has said of its name and its coding. */
function keepName(state: MultipartState): void {
  if (partQuoted) state.decoder = <u32>Decoder.QUOTED;
  if (!partNameSize) return;
  state.nameSize = partNameSize < NAME_BYTES_MAX ? partNameSize : NAME_BYTES_MAX;
  if (partNameSize > NAME_BYTES_MAX) reachLimit(Limit.NAME);
  copyBytes(parserState() + NAME_AT, partNameAt, state.nameSize);
}

/** Looks at the bytes of the head that are kept. */
function readHead(state: MultipartState): void {
  const rope = extraRope();
  const mark = arenaMark();
  const size = rope.size;
  const head = arenaAlloc(size);
  if (head) {
    ropeCopy(rope, 0, size, head);
    partHeadRead(head, head + <usize>size);
    keepName(state);
  } else reachLimit(Limit.MEMORY);
  arenaRelease(mark);
  ropeFree(rope);
}

/** A part's head is complete: looks at what is left of it, and goes on to the part's bytes. */
function endHead(state: MultipartState): void {
  readHead(state);
  state.mode = Mode.PART;
  /* An empty part's delimiter may follow at once: the head's last line break counts. */
  state.matched = 1;
  state.virtualBreak = 1;
  state.heldReturn = 0;
  collectBegin();
}

/** Reads the next piece. */
export function multipartFeed(at: usize, size: u32): void {
  const state = stateOf();
  const end = at + <usize>size;
  while (at < end) {
    if (state.mode == Mode.DELIMITER_LINE) at = feedDelimiterLine(state, at, end);
    else if (state.mode == Mode.HEAD) at = feedHead(state, at, end);
    else at = feedPart(state, at, end);
  }
}

/** The body is complete: an open part is looked at, and a body that never closed is odd. */
export function multipartEnd(): void {
  const state = stateOf();
  if (state.mode == Mode.HEAD) {
    noteAnomaly(Anomaly.MULTIPART);
    endHead(state);
  }
  if (state.mode == Mode.DELIMITER_LINE && state.odd) collectEnd(Place.BODY, Decoder.RAW, 0, 0);
  if (state.mode == Mode.DELIMITER_LINE && state.dashes == 2) state.closed = 1;
  else if (state.mode != Mode.DELIMITER_LINE) {
    giveBack(state);
    endPart(state, 0, 0);
  }
  if (!state.closed) noteAnomaly(Anomaly.MULTIPART);
  ropeFree(extraRope());
}
