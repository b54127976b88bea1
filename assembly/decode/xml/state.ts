/** Where an XML parser stands: its mode, the names on the way to the current element, the current attribute's name. */
import { DEPTH_MAX, ENTITIES_MAX, ENTITY_BYTES_MAX, NAME_BYTES_MAX, PATH_BYTES_MAX } from "../../abi/limits";
import { Anomaly, Limit } from "../../abi/status";
import { copyBytes, zeroBytes } from "../../bytes/guard";
import { spellName, spellWord, Word } from "../point";
import { noteAnomaly, reachLimit } from "../transaction";

/** What the next byte belongs to. */
export enum Mode {
  TEXT = 0,
  /** After `<`. */
  LESS = 1,
  TAG_NAME = 2,
  /** Inside a tag, between attributes. */
  TAG = 3,
  ATTRIBUTE = 4,
  AFTER_ATTRIBUTE = 5,
  VALUE_DUE = 6,
  VALUE = 7,
  VALUE_BARE = 8,
  END_TAG = 9,
  /** After `<!`. */
  MARK = 10,
  /** After `<!-`, `<![CDATA`. */
  COMMENT_MARK = 11,
  SECTION_MARK = 12,
  COMMENT = 13,
  SECTION = 14,
  INSTRUCTION = 15,
  /** In `<!DOCTYPE` before its internal subset. */
  DOCTYPE = 16,
  SUBSET = 17,
  SUBSET_LESS = 18,
  DECLARATION = 19,
  /** After the internal subset. */
  DOCTYPE_TAIL = 20,
  REFERENCE = 21,
}

/** The state proper; what follows it in memory is told by the constants below. */
@unmanaged
export class XmlState {
  mode: u32;
  /** Mode to go back to behind a reference, a comment or an instruction. */
  back: u32;
  depth: u32;
  /** Bytes of all names on the way. */
  pathSize: u32;
  /** Bytes of the current tag's name, or of an end tag's name that were alike so far. */
  nameSize: u32;
  attributeSize: u32;
  attributes: u32;
  /** The tag ends with `/`. */
  closing: u32;
  quote: u32;
  /** The value holds references. */
  references: u32;
  /** The text began: a byte that is no white space came. */
  begun: u32;
  /** Bytes of a closing mark that came and were not given to the value. */
  pending: u32;
  /** Bytes matched of `CDATA[`; letters of a declaration's name. */
  matched: u32;
  /** First letters of the declaration's name. */
  letters: u32;
  referenceSize: u32;
  /** Declarations may stand elsewhere, so that parsers skip a reference that they cannot undo. */
  skips: u32;
  entities: u32;
  entityBytes: u32;
  expanded: u32;
  /** The bytes say that they are XML, so that what is none is odd. */
  strict: u32;
  /** Something of the document came: a tag, an instruction, a declaration. */
  started: u32;
  /** The end tag's name differs from the start tag's. */
  differs: u32;
  /** The first byte of markup came. */
  open: u32;
  /** Matches of the transaction before the body. */
  matchesBefore: u32;
}

/** Bytes of a reference's name that are held. */
export const REFERENCE_BYTES_MAX: u32 = 64;
/** Attributes of one tag that are watched for a second one of the same name. */
export const ATTRIBUTES_MAX: u32 = 16;
/** Begin and size of an entity's name and value, a half word each. */
export const ENTITY_ENTRY_BYTES: u32 = 8;

const STARTS_AT: usize = offsetof<XmlState>();
const PATH_AT: usize = STARTS_AT + <usize>(DEPTH_MAX * 2 + 2);
const ATTRIBUTE_AT: usize = PATH_AT + <usize>PATH_BYTES_MAX;
const HASHES_AT: usize = (ATTRIBUTE_AT + <usize>NAME_BYTES_MAX + 3) & ~(<usize>3);
const REFERENCE_AT: usize = HASHES_AT + <usize>(ATTRIBUTES_MAX * 4);
const ENTITIES_AT: usize = REFERENCE_AT + <usize>(REFERENCE_BYTES_MAX + 4);
const ENTITY_TEXT_AT: usize = ENTITIES_AT + <usize>(ENTITIES_MAX * ENTITY_ENTRY_BYTES);
/** Bytes of a parser's state with its tables. */
export const XML_STATE_BYTES: u32 = <u32>ENTITY_TEXT_AT + ENTITY_BYTES_MAX;

/** Clears the state; it has room for XML_STATE_BYTES. */
export function xmlClear(state: XmlState): void {
  zeroBytes(changetype<usize>(state), <u32>PATH_AT);
}

/** Where the current attribute's name is kept. */
export function attributeAt(state: XmlState): usize {
  return changetype<usize>(state) + ATTRIBUTE_AT;
}

/** Where the hashes of the current tag's attributes are kept. */
export function attributeHashes(state: XmlState): usize {
  return changetype<usize>(state) + HASHES_AT;
}

/** Where the name of the current reference is kept; a byte before and one behind are free. */
export function referenceAt(state: XmlState): usize {
  return changetype<usize>(state) + REFERENCE_AT + 1;
}

/** Whether references are read one by one, since they may be entities of the document's own. */
export function readsReferences(state: XmlState): bool {
  return state.entities > 0 || state.skips > 0;
}

/** Where the entities' entries are kept. */
export function entityEntries(state: XmlState): usize {
  return changetype<usize>(state) + ENTITIES_AT;
}

/** Where the entities' names and values are kept. */
export function entityText(state: XmlState): usize {
  return changetype<usize>(state) + ENTITY_TEXT_AT;
}

function nameStart(state: XmlState, level: u32): u32 {
  return <u32>load<u16>(changetype<usize>(state) + STARTS_AT + ((<usize>level) << 1));
}

/** Where the innermost element's name is kept, if it is. */
export function nameAt(state: XmlState): usize {
  return changetype<usize>(state) + PATH_AT + <usize>nameStart(state, state.depth - 1);
}

/** Whether the innermost element's name is kept. */
export function isNameKept(state: XmlState): bool {
  return state.depth > 0 && state.depth <= DEPTH_MAX;
}

/** Bytes kept of the innermost element's name. */
export function keptNameSize(state: XmlState): u32 {
  return state.pathSize - nameStart(state, state.depth - 1);
}

/** Opens an element whose name follows. */
export function openElement(state: XmlState): void {
  if (state.depth < DEPTH_MAX) {
    store<u16>(changetype<usize>(state) + STARTS_AT + ((<usize>state.depth) << 1), <u16>state.pathSize);
  } else reachLimit(Limit.DEPTH);
  state.depth++;
  state.nameSize = 0;
}

/** Keeps a byte of the current element's name. */
export function keepNameByte(state: XmlState, c: u32): void {
  state.nameSize++;
  if (state.depth > DEPTH_MAX) return;
  if (state.pathSize == PATH_BYTES_MAX || state.nameSize > NAME_BYTES_MAX) {
    reachLimit(Limit.NAME);
    return;
  }
  store<u8>(changetype<usize>(state) + PATH_AT + <usize>state.pathSize, <u8>c);
  state.pathSize++;
}

/** Closes the innermost element. */
export function closeElement(state: XmlState): void {
  if (!state.depth) {
    odd(state);
    return;
  }
  state.depth--;
  if (state.depth < DEPTH_MAX) state.pathSize = nameStart(state, state.depth);
}

/** Says that no XML parser, or not every one, accepts these bytes. Text that only began like XML is not odd. */
export function odd(state: XmlState): void {
  if (state.strict) noteAnomaly(Anomaly.XML);
}

/** Spells out the way to the current element, for the point's name. */
export function spellXml(stateAt: usize): void {
  const state = changetype<XmlState>(stateAt);
  spellWord(Word.XML);
  const levels = state.depth < DEPTH_MAX ? state.depth : DEPTH_MAX;
  for (let level: u32 = 0; level < levels; level++) {
    spellWord(Word.XML_TAG);
    const start = nameStart(state, level);
    const stop = level + 1 < levels ? nameStart(state, level + 1) : state.pathSize;
    if (stop > start) spellName(stateAt + PATH_AT + <usize>start, stop - start);
  }
}

/** Copies an attribute's name byte; longer names are cut. */
export function keepAttributeByte(state: XmlState, c: u32): void {
  if (state.attributeSize == NAME_BYTES_MAX) {
    reachLimit(Limit.NAME);
    return;
  }
  store<u8>(attributeAt(state) + <usize>state.attributeSize, <u8>c);
  state.attributeSize++;
}

/** Copies bytes into the entities' text. @returns false when there is no room */
export function keepEntityBytes(state: XmlState, at: usize, size: u32): bool {
  if (size > ENTITY_BYTES_MAX - state.entityBytes) return false;
  copyBytes(entityText(state) + <usize>state.entityBytes, at, size);
  state.entityBytes += size;
  return true;
}
