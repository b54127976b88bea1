/**
 * Range checks of the checked build. In the release build these functions are empty and vanish.
 *
 * The checked build is the same sources with MERLON_CHECKED=1: every load and store of the finished module is then
 * instrumented to ask a shadow map whether the address belongs to something alive. This file feeds that map. Raw loads
 * inside linear memory never trap by themselves, so without it a parser's overrun would go unseen.
 */
import { guard_mark, guard_range } from "./env";

/** What may be done with a byte. */
export enum GuardState {
  /** Nothing: a gap, freed memory. */
  FORBIDDEN = 0,
  /** Any load and store. */
  ALLOWED = 1,
  /** Only 16-byte SIMD loads, which may reach over a value's end into its zero padding. */
  PADDING = 2,
}

/** From now on the bytes may be loaded and stored: they were given to somebody. */
export function allow(at: usize, size: u32): void {
  if (MERLON_CHECKED) guard_mark(at, size, GuardState.ALLOWED);
}

/** From now on nothing may touch the bytes: they are a gap, or were given back. */
export function forbid(at: usize, size: u32): void {
  if (MERLON_CHECKED) guard_mark(at, size, GuardState.FORBIDDEN);
}

/** From now on only 16-byte loads may reach the bytes: they are the zeros behind a value. */
export function pad(at: usize, size: u32): void {
  if (MERLON_CHECKED) guard_mark(at, size, GuardState.PADDING);
}

/** Copies up to 16 bytes by two loads that may overlap; nothing beyond either range is touched. */
function copyShort(to: usize, from: usize, size: u32): void {
  if (size >= 8) {
    const head = load<u64>(from);
    const tail = load<u64>(from + <usize>size - 8);
    store<u64>(to, head);
    store<u64>(to + <usize>size - 8, tail);
  } else if (size >= 4) {
    const head = load<u32>(from);
    const tail = load<u32>(from + <usize>size - 4);
    store<u32>(to, head);
    store<u32>(to + <usize>size - 4, tail);
  } else {
    for (let i: usize = 0; i < <usize>size; i++) store<u8>(to + i, load<u8>(from + i));
  }
}

/**
 * Copies bytes between ranges that do not overlap. Most pieces are short, and a bulk copy is a call out of the module
 * that costs more than copying sixty bytes by hand.
 */
export function copyBytes(to: usize, from: usize, size: u32): void {
  if (size <= 16) {
    copyShort(to, from, size);
    return;
  }
  if (size <= 128) {
    const last = <usize>size - 16;
    for (let i: usize = 0; i < last; i += 16) v128.store(to + i, v128.load(from + i));
    v128.store(to + last, v128.load(from + last));
    return;
  }
  if (MERLON_CHECKED) {
    guard_range(to, size);
    guard_range(from, size);
  }
  memory.copy(to, from, size);
}

/** Fills with zeros. */
export function zeroBytes(at: usize, size: u32): void {
  if (MERLON_CHECKED) guard_range(at, size);
  memory.fill(at, 0, size);
}
