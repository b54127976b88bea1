/**
 * The checker of the checked build: a module of its own, merged into the instrumented core. Every load and store of the
 * core asks here first. It keeps one byte of state for each byte of the core's memory (`GuardState` in bytes/guard.ts)
 * in a memory of its own and traps at the first access to a byte that nobody may touch.
 *
 * The functions' names and parameters are those of Binaryen's --instrument-memory pass.
 */

/** Size of the core's memory that is watched: more than the core's cap. */
const WATCHED_BYTES: u32 = 134217728;
const FORBIDDEN: u8 = 0;
const PADDING: u8 = 2;

let ready: bool = false;

/** Takes the shadow memory: wasm zeroes it, so everything is forbidden until the core says otherwise. */
function prepare(): void {
  if (ready) return;
  if (memory.grow(<i32>((WATCHED_BYTES >> 16) + 1)) < 0) unreachable();
  ready = true;
}

/** Marks bytes with a state. */
export function guard_mark(at: usize, size: u32, state: u32): void {
  prepare();
  if (at > WATCHED_BYTES || size > WATCHED_BYTES - <u32>at) unreachable();
  memory.fill(65536 + at, <u8>state, size);
}

/** Traps unless every byte of a bulk copy may be touched. */
export function guard_range(at: usize, size: u32): void {
  if (!size) return;
  if (at > WATCHED_BYTES || size > WATCHED_BYTES - <u32>at) unreachable();
  for (let i: usize = 0; i < <usize>size; i++) {
    if (load<u8>(65536 + at + i) == FORBIDDEN) unreachable();
  }
}

function check(address: usize, bytes: i32, padding: bool): void {
  if (address > WATCHED_BYTES - 16) unreachable();
  if (!ready) return;
  for (let i: usize = 0; i < <usize>bytes; i++) {
    const state = load<u8>(65536 + address + i);
    if (state == FORBIDDEN || (state == PADDING && !padding)) unreachable();
  }
}

export function load_ptr(_id: i32, bytes: i32, offset: i32, address: i32): i32 {
  check(<usize>(address + offset), bytes, bytes == 16);
  return address;
}

export function store_ptr(_id: i32, bytes: i32, offset: i32, address: i32): i32 {
  check(<usize>(address + offset), bytes, false);
  return address;
}

export function load_val_i32(_id: i32, value: i32): i32 {
  return value;
}

export function load_val_i64(_id: i32, value: i64): i64 {
  return value;
}

export function load_val_f32(_id: i32, value: f32): f32 {
  return value;
}

export function load_val_f64(_id: i32, value: f64): f64 {
  return value;
}

export function store_val_i32(_id: i32, value: i32): i32 {
  return value;
}

export function store_val_i64(_id: i32, value: i64): i64 {
  return value;
}

export function store_val_f32(_id: i32, value: f32): f32 {
  return value;
}

export function store_val_f64(_id: i32, value: f64): f64 {
  return value;
}

export function memory_grow_pre(_id: i32, pages: i32): i32 {
  return pages;
}

export function memory_grow_post(_id: i32, pages: i32): i32 {
  return pages;
}
