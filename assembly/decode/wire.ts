/**
 * A coded body as it came: compressed, framed or in another character set. A back end may know nothing of the coding,
 * whatever the head says, so the bytes themselves are a reading too: in windows of plain text where they are long, else
 * by the parser that the head asks for.
 */
import { arenaAlloc } from "../bytes/arena";
import { ropeCopy, ropeFree } from "../bytes/rope";
import { collectAdd, collectEnd } from "./collect";
import { Decoder } from "./decoder";
import { Place } from "./point";
import { current, markSignatures, wireRope } from "./transaction";
import { SEEN_BYTES, setTold } from "./value";

/** Puts the wire's chain where the parser's value is, and that one where the wire's is. */
function swap(): void {
  const first = current.valueFirst;
  const last = current.valueLast;
  const size = current.valueSize;
  const start = current.valueStart;
  current.valueFirst = current.wireFirst;
  current.valueLast = current.wireLast;
  current.valueSize = current.wireSize;
  current.valueStart = current.wireStart;
  current.wireFirst = first;
  current.wireLast = last;
  current.wireSize = size;
  current.wireStart = start;
}

const toldBits: usize = memory.data(SEEN_BYTES, 16);

/** What the decoded body has shown is not told of its bytes again: an exception for its value shall hold. */
export function wireTellOnce(): void {
  v128.store(toldBits, i64x2.splat(0));
  v128.store(toldBits + 16, i64x2.splat(0));
  markSignatures(toldBits, 0);
  setTold(toldBits);
}

/** Adds the next bytes; the point is that of the body. A full window is looked at before these bytes are decoded. */
export function wireAdd(at: usize, size: u32): void {
  wireTellOnce();
  swap();
  collectAdd(Place.BODY, Decoder.RAW, at, size);
  swap();
  setTold(0);
}

/** The whole body as it came, set by `wireTake`; good until the arena is released. */
export let wireAt: usize = 0;

/**
 * Ends the wire: a long one's last window is looked at, a short one is given back in the arena.
 * @returns its size, 0 where there is nothing left to do
 */
export function wireTake(): u32 {
  const rope = wireRope();
  const size = rope.size;
  if (current.wireStart) {
    swap();
    collectEnd(Place.BODY, Decoder.RAW, 0, 0);
    swap();
    current.wireStart = 0;
    return 0;
  }
  wireAt = size ? arenaAlloc(size) : 0;
  if (wireAt) ropeCopy(rope, 0, size, wireAt);
  ropeFree(rope);
  return wireAt ? size : 0;
}
