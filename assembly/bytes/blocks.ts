/**
 * Parked memory: blocks of 4 KiB from one capped free list. A transaction between two calls owns nothing else.
 */
import { BLOCK_BYTES, BLOCKS_MAX } from "../abi/limits";
import { allow, forbid } from "./guard";
import { reserve } from "./region";

/** Blocks are fetched from the region in groups, so that growth is rare. */
const GROUP: u32 = 16;

let free: usize = 0;
let made: u32 = 0;
let used: u32 = 0;

/** @returns a block with undefined content, or 0 at the cap */
export function blockAlloc(): usize {
  if (!free) {
    if (made + GROUP > BLOCKS_MAX) return 0;
    let at = reserve(GROUP * BLOCK_BYTES);
    if (!at) return 0;
    made += GROUP;
    for (let i: u32 = 0; i < GROUP; i++) {
      store<usize>(at, free);
      free = at;
      forbid(at, BLOCK_BYTES);
      at += <usize>BLOCK_BYTES;
    }
  }
  const block = free;
  allow(block, BLOCK_BYTES);
  free = load<usize>(block);
  used++;
  return block;
}

/** Gives a block back. */
export function blockFree(block: usize): void {
  store<usize>(block, free);
  forbid(block, BLOCK_BYTES);
  free = block;
  used--;
}

/** Blocks that transactions hold now. */
export function blocksUsed(): u32 {
  return used;
}
