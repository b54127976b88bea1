/** Texts of an XML document and values of its attributes: up to the next tag, up to the closing quote. */
import { isAlpha, isSpace } from "../../bytes/ascii";
import { findByte, findEither } from "../../bytes/scan";
import { collectAdd, collectBegin, collectEnd } from "../collect";
import { Decoder } from "../decoder";
import { stepEntity } from "../entity";
import { Format, Place, pointDepth, pointTruncate, pushDocument, pushName, pushWord, Word } from "../point";
import { stepRead } from "../step";
import { undoReference } from "./entity";
import { attributeAt, Mode, REFERENCE_BYTES_MAX, readsReferences, referenceAt, XmlState } from "./state";

/** Bytes that may begin a name, as lenient parsers have it. */
export function isNameBegin(c: u32): bool {
  return isAlpha(c) || c == 0x5f || c == 0x3a || c >= 0x80;
}

/** Bytes that a value gets without having them: they came in another piece, or stand for others. */
export const LESS: usize = memory.data<u8>([0x3c, 0x21]);
export const AMPERSAND: usize = memory.data<u8>([0x26, 0x61, 0x6d, 0x70, 0x3b]);
export const AMPERSAND_BYTES: u32 = 5;

function textDecoder(state: XmlState): u32 {
  return state.references ? Decoder.ENTITY : Decoder.RAW;
}

/** Adds a piece of the text; white space in front of it is none. */
export function addText(state: XmlState, at: usize, size: u32): void {
  if (!state.begun) {
    while (size && isSpace(load<u8>(at))) {
      at++;
      size--;
    }
    if (!size) return;
    state.begun = 1;
  }
  const depth = pointDepth();
  pushDocument(changetype<usize>(state), Format.XML);
  collectAdd(Place.XML, textDecoder(state), at, size);
  pointTruncate(depth);
}

/** The text before a tag is complete; white space alone is none. */
export function endText(state: XmlState, at: usize, size: u32): void {
  if (!state.begun) {
    while (size && isSpace(load<u8>(at))) {
      at++;
      size--;
    }
  }
  if (state.begun || size) {
    const depth = pointDepth();
    pushDocument(changetype<usize>(state), Format.XML);
    collectEnd(Place.XML, textDecoder(state), at, size);
    pointTruncate(depth);
    collectBegin();
  }
  state.begun = 0;
  state.references = 0;
}

function pushAttribute(state: XmlState): void {
  pushDocument(changetype<usize>(state), Format.XML);
  pushWord(Word.XML_ATTR);
  if (state.attributeSize) pushName(attributeAt(state), state.attributeSize);
}

function addValue(state: XmlState, at: usize, size: u32): void {
  const depth = pointDepth();
  pushAttribute(state);
  collectAdd(Place.XML_ATTR, state.references ? Decoder.ENTITY : Decoder.RAW, at, size);
  pointTruncate(depth);
}

/** The attribute's value is complete. */
export function endValue(state: XmlState, at: usize, size: u32): void {
  const depth = pointDepth();
  pushAttribute(state);
  collectEnd(Place.XML_ATTR, state.references ? Decoder.ENTITY : Decoder.RAW, at, size);
  pointTruncate(depth);
  collectBegin();
  state.references = 0;
  state.mode = Mode.TAG;
}

/** Reads on in a text up to the next tag. */
export function feedText(state: XmlState, at: usize, end: usize): usize {
  const from = at;
  while (at < end) {
    at = state.references && !readsReferences(state) ? findByte(at, end, 0x3c) : findEither(at, end, 0x3c, 0x26);
    if (at == end) break;
    if (load<u8>(at) == 0x26) {
      state.references = 1;
      if (readsReferences(state)) {
        addText(state, from, <u32>(at - from));
        return beginReference(state, at);
      }
      at++;
      continue;
    }
    /* Where the next byte is here it says whether the text ends; else it is kept until then. */
    const next = at + 1 < end ? <u32>load<u8>(at + 1) : 0;
    if (next == 0x2f || isNameBegin(next)) endText(state, from, <u32>(at - from));
    else addText(state, from, <u32>(at - from));
    state.mode = Mode.LESS;
    return at + 1;
  }
  addText(state, from, <u32>(end - from));
  return end;
}

function beginReference(state: XmlState, at: usize): usize {
  state.back = state.mode;
  state.mode = Mode.REFERENCE;
  state.referenceSize = 0;
  return at + 1;
}

/** The reference is none of the document's own and stays in the value. */
export function keepReference(state: XmlState): void {
  const at = referenceAt(state) - 1;
  store<u8>(at, 0x26);
  if (state.back == Mode.VALUE) addValue(state, at, state.referenceSize + 1);
  else addText(state, at, state.referenceSize + 1);
  state.mode = state.back;
}

/** Whether parsers would leave the reference out: its entity may be declared where they do not look. */
function isSkipped(state: XmlState): bool {
  if (!state.skips) return false;
  const name = referenceAt(state);
  const end = name + <usize>state.referenceSize;
  store<u8>(name - 1, 0x26);
  store<u8>(end, 0x3b);
  stepEntity(name - 1, end + 1);
  return stepRead == 1;
}

/** Reads on in a reference's name. One that is none of the document's own stays for the decoder. */
export function feedReference(state: XmlState, at: usize, end: usize): usize {
  const name = referenceAt(state);
  while (at < end) {
    const c = <u32>load<u8>(at);
    const inName = c != 0x3b && c != 0x26 && c != 0x3c && c != state.quote && !isSpace(c);
    if (inName && state.referenceSize < REFERENCE_BYTES_MAX) {
      store<u8>(name + <usize>state.referenceSize, <u8>c);
      state.referenceSize++;
      at++;
      continue;
    }
    if (c == 0x3b) {
      const depth = pointDepth();
      const inValue = state.back == Mode.VALUE;
      if (inValue) pushAttribute(state);
      else pushDocument(changetype<usize>(state), Format.XML);
      const where = inValue ? Place.XML_ATTR : Place.XML;
      const decoder = inValue ? Decoder.ENTITY : textDecoder(state);
      const undone = undoReference(state, name, state.referenceSize, where, decoder);
      pointTruncate(depth);
      if (undone || isSkipped(state)) {
        if (!inValue && undone) state.begun = 1;
        state.mode = state.back;
        return at + 1;
      }
    }
    keepReference(state);
    return at;
  }
  return end;
}

/** Reads on in a value up to its quote. */
export function feedValue(state: XmlState, at: usize, end: usize): usize {
  const from = at;
  while (at < end) {
    at = findEither(at, end, state.quote, 0x26);
    if (at == end) break;
    if (load<u8>(at) == 0x26) {
      state.references = 1;
      if (readsReferences(state)) {
        addValue(state, from, <u32>(at - from));
        return beginReference(state, at);
      }
      at++;
      continue;
    }
    endValue(state, from, <u32>(at - from));
    return at + 1;
  }
  addValue(state, from, <u32>(end - from));
  return end;
}

/** A value without quotes, as HTML has it. */
export function feedBareValue(state: XmlState, at: usize, end: usize): usize {
  const from = at;
  state.references = 1;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (isSpace(c) || c == 0x3e) {
      endValue(state, from, <u32>(at - from));
      return at;
    }
    at++;
  }
  addValue(state, from, <u32>(end - from));
  return end;
}
