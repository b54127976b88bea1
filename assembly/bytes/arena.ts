/**
 * Scratch memory of one call: a stack of allocations, empty again when the call returns. An allocation is followed by
 * a gap of 16 bytes, and a value by zero padding, so that SIMD loads need no tail code.
 */
import { SCRATCH_BYTES } from "../abi/limits";
import { allow, forbid, pad } from "./guard";
import { reserve } from "./region";

let base: usize = 0;
let top: usize = 0;
let end: usize = 0;

/** Reserves the arena; called once when the module starts. */
export function arenaInit(): void {
  base = reserve(SCRATCH_BYTES);
  forbid(base, SCRATCH_BYTES);
  top = base;
  end = base + <usize>SCRATCH_BYTES;
}

/** Where the stack stands; give it back to `arenaRelease`. */
export function arenaMark(): usize {
  return top;
}

/** Drops everything allocated since the mark. */
export function arenaRelease(mark: usize): void {
  forbid(mark, <u32>(top - mark));
  top = mark;
}

/** Drops everything. */
export function arenaReset(): void {
  arenaRelease(base);
}

/** Bytes in use; 0 between calls. */
export function arenaUsed(): u32 {
  return <u32>(top - base);
}

/**
 * @param size bytes wanted
 * @returns address aligned to 16, content undefined; 0 when the scratch is used up, which the caller reports as a limit
 */
export function arenaAlloc(size: u32): usize {
  const at = top;
  const next = (at + <usize>size + 16 + 15) & ~(<usize>15);
  if (next > end) return 0;
  top = next;
  allow(at, size);
  pad(at + <usize>size, 16);
  return at;
}

/**
 * Room for a value of up to `size` bytes and its padding. After writing, call `sealValue`.
 * @returns address aligned to 16, or 0
 */
export function arenaAllocValue(size: u32): usize {
  const at = top;
  const next = (at + <usize>size + 64 + 63) & ~(<usize>15);
  if (next > end) return 0;
  top = next;
  allow(at, size);
  return at;
}

/**
 * Closes a value of `size` bytes: zeroes the padding, which goes 16 bytes beyond the next multiple of 16, so that 16
 * bytes can be loaded from any byte of the value, and gives back the room behind.
 * @param at what `arenaAllocValue` returned last
 */
export function sealValue(at: usize, size: u32): void {
  const end = at + <usize>size;
  const stop = at + <usize>(((size + 15) & ~15) + 16);
  forbid(at, <u32>(top - at));
  allow(at, <u32>(end - at) + 32);
  v128.store(end, i64x2.splat(0));
  v128.store(end + 16, i64x2.splat(0));
  forbid(end, 32);
  pad(end, <u32>(stop - end));
  top = stop + 16;
}
