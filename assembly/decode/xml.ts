/**
 * XML (1.0, fifth edition), read byte by byte in any number of pieces: texts with their CDATA sections, attributes,
 * comments, instructions and declarations are values. It never gives up: back ends differ in what they forgive, so what
 * no strict parser accepts is read on as the most lenient one would, and told as an anomaly. Nothing is fetched, and
 * no entity is undone beyond a few bytes.
 */
import { Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { isSpace, startsLower } from "../bytes/ascii";
import { copyBytes, zeroBytes } from "../bytes/guard";
import { asideBegin, collectBegin } from "./collect";
import { Layer } from "./layer";
import { current, reachLimit, Transaction } from "./transaction";
import {
  beginAside,
  endDeclaration,
  endMarked,
  feedDeclaration,
  feedLongMark,
  feedMark,
  feedMarked,
  feedSubset,
} from "./xml/mark";
import { Mode, odd, openElement, XML_STATE_BYTES, XmlState, xmlClear } from "./xml/state";
import { feedAttribute, feedBeforeValue, feedEndTag, feedTag, feedTagName } from "./xml/tag";
import {
  addText,
  endText,
  endValue,
  feedBareValue,
  feedReference,
  feedText,
  feedValue,
  isNameBegin,
  keepReference,
  LESS,
} from "./xml/text";

/** Bytes of the two chains that a parser of XML uses. */
const CHAINS_BYTES: u32 = <u32>(offsetof<Transaction>("rawFirst") - offsetof<Transaction>("valueFirst"));

/** Starts on a document; `state` has room for XML_STATE_BYTES. @param strict the bytes are said to be XML */
export function xmlBegin(state: XmlState, strict: bool): void {
  xmlClear(state);
  state.strict = strict ? 1 : 0;
  collectBegin();
  asideBegin();
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
  addText(state, LESS, 1);
  state.mode = Mode.TEXT;
  return at;
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
  if (state.mode == Mode.REFERENCE) keepReference(state);
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
