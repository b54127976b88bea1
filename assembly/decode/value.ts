/**
 * The value under inspection: where it came from, how much work it may still cost, and the hooks by which what
 * stands to the right of decoding is reached: `want` and `inspect` (detection) for a layer.
 */
import { Place } from "./point";

/** Where the value was found. */
export let place: Place = Place.BODY;
/** Offset of the first layer's first byte in the whole value: above 0 in later windows of a long value. */
export let valueBase: u32 = 0;
/** Work left for the value, in units of about one visit of a byte. */
export let fuel: i32 = 0;
/** Values inside values around this one. */
export let nest: u32 = 0;

/** Says where the next value was found. */
export function setPlace(next: Place): void {
  place = next;
}

/** Says which byte of the whole value the next layer begins with. */
export function setValueBase(offset: u32): void {
  valueBase = offset;
}

/** Grants the value its work; what is not spent is lost with the next value's grant. */
export function setFuel(units: i32): void {
  fuel = units;
}

/** Spends work; @returns false once there is none left */
export function spend(units: u32): bool {
  fuel -= <i32>units;
  return fuel > 0;
}

/** Bytes that the work left pays for, at so many units each. */
export function affords(units: u32): i32 {
  return fuel > 0 ? fuel / <i32>units : 0;
}

/** Says how many values are around the next one; NEST_MAX is refused by whoever opens it. */
export function setNest(depth: u32): void {
  nest = depth;
}

/** One bit a signature: those reported for this value, so that one is told once however many layers show it. */
export let seen: usize = 0;
/** Bytes at `seen`. */
export const SEEN_BYTES: u32 = 32;

/** Gives the room for the bits of `seen`: SEEN_BYTES, zeroed by whoever gives it. */
export function setSeen(at: usize): void {
  seen = at;
}

/** Signatures that are not told again, one bit each as in `seen`; 0 for none. */
export let told: usize = 0;

/** Names the signatures that are not told again: SEEN_BYTES at the address, or 0. */
export function setTold(at: usize): void {
  told = at;
}

let wantHook: () => u32 = wantNone;

function wantNone(): u32 {
  return 0;
}

/** Names the function that says which lexers would look at the current layer, one bit each. */
export function onWant(hook: () => u32): void {
  wantHook = hook;
}

/** Whether every layer is to be looked at, whatever is known of it: for traces and tests. */
export let everyLayer: bool = false;

/** Looks at every layer from now on, or only at those that a lexer wants. */
export function setEveryLayer(on: bool): void {
  everyLayer = on;
}

/** The lexers that would look at the current layer, one bit each; 0 for none. */
export function lexersFor(): u32 {
  return wantHook();
}

let bodyHook: (at: usize, size: u32) => void = noBody;

function noBody(_at: usize, _size: u32): void {}

/** Names the function that follows the body's text; called once when the module starts. */
export function onBodyText(hook: (at: usize, size: u32) => void): void {
  bodyHook = hook;
}

/** Hands on the next bytes of the body's text. */
export function followBody(at: usize, size: u32): void {
  bodyHook(at, size);
}

let inspectHook: () => void = noInspection;

function noInspection(): void {}

/** Names the function that looks at the current layer; called once when the module starts. */
export function onLayer(hook: () => void): void {
  inspectHook = hook;
}

/** Looks at the current layer. */
export function inspectLayer(): void {
  inspectHook();
}
