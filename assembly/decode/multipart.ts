/**
 * Multipart bodies (RFC 2046 §5.1, RFC 7578), in any number of pieces. A delimiter is a line break, two dashes and the
 * boundary; a bare LF counts as a line break, because several back ends take it. Bytes before the first delimiter and
 * after the last are looked at as plain text: some parsers read parts there.
 */
import { BOUNDARY_BYTES_MAX, NAME_BYTES_MAX, PART_HEAD_BYTES_MAX } from "../abi/limits";
import { Anomaly, Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { equalsLower, isSpace } from "../bytes/ascii";
import { copyBytes, zeroBytes } from "../bytes/guard";
import { ropeAppend, ropeCopy, ropeFree } from "../bytes/rope";
import { findByte, findEither } from "../bytes/scan";
import { inspectValue } from "./chain";
import { collectAdd, collectBegin, collectEnd } from "./collect";
import { boundaryAt, boundarySize } from "./content";
import { Decoder } from "./decoder";
import { Place, pointDepth, pointTruncate, pushHeaderName, pushName, pushWord, Word } from "./point";
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
  collectAdd(placeOf(state), Decoder.RAW, at, size);
  pointTruncate(depth);
}

function endPart(state: MultipartState, at: usize, size: u32): void {
  const depth = pointDepth();
  pushPart(state);
  collectEnd(placeOf(state), Decoder.RAW, at, size);
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

/** Reads on after a delimiter: two dashes end the body, a line break begins a part's head. */
function feedDelimiterLine(state: MultipartState, at: usize, end: usize): usize {
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x0a) {
      state.mode = state.dashes == 2 ? Mode.EPILOGUE : Mode.HEAD;
      if (state.mode == Mode.EPILOGUE) state.closed = 1;
      state.lineEmpty = 1;
      state.nameSize = 0;
      ropeFree(extraRope());
      return at;
    }
    if (c == 0x2d && state.dashes < 2) state.dashes++;
    else if (!isSpace(c) && state.dashes != 2) noteAnomaly(Anomaly.MULTIPART);
  }
  return end;
}

/** Reads on in a part's head up to its empty line. */
function feedHead(state: MultipartState, at: usize, end: usize): usize {
  const from = at;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x0a) {
      if (state.lineEmpty) {
        keepHead(from, <u32>(at - from));
        endHead(state);
        return at;
      }
      state.lineEmpty = 1;
    } else if (c != 0x0d) state.lineEmpty = 0;
  }
  keepHead(from, <u32>(end - from));
  return end;
}

function keepHead(at: usize, size: u32): void {
  const rope = extraRope();
  const room = PART_HEAD_BYTES_MAX - rope.size;
  if (size > room) reachLimit(Limit.PART_HEAD);
  if (!ropeAppend(rope, at, size < room ? size : room)) reachLimit(Limit.MEMORY);
}

/** Value of a parameter of Content-Disposition: address and size of the last found. */
let parameterAt: usize = 0;
let parameterSize: u32 = 0;

/** Finds `name=value` among the parameters of [at, end); quoted values keep their escapes. */
function findParameter(at: usize, end: usize, name: string): bool {
  while (at < end) {
    at = findByte(at, end, 0x3b);
    at++;
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at >= end) return false;
    const equals = findByte(at, end, 0x3d);
    if (equals == end) return false;
    let stop = equals;
    while (stop > at && isSpace(load<u8>(stop - 1))) stop--;
    const matches = equalsLower(at, <u32>(stop - at), name);
    at = equals + 1;
    while (at < end && isSpace(load<u8>(at))) at++;
    const quoted = at < end && load<u8>(at) == 0x22;
    if (quoted) at++;
    const value = at;
    while (at < end) {
      const c = <u32>load<u8>(at);
      if (quoted ? c == 0x22 : c == 0x3b || isSpace(c)) break;
      if (quoted && c == 0x5c && at + 1 < end && load<u8>(at + 1) == 0x22) at++;
      at++;
    }
    if (matches) {
      parameterAt = value;
      parameterSize = <u32>(at - value);
      return true;
    }
  }
  return false;
}

/** One line of a part's head. */
function endHeadLine(state: MultipartState, at: usize, end: usize): void {
  const colon = findByte(at, end, 0x3a);
  const nameSize = <u32>(colon - at);
  if (colon == end) {
    noteAnomaly(Anomaly.MULTIPART);
    inspectValue(Place.PART_HEADER, Decoder.RAW, at, nameSize, 0);
    return;
  }
  let value = colon + 1;
  while (value < end && isSpace(load<u8>(value))) value++;
  if (equalsLower(at, nameSize, "content-disposition")) {
    if (findParameter(value, end, "name")) {
      state.nameSize = parameterSize < NAME_BYTES_MAX ? parameterSize : NAME_BYTES_MAX;
      if (parameterSize > NAME_BYTES_MAX) reachLimit(Limit.NAME);
      copyBytes(parserState() + NAME_AT, parameterAt, state.nameSize);
      inspectValue(Place.PART_NAME, Decoder.RAW, parameterAt, parameterSize, 0);
    }
    inspectFilename(value, end, "filename");
    inspectFilename(value, end, "filename*");
    return;
  }
  const depth = pointDepth();
  pushWord(Word.HEADER);
  pushHeaderName(at, nameSize);
  inspectValue(Place.PART_HEADER, Decoder.RAW, value, <u32>(end - value), 0);
  pointTruncate(depth);
}

function inspectFilename(at: usize, end: usize, parameter: string): void {
  if (!findParameter(at, end, parameter)) return;
  const depth = pointDepth();
  pushWord(Word.FILENAME);
  inspectValue(Place.FILENAME, Decoder.RAW, parameterAt, parameterSize, 0);
  pointTruncate(depth);
}

/** A part's head is complete: looks at its lines, and goes on to the part's bytes. */
function endHead(state: MultipartState): void {
  const rope = extraRope();
  const mark = arenaMark();
  const size = rope.size;
  const head = arenaAlloc(size);
  if (head) {
    ropeCopy(rope, 0, size, head);
    const end = head + <usize>size;
    let at = head;
    while (at < end) {
      let stop = findByte(at, end, 0x0a);
      /* A line that begins with white space continues the one before (RFC 5322 §2.2.3). */
      while (stop + 1 < end && (load<u8>(stop + 1) == 0x20 || load<u8>(stop + 1) == 9)) {
        stop = findByte(stop + 1, end, 0x0a);
      }
      let trimmed = stop;
      while (trimmed > at && isSpace(load<u8>(trimmed - 1))) trimmed--;
      if (trimmed > at) endHeadLine(state, at, trimmed);
      at = stop + 1;
    }
  } else reachLimit(Limit.MEMORY);
  arenaRelease(mark);
  ropeFree(rope);
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
  if (state.mode == Mode.DELIMITER_LINE && state.dashes == 2) state.closed = 1;
  else if (state.mode != Mode.DELIMITER_LINE) {
    giveBack(state);
    endPart(state, 0, 0);
  }
  if (!state.closed) noteAnomaly(Anomaly.MULTIPART);
  ropeFree(extraRope());
}
