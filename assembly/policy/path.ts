/**
 * The path of a request as scopes see it: its segments, percent escapes undone, since back ends undo them before they
 * route. Where servers would not agree which path is meant (`..`, `//`, `%2f`, `\`), there are two readings: the
 * segments as they stand, and what remains of them.
 */
import { PATH_SEGMENTS_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { arenaAlloc } from "../bytes/arena";
import { hashWord } from "../bytes/hash";
import { findEither } from "../bytes/scan";
import { stepPercent } from "../decode/percent";
import { stepBytes, stepRead, stepSize } from "../decode/step";
import { reachLimit } from "../decode/transaction";
import { pathAt, pathSize } from "../decode/uri";

/** One segment. */
@unmanaged
export class Segment {
  at: usize;
  size: u32;
  hash: u32;
}

const SEGMENT_BYTES: u32 = 12;
/** One segment more than templates can name tells that the path goes on behind them. */
const SEGMENTS: u32 = PATH_SEGMENTS_MAX + 1;
const room: usize = memory.data(SEGMENTS * SEGMENT_BYTES, 16);

/** Segments of the reading made last, all of them; the first PATH_SEGMENTS_MAX are kept. */
export let segments: u32 = 0;
/** Whether servers would not agree which path is meant. */
export let isUnclear: bool = false;

let decodedAt: usize = 0;
let decodedSize: u32 = 0;

/** One of the segments kept. */
export function segmentIn(index: u32): Segment {
  return changetype<Segment>(room + <usize>(index * SEGMENT_BYTES));
}

/**
 * Undoes the escapes of the path of the head read last, into scratch memory that the caller releases.
 * @returns false when there is no memory for it
 */
export function pathDecode(): bool {
  const end = pathAt + <usize>pathSize;
  if (findEither(pathAt, end, 0x25, 0x5c) == end) {
    decodedAt = pathAt;
    decodedSize = pathSize;
    isUnclear = false;
    return true;
  }
  decodedAt = arenaAlloc(pathSize + 1);
  if (!decodedAt) {
    reachLimit(Limit.MEMORY);
    return false;
  }
  let to = decodedAt;
  let unclear = false;
  for (let at = pathAt; at < end; ) {
    const c = <u32>load<u8>(at);
    if (c != 0x25) {
      store<u8>(to++, c);
      unclear = unclear || c == 0x5c;
      at++;
      continue;
    }
    stepPercent(at, end);
    at += <usize>stepRead;
    const first = <u32>stepBytes & 255;
    unclear = unclear || first == 0x2f || first == 0x5c || first == 0;
    let bytes = stepBytes;
    for (let i: u32 = 0; i < stepSize; i++) {
      store<u8>(to++, <u8>bytes);
      bytes >>= 8;
    }
  }
  decodedSize = <u32>(to - decodedAt);
  isUnclear = unclear;
  return true;
}

function keep(at: usize, size: u32): void {
  if (segments < SEGMENTS) {
    const next = segmentIn(segments);
    next.at = at;
    next.size = size;
    next.hash = hashWord(at, size);
  }
  segments++;
}

/** The segments as they stand between slashes of the target, `%2f` being none. Says, too, if the path is unclear. */
export function readSegments(): void {
  segments = 0;
  const end = pathAt + <usize>pathSize;
  if (!pathSize || load<u8>(pathAt) != 0x2f) return;
  /* Escapes have the same order in both, so that slashes of the target are counted along. */
  let raw = pathAt + 1;
  let at = decodedAt + 1;
  let from = at;
  while (raw < end) {
    const c = <u32>load<u8>(raw);
    if (c == 0x2f) {
      noteSegment(from, <u32>(at - from), false);
      raw++;
      from = ++at;
      continue;
    }
    if (c == 0x25) {
      stepPercent(raw, end);
      raw += <usize>stepRead;
      at += <usize>stepSize;
    } else {
      raw++;
      at++;
    }
  }
  noteSegment(from, <u32>(at - from), true);
}

/** Keeps a segment, and notes what servers would undo. */
function noteSegment(at: usize, size: u32, last: bool): void {
  if ((!size && !last) || isDots(at, size)) isUnclear = true;
  keep(at, size);
}

/** Whether a segment is `.` or `..`. */
function isDots(at: usize, size: u32): bool {
  if (!size || size > 2 || load<u8>(at) != 0x2e) return false;
  return size == 1 || load<u8>(at + 1) == 0x2e;
}

/** The segments that remain when every slash divides, empty segments and `.` are dropped and `..` climbs (RFC 3986). */
export function resolveSegments(): void {
  segments = 0;
  const end = decodedAt + <usize>decodedSize;
  if (!decodedSize || load<u8>(decodedAt) != 0x2f) return;
  let from = decodedAt + 1;
  for (let at = from; at <= end; at++) {
    const c = at < end ? <u32>load<u8>(at) : 0x2f;
    if (c != 0x2f && c != 0x5c) continue;
    const size = <u32>(at - from);
    if (isDots(from, size)) {
      if (size == 2 && segments) segments--;
      if (at == end) keep(from, 0);
    } else if (size || at == end) keep(from, size);
    from = at + 1;
  }
}
