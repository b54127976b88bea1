/**
 * XML that makes its parser fetch.
 *
 * What an attack IS: a document, or a piece that a document takes in, at whose reading a parser would open a file or an
 * address that its author chose and no publisher of document types owns: an external entity, an external document
 * type, an XInclude element, a style sheet's `document()` and its includes, a schema location away from its name
 * space's domain. What is none: a document type as such, entities that stand for text, addresses that only name
 * (name spaces, public identifiers, catalogs), parts beside the document, and people who write about all this: no
 * parser takes a document type that stands behind text.
 */
import { Limit } from "../../abi/status";
import { isSpace, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Place } from "../../decode/point";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { place, spend, valueBase } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";
import { isPartName, isTypeName, Reach, reachOf } from "./address";
import { bombAdd, bombBegin, isBomb } from "./bomb";
import { elementsLex } from "./element";

/** Comments, instructions and the like before a document type. */
const MARKS_MAX: u32 = 8192;
/** Declarations looked at in one document type. */
const DECLARATIONS_MAX: u32 = 8192;
/** Declarations inside the value of one entity. */
const INNER_MAX: u32 = 1024;
/** Bytes of the XML declaration in which its encoding must stand. */
const ENCODING_MAX: u32 = 128;

/** Whether the current layer can hold such an attack. */
export function xxeGate(): bool {
  /* No parser reads a comment as a document. */
  if (place == Place.XML_COMMENT) return false;
  if (!(layer.has & Has.LESS) || !(layer.has & (Has.SINGLE | Has.DOUBLE))) return false;
  return (layer.has & (Has.MARK | Has.COLON)) != 0;
}

function skipSpace(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

function skipWord(at: usize, end: usize): usize {
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (isSpace(c) || c == 0x22 || c == 0x27 || c == 0x3e || c == 0x3c || c == 0x5b) break;
    at++;
  }
  return at;
}

/** The string read last. */
let stringAt: usize = 0;
let stringSize: u32 = 0;

/** Reads a quoted string. @returns its end, or 0 where none stands */
function readString(at: usize, end: usize): usize {
  at = skipSpace(at, end);
  if (at == end) return 0;
  const quote = <u32>load<u8>(at);
  if (quote != 0x22 && quote != 0x27) return 0;
  const stop = findByte(at + 1, end, quote);
  stringAt = at + 1;
  stringSize = <u32>(stop - at) - 1;
  return stop < end ? stop + 1 : end;
}

/** Reads `SYSTEM "address"` or `PUBLIC "name" "address"`: the string read last. @returns its end, or 0 */
function readExternal(at: usize, end: usize): usize {
  at = skipSpace(at, end);
  const left = <u32>(end - at);
  if (startsLower(at, left, "system")) return readString(at + 6, end);
  if (!startsLower(at, left, "public")) return 0;
  const name = readString(at + 6, end);
  return name ? readString(name, end) : 0;
}

/** An entity's declaration, behind its `<!ENTITY`. @param start where it began */
function lexEntity(start: usize, at: usize, end: usize): void {
  at = skipSpace(at, end);
  const left = <u32>(end - at);
  if (left && load<u8>(at) == 0x25) at = skipSpace(at + 1, end);
  else if (startsLower(at, left, "&#37;")) at = skipSpace(at + 5, end);
  else if (startsLower(at, left, "&#x25;")) at = skipSpace(at + 6, end);
  const name = at;
  at = skipWord(at, end);
  const nameSize = <u32>(at - name);
  const stop = readExternal(at, end);
  if (!stop) {
    if (!readString(at, end)) return;
    bombAdd(name, nameSize, stringAt, stringSize);
    lexDeclarations(stringAt, stringAt + <usize>stringSize);
    return;
  }
  const reach = reachOf(stringAt, stringSize);
  if (reach == Reach.NONE || reach == Reach.PUBLISHER) return;
  if (reach == Reach.BESIDE && isPartName(stringAt, stringSize)) return;
  /* An unparsed entity is a name for an application and no text. */
  const note = skipSpace(stop, end);
  if (startsLower(note, <u32>(end - note), "ndata")) return;
  report(Signature.XXE_ENTITY, start, stop);
}

/** Declarations of entities inside the value of one: they come to life when a reference to it is undone. */
function lexDeclarations(at: usize, end: usize): void {
  for (let i: u32 = 0; i < INNER_MAX; i++) {
    at = findByte(at, end, 0x3c);
    if (at == end) return;
    if (startsLower(at, <u32>(end - at), "<!entity")) {
      const after = at + 8;
      let name = skipSpace(after, end);
      while (name < end && (load<u8>(name) == 0x25 || load<u8>(name) == 0x26)) name = skipWord(name, end) + 1;
      const external = readExternal(skipWord(skipSpace(name, end), end), end);
      if (external) lexEntity(at, after, end);
    }
    at++;
  }
}

/** @returns the end of a declaration that begins at `at`, past its strings */
function declarationEnd(at: usize, end: usize): usize {
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x3e) return at;
    if (c == 0x22 || c == 0x27) {
      at = findByte(at, end, c);
      if (at < end) at++;
    }
  }
  return end;
}

/** @returns the address behind the ASCII literal of two bytes and `>`, or `end` */
function behind(at: usize, end: usize, first: u32, second: u32): usize {
  while (at < end) {
    at = findByte(at, end, first);
    if (second == 0x3e && at + 1 < end && load<u8>(at + 1) == 0x3e) return at + 2;
    if (at + 2 < end && load<u8>(at + 1) == second && load<u8>(at + 2) == 0x3e) return at + 3;
    if (at < end) at++;
  }
  return end;
}

/** An internal subset, behind its bracket. @returns its end */
function lexSubset(at: usize, end: usize): usize {
  for (let i: u32 = 0; i < DECLARATIONS_MAX && at < end; i++) {
    while (at < end && load<u8>(at) != 0x3c && load<u8>(at) != 0x5d) at++;
    if (at == end || load<u8>(at) == 0x5d) break;
    const left = <u32>(end - at);
    if (startsLower(at, left, "<!--")) at = behind(at + 4, end, 0x2d, 0x2d);
    else if (startsLower(at, left, "<?")) at = behind(at + 2, end, 0x3f, 0x3e);
    else {
      if (startsLower(at, left, "<!entity")) lexEntity(at, at + 8, end);
      at = declarationEnd(at + 1, end);
    }
  }
  return at;
}

/** A document type, behind its `<!DOCTYPE`. @returns its end */
function lexDoctype(start: usize, at: usize, end: usize): usize {
  at = skipWord(skipSpace(at, end), end);
  const stop = readExternal(at, end);
  if (stop) {
    const reach = reachOf(stringAt, stringSize);
    const own = reach == Reach.ABSOLUTE && isTypeName(stringAt, stringSize);
    if (reach >= Reach.FOREIGN && !own) report(Signature.XXE_DTD, start, stop);
    at = stop;
  }
  while (at < end && load<u8>(at) != 0x5b && load<u8>(at) != 0x3e) at++;
  if (at == end || load<u8>(at) == 0x3e) return at;
  at = lexSubset(at + 1, end);
  return declarationEnd(at, end);
}

/** Encodings in which ASCII does not stand for itself, and which parsers switch to when a declaration says so. */
function lexEncoding(start: usize, at: usize, end: usize): void {
  const stop = at + <usize>ENCODING_MAX < end ? at + <usize>ENCODING_MAX : end;
  while (at < stop && load<u8>(at) != 0x3f) {
    if (startsLower(at, <u32>(stop - at), "encoding")) {
      at = skipSpace(at + 8, stop);
      if (at == stop || load<u8>(at) != 0x3d || !readString(at + 1, stop)) return;
      const odd =
        startsLower(stringAt, stringSize, "utf-7") ||
        startsLower(stringAt, stringSize, "utf7") ||
        startsLower(stringAt, stringSize, "cp037") ||
        startsLower(stringAt, stringSize, "ibm037") ||
        startsLower(stringAt, stringSize, "ebcdic");
      if (odd) report(Signature.XXE_ENCODING, start, stringAt + <usize>stringSize);
      return;
    }
    at++;
  }
}

/** Reads what may stand before a document's first element. */
function lexProlog(at: usize, end: usize): void {
  for (let i: u32 = 0; i < MARKS_MAX; i++) {
    at = skipSpace(at, end);
    const left = <u32>(end - at);
    if (left < 5 || load<u8>(at) != 0x3c) return;
    if (startsLower(at, left, "<!--")) at = behind(at + 4, end, 0x2d, 0x2d);
    else if (startsLower(at, left, "<?")) {
      if (startsLower(at, left, "<?xml")) lexEncoding(at, at + 5, end);
      at = behind(at + 2, end, 0x3f, 0x3e);
    } else if (startsLower(at, left, "<!doctype")) {
      at = lexDoctype(at, at + 9, end);
      if (isBomb(at, end)) report(Signature.DATA_BOMB_ENTITIES, layer.at, at);
    } else if (startsLower(at, left, "<!entity")) {
      lexEntity(at, at + 8, end);
      at = declarationEnd(at + 1, end);
    } else if (startsLower(at, left, "<!e") || startsLower(at, left, "<!a") || startsLower(at, left, "<xml ")) {
      /* Other declarations, and a first line that lenient readers take for the XML declaration. */
      at = declarationEnd(at + 1, end);
    } else return;
  }
}

/** Looks for such attacks in the current layer. */
export function xxeLex(): void {
  if (!xxeGate()) return;
  if (!spend(layer.size)) {
    reachLimit(Limit.FUEL);
    return;
  }
  let at = layer.at;
  const end = at + <usize>layer.size;
  bombBegin();
  if (valueBase) {
    /* A later window of a long value: nothing says what stood before. */
    while (at < end && !startsLower(at, <u32>(end - at), "<!doctype")) at = findByte(at + 1, end, 0x3c);
  } else if (layer.size > 3 && load<u8>(at) == 0xef && load<u8>(at + 1) == 0xbb) at += 3;
  /* A step of a path that is put into a document. */
  if (place == Place.PATH) at = findByte(at, end, 0x3c);
  lexProlog(at, end);
  elementsLex();
}
