/**
 * The checker of the checked build: a module of its own, merged into the instrumented core. Every load and store of the
 * core asks here first. It keeps one byte of state for each byte of the core's memory (`GuardState` in bytes/guard.ts)
 * in a memory of its own and traps at the first access to a byte that nobody may touch.
 *
 * The functions' names and parameters are those of Binaryen's --instrument-memory pass.
 */

/**
 * Size of the core's memory that is watched: more than the core's cap. The build gives this module's memory as many
 * pages at once, zeroed, so everything is forbidden until the core says otherwise; beyond, the memory ends and traps.
 */
const WATCHED_BYTES: u32 = 134217728;
/** Where the shadow begins: behind this module's own static data. */
const SHADOW: usize = 65536;
const FORBIDDEN: u8 = 0;
const ALLOWED: u8 = 1;
const PADDING: u8 = 2;

/** Marks bytes with a state. */
export function guard_mark(at: usize, size: u32, state: u32): void {
  if (at > WATCHED_BYTES || size > WATCHED_BYTES - <u32>at) unreachable();
  memory.fill(SHADOW + at, <u8>state, size);
}

/** Traps unless every byte of a bulk copy may be touched, of which padding is none. */
export function guard_range(at: usize, size: u32): void {
  if (!size) return;
  if (at > WATCHED_BYTES || size > WATCHED_BYTES - <u32>at) unreachable();
  const end = SHADOW + at + <usize>size;
  for (at += SHADOW; at < end; at++) if (load<u8>(at) != ALLOWED) unreachable();
}

/** Traps unless each of the bytes is allowed, or padding where that will do. */
function checkEach(at: usize, bytes: i32, padding: bool): void {
  for (let i: usize = 0; i < <usize>bytes; i++) {
    const state = load<u8>(at + i);
    if (state == FORBIDDEN || (state == PADDING && !padding)) unreachable();
  }
}

/** The common case of each width in one comparison: a core makes some hundred accesses for each byte of a request. */
function check(address: usize, bytes: i32, padding: bool): void {
  const at = SHADOW + address;
  if (bytes == 1) {
    if (load<u8>(at) != ALLOWED) unreachable();
  } else if (bytes == 4) {
    if (load<u32>(at) != 0x01010101) unreachable();
  } else if (bytes == 8) {
    if (load<u64>(at) != 0x0101010101010101) unreachable();
  } else if (bytes == 2) {
    if (load<u16>(at) != 0x0101) unreachable();
  } else if ((load<u64>(at) & load<u64>(at + 8)) != 0x0101010101010101) checkEach(at, bytes, padding);
}

/** Asked before each load. @param bytes 1 to 16 @param offset the instruction's own @returns the address, unchanged */
export function load_ptr(_id: i32, bytes: i32, offset: i32, address: i32): i32 {
  check(<usize>(address + offset), bytes, bytes == 16);
  return address;
}

/** Asked before each store, as `load_ptr`; padding may not be stored to. */
export function store_ptr(_id: i32, bytes: i32, offset: i32, address: i32): i32 {
  check(<usize>(address + offset), bytes, false);
  return address;
}

/** The pass also shows each loaded and stored value and each growth of memory; they pass through unchanged. */
export function load_val_i32(_id: i32, value: i32): i32 {
  return value;
}

/** See `load_val_i32`. */
export function load_val_i64(_id: i32, value: i64): i64 {
  return value;
}

/** See `load_val_i32`. */
export function load_val_f32(_id: i32, value: f32): f32 {
  return value;
}

/** See `load_val_i32`. */
export function load_val_f64(_id: i32, value: f64): f64 {
  return value;
}

/** See `load_val_i32`. */
export function store_val_i32(_id: i32, value: i32): i32 {
  return value;
}

/** See `load_val_i32`. */
export function store_val_i64(_id: i32, value: i64): i64 {
  return value;
}

/** See `load_val_i32`. */
export function store_val_f32(_id: i32, value: f32): f32 {
  return value;
}

/** See `load_val_i32`. */
export function store_val_f64(_id: i32, value: f64): f64 {
  return value;
}

/** See `load_val_i32`. */
export function memory_grow_pre(_id: i32, pages: i32): i32 {
  return pages;
}

/** See `load_val_i32`. */
export function memory_grow_post(_id: i32, pages: i32): i32 {
  return pages;
}
