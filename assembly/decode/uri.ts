/**
 * Request targets and URLs in headers (RFC 9112 §3.2, RFC 3986): path, query, fragment. The path is one value, so that
 * climbing shows; its segments are values too where one could be encoded as a whole.
 */
import { arenaMark, arenaRelease } from "../bytes/arena";
import { startsLower } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { looksBase64 } from "./base64";
import { inspectValue } from "./chain";
import { Decoder } from "./decoder";
import { formWhole } from "./form";
import { Place, pointDepth, pointTruncate, pushWord, Word } from "./point";
import { pollutionBegin, pollutionEnd } from "./pollution";

/** Path of the target read last, without query. */
export let pathAt: usize = 0;
export let pathSize: u32 = 0;

/** Looks at a query: its pairs, and what duplicates give together. */
function inspectQuery(at: usize, size: u32): void {
  if (!size) return;
  const depth = pointDepth();
  pushWord(Word.QUERY);
  pollutionBegin();
  formWhole(at, size, 0x26, Place.QUERY_NAME, Place.QUERY, Decoder.FORM);
  pollutionEnd(Place.QUERY, Decoder.FORM);
  pointTruncate(depth);
}

/** Segments that may be base64 as a whole. */
function inspectSegments(at: usize, end: usize): void {
  while (at < end) {
    const stop = findByte(at, end, 0x2f);
    const size = <u32>(stop - at);
    if (size >= 12 && stop - at < <usize>(end - pathAt) && looksBase64(at, size)) {
      inspectValue(Place.PATH, Decoder.PERCENT, at, size, <u32>(at - pathAt));
    }
    at = stop + 1;
  }
}

function inspectPath(at: usize, size: u32, where: Place): void {
  const depth = pointDepth();
  pushWord(Word.PATH);
  inspectValue(where, Decoder.PERCENT, at, size, 0);
  if (where == Place.PATH) inspectSegments(at, at + <usize>size);
  pointTruncate(depth);
}

/** Looks at the target of a request. The point stack is empty. */
export function inspectTarget(at: usize, size: u32): void {
  const end = at + <usize>size;
  const query = findByte(at, end, 0x3f);
  pathAt = at;
  pathSize = <u32>(query - at);
  inspectPath(at, pathSize, Place.PATH);
  if (query < end) inspectQuery(query + 1, <u32>(end - query - 1));
}

/**
 * Looks at a header that holds a URL. The header's name is on the point stack.
 * @returns false when the value is not an http URL; it is then a plain value
 */
export function inspectUrl(at: usize, size: u32): bool {
  let skip: u32 = 0;
  if (startsLower(at, size, "http://")) skip = 7;
  else if (startsLower(at, size, "https://")) skip = 8;
  else return false;
  const end = at + <usize>size;
  const authority = at + <usize>skip;
  let path = authority;
  while (path < end) {
    const c = <u32>load<u8>(path);
    if (c == 0x2f || c == 0x3f || c == 0x23) break;
    path++;
  }
  const mark = arenaMark();
  const depth = pointDepth();
  pushWord(Word.AUTHORITY);
  inspectValue(Place.AUTHORITY, Decoder.RAW, authority, <u32>(path - authority), 0);
  pointTruncate(depth);
  const fragment = findByte(path, end, 0x23);
  const query = findByte(path, fragment, 0x3f);
  if (query > path) inspectPath(path, <u32>(query - path), Place.REFERER);
  if (query < fragment) inspectQuery(query + 1, <u32>(fragment - query - 1));
  if (fragment < end) {
    pushWord(Word.FRAGMENT);
    inspectValue(Place.FRAGMENT, Decoder.PERCENT, fragment + 1, <u32>(end - fragment - 1), 0);
    pointTruncate(depth);
  }
  arenaRelease(mark);
  return true;
}
