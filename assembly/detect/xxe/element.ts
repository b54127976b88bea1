/** Elements and attributes that make an XML processor fetch: XInclude, style sheets, schema locations. */
import { equalsLower, isAlpha, isSpace, startsLower } from "../../bytes/ascii";
import { findByte, findEither } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Place } from "../../decode/point";
import { Has } from "../../decode/profile";
import { place } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";
import { Reach, reachOf, sharesDomain } from "./address";

/** Bytes of a tag in which its address must stand. */
const TAG_MAX: u32 = 1024;
/** Bytes of a name space prefix. */
const PREFIX_MAX: u32 = 32;

/** @returns the first occurrence of the literal in [at, end), which begins with `first`, or `end`; ignores case */
function find(at: usize, end: usize, first: u32, literal: string): usize {
  while (at < end) {
    at = findByte(at, end, first);
    if (at == end || startsLower(at, <u32>(end - at), literal)) return at;
    at++;
  }
  return end;
}

/** Whether processors fetch from there without being asked. */
function isFetched(at: usize, size: u32): bool {
  return reachOf(at, size) >= Reach.FOREIGN;
}

let valueAt: usize = 0;
let valueSize: u32 = 0;

/** Reads an attribute's value behind its name. @returns false where none stands */
function readValue(at: usize, end: usize): bool {
  while (at < end && isSpace(load<u8>(at))) at++;
  if (at == end || load<u8>(at) != 0x3d) return false;
  at++;
  while (at < end && isSpace(load<u8>(at))) at++;
  if (at == end) return false;
  const quote = <u32>load<u8>(at);
  if (quote != 0x22 && quote != 0x27) return false;
  valueAt = at + 1;
  valueSize = <u32>(findByte(valueAt, end, quote) - valueAt);
  return true;
}

/** Finds an attribute of the tag that begins at `at`. */
function readAttribute(at: usize, end: usize, name: string): bool {
  const size = <u32>name.length;
  const most = at + <usize>TAG_MAX < end ? at + <usize>TAG_MAX : end;
  const stop = findEither(at, most, 0x3e, 0x3c);
  while (at < stop) {
    if (isSpace(load<u8>(at)) && startsLower(at + 1, <u32>(stop - at) - 1, name)) {
      if (readValue(at + 1 + <usize>size, end)) return true;
    }
    at++;
  }
  return false;
}

/** Local name of the tag at `<`: begin and size. */
let localAt: usize = 0;
let localSize: u32 = 0;

function readLocalName(at: usize, end: usize): void {
  at++;
  localAt = at;
  const most = at + <usize>(PREFIX_MAX * 2) < end ? at + <usize>(PREFIX_MAX * 2) : end;
  while (at < most) {
    const c = <u32>load<u8>(at);
    if (c == 0x3a) localAt = at + 1;
    else if (isSpace(c) || c == 0x3e || c == 0x2f || c == 0x3c) break;
    at++;
  }
  localSize = <u32>(at - localAt);
}

/** Elements that include by an address: of XInclude, or of style sheets. */
function lexIncludes(begin: usize, end: usize, isStyle: bool): void {
  let at = findByte(begin, end, 0x3c);
  while (at < end) {
    readLocalName(at, end);
    const is = equalsLower(localAt, localSize, "include") || (isStyle && equalsLower(localAt, localSize, "import"));
    if (is && readAttribute(localAt, end, "href") && isFetched(valueAt, valueSize)) {
      report(isStyle ? Signature.XXE_STYLESHEET : Signature.XXE_INCLUDE, at, valueAt + <usize>valueSize);
      return;
    }
    at = findByte(at + 1, end, 0x3c);
  }
}

/** Whether the name of a call is one by which style sheets run functions of PHP: `php:function('system', 'id')`. */
function isForeignCall(name: usize, size: u32, begin: usize): bool {
  if (!equalsLower(name, size, "function") && !equalsLower(name, size, "functionstring")) return false;
  return name - begin > 4 && startsLower(name - 4, 4, "php:");
}

/** Functions of XPath that read: the name stands before a parenthesis and an address in quotes. */
function lexCalls(begin: usize, end: usize): void {
  let at = findByte(begin, end, 0x28);
  while (at < end) {
    let name = at;
    while (name > begin && at - name < 16 && (isAlpha(load<u8>(name - 1)) || load<u8>(name - 1) == 0x2d)) name--;
    const size = <u32>(at - name);
    if (isForeignCall(name, size, begin)) {
      report(Signature.XXE_STYLESHEET, name - 4, at);
      return;
    }
    let quote = at + 1;
    while (quote < end && isSpace(load<u8>(quote))) quote++;
    const c = quote < end ? <u32>load<u8>(quote) : 0;
    const reads = equalsLower(name, size, "document") || equalsLower(name, size, "unparsed-text");
    if (reads && (c == 0x22 || c == 0x27)) {
      const stop = findByte(quote + 1, end, c);
      if (isFetched(quote + 1, <u32>(stop - quote) - 1)) {
        report(Signature.XXE_STYLESHEET, name, stop);
        return;
      }
    }
    at = findByte(at + 1, end, 0x28);
  }
}

/**
 * Schema locations: pairs of a name space and an address. Elsewhere than in documents that were sent as such, an
 * address away from the name space's domain is one that somebody put there.
 */
function lexSchemas(begin: usize, end: usize): void {
  let at = find(begin, end, 0x4c, "location");
  while (at < end) {
    if (at - begin > 8 && startsLower(at - 7, 7, ":schema") && readValue(at + 8, end)) {
      const stop = valueAt + <usize>valueSize;
      let spaceAt: usize = 0;
      let spaceSize: u32 = 0;
      let word = valueAt;
      while (word < stop) {
        while (word < stop && isSpace(load<u8>(word))) word++;
        const from = word;
        while (word < stop && !isSpace(load<u8>(word))) word++;
        const size = <u32>(word - from);
        if (!spaceAt) {
          spaceAt = from;
          spaceSize = size;
          continue;
        }
        if (reachOf(from, size) == Reach.FOREIGN && !sharesDomain(spaceAt, spaceSize, from, size)) {
          report(Signature.XXE_SCHEMA, at - 6, word);
          return;
        }
        spaceAt = 0;
      }
    }
    at = find(at + 1, end, 0x4c, "location");
  }
}

/** A place that holds one value and no document that was sent as such. */
function isParameter(): bool {
  return place != Place.BODY && place != Place.PART && place < Place.XML;
}

/** Looks for such elements in the current layer. */
export function elementsLex(): void {
  if (!(layer.has & Has.COLON)) return;
  const end = layer.at + <usize>layer.size;
  /* A step of a path that is put into a document. */
  const begin = place == Place.PATH ? findByte(layer.at, end, 0x3c) : layer.at;
  /* Elements stand in a document or leave a place in one; in the middle of prose they are an example. */
  let first = begin;
  while (first < end && isSpace(load<u8>(first))) first++;
  const c = first < end ? <u32>load<u8>(first) : 0;
  if (c != 0x3c && c != 0x22 && c != 0x27 && c != 0x3e && c != 0x5d && c != 0xef) return;
  if (find(begin, end, 0x58, "xinclude") < end) lexIncludes(begin, end, false);
  if (find(begin, end, 0x58, "xsl/transform") < end) {
    lexIncludes(begin, end, true);
    lexCalls(begin, end);
  }
  if (isParameter()) lexSchemas(begin, end);
}
