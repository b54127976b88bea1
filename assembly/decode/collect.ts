/**
 * Collects one value that a streaming parser meets in pieces, and looks at it when it is complete: straight from the
 * input where it lies there whole, from a chain of blocks where it came in pieces, in windows where it is long. Windows
 * are counted from the value's first byte, so that how the body was cut never shows.
 */
import { VALUE_BYTES_MAX, VALUE_OVERLAP_BYTES } from "../abi/limits";
import { Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { ropeAppend, ropeCopy, ropeFree } from "../bytes/rope";
import { inspectValue } from "./chain";
import { Place } from "./point";
import { current, reachLimit, valueRope } from "./transaction";

/** Starts a value. */
export function collectBegin(): void {
  ropeFree(valueRope());
  current.valueStart = 0;
}

/** Bytes of the value held in the chain; what was looked at in earlier windows is not counted. */
export function collectedBytes(): u32 {
  return valueRope().size;
}

/** Looks at what the chain holds. */
function inspectHeld(where: Place, decoder: u32): void {
  const rope = valueRope();
  const mark = arenaMark();
  const copy = arenaAlloc(rope.size);
  if (copy) {
    ropeCopy(rope, 0, rope.size, copy);
    inspectValue(where, decoder, copy, rope.size, current.valueStart);
  } else reachLimit(Limit.MEMORY);
  arenaRelease(mark);
}

/** Keeps only the overlap of a full window. */
function slide(): void {
  const rope = valueRope();
  const mark = arenaMark();
  const tail = arenaAlloc(VALUE_OVERLAP_BYTES);
  if (tail) ropeCopy(rope, VALUE_BYTES_MAX - VALUE_OVERLAP_BYTES, VALUE_OVERLAP_BYTES, tail);
  ropeFree(rope);
  if (!tail || !ropeAppend(rope, tail, VALUE_OVERLAP_BYTES)) reachLimit(Limit.MEMORY);
  current.valueStart += VALUE_BYTES_MAX - VALUE_OVERLAP_BYTES;
  arenaRelease(mark);
}

/** Adds a piece that does not end the value. */
export function collectAdd(where: Place, decoder: u32, at: usize, size: u32): void {
  const rope = valueRope();
  while (rope.size + size > VALUE_BYTES_MAX) {
    const room = VALUE_BYTES_MAX - rope.size;
    if (!ropeAppend(rope, at, room)) {
      reachLimit(Limit.MEMORY);
      return;
    }
    inspectHeld(where, decoder);
    slide();
    at += <usize>room;
    size -= room;
    if (rope.size == VALUE_BYTES_MAX) return;
  }
  if (!ropeAppend(rope, at, size)) reachLimit(Limit.MEMORY);
}

/** Adds the last piece and looks at the value. */
export function collectEnd(where: Place, decoder: u32, at: usize, size: u32): void {
  const rope = valueRope();
  if (!rope.size) {
    inspectValue(where, decoder, at, size, current.valueStart);
    return;
  }
  collectAdd(where, decoder, at, size);
  inspectHeld(where, decoder);
  ropeFree(rope);
}

/** The complete value as one piece in the arena, for parsers that need its text: address in `gatheredAt`. */
export let gatheredAt: usize = 0;

/**
 * Gathers the held bytes and the last piece, at most `most` of them, without looking at them.
 * @returns bytes at `gatheredAt`, which is the piece itself where nothing was held; 0 with `gatheredAt` 0 when the
 * scratch is used up
 */
export function collectGather(at: usize, size: u32, most: u32): u32 {
  const rope = valueRope();
  if (!rope.size) {
    gatheredAt = at;
    return size < most ? size : most;
  }
  const held = rope.size < most ? rope.size : most;
  const rest = size < most - held ? size : most - held;
  gatheredAt = arenaAlloc(held + rest);
  if (!gatheredAt) {
    reachLimit(Limit.MEMORY);
    return 0;
  }
  ropeCopy(rope, 0, held, gatheredAt);
  memory.copy(gatheredAt + <usize>held, at, rest);
  return held + rest;
}
