/**
 * The content type of a body: it chooses the parser and decides nothing else. A type that says nothing useful leaves
 * the choice to the first bytes.
 */
import { BOUNDARY_BYTES_MAX } from "../abi/limits";
import { isAlpha, isSpace, startsLower } from "../bytes/ascii";
import { BodyKind } from "./transaction";

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
  /* JSON would take the first brace of a GraphQL document (GraphQL over HTTP). */
  if (contains(at, type, "/graphql")) return BodyKind.RAW;
  if (isXml(at, type)) return BodyKind.XML;
  return BodyKind.SNIFF;
}

/**
 * What the first bytes of a body of an unknown type look like.
 * @param c the first byte that is no white space
 */
export function sniffKind(c: u32): BodyKind {
  if (c == 0x7b || c == 0x5b) return BodyKind.JSON;
  return c == 0x3c ? BodyKind.XML : BodyKind.RAW;
}
