/**
 * JSON (RFC 8259), read byte by byte in any number of pieces: keys and string leaves are values, and so is whatever
 * stands where JSON has no place for it. From the first byte that no JSON parser accepts, the rest is read as plain
 * text, because a lenient back end may still read it.
 */
import { DEPTH_FOLLOWED_MAX, DEPTH_MAX, NAME_BYTES_MAX, PATH_BYTES_MAX } from "../abi/limits";
import { Anomaly, Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { isAlpha, isDigit, isSpace, startsLower } from "../bytes/ascii";
import { copyBytes, zeroBytes } from "../bytes/guard";
import { findEither } from "../bytes/scan";
import { collectAdd, collectBegin, collectEnd } from "./collect";
import { Decoder } from "./decoder";
import { Layer } from "./layer";
import { Format, Place, pointDepth, pointTruncate, pushDocument, pushWord, spellName, spellWord, Word } from "./point";
import { current, noteAnomaly, reachLimit } from "./transaction";

enum Mode {
  VALUE = 0,
  VALUE_OR_END = 1,
  KEY_OR_END = 2,
  KEY = 3,
  COLON = 4,
  AFTER = 5,
  STRING = 6,
  KEY_STRING = 7,
  LITERAL = 8,
  DONE = 9,
  BROKEN = 10,
}

const LEVEL_BYTES: u32 = DEPTH_FOLLOWED_MAX / 8;

/** Where a parser stands; lives in the transaction's block, or in the arena for JSON inside a value. */
@unmanaged
export class JsonState {
  mode: u32;
  depth: u32;
  /** The last byte of a string piece was a backslash. */
  escaped: u32;
  /** The string holds a backslash, so its escapes must be undone. */
  escapes: u32;
  /** Bytes of a literal kept, and whether one was not of a number, true, false or null. */
  literalOdd: u32;
  pathSize: u32;
  /** The current key is longer than what is kept of it. */
  keyCut: u32;
}

const KINDS_AT: usize = offsetof<JsonState>();
const STARTS_AT: usize = KINDS_AT + <usize>LEVEL_BYTES;
const PATH_AT: usize = STARTS_AT + <usize>(DEPTH_MAX * 2 + 2);
/** Bytes of a parser's state with its tables: levels' kinds, where each level's name begins, the names. */
export const JSON_STATE_BYTES: u32 = <u32>PATH_AT + PATH_BYTES_MAX;

/** Starts on a document; `state` has room for JSON_STATE_BYTES. */
export function jsonBegin(state: JsonState): void {
  zeroBytes(changetype<usize>(state), <u32>PATH_AT);
}

function isObject(state: JsonState, level: u32): bool {
  return ((<u32>load<u8>(changetype<usize>(state) + KINDS_AT + <usize>(level >> 3)) >> (level & 7)) & 1) != 0;
}

function nameStart(state: JsonState, level: u32): u32 {
  return <u32>load<u16>(changetype<usize>(state) + STARTS_AT + ((<usize>level) << 1));
}

/** Opens an object or array. @returns false beyond the depth that is followed */
function descend(state: JsonState, object: bool): bool {
  const level = state.depth;
  if (level == DEPTH_FOLLOWED_MAX) return false;
  const at = changetype<usize>(state) + KINDS_AT + <usize>(level >> 3);
  const bit = (<u32>1) << (level & 7);
  const kinds = <u32>load<u8>(at);
  store<u8>(at, object ? kinds | bit : kinds & ~bit);
  state.depth = level + 1;
  if (level < DEPTH_MAX) store<u16>(changetype<usize>(state) + STARTS_AT + ((<usize>level) << 1), <u16>state.pathSize);
  else reachLimit(Limit.DEPTH);
  state.mode = object ? Mode.KEY_OR_END : Mode.VALUE_OR_END;
  return true;
}

function ascend(state: JsonState): void {
  state.depth--;
  if (state.depth < DEPTH_MAX) state.pathSize = nameStart(state, state.depth);
  state.mode = state.depth ? Mode.AFTER : Mode.DONE;
}

/** Starts on a key of the innermost object. */
function beginKey(state: JsonState): void {
  state.mode = Mode.KEY_STRING;
  state.escapes = 0;
  state.keyCut = 0;
  if (state.depth <= DEPTH_MAX) state.pathSize = nameStart(state, state.depth - 1);
  collectBegin();
}

/** Keeps the next bytes of the current key, so that how they came never shows. */
function keepKey(state: JsonState, at: usize, size: u32): void {
  if (state.depth > DEPTH_MAX) {
    state.keyCut = 1;
    return;
  }
  const start = nameStart(state, state.depth - 1);
  const most = PATH_BYTES_MAX - start < NAME_BYTES_MAX ? PATH_BYTES_MAX - start : NAME_BYTES_MAX;
  const room = most - (state.pathSize - start);
  if (size > room) {
    reachLimit(Limit.NAME);
    state.keyCut = 1;
    size = room;
  }
  copyBytes(changetype<usize>(state) + PATH_AT + <usize>state.pathSize, at, size);
  state.pathSize += size;
}

/** Spells out the way to the current value, for the point's name. */
export function spellPath(stateAt: usize): void {
  const state = changetype<JsonState>(stateAt);
  spellWord(Word.JSON_DOC);
  const levels = state.depth < DEPTH_MAX ? state.depth : DEPTH_MAX;
  for (let level: u32 = 0; level < levels; level++) {
    if (!isObject(state, level)) {
      spellWord(Word.ARRAY);
      continue;
    }
    spellWord(Word.HASH);
    const start = nameStart(state, level);
    const stop = level + 1 < levels ? nameStart(state, level + 1) : state.pathSize;
    if (stop > start) spellName(stateAt + PATH_AT + <usize>start, stop - start);
  }
}

/** Bytes of `__proto__` and of `prototype`. */
const PROTOTYPE_BYTES: u32 = 9;

/** Keys of plain words are names and nothing else; others, and those of prototypes, are looked at as values too. */
function isPlainKey(at: usize, size: u32): bool {
  const end = at + <usize>size;
  if (size == PROTOTYPE_BYTES && (startsLower(at, size, "__proto__") || startsLower(at, size, "prototype")))
    return false;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (!isAlpha(c) && !isDigit(c) && c != 0x5f && c != 0x2d && c != 0x2e && c != 0x20) return false;
  }
  return true;
}

function endKey(state: JsonState, at: usize, size: u32): void {
  keepKey(state, at, size);
  const start = state.keyCut ? 0 : nameStart(state, state.depth - 1);
  const kept = changetype<usize>(state) + PATH_AT + <usize>start;
  if (state.keyCut || !isPlainKey(kept, state.pathSize - start)) {
    const depth = pointDepth();
    pushDocument(changetype<usize>(state), Format.JSON);
    pushWord(Word.KEY);
    collectEnd(Place.JSON_KEY, state.escapes ? Decoder.JSON_STRING : Decoder.RAW, at, size);
    pointTruncate(depth);
  } else collectBegin();
  state.mode = Mode.COLON;
}

function endLeaf(state: JsonState, at: usize, size: u32): void {
  const depth = pointDepth();
  pushDocument(changetype<usize>(state), Format.JSON);
  collectEnd(Place.JSON, state.escapes ? Decoder.JSON_STRING : Decoder.RAW, at, size);
  pointTruncate(depth);
  state.mode = state.depth ? Mode.AFTER : Mode.DONE;
}

function keepPiece(state: JsonState, at: usize, size: u32): void {
  const isKey = state.mode == Mode.KEY_STRING;
  if (isKey) keepKey(state, at, size);
  const depth = pointDepth();
  pushDocument(changetype<usize>(state), Format.JSON);
  if (isKey) pushWord(Word.KEY);
  const place = isKey ? Place.JSON_KEY : Place.JSON;
  collectAdd(place, state.escapes ? Decoder.JSON_STRING : Decoder.RAW, at, size);
  pointTruncate(depth);
}

/** Reads on inside a string. @returns where reading goes on */
function feedString(state: JsonState, at: usize, end: usize): usize {
  const from = at;
  while (at < end) {
    if (state.escaped) {
      state.escaped = 0;
      at++;
      continue;
    }
    at = findEither(at, end, 0x22, 0x5c);
    if (at == end) break;
    if (load<u8>(at) == 0x5c) {
      state.escaped = 1;
      state.escapes = 1;
      at++;
      continue;
    }
    if (state.mode == Mode.KEY_STRING) endKey(state, from, <u32>(at - from));
    else endLeaf(state, from, <u32>(at - from));
    return at + 1;
  }
  keepPiece(state, from, <u32>(end - from));
  return end;
}

/** Bytes that some senders put between documents: the record separator (RFC 7464), a byte order mark in front. */
function isMark(state: JsonState, c: u32): bool {
  if (c == 0x1e) return true;
  return !state.depth && state.mode == <u32>Mode.VALUE && (c == 0xef || c == 0xbb || c == 0xbf);
}

/** Bytes of numbers and of true, false, null. */
function isLiteral(c: u32): bool {
  return isAlpha(c) || isDigit(c) || c == 0x2d || c == 0x2b || c == 0x2e;
}

/** What may stand where a value is due. @returns false for a byte that no JSON has there */
function feedValue(state: JsonState, c: u32): bool {
  if (c == 0x22) {
    state.mode = Mode.STRING;
    state.escapes = 0;
    collectBegin();
    return true;
  }
  if (c == 0x7b || c == 0x5b) return descend(state, c == 0x7b);
  if (c == 0x5d && state.mode == Mode.VALUE_OR_END) {
    ascend(state);
    return true;
  }
  if (!isDigit(c) && c != 0x2d && c != 0x74 && c != 0x66 && c != 0x6e) return false;
  state.mode = Mode.LITERAL;
  return true;
}

/** One byte between values. @returns false where no JSON has it */
function feedStructure(state: JsonState, c: u32): bool {
  switch (state.mode) {
    case Mode.VALUE:
    case Mode.VALUE_OR_END:
      return feedValue(state, c);
    case Mode.KEY_OR_END:
    case Mode.KEY:
      if (c == 0x22) {
        beginKey(state);
        return true;
      }
      if (c != 0x7d || state.mode == Mode.KEY) return false;
      ascend(state);
      return true;
    case Mode.COLON:
      state.mode = Mode.VALUE;
      return c == 0x3a;
    case Mode.AFTER: {
      const object = isObject(state, state.depth - 1);
      if (c == 0x2c) {
        state.mode = object ? Mode.KEY : Mode.VALUE;
        return true;
      }
      if (c != (object ? 0x7d : 0x5d)) return false;
      ascend(state);
      return true;
    }
    case Mode.DONE:
      /* One document after another: NDJSON and JSON text sequences. */
      return feedValue(state, c);
    default:
      return false;
  }
}

/**
 * Reads the next piece.
 * @returns bytes read; less than `size` when a byte came that no JSON has there: the rest is not JSON
 */
export function jsonFeed(state: JsonState, at: usize, size: u32): u32 {
  const start = at;
  const end = at + <usize>size;
  while (at < end) {
    if (state.mode == Mode.STRING || state.mode == Mode.KEY_STRING) {
      at = feedString(state, at, end);
      continue;
    }
    const c = <u32>load<u8>(at);
    if (state.mode == Mode.LITERAL) {
      if (isLiteral(c)) {
        at++;
        continue;
      }
      state.mode = state.depth ? Mode.AFTER : Mode.DONE;
    }
    if (!isSpace(c) && !isMark(state, c) && !feedStructure(state, c)) {
      state.mode = Mode.BROKEN;
      return <u32>(at - start);
    }
    at++;
  }
  return size;
}

/** Ends the document; a string that never closed is looked at. @returns whether the document was complete */
export function jsonEnd(state: JsonState): bool {
  if (state.mode == Mode.KEY_STRING) endKey(state, 0, 0);
  else if (state.mode == Mode.STRING) endLeaf(state, 0, 0);
  else return state.mode == Mode.DONE || (state.mode == Mode.LITERAL && !state.depth);
  noteAnomaly(Anomaly.JSON);
  return false;
}

/**
 * JSON as a value: an object or array in a parameter, a cookie or a leaf of another document. Its leaves are looked at
 * one by one, with the outer value's work budget.
 * @returns true when the layer is one complete document, whose syntax then needs no look of its own
 */
export function nestedJson(layer: Layer): bool {
  if (!beginsLikeJson(layer.at, layer.at + <usize>layer.size)) return false;
  const mark = arenaMark();
  const room = arenaAlloc(JSON_STATE_BYTES);
  if (!room) {
    reachLimit(Limit.MEMORY);
    return false;
  }
  /* The outer parser may be in the middle of its own value: its chain is set aside. */
  const first0 = current.valueFirst;
  const last0 = current.valueLast;
  const size0 = current.valueSize;
  const start0 = current.valueStart;
  current.valueFirst = 0;
  current.valueLast = 0;
  current.valueSize = 0;
  const state = changetype<JsonState>(room);
  jsonBegin(state);
  const read = jsonFeed(state, layer.at, layer.size);
  const whole = read == layer.size && state.mode == Mode.DONE;
  collectBegin();
  current.valueFirst = first0;
  current.valueLast = last0;
  current.valueSize = size0;
  current.valueStart = start0;
  arenaRelease(mark);
  return whole;
}

/** Whether the first and last bytes that are no white space are brackets that belong together: cheap, and true of every
 * complete object and array. */
export function beginsLikeJson(at: usize, end: usize): bool {
  while (at < end && isSpace(load<u8>(at))) at++;
  if (at == end) return false;
  const c = <u32>load<u8>(at);
  if (c != 0x7b && c != 0x5b) return false;
  while (isSpace(load<u8>(end - 1))) end--;
  return <u32>load<u8>(end - 1) == c + 2;
}
