/**
 * Exceptions: what lets a finding pass. One that fits by its scope was remembered with the request; here it is held
 * against the finding's stamp and type, its point, and the date. It takes that finding out of the count and nothing
 * else: the finding is recorded with the exception's number, and the decision itself never sees an exception.
 */
import { POINT_TEXT_BYTES_MAX } from "../abi/limits";
import { sameBytes } from "../bytes/scan";
import { writePoint } from "../decode/point";
import { current } from "../decode/transaction";
import { spend } from "../decode/value";
import { Slot } from "./image";
import { scopeHeld, scopesHeld } from "./scope";
import { Exception, Section, sectionOf } from "./tables";

/** Key of exceptions that ignore everything. */
const ALL: u32 = 0;

const pointText: usize = memory.data(POINT_TEXT_BYTES_MAX + 16, 16);
let pointSize: u32 = 0;
let pointKnown: bool = false;
/** Where names of points lie. */
let texts: usize = 0;

/** The point of the finding that is judged now has not been written yet. */
export function exceptionBegin(): void {
  pointKnown = false;
}

/** @returns end of the segment that begins here: its dot, one after a backslash not counted, or the end */
function segmentEnd(at: usize, end: usize): usize {
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c == 0x2e) return at;
    at += c == 0x5c && at + 1 < end ? 2 : 1;
  }
  return end;
}

/** Whether a segment of a pattern is `*` or, with `size` 2, `**`. */
function isStars(at: usize, end: usize, size: u32): bool {
  if (end - at != <usize>size || load<u8>(at) != 0x2a) return false;
  return size == 1 || load<u8>(at + 1) == 0x2a;
}

function segmentFits(pattern: usize, patternEnd: usize, at: usize, end: usize): bool {
  if (isStars(pattern, patternEnd, 1)) return true;
  return patternEnd - pattern == end - at && sameBytes(pattern, at, <u32>(end - at));
}

/** Segments of a text. */
function countSegments(at: usize, end: usize): u32 {
  let count: u32 = 1;
  for (at = segmentEnd(at, end); at < end; at = segmentEnd(at + 1, end)) count++;
  return count;
}

/** Whether a point's name fits a pattern: segment by segment, with at most one `**` for any number of them. Linear. */
function pointFits(pattern: usize, patternSize: u32, at: usize, size: u32): bool {
  const patternStop = pattern + <usize>patternSize;
  const stop = at + <usize>size;
  while (pattern <= patternStop) {
    const patternEnd = segmentEnd(pattern, patternStop);
    if (isStars(pattern, patternEnd, 2)) {
      if (patternEnd == patternStop) return true;
      /* As many segments as stand behind `**` must end the name; those in front of them are what it stands for. */
      const tail = countSegments(patternEnd + 1, patternStop);
      let skip = countSegments(at, stop);
      if (skip < tail) return false;
      for (skip -= tail; skip; skip--) at = segmentEnd(at, stop) + 1;
      pattern = patternEnd + 1;
      continue;
    }
    const end = segmentEnd(at, stop);
    if (!segmentFits(pattern, patternEnd, at, end)) return false;
    if (end == stop || patternEnd == patternStop) {
      if (end == stop && patternEnd == patternStop) return true;
      /* `a.**` takes `a` itself, too. */
      return end == stop && isStars(patternEnd + 1, patternStop, 2);
    }
    pattern = patternEnd + 1;
    at = end + 1;
  }
  return false;
}

function rowFits(row: Exception): bool {
  /* A host without a clock cannot say whether the date has come. */
  if (!current.now || current.now >= row.expires) return false;
  if (!row.pointSize) return true;
  if (!pointKnown) {
    pointSize = writePoint(pointText);
    pointKnown = true;
  }
  return pointFits(texts + <usize>row.point, row.pointSize, pointText, pointSize);
}

/** @returns number of an exception among a scope's rows that ignores this key here; 0 for none */
function findIn(rows: usize, count: u32, key: u32): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = changetype<Exception>(rows + <usize>(middle * offsetof<Exception>()));
    if (row.ignored < key) low = middle + 1;
    else high = middle;
  }
  for (; low < count; low++) {
    const row = changetype<Exception>(rows + <usize>(low * offsetof<Exception>()));
    if (row.ignored != key) break;
    /* Without fuel for the rest the finding counts. */
    if (!spend(offsetof<Exception>() + row.pointSize)) break;
    if (rowFits(row)) return row.number;
  }
  return 0;
}

/**
 * Looks for an exception for a finding at the current point.
 * @param stamp hash of its stamp
 * @param type hash of `type` and its attack type
 * @returns number of the exception in its policy, 0 where there is none
 */
export function exceptionFor(slot: Slot, image: usize, stamp: u32, type: u32): u32 {
  if (!sectionOf(image, Section.EXCEPTIONS)) return 0;
  texts = sectionOf(image, Section.TEXTS);
  const rows = sectionOf(image, Section.EXCEPTIONS);
  const scopes: u32 = current.unclear ? 0 : scopesHeld(slot);
  for (let i: u32 = 0; i <= scopes; i++) {
    const scope = scopeHeld(slot, image, i);
    const count = scope.exceptionCount;
    if (!count) continue;
    const from = rows + <usize>(scope.exceptions * offsetof<Exception>());
    let found = findIn(from, count, stamp);
    if (!found) found = findIn(from, count, type);
    if (!found) found = findIn(from, count, ALL);
    if (found) return found;
  }
  return 0;
}
