/**
 * The module's one source of memory: a bump allocator above the static data that never gives back. Everything else
 * (arena, blocks, input, policy slots) is carved from it once and reused for ever.
 */
import { allow } from "./guard";

let top: usize = 0;
const PAGE: usize = 65536;

/**
 * Reserves `size` bytes aligned to 64, with a 64-byte gap behind them that the checked build forbids.
 * @returns the address, or 0 when the machine gives no more memory
 */
export function reserve(size: u32): usize {
  if (!top) top = (__heap_base + 63) & ~(<usize>63);
  const at = top;
  const end = (at + <usize>size + 64 + 63) & ~(<usize>63);
  if (end < at) return 0;
  const have = <usize>memory.size() * PAGE;
  if (end > have) {
    const pages = (end - have + PAGE - 1) / PAGE;
    if (memory.grow(<i32>pages) < 0) return 0;
  }
  top = end;
  allow(at, size);
  return at;
}

/** Bytes reserved so far, for the memory figures of tests and metrics. */
export function reservedBytes(): u32 {
  return <u32>(top - __heap_base);
}
