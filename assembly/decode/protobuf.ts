/**
 * Protocol Buffers on the wire, without their schema. Fields with a length are messages or text, and nobody but the
 * back end knows which: one that reads as a message to its last byte is walked, and one that is text, or both, is a
 * value. The point says the way in field numbers: `protobuf.3.1`.
 *
 * Fields up to one window are gathered and judged whole. Longer ones are followed as messages while they come; where
 * such a field is none from its first byte on, it is text in windows. Numbers are not looked at here: the body as it
 * came is (wire.ts), so that nothing can be hidden between them.
 */
import { MESSAGES_NESTED_MAX, VALUE_BYTES_MAX } from "../abi/limits";
import { Anomaly, Limit } from "../abi/status";
import { arenaMark, arenaRelease } from "../bytes/arena";
import { isAlpha, isWord, writeNumber } from "../bytes/ascii";
import { zeroBytes } from "../bytes/guard";
import { inspectValue } from "./chain";
import { collectAdd, collectBegin, collectEnd, collectGather, gatheredAt } from "./collect";
import { Decoder } from "./decoder";
import { Place, pointDepth, pointTruncate, pushName, pushWord, Word } from "./point";
import { noteAnomaly, parserState, reachLimit } from "./transaction";

enum Mode {
  TAG = 0,
  LENGTH = 1,
  NUMBER = 2,
  /** Bytes that are of no interest. */
  SKIP = 3,
  /** A field of at most one window. */
  FIELD = 4,
  /** A longer one that is no message. */
  TEXT = 5,
  BROKEN = 6,
}

/** Where a walk stands; lives in the transaction's block, with a `Level` for each long message around. */
@unmanaged
class ProtobufState {
  mode: u32;
  /** Bits of the number that is being read. */
  shift: u32;
  value: u64;
  /** Number of the field that is being read. */
  field: u32;
  /** Bytes of it still to come. */
  left: u32;
  /** Bytes of the message read so far. */
  offset: u32;
  depth: u32;
}

/** A long message: its field's number, and the offset of its end. */
@unmanaged
class Level {
  field: u32;
  end: u32;
}

const LEVELS_AT: u32 = offsetof<ProtobufState>();
/** Bytes of the state with its levels. */
export const PROTOBUF_STATE_BYTES: u32 = LEVELS_AT + (MESSAGES_NESTED_MAX + 1) * offsetof<Level>();

/** Field numbers on the way to a value, as text. */
const DIGITS: u32 = 12;
const digits: usize = memory.data(DIGITS * (MESSAGES_NESTED_MAX * 2 + 4), 16);
/** Bytes that may be read a second time for one field: as text, after they were walked as a message. */
let spare: u32 = 0;
const SPARE_FACTOR: u32 = 4;

function stateOf(): ProtobufState {
  return changetype<ProtobufState>(parserState());
}

function levelOf(depth: u32): Level {
  return changetype<Level>(parserState() + <usize>(LEVELS_AT + depth * offsetof<Level>()));
}

/** Starts on a message. */
export function protobufBegin(): void {
  zeroBytes(parserState(), PROTOBUF_STATE_BYTES);
  levelOf(0).end = 0xffffffff;
  collectBegin();
}

/** Whether a tag's first byte can begin a field: a type that is in use, and a number above 0. */
function canBegin(byte: u32): bool {
  const type = byte & 7;
  return (type < 3 || type == 5) && byte > 7;
}

function pushField(slot: u32, field: u32): void {
  const at = digits + <usize>(slot * DIGITS);
  pushName(at, writeNumber(at, field));
}

/** Pushes the way to the field that is being read. */
function pushWay(state: ProtobufState): void {
  pushWord(Word.PROTOBUF);
  for (let i: u32 = 1; i <= state.depth; i++) pushField(i, levelOf(i).field);
  pushField(state.depth + 1, state.field);
}

/** Another field may begin, in whatever message is not over. */
function next(state: ProtobufState): void {
  state.mode = Mode.TAG;
  state.value = 0;
  state.shift = 0;
  while (state.depth && state.offset >= levelOf(state.depth).end) state.depth--;
}

/** The innermost message is none after all: the rest of it is skipped, or of the body. */
function giveUp(state: ProtobufState): void {
  if (!state.depth) {
    noteAnomaly(Anomaly.PROTOBUF);
    state.mode = Mode.BROKEN;
    return;
  }
  const end = levelOf(state.depth).end;
  state.depth--;
  if (end <= state.offset) {
    next(state);
    return;
  }
  state.left = end - state.offset;
  state.mode = Mode.SKIP;
}

function skip(state: ProtobufState, size: u32): void {
  state.left = size;
  state.mode = Mode.SKIP;
  if (size > levelOf(state.depth).end - state.offset) giveUp(state);
}

/** A tag is complete. */
function beginField(state: ProtobufState, tag: u64): void {
  const field = <u32>(tag >> 3);
  if (tag > 0xffffffff || !field) {
    giveUp(state);
    return;
  }
  state.field = field;
  state.value = 0;
  state.shift = 0;
  switch (<u32>tag & 7) {
    case 0:
      state.mode = Mode.NUMBER;
      return;
    case 1:
      skip(state, 8);
      return;
    case 2:
      state.mode = Mode.LENGTH;
      return;
    case 5:
      skip(state, 4);
      return;
    default:
      giveUp(state);
  }
}

/** A field's length is complete. */
function beginLength(state: ProtobufState, length: u64): void {
  if (length > <u64>(levelOf(state.depth).end - state.offset)) {
    giveUp(state);
    return;
  }
  const size = <u32>length;
  if (!size) {
    next(state);
    return;
  }
  collectBegin();
  state.left = size;
  if (size <= VALUE_BYTES_MAX) state.mode = Mode.FIELD;
  else if (state.depth == MESSAGES_NESTED_MAX) {
    reachLimit(Limit.DEPTH);
    state.mode = Mode.TEXT;
  } else {
    state.depth++;
    const level = levelOf(state.depth);
    level.field = state.field;
    level.end = state.offset + size;
    state.mode = Mode.TAG;
    state.value = 0;
    state.shift = 0;
    state.field = 0;
  }
}

/** One byte of a tag, a length or a number. */
function takeNumber(state: ProtobufState, byte: u32): void {
  /* No field was read in this message yet: a first byte that begins none is that of a text. */
  if (state.mode == <u32>Mode.TAG && !state.shift && !state.field && state.depth && !canBegin(byte)) {
    const level = levelOf(state.depth);
    state.depth--;
    state.field = level.field;
    state.left = level.end - state.offset;
    state.mode = Mode.TEXT;
    return;
  }
  state.offset++;
  state.value |= (<u64>(byte & 127)) << (<u64>state.shift);
  state.shift += 7;
  if (state.offset > levelOf(state.depth).end || (byte > 127 && state.shift > 63)) {
    giveUp(state);
    return;
  }
  if (byte > 127) return;
  const value = state.value;
  if (state.mode == <u32>Mode.TAG) beginField(state, value);
  else if (state.mode == <u32>Mode.LENGTH) beginLength(state, value);
  else next(state);
}

/** Reads on in a field's bytes. @returns how many belong to it */
function feedField(state: ProtobufState, at: usize, size: u32): u32 {
  const step = size < state.left ? size : state.left;
  state.left -= step;
  state.offset += step;
  if (state.mode != <u32>Mode.SKIP) {
    const depth = pointDepth();
    pushWay(state);
    if (state.left) collectAdd(Place.JSON, Decoder.RAW, at, step);
    else if (state.mode == <u32>Mode.TEXT) collectEnd(Place.JSON, Decoder.RAW, at, step);
    else endField(state, at, step);
    pointTruncate(depth);
  }
  if (!state.left) next(state);
  return step;
}

/** A field is complete: [at, at + size) is its last piece. */
function endField(state: ProtobufState, at: usize, size: u32): void {
  const mark = arenaMark();
  const whole = collectGather(at, size, VALUE_BYTES_MAX);
  spare = whole * SPARE_FACTOR;
  if (gatheredAt) inspectField(gatheredAt, whole, state.depth + 2);
  arenaRelease(mark);
  collectBegin();
}

/** The number read last by `readNumber`, and where it ends. */
let number: u64 = 0;
let numberEnd: usize = 0;

/** @returns false where no number ends before `end` */
function readNumber(at: usize, end: usize): bool {
  number = 0;
  for (let shift: u64 = 0; at < end && shift < 70; shift += 7) {
    const byte = <u32>load<u8>(at++);
    number |= (<u64>(byte & 127)) << shift;
    if (byte > 127) continue;
    numberEnd = at;
    return true;
  }
  return false;
}

/** The field read last by `readField`: number, and its bytes where it has a length, else 0. */
let fieldNumber: u32 = 0;
let fieldAt: usize = 0;
let fieldSize: u32 = 0;

/** Reads a field of a message. @returns where the next begins, or 0 where this is none */
function readField(at: usize, end: usize): usize {
  if (!canBegin(load<u8>(at)) || !readNumber(at, end) || number > 0xffffffff) return 0;
  const type = <u32>number & 7;
  fieldNumber = <u32>(number >> 3);
  fieldSize = 0;
  at = numberEnd;
  const left = <u32>(end - at);
  if (type == 1 || type == 5) {
    const size: u32 = type == 1 ? 8 : 4;
    return left < size ? 0 : at + <usize>size;
  }
  if (!readNumber(at, end)) return 0;
  if (!type) return numberEnd;
  if (number > <u64>(end - numberEnd)) return 0;
  fieldAt = numberEnd;
  fieldSize = <u32>number;
  return fieldAt + <usize>fieldSize;
}

/** Whether the bytes are fields up to the last one. */
function isMessage(at: usize, end: usize): bool {
  while (at < end) {
    at = readField(at, end);
    if (!at) return false;
  }
  return true;
}

/** Whether the bytes have none that no text has: control characters other than white space. */
function isText(at: usize, end: usize): bool {
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c < 32 && c - 9 > 4) return false;
  }
  return true;
}

/** Longest key that `isKey` knows; up to the size of an identity more bytes are printable by chance. */
const KEY_BYTES_MAX: u32 = 64;
const ID_BYTES_MAX: u32 = 16;

/**
 * Whether a short field is a key or a check sum and no text: hardly a printable byte more than chance gives, and bytes
 * above ASCII or controls, which no string of letters has. The body as it came is looked at with it.
 */
function isKey(at: usize, size: u32): bool {
  if (size > KEY_BYTES_MAX) return false;
  let printable: u32 = 0;
  let last: u32 = 0;
  let broken = false;
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c - 32 < 95) printable++;
    /* A letter above ASCII is a lead and what continues it. */
    if (last >= 0xc0 ? (c & 0xc0) != 0x80 : (c & 0xc0) == 0x80 && last < 0x80) broken = true;
    last = c;
  }
  return (broken || last >= 0xc0) && printable * 8 <= size * (size > ID_BYTES_MAX ? 5 : 6);
}

/**
 * Whether a message of one text, in its first field, reads as a text by chance of its size: the tag is a line break and
 * the size a letter, digit or opening bracket, before a word. As a text it is the inner one with a word glued to it
 * (`\n5DELETE FROM …`), which is what wrappers of values give (google.protobuf.StringValue, OpenTelemetry's AnyValue).
 */
function wrapsText(at: usize, size: u32): bool {
  if (size < 3 || load<u8>(at) != 0x0a || <u32>load<u8>(at + 1) != size - 2) return false;
  const c = <u32>load<u8>(at + 1);
  const glued = isWord(c) || c == 0x28 || c == 0x3f || c == 0x5b || c == 0x5d || c == 0x7b;
  return glued && (isAlpha(load<u8>(at + 2)) || load<u8>(at + 2) == 0x2f) && isText(at + 2, at + <usize>size);
}

/** Looks at a field that lies there whole. @param slot where its own fields' numbers are written */
function inspectField(at: usize, size: u32, slot: u32): void {
  const end = at + <usize>size;
  const message = isMessage(at, end);
  const deep = message && slot > MESSAGES_NESTED_MAX + 2;
  if (deep) reachLimit(Limit.DEPTH);
  if (!message || deep || (isText(at, end) && !wrapsText(at, size))) {
    if (message && spare < size) reachLimit(Limit.FUEL);
    else if (message || !isKey(at, size)) inspectValue(Place.JSON, Decoder.RAW, at, size, 0);
    if (message) spare = spare < size ? 0 : spare - size;
  }
  if (!message || deep) return;
  const depth = pointDepth();
  while (at < end) {
    at = readField(at, end);
    if (!fieldSize) continue;
    pushField(slot, fieldNumber);
    inspectField(fieldAt, fieldSize, slot + 1);
    pointTruncate(depth);
  }
}

/** Reads the next piece. */
export function protobufFeed(at: usize, size: u32): void {
  const state = stateOf();
  const end = at + <usize>size;
  while (at < end) {
    switch (state.mode) {
      case Mode.BROKEN:
        return;
      case Mode.TAG:
      case Mode.LENGTH:
      case Mode.NUMBER: {
        takeNumber(state, load<u8>(at));
        /* The first byte of a long text was only looked at. */
        if (state.mode != <u32>Mode.TEXT || state.shift) at++;
        break;
      }
      default:
        at += <usize>feedField(state, at, <u32>(end - at));
    }
  }
}

/** The message is complete: a field that is not whole is looked at as text. */
export function protobufEnd(): void {
  const state = stateOf();
  if (state.mode == <u32>Mode.BROKEN) return;
  if (state.mode == <u32>Mode.FIELD || state.mode == <u32>Mode.TEXT) {
    const depth = pointDepth();
    pushWay(state);
    collectEnd(Place.JSON, Decoder.RAW, 0, 0);
    pointTruncate(depth);
  }
  if (state.mode != <u32>Mode.TAG || state.shift || state.depth) noteAnomaly(Anomaly.PROTOBUF);
}
