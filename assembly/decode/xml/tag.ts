/** Tags of an XML document: names, attributes up to their values, ends. */
import { isAlpha, isDigit, isSpace } from "../../bytes/ascii";
import { HASH_SEED, hashStep } from "../../bytes/hash";
import { inspectValue } from "../chain";
import { collectBegin } from "../collect";
import { Decoder } from "../decoder";
import { Format, Place, pointDepth, pointTruncate, pushDocument, pushWord, Word } from "../point";
import {
  ATTRIBUTES_MAX,
  attributeAt,
  attributeHashes,
  closeElement,
  isNameKept,
  keepAttributeByte,
  keepNameByte,
  keptNameSize,
  Mode,
  nameAt,
  odd,
  XmlState,
} from "./state";

/** Names of plain words are names and nothing else; others are looked at as values too. */
function isPlainName(at: usize, size: u32): bool {
  const end = at + <usize>size;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (!isAlpha(c) && !isDigit(c) && c != 0x5f && c != 0x2d && c != 0x2e && c != 0x3a && c < 0x80) return false;
  }
  return true;
}

function lookAtName(state: XmlState, word: Word, at: usize, size: u32): void {
  if (isPlainName(at, size)) return;
  odd(state);
  const depth = pointDepth();
  pushDocument(changetype<usize>(state), Format.XML);
  pushWord(word);
  inspectValue(Place.XML_MARKUP, Decoder.RAW, at, size, 0);
  pointTruncate(depth);
}

/** Reads on in a start tag's name. */
export function feedTagName(state: XmlState, at: usize, end: usize): usize {
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (isSpace(c) || c == 0x3e || c == 0x2f) {
      if (isNameKept(state)) lookAtName(state, Word.XML_TAG, nameAt(state), keptNameSize(state));
      state.mode = Mode.TAG;
      return at;
    }
    keepNameByte(state, c);
    at++;
  }
  return end;
}

/** One byte between attributes. */
export function feedTag(state: XmlState, at: usize): usize {
  const c = <u32>load<u8>(at);
  if (isSpace(c)) return at + 1;
  if (c == 0x3e) {
    if (state.closing) closeElement(state);
    state.mode = Mode.TEXT;
    return at + 1;
  }
  if (state.closing) odd(state);
  state.closing = c == 0x2f ? 1 : 0;
  if (c == 0x2f) return at + 1;
  state.attributeSize = 0;
  state.mode = Mode.ATTRIBUTE;
  keepAttributeByte(state, c);
  return at + 1;
}

/** A second attribute of the same name is odd: strict parsers refuse, lenient ones take the first or the last. */
function noteAttribute(state: XmlState): void {
  const at = attributeAt(state);
  lookAtName(state, Word.XML_ATTR, at, state.attributeSize);
  let hash = HASH_SEED;
  for (let i: u32 = 0; i < state.attributeSize; i++) hash = hashStep(hash, load<u8>(at + <usize>i));
  const hashes = attributeHashes(state);
  for (let i: u32 = 0; i < state.attributes; i++) {
    if (load<u32>(hashes + ((<usize>i) << 2)) == hash) odd(state);
  }
  if (state.attributes == ATTRIBUTES_MAX) return;
  store<u32>(hashes + ((<usize>state.attributes) << 2), hash);
  state.attributes++;
}

/** Reads on in an attribute's name. */
export function feedAttribute(state: XmlState, at: usize, end: usize): usize {
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (isSpace(c) || c == 0x3d || c == 0x3e || c == 0x2f) {
      noteAttribute(state);
      state.mode = Mode.AFTER_ATTRIBUTE;
      return at;
    }
    keepAttributeByte(state, c);
    at++;
  }
  return end;
}

/** One byte between an attribute's name and its value. */
export function feedBeforeValue(state: XmlState, at: usize): usize {
  const c = <u32>load<u8>(at);
  if (isSpace(c)) return at + 1;
  if (state.mode == Mode.AFTER_ATTRIBUTE) {
    if (c != 0x3d) odd(state);
    state.mode = c == 0x3d ? Mode.VALUE_DUE : Mode.TAG;
    return c == 0x3d ? at + 1 : at;
  }
  state.references = 0;
  state.quote = 0;
  collectBegin();
  if (c == 0x22 || c == 0x27) {
    state.quote = c;
    state.mode = Mode.VALUE;
    return at + 1;
  }
  odd(state);
  state.mode = c == 0x3e ? Mode.TAG : Mode.VALUE_BARE;
  return at;
}

/** Reads on in an end tag, and tells where it closes another element than the innermost. */
export function feedEndTag(state: XmlState, at: usize, end: usize): usize {
  const kept = isNameKept(state);
  const size = kept ? keptNameSize(state) : 0;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x3e) {
      if (state.differs || (kept && state.nameSize != size)) odd(state);
      closeElement(state);
      state.mode = Mode.TEXT;
      return at;
    }
    if (isSpace(c) || !kept) continue;
    if (state.nameSize >= size || <u32>load<u8>(nameAt(state) + <usize>state.nameSize) != c) state.differs = 1;
    state.nameSize++;
  }
  return end;
}
