/** What begins with `<!` or `<?` in an XML document: comments, CDATA sections, instructions, declarations. */
import { DECLARATION_BYTES_MAX } from "../../abi/limits";
import { arenaMark, arenaRelease } from "../../bytes/arena";
import { isSpace, startsLower } from "../../bytes/ascii";
import { findByte, findEither } from "../../bytes/scan";
import { inspectValue } from "../chain";
import {
  asideAdd,
  asideBegin,
  asideEnd,
  collectAdd,
  collectBegin,
  collectEnd,
  collectGather,
  gatheredAt,
} from "../collect";
import { Decoder } from "../decoder";
import { owe } from "../fuel";
import { Format, Place, pointDepth, pointTruncate, pushDocument, pushWord, Word } from "../point";
import { declareEntity } from "./entity";
import { Mode, odd, XmlState } from "./state";
import { AMPERSAND, AMPERSAND_BYTES, addText, endText, LESS } from "./text";

/** Starts a value that ends with a mark of its own. */
export function beginAside(state: XmlState, mode: Mode, back: Mode): void {
  state.mode = <u32>mode;
  state.back = <u32>back;
  state.pending = 0;
  state.started = 1;
  asideBegin();
}

/** The byte after `<!`, in a document or in its internal subset. */
export function feedMark(state: XmlState, at: usize): usize {
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
  collectAdd(Place.XML_MARKUP, Decoder.RAW, LESS, 2);
  const isDoctype = state.back == Mode.TEXT && (c | 32) == 0x64;
  if (state.back == Mode.TEXT && (!isDoctype || state.depth)) odd(state);
  state.mode = isDoctype ? Mode.DOCTYPE : Mode.DECLARATION;
  return at;
}

/** The byte after `<!-`, or one of `CDATA[`. */
export function feedLongMark(state: XmlState, at: usize): usize {
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

/** A CDATA section's bytes join the text as they are: its ampersands are no references. */
function addSection(state: XmlState, at: usize, size: u32): void {
  const end = at + <usize>size;
  while (at < end) {
    const stop = findByte(at, end, 0x26);
    if (stop > at) addText(state, at, <u32>(stop - at));
    if (stop == end) return;
    state.references = 1;
    owe(Place.XML, AMPERSAND_BYTES - 1);
    addText(state, AMPERSAND, AMPERSAND_BYTES);
    at = stop + 1;
  }
}

function addMarked(state: XmlState, at: usize, size: u32): void {
  if (!size) return;
  if (state.mode == Mode.SECTION) {
    addSection(state, at, size);
    return;
  }
  const depth = pointDepth();
  pushDocument(changetype<usize>(state), Format.XML);
  pushWord(state.mode == Mode.COMMENT ? Word.XML_COMMENT : Word.XML_PI);
  asideAdd(Place.XML_COMMENT, Decoder.RAW, at, size);
  pointTruncate(depth);
}

/** A comment, an instruction or a CDATA section is complete. */
export function endMarked(state: XmlState): void {
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
export function feedMarked(state: XmlState, at: usize, end: usize): usize {
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

/** A declaration is complete, or a document type up to its internal subset. */
export function endDeclaration(state: XmlState, at: usize, size: u32): void {
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
export function feedDeclaration(state: XmlState, at: usize, end: usize): usize {
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
    if (c == 0x22 || c == 0x27) {
      state.quote = c;
      if (state.mode == Mode.DOCTYPE) state.skips = 1;
    }
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
export function feedSubset(state: XmlState, at: usize): usize {
  const c = <u32>load<u8>(at);
  if (state.mode == Mode.DOCTYPE_TAIL) {
    if (c == 0x3e) state.mode = Mode.TEXT;
    else if (!isSpace(c)) odd(state);
    return at + 1;
  }
  if (state.mode == Mode.SUBSET) {
    if (c == 0x25) state.skips = 1;
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
