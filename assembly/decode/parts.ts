/**
 * Multipart documents where the head does not tell: a body without a type or with another boundary than it says, what
 * stands before the first and behind the last delimiter, a part of parts. Some reader knows the boundary that is meant
 * (of several parameters the last, one in pieces), so every line that can be a delimiter is taken for one: two dashes,
 * and behind it a line that begins as the fields of parts do.
 */
import { BOUNDARY_BYTES_MAX, NEST_MAX, PARTS_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { isSpace, startsLower } from "../bytes/ascii";
import { findByte, sameBytes } from "../bytes/scan";
import { inspectValue } from "./chain";
import { Decoder } from "./decoder";
import { Layer } from "./layer";
import { partHeadRead, partNameAt, partNameSize, partQuoted } from "./part-head";
import { Place, pointDepth, pointTruncate, pushName, pushWord, Word } from "./point";
import { Has } from "./profile";
import { reachLimit } from "./transaction";
import { nest, place, spend } from "./value";

/** Signs that a delimiter and a field have. */
const SIGNS: u32 = Has.NEWLINE | Has.DASH | Has.COLON;

/** Behind the line that begins at `at`. */
function behindLine(at: usize, end: usize): usize {
  const stop = findByte(at, end, 0x0a);
  return stop < end ? stop + 1 : end;
}

/** Bytes of the delimiter that the line at `at` is, 0 where it is none. */
function delimiterBytes(at: usize, end: usize): u32 {
  if (at + 3 > end || load<u16>(at) != 0x2d2d) return 0;
  let stop = behindLine(at, end);
  if (!startsLower(stop, <u32>(end - stop), "content-")) return 0;
  while (stop > at && isSpace(load<u8>(stop - 1))) stop--;
  const size = <u32>(stop - at);
  return size > 2 && size <= BOUNDARY_BYTES_MAX + 2 ? size : 0;
}

/** The first line from `at` on, which begins there, that is a delimiter; `end` for none. */
function findDelimiter(at: usize, end: usize): usize {
  while (at < end && !delimiterBytes(at, end)) at = behindLine(at, end);
  return at;
}

/** Whether a layer holds a delimiter. */
export function mayBeParts(one: Layer): bool {
  if ((one.has & SIGNS) != SIGNS || (place != Place.BODY && place != Place.PART) || nest >= NEST_MAX) return false;
  const end = one.at + <usize>one.size;
  return findDelimiter(one.at, end) < end;
}

/** The next line from `at` on that begins with the delimiter; `end` for none. */
function findSame(delimiter: usize, size: u32, at: usize, end: usize): usize {
  while (at < end) {
    if (<u32>(end - at) >= size && sameBytes(delimiter, at, size)) return at;
    at = behindLine(at, end);
  }
  return end;
}

/** Looks at the part whose head begins at `at`. @returns where the next delimiter of its kind stands, or `end` */
function readPart(base: usize, delimiter: usize, size: u32, at: usize, end: usize): usize {
  const head = at;
  while (at < end && load<u8>(at) != 0x0a && load<u8>(at) != 0x0d) at = behindLine(at, end);
  partHeadRead(head, at);
  const quoted = partQuoted;
  const content = behindLine(at, end);
  const next = findSame(delimiter, size, content, end);
  let stop = next;
  if (stop > content && next < end) stop--;
  if (stop > content && next < end && load<u8>(stop - 1) == 0x0d) stop--;
  const depth = pointDepth();
  if (partNameSize) pushName(partNameAt, partNameSize);
  const decoder = quoted ? Decoder.QUOTED : Decoder.RAW;
  inspectValue(Place.PART, decoder, content, <u32>(stop - content), <u32>(content - base));
  pointTruncate(depth);
  return next;
}

/** Looks at the parts of a layer. */
export function nestedParts(one: Layer): void {
  const end = one.at + <usize>one.size;
  const depth = pointDepth();
  pushWord(Word.MULTIPART);
  let at = findDelimiter(one.at, end);
  for (let parts: u32 = 0; at < end; parts++) {
    const from = at;
    const size = delimiterBytes(at, end);
    const head = behindLine(at, end);
    at = size ? readPart(one.at, at, size, head, end) : findDelimiter(head, end);
    if (parts == PARTS_MAX || !spend(<u32>(at - from) * 4)) {
      reachLimit(parts == PARTS_MAX ? Limit.PAIRS : Limit.FUEL);
      break;
    }
  }
  pointTruncate(depth);
}
