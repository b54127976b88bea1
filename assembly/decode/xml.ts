/**
 * XML (1.0, fifth edition), read byte by byte in any number of pieces: texts with their CDATA sections, attributes,
 * comments, instructions and declarations are values. It never gives up: back ends differ in what they forgive, so what
 * no strict parser accepts is read on as the most lenient one would, and told as an anomaly. Nothing is fetched, and
 * no entity is undone beyond a few bytes.
 */
import { DECLARATION_BYTES_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { isAlpha, isDigit, isSpace, startsLower } from "../bytes/ascii";
import { copyBytes, zeroBytes } from "../bytes/guard";
import { HASH_SEED, hashStep } from "../bytes/hash";
import { findByte, findEither } from "../bytes/scan";
import { inspectValue } from "./chain";
import {
  asideAdd,
  asideBegin,
  asideEnd,
  collectAdd,
  collectBegin,
  collectEnd,
  collectGather,
  gatheredAt,
} from "./collect";
import { Decoder } from "./decoder";
import { Layer } from "./layer";
import { Format, Place, pointDepth, pointTruncate, pushDocument, pushName, pushWord, Word } from "./point";
import { current, reachLimit, Transaction } from "./transaction";
import { declareEntity, undoReference } from "./xml-entity";
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
  openElement,
  REFERENCE_BYTES_MAX,
  referenceAt,
  XML_STATE_BYTES,
  XmlState,
  xmlClear,
} from "./xml-state";

/** Bytes of the two chains that a parser of XML uses. */
const CHAINS_BYTES: u32 = <u32>(offsetof<Transaction>("rawFirst") - offsetof<Transaction>("valueFirst"));

/** Starts on a document; `state` has room for XML_STATE_BYTES. @param strict the bytes are said to be XML */
export function xmlBegin(state: XmlState, strict: bool): void {
  xmlClear(state);
  state.strict = strict ? 1 : 0;
  collectBegin();
  asideBegin();
}

/** The text's references are undone, unless a CDATA section in it holds what only looks like one. */
function textDecoder(state: XmlState): u32 {
  return state.references && !state.sections ? Decoder.ENTITY : Decoder.RAW;
}

function addText(state: XmlState, at: usize, size: u32): void {
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
function endText(state: XmlState, at: usize, size: u32): void {
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
  state.sections = 0;
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

function endValue(state: XmlState, at: usize, size: u32): void {
  const depth = pointDepth();
  pushAttribute(state);
  collectEnd(Place.XML_ATTR, state.references ? Decoder.ENTITY : Decoder.RAW, at, size);
  pointTruncate(depth);
  collectBegin();
  state.references = 0;
  state.mode = Mode.TAG;
}

/** Reads on in a text up to the next tag. */
function feedText(state: XmlState, at: usize, end: usize): usize {
  const from = at;
  while (at < end) {
    at = state.references && !state.entities ? findByte(at, end, 0x3c) : findEither(at, end, 0x3c, 0x26);
    if (at == end) break;
    if (load<u8>(at) == 0x26) {
      state.references = 1;
      if (state.entities) {
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

function addEither(state: XmlState, at: usize, size: u32): void {
  if (state.back == Mode.VALUE) addValue(state, at, size);
  else addText(state, at, size);
}

/** Reads on in a reference's name. One that is none of the document's own stays for the decoder. */
function feedReference(state: XmlState, at: usize, end: usize): usize {
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
      if (undone) {
        if (!inValue) state.begun = 1;
        state.mode = state.back;
        return at + 1;
      }
    }
    const ampersand = memory.data<u8>([0x26]);
    addEither(state, ampersand, 1);
    addEither(state, name, state.referenceSize);
    state.mode = state.back;
    return at;
  }
  return end;
}

/** Bytes that may begin a name, as lenient parsers have it. */
function isNameBegin(c: u32): bool {
  return isAlpha(c) || c == 0x5f || c == 0x3a || c >= 0x80;
}

/** The byte after `<`. */
function feedLess(state: XmlState, at: usize): usize {
  const c = <u32>load<u8>(at);
  if (c == 0x2f) {
    endText(state, 0, 0);
    state.mode = Mode.END_TAG;
    state.nameSize = 0;
    state.differs = 0;
    return at + 1;
  }
  if (c == 0x21) {
    state.mode = Mode.MARK;
    state.back = Mode.TEXT;
    return at + 1;
  }
  if (c == 0x3f) {
    beginAside(state, Mode.INSTRUCTION, Mode.TEXT);
    return at + 1;
  }
  if (isNameBegin(c)) {
    endText(state, 0, 0);
    state.started = 1;
    state.attributes = 0;
    state.closing = 0;
    openElement(state);
    state.mode = Mode.TAG_NAME;
    return at;
  }
  odd(state);
  const less = memory.data<u8>([0x3c]);
  addText(state, less, 1);
  state.mode = Mode.TEXT;
  return at;
}

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
function feedTagName(state: XmlState, at: usize, end: usize): usize {
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
function feedTag(state: XmlState, at: usize): usize {
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

function feedAttribute(state: XmlState, at: usize, end: usize): usize {
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
function feedBeforeValue(state: XmlState, at: usize): usize {
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

function feedValue(state: XmlState, at: usize, end: usize): usize {
  const from = at;
  while (at < end) {
    at = findEither(at, end, state.quote, 0x26);
    if (at == end) break;
    if (load<u8>(at) == 0x26) {
      state.references = 1;
      if (state.entities) {
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
function feedBareValue(state: XmlState, at: usize, end: usize): usize {
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

/** Reads on in an end tag, and tells where it closes another element than the innermost. */
function feedEndTag(state: XmlState, at: usize, end: usize): usize {
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

/** Starts a value that ends with a mark of its own. */
function beginAside(state: XmlState, mode: Mode, back: Mode): void {
  state.mode = <u32>mode;
  state.back = <u32>back;
  state.pending = 0;
  state.started = 1;
  asideBegin();
}

/** The byte after `<!`, in a document or in its internal subset. */
function feedMark(state: XmlState, at: usize): usize {
  const c = <u32>load<u8>(at);
  state.matched = 0;
  state.letters = 0;
  if (c == 0x2d) {
    state.mode = Mode.COMMENT_MARK;
    return at + 1;
  }
  if (c == 0x5b && state.back == Mode.TEXT) {
    state.mode = Mode.SECTION_MARK;
    return at + 1;
  }
  if (state.back == Mode.TEXT) endText(state, 0, 0);
  state.started = 1;
  state.quote = 0;
  collectBegin();
  const mark = memory.data<u8>([0x3c, 0x21]);
  collectAdd(Place.XML_MARKUP, Decoder.RAW, mark, 2);
  const isDoctype = state.back == Mode.TEXT && (c | 32) == 0x64;
  if (state.back == Mode.TEXT && (!isDoctype || state.depth)) odd(state);
  state.mode = isDoctype ? Mode.DOCTYPE : Mode.DECLARATION;
  return at;
}

/** The byte after `<!-`, or one of `CDATA[`. */
function feedLongMark(state: XmlState, at: usize): usize {
  const c = <u32>load<u8>(at);
  if (state.mode == Mode.COMMENT_MARK) {
    if (c == 0x2d) {
      beginAside(state, Mode.COMMENT, <Mode>state.back);
      return at + 1;
    }
  } else {
    const word = memory.data<u8>([0x43, 0x44, 0x41, 0x54, 0x41, 0x5b]);
    if (c == <u32>load<u8>(word + <usize>state.matched)) {
      if (++state.matched < 6) return at + 1;
      state.mode = Mode.SECTION;
      state.back = Mode.TEXT;
      state.pending = 0;
      state.sections = 1;
      state.started = 1;
      return at + 1;
    }
  }
  /* No parser knows it: it is looked at as the declaration that it may be to a lenient one. */
  odd(state);
  if (state.back == Mode.TEXT) endText(state, 0, 0);
  state.quote = 0;
  collectBegin();
  state.mode = Mode.DECLARATION;
  return at;
}

function closerOf(mode: u32): u32 {
  return mode == Mode.COMMENT ? 0x2d : mode == Mode.SECTION ? 0x5d : 0x3f;
}

function addMarked(state: XmlState, at: usize, size: u32): void {
  if (!size) return;
  if (state.mode == Mode.SECTION) {
    addText(state, at, size);
    return;
  }
  const depth = pointDepth();
  pushDocument(changetype<usize>(state), Format.XML);
  pushWord(state.mode == Mode.COMMENT ? Word.XML_COMMENT : Word.XML_PI);
  asideAdd(Place.XML_COMMENT, Decoder.RAW, at, size);
  pointTruncate(depth);
}

function endMarked(state: XmlState): void {
  if (state.mode != Mode.SECTION) {
    const depth = pointDepth();
    pushDocument(changetype<usize>(state), Format.XML);
    pushWord(state.mode == Mode.COMMENT ? Word.XML_COMMENT : Word.XML_PI);
    asideEnd(Place.XML_COMMENT, Decoder.RAW, 0, 0);
    pointTruncate(depth);
  }
  state.mode = state.back;
  state.pending = 0;
}

/** Reads on in a comment, a CDATA section or an instruction, whose closing mark may come in pieces. */
function feedMarked(state: XmlState, at: usize, end: usize): usize {
  const closer = closerOf(state.mode);
  const needed: u32 = state.mode == Mode.INSTRUCTION ? 1 : 2;
  const marks = state.mode == Mode.COMMENT ? memory.data<u8>([0x2d, 0x2d]) : memory.data<u8>([0x5d, 0x5d]);
  const question = memory.data<u8>([0x3f]);
  const held = state.mode == Mode.INSTRUCTION ? question : marks;
  let from = at;
  while (at < end) {
    if (!state.pending) {
      at = findByte(at, end, closer);
      addMarked(state, from, <u32>(at - from));
      if (at == end) return end;
      state.pending = 1;
      at++;
      from = at;
      continue;
    }
    const c = <u32>load<u8>(at);
    if (c == closer) {
      if (state.pending < needed) state.pending++;
      else addMarked(state, held, 1);
      at++;
      from = at;
      continue;
    }
    if (c == 0x3e && state.pending == needed) {
      endMarked(state);
      return at + 1;
    }
    addMarked(state, held, state.pending);
    state.pending = 0;
    from = at;
  }
  return end;
}

function pushDeclaration(state: XmlState, isEntity: bool): void {
  pushDocument(changetype<usize>(state), Format.XML);
  pushWord(isEntity ? Word.XML_DTD_ENTITY : Word.XML_DTD);
}

function addDeclaration(state: XmlState, at: usize, size: u32): void {
  const depth = pointDepth();
  pushDeclaration(state, isEntity(state));
  collectAdd(Place.XML_MARKUP, Decoder.RAW, at, size);
  pointTruncate(depth);
}

/** Whether the declaration is one of an entity: its name begins with EN. */
function isEntity(state: XmlState): bool {
  return state.mode == Mode.DECLARATION && state.letters == 0x656e;
}

/** Looks at the quoted strings of an entity's declaration one by one: addresses, and values of entities. */
function lookAtStrings(at: usize, end: usize): void {
  while (at < end) {
    at = findEither(at, end, 0x22, 0x27);
    if (at == end) return;
    const stop = findByte(at + 1, end, load<u8>(at));
    inspectValue(Place.XML_MARKUP, Decoder.RAW, at + 1, <u32>(stop - at) - 1, 0);
    at = stop + 1;
  }
}

function endDeclaration(state: XmlState, at: usize, size: u32): void {
  const depth = pointDepth();
  const entity = isEntity(state);
  pushDeclaration(state, entity);
  if (entity) {
    const mark = arenaMark();
    const kept = collectGather(at, size, DECLARATION_BYTES_MAX);
    const end = gatheredAt + <usize>kept;
    if (kept > 8 && startsLower(gatheredAt, kept, "<!entity")) {
      declareEntity(state, gatheredAt + 8, end);
      lookAtStrings(gatheredAt + 8, end);
    }
    arenaRelease(mark);
  }
  collectEnd(Place.XML_MARKUP, Decoder.RAW, at, size);
  pointTruncate(depth);
  collectBegin();
}

/** Reads on in `<!DOCTYPE` or in a declaration, past quoted strings. */
function feedDeclaration(state: XmlState, at: usize, end: usize): usize {
  const from = at;
  while (at < end) {
    if (state.quote) {
      at = findByte(at, end, state.quote);
      if (at == end) break;
      state.quote = 0;
      at++;
      continue;
    }
    const c = <u32>load<u8>(at);
    if (state.matched < 2) {
      state.letters = (state.letters << 8) | (c | 32);
      state.matched++;
    }
    if (c == 0x22 || c == 0x27) state.quote = c;
    const opens = c == 0x5b && state.mode == Mode.DOCTYPE;
    if (c == 0x3e || opens) {
      endDeclaration(state, from, <u32>(at - from));
      state.mode = opens ? Mode.SUBSET : state.mode == Mode.DOCTYPE ? Mode.TEXT : state.back;
      return at + 1;
    }
    at++;
  }
  addDeclaration(state, from, <u32>(end - from));
  return end;
}

/** One byte between the declarations of an internal subset, or behind it. */
function feedSubset(state: XmlState, at: usize): usize {
  const c = <u32>load<u8>(at);
  if (state.mode == Mode.DOCTYPE_TAIL) {
    if (c == 0x3e) state.mode = Mode.TEXT;
    else if (!isSpace(c)) odd(state);
    return at + 1;
  }
  if (state.mode == Mode.SUBSET) {
    if (c == 0x5d) state.mode = Mode.DOCTYPE_TAIL;
    else if (c == 0x3c) state.mode = Mode.SUBSET_LESS;
    return at + 1;
  }
  state.back = Mode.SUBSET;
  if (c == 0x3f) beginAside(state, Mode.INSTRUCTION, Mode.SUBSET);
  else if (c == 0x21) state.mode = Mode.MARK;
  else {
    odd(state);
    state.mode = Mode.SUBSET;
    return at;
  }
  return at + 1;
}

/** Reads the next bytes of the mode that the state is in. @returns where reading goes on */
function feedMode(state: XmlState, at: usize, end: usize): usize {
  switch (state.mode) {
    case Mode.TEXT:
      return feedText(state, at, end);
    case Mode.LESS:
      return feedLess(state, at);
    case Mode.TAG_NAME:
      return feedTagName(state, at, end);
    case Mode.TAG:
      return feedTag(state, at);
    case Mode.ATTRIBUTE:
      return feedAttribute(state, at, end);
    case Mode.AFTER_ATTRIBUTE:
    case Mode.VALUE_DUE:
      return feedBeforeValue(state, at);
    case Mode.VALUE:
      return feedValue(state, at, end);
    case Mode.VALUE_BARE:
      return feedBareValue(state, at, end);
    case Mode.END_TAG:
      return feedEndTag(state, at, end);
    case Mode.MARK:
      return feedMark(state, at);
    case Mode.COMMENT_MARK:
    case Mode.SECTION_MARK:
      return feedLongMark(state, at);
    case Mode.COMMENT:
    case Mode.SECTION:
    case Mode.INSTRUCTION:
      return feedMarked(state, at, end);
    case Mode.DOCTYPE:
    case Mode.DECLARATION:
      return feedDeclaration(state, at, end);
    case Mode.REFERENCE:
      return feedReference(state, at, end);
    default:
      return feedSubset(state, at);
  }
}

/** Reads the next piece. */
export function xmlFeed(state: XmlState, at: usize, size: u32): void {
  const end = at + <usize>size;
  while (at < end) at = feedMode(state, at, end);
}

/** Ends what the last mode left open: a value is looked at as far as it came. */
function endOpen(state: XmlState): void {
  if (state.mode == Mode.REFERENCE) {
    const ampersand = memory.data<u8>([0x26]);
    addEither(state, ampersand, 1);
    addEither(state, referenceAt(state), state.referenceSize);
    state.mode = state.back;
  }
  switch (state.mode) {
    case Mode.VALUE:
    case Mode.VALUE_BARE:
      endValue(state, 0, 0);
      return;
    case Mode.COMMENT:
    case Mode.INSTRUCTION:
    case Mode.SECTION:
      /* What is left of a closing mark is none, and nothing that an attack needs. */
      endMarked(state);
      return;
    case Mode.DOCTYPE:
    case Mode.DECLARATION:
      endDeclaration(state, 0, 0);
      return;
    default:
      return;
  }
}

/** Ends the document. */
export function xmlEnd(state: XmlState): void {
  const whole = state.mode == Mode.TEXT && !state.depth && state.started != 0;
  endOpen(state);
  endText(state, 0, 0);
  if (!whole) odd(state);
}

/** Whether the bytes begin like an XML document: a declaration, or a document type other than HTML's. */
function looksLikeXml(at: usize, end: usize): bool {
  if (end - at > 3 && load<u8>(at) == 0xef && load<u8>(at + 1) == 0xbb && load<u8>(at + 2) == 0xbf) at += 3;
  while (at < end && isSpace(load<u8>(at))) at++;
  const size = <u32>(end - at);
  if (startsLower(at, size, "<?xml")) return true;
  return startsLower(at, size, "<!doctype") && !startsLower(at, size, "<!doctype html");
}

/**
 * XML as a value: a document in a parameter, a part of a multipart body, a leaf of another document. Its leaves are
 * looked at one by one, with the outer value's work budget; the value itself is looked at all the same.
 * @returns whether the layer begins like one
 */
export function nestedXml(layer: Layer): bool {
  if (!looksLikeXml(layer.at, layer.at + <usize>layer.size)) return false;
  const mark = arenaMark();
  const room = arenaAlloc(XML_STATE_BYTES + CHAINS_BYTES);
  if (!room) {
    reachLimit(Limit.MEMORY);
    return false;
  }
  /* The outer parser may be in the middle of its own values: their chains are set aside. */
  const chains = changetype<usize>(current) + offsetof<Transaction>("valueFirst");
  const kept = room + <usize>XML_STATE_BYTES;
  copyBytes(kept, chains, CHAINS_BYTES);
  zeroBytes(chains, CHAINS_BYTES);
  const state = changetype<XmlState>(room);
  xmlBegin(state, false);
  xmlFeed(state, layer.at, layer.size);
  xmlEnd(state);
  collectBegin();
  asideBegin();
  copyBytes(chains, kept, CHAINS_BYTES);
  arenaRelease(mark);
  return true;
}
