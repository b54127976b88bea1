/**
 * Where a value was found: a stack of segments that decoders push and pop while they walk a transaction. It becomes
 * text only when a match or a trace asks for it.
 */
import { POINT_TEXT_BYTES_MAX, SEGMENTS_MAX } from "../abi/limits";
import { writeLiteral } from "../bytes/ascii";

/** What kind of place a value was found in; detectors weigh the same bytes differently by place. */
export enum Place {
  METHOD = 0,
  PATH = 1,
  QUERY_NAME = 2,
  QUERY = 3,
  HEADER = 4,
  COOKIE_NAME = 5,
  COOKIE = 6,
  REFERER = 7,
  FORM_NAME = 8,
  FORM = 9,
  PART_NAME = 10,
  FILENAME = 11,
  PART_HEADER = 12,
  PART = 13,
  JSON_KEY = 14,
  JSON = 15,
  BODY = 16,
  TRAILER = 17,
  AUTHORITY = 18,
  RESPONSE = 19,
  USER_AGENT = 20,
  FRAGMENT = 21,
  /** Where a compressed stream outgrew its bounds. */
  BOMB = 22,
  /** Text between the tags of an XML document. */
  XML = 23,
  XML_ATTR = 24,
  /** Declarations of an XML document, and odd names. */
  XML_MARKUP = 25,
  /** Comments and processing instructions. */
  XML_COMMENT = 26,
}

/** The fixed words of point names. */
export enum Word {
  METHOD = 0,
  PATH = 1,
  QUERY = 2,
  HEADER = 3,
  COOKIE = 4,
  POST = 5,
  FORM = 6,
  MULTIPART = 7,
  JSON_DOC = 8,
  HASH = 9,
  ARRAY = 10,
  FILENAME = 11,
  POLLUTION = 12,
  URI = 13,
  AUTHORITY = 14,
  TRAILER = 15,
  ACTION_NAME = 16,
  ACTION_EXT = 17,
  RESPONSE = 18,
  BODY = 19,
  FRAGMENT = 20,
  KEY = 21,
  GZIP = 22,
  GRPC = 23,
  PROTOBUF = 24,
  JWT = 25,
  PAYLOAD = 26,
  PHP_SERIALIZED = 27,
  XML = 28,
  XML_TAG = 29,
  XML_ATTR = 30,
  XML_COMMENT = 31,
  XML_PI = 32,
  XML_DTD = 33,
  XML_DTD_ENTITY = 34,
  GQL = 35,
}

/** The words as text, in the order of `Word`. */
const WORDS: StaticArray<string> = [
  "method",
  "path",
  "query",
  "header",
  "cookie",
  "post",
  "form_urlencoded",
  "multipart",
  "json_doc",
  "hash",
  "array",
  "filename",
  "pollution",
  "uri",
  "authority",
  "trailer",
  "action_name",
  "action_ext",
  "response",
  "body",
  "fragment",
  "key",
  "gzip",
  "grpc",
  "protobuf",
  "jwt",
  "payload",
  "php_serialized",
  "xml",
  "xml_tag",
  "xml_attr",
  "xml_comment",
  "xml_pi",
  "xml_dtd",
  "xml_dtd_entity",
  "gql",
];

function wordText(word: u32): string {
  return unchecked(WORDS[word]);
}

/** Segment kinds above every `Word`: bytes of a name, as they are or in upper case (headers); a way in a document. */
const NAME: u32 = 64;
const NAME_UPPER: u32 = 65;
const DOCUMENT: u32 = 66;

/** Formats of documents whose parsers spell out the way to a value. */
export enum Format {
  JSON = 0,
  XML = 1,
}

/** One segment. */
@unmanaged
class Segment {
  kind: u32;
  at: usize;
  size: u32;
}

const SEGMENT_BYTES: u32 = 12;
const stack: usize = memory.data(SEGMENTS_MAX * SEGMENT_BYTES, 16);
/** The stack with ways in documents spelt out; made only when a point's name is asked for. */
const flat: usize = memory.data(SEGMENTS_MAX * SEGMENT_BYTES, 16);
let depth: u32 = 0;
let flatDepth: u32 = 0;

function segment(room: usize, index: u32): Segment {
  return changetype<Segment>(room + <usize>(index * SEGMENT_BYTES));
}

function push(kind: u32, at: usize, size: u32): void {
  if (depth < SEGMENTS_MAX) {
    const next = segment(stack, depth);
    next.kind = kind;
    next.at = at;
    next.size = size;
  }
  depth++;
}

function pushFlat(kind: u32, at: usize, size: u32): void {
  if (flatDepth == SEGMENTS_MAX) return;
  const next = segment(flat, flatDepth++);
  next.kind = kind;
  next.at = at;
  next.size = size;
}

/** Segments pushed and not popped; give it to `pointTruncate` to go back. */
export function pointDepth(): u32 {
  return depth;
}

/** Pops segments until `to` are left. */
export function pointTruncate(to: u32): void {
  depth = to;
}

/** Pushes one of the fixed words. */
export function pushWord(word: Word): void {
  push(<u32>word, 0, 0);
}

/** Pushes a name; the bytes must stay where they are until the segment is popped. */
export function pushName(at: usize, size: u32): void {
  push(NAME, at, size);
}

/** Like `pushName`, shown in upper case as header names are. */
export function pushHeaderName(at: usize, size: u32): void {
  push(NAME_UPPER, at, size);
}

/** Pushes the way to the current value of a document; its parser's state spells it out when asked. */
export function pushDocument(state: usize, format: Format): void {
  push(DOCUMENT, state, <u32>format);
}

/** For a document's parser that spells its way out: adds a fixed word. */
export function spellWord(word: Word): void {
  pushFlat(<u32>word, 0, 0);
}

/** For a document's parser that spells its way out: adds a name. */
export function spellName(at: usize, size: u32): void {
  pushFlat(NAME, at, size);
}

let spellHook: (state: usize, format: u32) => void = spellNothing;

function spellNothing(_state: usize, _format: u32): void {}

/** Names the function that spells out a document's way; called once when the module starts. */
export function onSpell(hook: (state: usize, format: u32) => void): void {
  spellHook = hook;
}

function flatten(): void {
  flatDepth = 0;
  const count = depth < SEGMENTS_MAX ? depth : SEGMENTS_MAX;
  for (let i: u32 = 0; i < count; i++) {
    const one = segment(stack, i);
    if (one.kind == DOCUMENT) spellHook(one.at, one.size);
    else pushFlat(one.kind, one.at, one.size);
  }
}

/** The name that was found: address and size of its bytes, as they came. */
export let lastNameAt: usize = 0;
export let lastNameSize: u32 = 0;

/** Finds the innermost name segment; @returns false if the point has none */
export function findLastName(): bool {
  return findName(0);
}

/** Finds the name segment that has `inner` others inside it. @returns false if the point has fewer */
export function findName(inner: u32): bool {
  flatten();
  return nextName(inner);
}

/** Finds another name of the point that `findName` was asked about last. */
export function nextName(inner: u32): bool {
  for (let i = flatDepth; i; i--) {
    const one = segment(flat, i - 1);
    if (one.kind < NAME) continue;
    if (inner) {
      inner--;
      continue;
    }
    lastNameAt = one.at;
    lastNameSize = one.size;
    return true;
  }
  return false;
}

/** Hexadecimal digit of a nibble, lower case. */
export function hexDigit(nibble: u32): u32 {
  return nibble < 10 ? nibble + 48 : nibble + 87;
}

/**
 * Writes one byte so that text stays one line of ASCII: printable bytes as they are, `\` and the separator escaped,
 * others as `\xNN`. @returns bytes written, at most 4
 */
export function writeEscaped(to: usize, byte: u32, separator: u32): u32 {
  if (byte >= 32 && byte < 127 && byte != 0x5c && byte != separator) {
    store<u8>(to, byte);
    return 1;
  }
  store<u8>(to, 0x5c);
  if (byte == 0x5c || byte == separator) {
    store<u8>(to + 1, byte);
    return 2;
  }
  store<u8>(to + 1, 0x78);
  store<u8>(to + 2, hexDigit(byte >> 4));
  store<u8>(to + 3, hexDigit(byte & 15));
  return 4;
}

/** Writes the point's name: segments joined by dots. @returns bytes written, ≤ POINT_TEXT_BYTES_MAX */
export function writePoint(to: usize): u32 {
  flatten();
  const start = to;
  const stop = to + POINT_TEXT_BYTES_MAX - 24;
  for (let i: u32 = 0; i < flatDepth && to < stop; i++) {
    if (i) store<u8>(to++, 0x2e);
    const one = segment(flat, i);
    if (one.kind < NAME) {
      to += <usize>writeLiteral(to, wordText(one.kind));
      continue;
    }
    for (let j: u32 = 0; j < one.size && to < stop; j++) {
      let byte = <u32>load<u8>(one.at + <usize>j);
      if (one.kind == NAME_UPPER && byte - 97 < 26) byte -= 32;
      to += <usize>writeEscaped(to, byte, 0x2e);
    }
  }
  return <u32>(to - start);
}
