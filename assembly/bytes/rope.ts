/**
 * Bytes that arrive in pieces: a chain of blocks that is appended to and gathered once. Appending costs what is
 * appended, however small the pieces are, so that a body sent byte by byte costs no more than one sent whole.
 */
import { BLOCK_BYTES } from "../abi/limits";
import { blockAlloc, blockFree } from "./blocks";
import { copyBytes } from "./guard";

const LINK: u32 = 4;
const ROOM: u32 = BLOCK_BYTES - LINK;

/** Head of a chain; lives inside the record that owns it. Each block: next block, then bytes. */
@unmanaged
export class Rope {
  first: usize;
  last: usize;
  size: u32;
}

/** Appends; @returns false when no block was to be had, the rope then keeps what it had and what fitted */
export function ropeAppend(rope: Rope, at: usize, size: u32): bool {
  while (size) {
    const fill = rope.size % ROOM;
    if (!fill) {
      const block = blockAlloc();
      if (!block) return false;
      store<usize>(block, 0);
      if (rope.last) store<usize>(rope.last, block);
      else rope.first = block;
      rope.last = block;
    }
    const room = ROOM - fill;
    const step = size < room ? size : room;
    copyBytes(rope.last + LINK + <usize>fill, at, step);
    rope.size += step;
    at += <usize>step;
    size -= step;
  }
  return true;
}

/** Copies `size` bytes from `from` on to `to`; the range lies within the rope. */
export function ropeCopy(rope: Rope, from: u32, size: u32, to: usize): void {
  let block = rope.first;
  while (from >= ROOM) {
    block = load<usize>(block);
    from -= ROOM;
  }
  while (size) {
    const room = ROOM - from;
    const step = size < room ? size : room;
    copyBytes(to, block + LINK + <usize>from, step);
    to += <usize>step;
    size -= step;
    from = 0;
    block = load<usize>(block);
  }
}

/** Gives all blocks back; the rope is empty again. */
export function ropeFree(rope: Rope): void {
  let block = rope.first;
  while (block) {
    const next = load<usize>(block);
    blockFree(block);
    block = next;
  }
  rope.first = 0;
  rope.last = 0;
  rope.size = 0;
}
