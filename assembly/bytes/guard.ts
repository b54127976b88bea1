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

export function allow(at: usize, size: u32): void {
  if (MERLON_CHECKED) guard_mark(at, size, GuardState.ALLOWED);
}

export function forbid(at: usize, size: u32): void {
  if (MERLON_CHECKED) guard_mark(at, size, GuardState.FORBIDDEN);
}

export function pad(at: usize, size: u32): void {
  if (MERLON_CHECKED) guard_mark(at, size, GuardState.PADDING);
}

/** Copies like memmove; both ranges are checked in the checked build. */
export function copyBytes(to: usize, from: usize, size: u32): void {
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
