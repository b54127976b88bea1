/** The name of the point that is looked at, and the patterns that exceptions and rules write for such names. */
import { POINT_TEXT_BYTES_MAX } from "../abi/limits";
import { sameBytes } from "../bytes/scan";
import { writePoint } from "../decode/point";

const text: usize = memory.data(POINT_TEXT_BYTES_MAX + 16, 16);
let size: u32 = 0;
let known: bool = false;

/** Another point is looked at: its name has not been written yet. */
export function pointNameBegin(): void {
  known = false;
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
function isStars(at: usize, end: usize, stars: u32): bool {
  if (end - at != <usize>stars || load<u8>(at) != 0x2a) return false;
  return stars == 1 || load<u8>(at + 1) == 0x2a;
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

/**
 * Whether the current point's name fits a pattern: segment by segment, with at most one `**` for any number of them.
 * Linear in both.
 */
export function pointFits(pattern: usize, patternSize: u32): bool {
  if (!known) {
    size = writePoint(text);
    known = true;
  }
  let at = text;
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
