/**
 * The content type of a body: it chooses the parser and decides nothing else. A type that says nothing useful leaves
 * the choice to the first bytes.
 */
import { BOUNDARY_BYTES_MAX, CODINGS_MAX } from "../abi/limits";
import { equalsLower, isAlpha, isSpace, startsLower } from "../bytes/ascii";
import { BodyKind } from "./transaction";

/** What a head announces to be around a body (RFC 9110 §8.4.1). */
export enum Coding {
  NONE = 0,
  GZIP = 1,
  DEFLATE = 2,
  /** One that is not undone here. */
  OTHER = 3,
}

/** Character sets in which text does not show to a reader of ASCII. */
export enum Charset {
  NONE = 0,
  UTF16_LOW = 1,
  UTF16_HIGH = 2,
  UTF32_LOW = 3,
  UTF32_HIGH = 4,
  UTF7 = 5,
  EBCDIC = 6,
  /** UTF-16 and UTF-32 whose first bytes tell which way round they are. */
  UTF16 = 7,
  UTF32 = 8,
}

/** How messages are framed in a body. */
export enum Framing {
  NONE = 0,
  /** gRPC over HTTP/2, gRPC-Web and Connect: a byte of flags and four of size before each message. */
  FRAMES = 1,
  /** The same in base64. */
  FRAMES_TEXT = 2,
}

/** Boundary parameter of the multipart type read last. */
export let boundaryAt: usize = 0;
export let boundarySize: u32 = 0;

/** Whether the ASCII literal occurs in the bytes, ignoring case; for short values only. */
function contains(at: usize, size: u32, literal: string): bool {
  const n = <u32>literal.length;
  for (let i: u32 = 0; i + n <= size; i++) if (startsLower(at + <usize>i, size - i, literal)) return true;
  return false;
}

/**
 * Finds `boundary=` in a multipart type. Of several the first counts, as most parsers have it.
 * @returns false when there is none that could separate parts
 */
function readBoundary(at: usize, end: usize): bool {
  while (at < end) {
    while (at < end && load<u8>(at) != 0x3b) at++;
    at++;
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at >= end) return false;
    if (!startsLower(at, <u32>(end - at), "boundary")) continue;
    at += 8;
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at == end || load<u8>(at) != 0x3d) continue;
    at++;
    while (at < end && isSpace(load<u8>(at))) at++;
    const quoted = at < end && load<u8>(at) == 0x22;
    if (quoted) at++;
    boundaryAt = at;
    while (at < end) {
      const c = <u32>load<u8>(at);
      if (quoted ? c == 0x22 : c == 0x3b || c == 0x2c || isSpace(c)) break;
      at++;
    }
    boundarySize = <u32>(at - boundaryAt);
    return boundarySize > 0 && boundarySize <= BOUNDARY_BYTES_MAX;
  }
  return false;
}

/** Whether a type is one of XML: `text/xml`, `application/soap+xml`; not Office's, which are packed. */
function isXml(at: usize, size: u32): bool {
  while (size && isSpace(load<u8>(at + <usize>(size - 1)))) size--;
  if (size > 4 && startsLower(at + <usize>(size - 3), 3, "xml") && !isAlpha(load<u8>(at + <usize>(size - 4))))
    return true;
  return contains(at, size, "/xml");
}

/** @returns which parser a Content-Type value asks for */
export function bodyKindOf(at: usize, size: u32): BodyKind {
  if (size > 1024) size = 1024;
  const end = at + <usize>size;
  while (at < end && isSpace(load<u8>(at))) at++;
  let stop = at;
  while (stop < end && load<u8>(stop) != 0x3b && load<u8>(stop) != 0x2c) stop++;
  const type = <u32>(stop - at);
  if (startsLower(at, type, "multipart/")) return readBoundary(at, end) ? BodyKind.MULTIPART : BodyKind.SNIFF;
  if (startsLower(at, type, "application/x-www-form-urlencoded")) return BodyKind.FORM;
  if (contains(at, type, "json")) return BodyKind.JSON;
  if (contains(at, type, "protobuf") || contains(at, type, "+proto")) return BodyKind.PROTOBUF;
  if (framingOf(at, type)) return BodyKind.PROTOBUF;
  /* JSON would take the first brace of a GraphQL document (GraphQL over HTTP). */
  if (contains(at, type, "/graphql")) return BodyKind.RAW;
  if (isXml(at, type)) return BodyKind.XML;
  return BodyKind.SNIFF;
}

/** @returns how a Content-Type value says that messages are framed */
export function framingOf(at: usize, size: u32): Framing {
  if (startsLower(at, size, "application/grpc-web-text")) return Framing.FRAMES_TEXT;
  const framed = startsLower(at, size, "application/grpc") || startsLower(at, size, "application/connect+");
  return framed ? Framing.FRAMES : Framing.NONE;
}

/** One coding's name, without the white space around it. */
function codingOf(at: usize, end: usize): Coding {
  while (at < end && isSpace(load<u8>(at))) at++;
  while (end > at && isSpace(load<u8>(end - 1))) end--;
  const size = <u32>(end - at);
  if (!size || equalsLower(at, size, "identity")) return Coding.NONE;
  if (equalsLower(at, size, "gzip") || equalsLower(at, size, "x-gzip")) return Coding.GZIP;
  return equalsLower(at, size, "deflate") ? Coding.DEFLATE : Coding.OTHER;
}

/** @returns the codings of a list, a byte each, the one that was applied last lowest */
export function codingsOf(at: usize, size: u32): u32 {
  if (size > 1024) size = 1024;
  const start = at;
  let end = at + <usize>size;
  let codings: u32 = 0;
  let count: u32 = 0;
  while (end > start && count < CODINGS_MAX) {
    let from = end;
    while (from > start && load<u8>(from - 1) != 0x2c) from--;
    const coding = <u32>codingOf(from, end);
    if (coding) codings |= coding << (count++ << 3);
    end = from > start ? from - 1 : start;
  }
  return codings;
}

/** Whether what follows the hyphens and underscores at `at` is the literal. */
function goesOn(at: usize, end: usize, literal: string): bool {
  while (at < end && (load<u8>(at) == 0x2d || load<u8>(at) == 0x5f)) at++;
  return startsLower(at, <u32>(end - at), literal);
}

/** The set of a name. */
function charsetNamed(at: usize, end: usize): Charset {
  const size = <u32>(end - at);
  if (startsLower(at, size, "utf")) {
    if (goesOn(at + 3, end, "16le")) return Charset.UTF16_LOW;
    if (goesOn(at + 3, end, "16be")) return Charset.UTF16_HIGH;
    if (goesOn(at + 3, end, "16")) return Charset.UTF16;
    if (goesOn(at + 3, end, "32le")) return Charset.UTF32_LOW;
    if (goesOn(at + 3, end, "32be")) return Charset.UTF32_HIGH;
    if (goesOn(at + 3, end, "32")) return Charset.UTF32;
    return goesOn(at + 3, end, "7") ? Charset.UTF7 : Charset.NONE;
  }
  const ibm = startsLower(at, size, "ibm") || startsLower(at, size, "x-ibm") || startsLower(at, size, "ebcdic");
  if (ibm && !startsLower(at, size, "ibm4") && !startsLower(at, size, "ibm8")) return Charset.EBCDIC;
  const page = startsLower(at, size, "cp037") || startsLower(at, size, "cp500") || startsLower(at, size, "cp1047");
  return page ? Charset.EBCDIC : Charset.NONE;
}

/** @returns the set that a Content-Type value names, NONE for those whose ASCII is ASCII */
export function charsetIn(at: usize, size: u32): Charset {
  if (size > 1024) size = 1024;
  const end = at + <usize>size;
  while (at < end) {
    while (at < end && load<u8>(at) != 0x3b) at++;
    at++;
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at >= end || !startsLower(at, <u32>(end - at), "charset")) continue;
    at += 7;
    while (at < end && (isSpace(load<u8>(at)) || load<u8>(at) == 0x3d || load<u8>(at) == 0x22)) at++;
    return charsetNamed(at, end);
  }
  return Charset.NONE;
}

/**
 * What the first bytes of a body of an unknown type look like.
 * @param c the first byte that is no white space
 */
export function sniffKind(c: u32): BodyKind {
  if (c == 0x7b || c == 0x5b) return BodyKind.JSON;
  return c == 0x3c ? BodyKind.XML : BodyKind.RAW;
}
