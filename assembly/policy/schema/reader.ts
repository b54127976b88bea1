/**
 * Reads a JSON body (RFC 8259) byte by byte beside its parser, and holds each value against its node. It takes what the
 * grammar takes and nothing else: what only a lenient reader understands is no such body. The way to a value is kept as
 * names, so that a fault can say where it is; of each kind the first is kept, and told at the next decision point.
 */
import { DEPTH_FOLLOWED_MAX, DEPTH_MAX, NAME_BYTES_MAX, PATH_BYTES_MAX } from "../../abi/limits";
import { isSpace } from "../../bytes/ascii";
import { copyBytes, zeroBytes } from "../../bytes/guard";
import { hashWord } from "../../bytes/hash";
import { sameBytes } from "../../bytes/scan";
import { NumberState, numberBegin, numberFeed, numberFits, numberIsWhole } from "./number";
import { ANY, bodyIn, Fault, Field, fieldIn, NONE, Node, nodeIn, numberIn, Type } from "./rows";
import { TextState, textBegin, textEscape, textFeed, textFits, textFlush } from "./text";

enum Mode {
  /** Before the first byte: a byte order mark may stand here. */
  START = 0,
  VALUE = 1,
  VALUE_OR_END = 2,
  KEY_OR_END = 3,
  KEY = 4,
  COLON = 5,
  AFTER = 6,
  TEXT = 7,
  KEY_TEXT = 8,
  NUMBER = 9,
  WORD = 10,
  DONE = 11,
  /** Nothing is looked at any more. */
  OVER = 12,
}

/** An object or array around the current value. */
@unmanaged
class Frame {
  node: u32;
  /** Fields or elements so far. */
  count: u32;
  /** Bits of the fields that are there. */
  seen: u64;
  /** Where the name of its current field begins in the path. */
  nameStart: u32;
  isObject: u32;
}

/** Where the reader stands: the begin of its block. */
@unmanaged
export class Reader {
  /** The next reader's block of the transaction; 0 for none. */
  next: usize;
  /** The slot whose policy asks, and the number of the body's row. */
  slot: u32;
  body: u32;
  mode: u32;
  depth: u32;
  /** Node of the value that is due or read. */
  node: u32;
  /** Bits of faults that were found, and of those that were told. */
  faults: u32;
  told: u32;
  /** Bytes of the word true, false or null read, and its first. */
  wordSize: u32;
  wordFirst: u32;
  /** Bytes of the byte order mark read. */
  mark: u32;
  pathSize: u32;
  keySize: u32;
  /** The key is longer than any that is listed. */
  keyCut: u32;
}

/** Bytes kept of the way to a fault. */
const FAULT_PATH_BYTES: u32 = 320;
/** A fault's way: its bytes' number, then for each level how many bytes its name has, or ELEMENT, and those. */
const FAULT_BYTES: u32 = FAULT_PATH_BYTES + 4;
/** Stands for an element of an array, which has no name. */
const ELEMENT: u32 = 255;

const NUMBER_AT: usize = (offsetof<Reader>() + 7) & ~7;
const TEXT_AT: usize = NUMBER_AT + ((offsetof<NumberState>() + 7) & ~7);
const FRAMES_AT: usize = TEXT_AT + ((offsetof<TextState>() + 7) & ~7);
const KINDS_AT: usize = FRAMES_AT + <usize>DEPTH_MAX * offsetof<Frame>();
const KEY_AT: usize = KINDS_AT + <usize>(DEPTH_FOLLOWED_MAX / 8);
const PATH_AT: usize = KEY_AT + <usize>NAME_BYTES_MAX;
const FAULTS_AT: usize = PATH_AT + <usize>PATH_BYTES_MAX;
/** Bytes of a reader with its tables: a block's, at most. */
export const READER_BYTES: u32 = <u32>FAULTS_AT + 4 * FAULT_BYTES;

/* What is read now, and the texts that names lie in. */
let reader: Reader = changetype<Reader>(0);
let names: usize = 0;

function numberState(): NumberState {
  return changetype<NumberState>(changetype<usize>(reader) + NUMBER_AT);
}

function textState(): TextState {
  return changetype<TextState>(changetype<usize>(reader) + TEXT_AT);
}

function frameIn(level: u32): Frame {
  return changetype<Frame>(changetype<usize>(reader) + FRAMES_AT + <usize>(level * offsetof<Frame>()));
}

/** Makes a reader the one that the functions here work with. @param texts of the image */
export function readerUse(next: Reader, texts: usize): void {
  reader = next;
  names = texts;
}

/** Starts on a body. */
export function readerBegin(slot: u32, body: u32): void {
  zeroBytes(changetype<usize>(reader), <u32>KEY_AT);
  reader.slot = slot;
  reader.body = body;
  reader.node = bodyIn(body).root;
}

function faultAt(fault: u32): usize {
  return changetype<usize>(reader) + FAULTS_AT + <usize>(fault * FAULT_BYTES);
}

/** Keeps a fault with the way to `levels` levels; the first of its kind stays. */
function note(fault: Fault, levels: u32): void {
  const bit = (<u32>1) << (<u32>fault);
  if (reader.faults & bit) return;
  reader.faults |= bit;
  const at = faultAt(fault) + 4;
  let size: u32 = 0;
  const most = levels < DEPTH_MAX ? levels : DEPTH_MAX;
  for (let level: u32 = 0; level < most; level++) {
    const frame = frameIn(level);
    const end = level + 1 < most ? frameIn(level + 1).nameStart : reader.pathSize;
    const bytes = frame.isObject ? end - frame.nameStart : 0;
    if (size + bytes + 1 > FAULT_PATH_BYTES) break;
    store<u8>(at + <usize>size, <u8>(frame.isObject ? bytes : ELEMENT));
    const path = changetype<usize>(reader) + PATH_AT + <usize>frame.nameStart;
    if (bytes) copyBytes(at + <usize>(size + 1), path, bytes);
    size += bytes + 1;
  }
  store<u32>(faultAt(fault), size);
}

/** The body is not what this reader can read: nothing more is said of it. */
function giveUp(): void {
  note(Fault.BODY, 0);
  reader.mode = Mode.OVER;
}

/** The current value is not as it has to be; what it holds is not looked at. */
function refuse(): void {
  note(Fault.INVALID, reader.depth);
  reader.node = ANY;
}

/** Holds what the current value is against its node. */
function isA(type: u32): bool {
  if (reader.node != ANY && !(nodeIn(reader.node).types & type)) refuse();
  return reader.node != ANY;
}

function isObjectAt(level: u32): bool {
  return ((<u32>load<u8>(changetype<usize>(reader) + KINDS_AT + <usize>(level >> 3)) >> (level & 7)) & 1) != 0;
}

function setKind(level: u32, object: bool): void {
  const at = changetype<usize>(reader) + KINDS_AT + <usize>(level >> 3);
  const bit = (<u32>1) << (level & 7);
  const kinds = <u32>load<u8>(at);
  store<u8>(at, <u8>(object ? kinds | bit : kinds & ~bit));
}

/** Opens an object or array. */
function descend(object: bool): void {
  isA(object ? Type.OBJECT : Type.ARRAY);
  const level = reader.depth;
  if (level == DEPTH_FOLLOWED_MAX || (level >= DEPTH_MAX && reader.node != ANY)) {
    giveUp();
    return;
  }
  setKind(level, object);
  reader.depth = level + 1;
  reader.mode = object ? Mode.KEY_OR_END : Mode.VALUE_OR_END;
  if (level >= DEPTH_MAX) return;
  const frame = frameIn(level);
  frame.node = reader.node;
  frame.count = 0;
  frame.seen = 0;
  frame.nameStart = reader.pathSize;
  frame.isObject = object ? 1 : 0;
}

/** What an array's next element has to be. */
function beginElement(): void {
  reader.node = ANY;
  if (reader.depth > DEPTH_MAX) return;
  const frame = frameIn(reader.depth - 1);
  frame.count++;
  if (frame.node == ANY) return;
  const items = nodeIn(frame.node).items;
  if (items == NONE) refuse();
  else reader.node = items;
}

/** Takes the first missing field's name as that of the object's current field, so that the fault stands there. */
function noteMissing(node: Node, missing: u64, frame: Frame): void {
  /* Once: a heap of empty objects must not look through all fields each time. */
  if (reader.faults & (1 << (<u32>Fault.MISSING))) return;
  for (let i: u32 = 0; i < node.fieldCount; i++) {
    const field = fieldIn(node.fields + i);
    if (field.bit >= 64 || !((missing >> <u64>field.bit) & 1)) continue;
    setName(frame, names + <usize>field.name, field.nameSize);
    break;
  }
  note(Fault.MISSING, reader.depth);
}

/** Closes an object or array: what it lacks is known. */
function ascend(): void {
  const level = reader.depth - 1;
  if (level < DEPTH_MAX) {
    const frame = frameIn(level);
    if (frame.node != ANY) {
      const node = nodeIn(frame.node);
      const missing = frame.isObject ? node.required & ~frame.seen : 0;
      if (missing) noteMissing(node, missing, frame);
      reader.pathSize = frame.nameStart;
      const least = frame.isObject ? node.fieldsLeast : node.itemsLeast;
      const most = frame.isObject ? node.fieldsMost : node.itemsMost;
      if (frame.count < least || frame.count > most) note(Fault.INVALID, level);
    }
    reader.pathSize = frame.nameStart;
  }
  reader.depth = level;
  reader.mode = level ? Mode.AFTER : Mode.DONE;
}

/** Names the current field of an object. */
function setName(frame: Frame, at: usize, size: u32): void {
  const start = frame.nameStart;
  const room = PATH_BYTES_MAX - start;
  if (size > room) size = room;
  if (size) copyBytes(changetype<usize>(reader) + PATH_AT + <usize>start, at, size);
  reader.pathSize = start + size;
}

/** @returns the row of the field with the key that was read, null where the node lists none */
function fieldOf(node: Node): Field {
  if (reader.keyCut) return changetype<Field>(0);
  const key = changetype<usize>(reader) + KEY_AT;
  const hash = hashWord(key, reader.keySize);
  let low: u32 = 0;
  let high = node.fieldCount;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fieldIn(node.fields + middle).hash < hash) low = middle + 1;
    else high = middle;
  }
  for (; low < node.fieldCount; low++) {
    const field = fieldIn(node.fields + low);
    if (field.hash != hash) break;
    if (field.nameSize == reader.keySize && sameBytes(names + <usize>field.name, key, reader.keySize)) return field;
  }
  return changetype<Field>(0);
}

/** A key is complete: what its value has to be is known. */
function endKey(): void {
  reader.mode = Mode.COLON;
  reader.node = ANY;
  if (reader.depth > DEPTH_MAX) return;
  const frame = frameIn(reader.depth - 1);
  frame.count++;
  setName(frame, changetype<usize>(reader) + KEY_AT, reader.keySize);
  if (frame.node == ANY) return;
  const node = nodeIn(frame.node);
  const field = fieldOf(node);
  if (field && field.bit < 64) frame.seen |= (<u64>1) << (<u64>field.bit);
  const next = field ? field.node : node.others;
  if (next == NONE) note(Fault.UNDEFINED, reader.depth);
  else reader.node = next;
}

/** Hands on bytes of a text without escapes. */
function textPiece(at: usize, size: u32): void {
  if (!size) return;
  if (reader.mode != <u32>Mode.KEY_TEXT) {
    textFeed(textState(), reader.node, at, size);
    return;
  }
  const room = NAME_BYTES_MAX - reader.keySize;
  if (size > room) {
    reader.keyCut = 1;
    size = room;
  }
  if (!size) return;
  copyBytes(changetype<usize>(reader) + KEY_AT + <usize>reader.keySize, at, size);
  reader.keySize += size;
}

/** An escape gave characters: their bytes and number. */
function textBytes(state: TextState): void {
  textPiece(changetype<usize>(state) + offsetof<TextState>("out"), state.outSize);
}

function endText(): void {
  const state = textState();
  textFlush(state);
  textBytes(state);
  if (reader.mode == <u32>Mode.KEY_TEXT) {
    endKey();
    return;
  }
  if (reader.node != ANY && !textFits(state, nodeIn(reader.node))) refuse();
  endValue();
}

function endValue(): void {
  reader.mode = reader.depth ? Mode.AFTER : Mode.DONE;
}

/** Reads on inside a text. @returns where reading goes on */
function feedText(at: usize, end: usize): usize {
  const state = textState();
  if (state.escape) {
    if (!textEscape(state, load<u8>(at))) giveUp();
    else textBytes(state);
    return at + 1;
  }
  const from = at;
  let c: u32 = 0x20;
  while (at < end) {
    c = <u32>load<u8>(at);
    if (c == 0x22 || c == 0x5c || c < 0x20) break;
    at++;
  }
  if (at > from) {
    textFlush(state);
    textBytes(state);
    textPiece(from, <u32>(at - from));
  }
  if (at == end) return end;
  if (c == 0x22) endText();
  else if (c == 0x5c) state.escape = 1;
  else giveUp();
  return at + 1;
}

/** The bytes of true, false and null, one after another. */
const WORDS: usize = memory.data<u8>([0x74, 0x72, 0x75, 0x65, 0x66, 0x61, 0x6c, 0x73, 0x65, 0x6e, 0x75, 0x6c, 0x6c]);

function beginWord(c: u32): void {
  reader.mode = Mode.WORD;
  reader.wordFirst = c == 0x74 ? 0 : c == 0x66 ? 4 : 9;
  reader.wordSize = 1;
}

function feedWord(c: u32): void {
  const first = reader.wordFirst;
  if (c != <u32>load<u8>(WORDS + <usize>(first + reader.wordSize))) {
    giveUp();
    return;
  }
  reader.wordSize++;
  if (reader.wordSize < (first == 4 ? <u32>5 : <u32>4)) return;
  isA(first == 0 ? Type.TRUE : first == 4 ? Type.FALSE : Type.NULL);
  endValue();
}

function endNumber(): void {
  const state = numberState();
  if (!numberIsWhole(state)) {
    giveUp();
    return;
  }
  if (isA(Type.NUMBER)) {
    const node = nodeIn(reader.node);
    let fits: bool = !node.numberCount;
    for (let i: u32 = 0; i < node.numberCount && !fits; i++) fits = numberFits(state, numberIn(node.numbers + i));
    if (!fits) refuse();
  }
  endValue();
}

/** The first byte of a value. @returns false for one that no value begins with */
function feedValue(c: u32): bool {
  if (c == 0x5d && reader.mode == <u32>Mode.VALUE_OR_END) {
    ascend();
    return true;
  }
  if (reader.mode == <u32>Mode.VALUE_OR_END) beginElement();
  if (c == 0x7b || c == 0x5b) {
    descend(c == 0x7b);
    return true;
  }
  if (c == 0x22) {
    isA(Type.TEXT);
    reader.mode = Mode.TEXT;
    textBegin(textState(), reader.node);
    return true;
  }
  if (c == 0x74 || c == 0x66 || c == 0x6e) {
    beginWord(c);
    return true;
  }
  numberBegin(numberState());
  reader.mode = Mode.NUMBER;
  return numberFeed(numberState(), c);
}

/** A byte between values. @returns false where the grammar has none such */
function feedStructure(c: u32): bool {
  switch (reader.mode) {
    case Mode.VALUE:
    case Mode.VALUE_OR_END:
      return feedValue(c);
    case Mode.KEY_OR_END:
    case Mode.KEY:
      if (c == 0x7d && reader.mode == <u32>Mode.KEY_OR_END) {
        ascend();
        return true;
      }
      reader.mode = Mode.KEY_TEXT;
      reader.keySize = 0;
      reader.keyCut = 0;
      textBegin(textState(), ANY);
      return c == 0x22;
    case Mode.COLON:
      reader.mode = Mode.VALUE;
      return c == 0x3a;
    case Mode.AFTER: {
      const object = isObjectAt(reader.depth - 1);
      if (c == 0x2c) {
        reader.mode = object ? Mode.KEY : Mode.VALUE;
        if (!object) beginElement();
        return true;
      }
      if (c != (object ? <u32>0x7d : <u32>0x5d)) return false;
      ascend();
      return true;
    }
    default:
      return false;
  }
}

/** The bytes of a byte order mark, which some senders write. */
const MARK: usize = memory.data<u8>([0xef, 0xbb, 0xbf]);

function feedStart(c: u32): void {
  if (reader.mark < 3 && c == <u32>load<u8>(MARK + <usize>reader.mark)) {
    reader.mark++;
    return;
  }
  if (reader.mark == 1 || reader.mark == 2) {
    giveUp();
    return;
  }
  /* White space ends nothing here, so that a body of it is an empty one. */
  reader.mark = 4;
  if (isBlank(c)) return;
  reader.mode = Mode.VALUE;
  if (!feedValue(c)) giveUp();
}

/** White space of JSON, which has fewer sorts of it than others. */
function isBlank(c: u32): bool {
  return isSpace(c) && c != 0x0b && c != 0x0c;
}

/** Reads the next bytes of the body. */
export function readerFeed(at: usize, size: u32): void {
  const end = at + <usize>size;
  while (at < end && reader.mode != <u32>Mode.OVER) {
    if (reader.mode == <u32>Mode.TEXT || reader.mode == <u32>Mode.KEY_TEXT) {
      at = feedText(at, end);
      continue;
    }
    const c = <u32>load<u8>(at);
    if (reader.mode == <u32>Mode.NUMBER) {
      if (numberFeed(numberState(), c)) {
        at++;
        continue;
      }
      endNumber();
      if (reader.mode == <u32>Mode.OVER) return;
    }
    at++;
    if (reader.mode == <u32>Mode.START) feedStart(c);
    else if (reader.mode == <u32>Mode.WORD) feedWord(c);
    else if (!isBlank(c) && !feedStructure(c)) giveUp();
  }
}

/** The body is complete. @param isAll whether all of it was looked at: else nobody knows how it ends */
export function readerEnd(isAll: bool): void {
  if (!isAll || reader.mode == <u32>Mode.OVER) return;
  if (reader.mode == <u32>Mode.NUMBER && !reader.depth) endNumber();
  if (reader.mode == <u32>Mode.START) {
    const isCut = reader.mark == 1 || reader.mark == 2;
    if (bodyIn(reader.body).required || isCut) giveUp();
  } else if (reader.mode != <u32>Mode.DONE) giveUp();
  reader.mode = Mode.OVER;
}

/** Takes a fault that was not told yet. @returns its kind, or NONE */
export function faultTake(): u32 {
  const open = reader.faults & ~reader.told;
  if (!open) return NONE;
  const fault = ctz(open);
  reader.told |= (<u32>1) << fault;
  return fault;
}

/** The way to a fault that was taken, a level at a time: a name, an element, or its end. */
export enum Way {
  END = 0,
  NAME = 1,
  ELEMENT = 2,
}

/** Name of the level read last. */
export let wayNameAt: usize = 0;
export let wayNameSize: u32 = 0;
/** Where the next level stands. */
export let wayNext: u32 = 0;

/** Reads the level at `from`, 0 for the first. @returns what it is */
export function wayLevel(fault: u32, from: u32): Way {
  const at = faultAt(fault);
  if (from >= load<u32>(at)) return Way.END;
  const size = <u32>load<u8>(at + 4 + <usize>from);
  wayNameAt = at + 5 + <usize>from;
  wayNameSize = size == ELEMENT ? 0 : size;
  wayNext = from + 1 + wayNameSize;
  return size == ELEMENT ? Way.ELEMENT : Way.NAME;
}
