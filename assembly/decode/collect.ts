/**
 * Collects one value that a streaming parser meets in pieces, and looks at it when it is complete: straight from the
 * input where it lies there whole, from a chain of blocks where it came in pieces, in windows where it is long. Windows
 * are counted from the value's first byte, so that how the body was cut never shows. Values inside values and beside
 * them have chains of their own: a comment in the middle of a text, the whole body beside its leaves.
 */
import { VALUE_BYTES_MAX, VALUE_OVERLAP_BYTES } from "../abi/limits";
import { Limit } from "../abi/status";
import { arenaAlloc, arenaMark, arenaRelease } from "../bytes/arena";
import { Rope, ropeAppend, ropeCopy, ropeFree } from "../bytes/rope";
import { inspectValue } from "./chain";
import { Decoder } from "./decoder";
import { Place } from "./point";
import { extraRope, rawRope, reachLimit, valueRope } from "./transaction";

/** A chain with where its first byte lies in the value; each is followed by that field in the transaction. */
@unmanaged
class Chain extends Rope {
  start: u32;
}

function valueChain(): Chain {
  return changetype<Chain>(valueRope());
}

function asideChain(): Chain {
  return changetype<Chain>(extraRope());
}

function textChain(): Chain {
  return changetype<Chain>(rawRope());
}

function begin(chain: Chain): void {
  ropeFree(chain);
  chain.start = 0;
}

/** Looks at what the chain holds. */
function inspectHeld(chain: Chain, where: Place, decoder: u32): void {
  const mark = arenaMark();
  const copy = arenaAlloc(chain.size);
  if (copy) {
    ropeCopy(chain, 0, chain.size, copy);
    inspectValue(where, decoder, copy, chain.size, chain.start);
  } else reachLimit(Limit.MEMORY);
  arenaRelease(mark);
}

/** Keeps only the overlap of a full window. */
function slide(chain: Chain): void {
  const mark = arenaMark();
  const tail = arenaAlloc(VALUE_OVERLAP_BYTES);
  if (tail) ropeCopy(chain, VALUE_BYTES_MAX - VALUE_OVERLAP_BYTES, VALUE_OVERLAP_BYTES, tail);
  ropeFree(chain);
  if (!tail || !ropeAppend(chain, tail, VALUE_OVERLAP_BYTES)) reachLimit(Limit.MEMORY);
  chain.start += VALUE_BYTES_MAX - VALUE_OVERLAP_BYTES;
  arenaRelease(mark);
}

function add(chain: Chain, where: Place, decoder: u32, at: usize, size: u32): void {
  while (chain.size + size > VALUE_BYTES_MAX) {
    const room = VALUE_BYTES_MAX - chain.size;
    if (!ropeAppend(chain, at, room)) {
      reachLimit(Limit.MEMORY);
      return;
    }
    inspectHeld(chain, where, decoder);
    slide(chain);
    at += <usize>room;
    size -= room;
    if (chain.size == VALUE_BYTES_MAX) return;
  }
  if (!ropeAppend(chain, at, size)) reachLimit(Limit.MEMORY);
}

function finish(chain: Chain, where: Place, decoder: u32, at: usize, size: u32): void {
  if (!chain.size) {
    inspectValue(where, decoder, at, size, chain.start);
    return;
  }
  add(chain, where, decoder, at, size);
  inspectHeld(chain, where, decoder);
  begin(chain);
}

/** Starts a value. */
export function collectBegin(): void {
  begin(valueChain());
}

/** Bytes of the value held in the chain; what was looked at in earlier windows is not counted. */
export function collectedBytes(): u32 {
  return valueRope().size;
}

/** Adds a piece that does not end the value. */
export function collectAdd(where: Place, decoder: u32, at: usize, size: u32): void {
  add(valueChain(), where, decoder, at, size);
}

/** Adds the last piece and looks at the value. */
export function collectEnd(where: Place, decoder: u32, at: usize, size: u32): void {
  finish(valueChain(), where, decoder, at, size);
}

/** Starts a value that stands in the middle of another one. */
export function asideBegin(): void {
  begin(asideChain());
}

/** Adds a piece that does not end the value in the middle of another one. */
export function asideAdd(where: Place, decoder: u32, at: usize, size: u32): void {
  add(asideChain(), where, decoder, at, size);
}

/** Adds the last piece of the value in the middle of another one and looks at it. */
export function asideEnd(where: Place, decoder: u32, at: usize, size: u32): void {
  finish(asideChain(), where, decoder, at, size);
}

/** Starts the reading of a whole body as text, beside the values that its parser finds in it. */
export function textBegin(): void {
  begin(textChain());
}

/** Bytes that the current window of the text still takes. */
export function textRoom(): u32 {
  return VALUE_BYTES_MAX - rawRope().size;
}

/** Keeps a piece of the text, which fits into the window's room. */
export function textAdd(at: usize, size: u32): void {
  if (!ropeAppend(textChain(), at, size)) reachLimit(Limit.MEMORY);
}

/** Looks at the window of the text, and at its end goes on to the next or is done. */
export function textInspect(done: bool): void {
  const chain = textChain();
  if (chain.size) inspectHeld(chain, Place.BODY, Decoder.RAW);
  if (done) begin(chain);
  else slide(chain);
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
