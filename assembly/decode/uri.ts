/**
 * Request targets and URLs in headers (RFC 9112 §3.2, RFC 3986): path, query, fragment. The path is one value, so that
 * climbing shows; its segments are values too where one could be encoded as a whole.
 */
import { arenaMark, arenaRelease } from "../bytes/arena";
import { startsLower, writeNumber } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { looksBase64 } from "./base64";
import { inspectValue } from "./chain";
import { Decoder } from "./decoder";
import { formWhole } from "./form";
import { beginAgain, endAgain } from "./fuel";
import { Place, pointDepth, pointTruncate, pushName, pushWord, Word } from "./point";

/** Path of the target read last, without query. */
export let pathAt: usize = 0;
export let pathSize: u32 = 0;

/** Finds the path of a target; the policy's scopes need it before anything is looked at. */
export function readPath(at: usize, size: u32): void {
  pathAt = at;
  pathSize = <u32>(findByte(at, at + <usize>size, 0x3f) - at);
}

/** Looks at a query. */
function inspectQuery(at: usize, size: u32): void {
  if (!size) return;
  const depth = pointDepth();
  pushWord(Word.QUERY);
  formWhole(at, size, 0x26, Place.QUERY_NAME, Place.QUERY, Decoder.FORM);
  pointTruncate(depth);
}

const segmentNumber: usize = memory.data(16, 4);

/** Looks at a part of the path as a value of its own, if it may be an encoding of something. */
function inspectPart(at: usize, end: usize): void {
  const size = <u32>(end - at);
  if (size < ENCODED_BYTES_MIN || !looksBase64(at, size)) return;
  inspectValue(Place.PATH, Decoder.PERCENT, at, size, <u32>(at - pathAt));
}

/** The shortest part of a path that is tried as an encoding. */
const ENCODED_BYTES_MIN: u32 = 12;

/**
 * The path's segments, as `path.<number>`, and the last one as `action_name` and `action_ext`, split at its last dot.
 * The whole path was looked at already, so only what it could hide is looked at again.
 */
function inspectSegments(at: usize, end: usize): void {
  const depth = pointDepth();
  let number: u32 = 0;
  while (at < end) {
    const stop = findByte(at, end, 0x2f);
    if (stop < end) {
      if (stop > at) {
        pushName(segmentNumber, writeNumber(segmentNumber, number++));
        inspectPart(at, stop);
        pointTruncate(depth);
      }
      at = stop + 1;
      continue;
    }
    let dot = end;
    while (dot > at && load<u8>(dot - 1) != 0x2e) dot--;
    const hasExtension = dot > at;
    pointTruncate(depth - 1);
    pushWord(Word.ACTION_NAME);
    inspectPart(at, hasExtension ? dot - 1 : end);
    pointTruncate(depth - 1);
    pushWord(Word.ACTION_EXT);
    if (hasExtension) inspectPart(dot, end);
    return;
  }
}

function inspectPath(at: usize, size: u32, where: Place): void {
  const depth = pointDepth();
  pushWord(Word.PATH);
  inspectValue(where, Decoder.PERCENT, at, size, 0);
  if (where == Place.PATH) {
    beginAgain();
    inspectSegments(at, at + <usize>size);
    endAgain();
  }
  pointTruncate(depth);
}

/** Looks at the target of a request, which `readPath` has read. The point stack is empty. */
export function inspectTarget(at: usize, size: u32): void {
  const end = at + <usize>size;
  const query = at + <usize>pathSize;
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
