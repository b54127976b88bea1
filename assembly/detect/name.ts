/**
 * Names of parameters as ways through objects. PHP, Rack and the query parsers of Node read `a[b][c]`, Java and .NET
 * binders `a.b.c`, JSON nests keys: all of them say which property of which object a value goes to.
 */
import { isAlpha, isDigit } from "../bytes/ascii";
import { layer } from "../decode/layer";
import { findName, lastNameAt, lastNameSize, nextName, Place } from "../decode/point";
import { place } from "../decode/value";

/** Longest name that is read, in bytes. */
const NAME_MAX: u32 = 256;
/** Names around a key of a document that are asked for. */
const OUTER_MAX: u32 = 32;

/** Whether the current layer is a name and no value. */
export function isNamePlace(): bool {
  switch (place) {
    case Place.QUERY_NAME:
    case Place.FORM_NAME:
    case Place.PART_NAME:
    case Place.COOKIE_NAME:
    case Place.JSON_KEY:
      return layer.size <= NAME_MAX;
    default:
      return false;
  }
}

/** The step that was read last: its bytes, and whether it stood in brackets. */
export let stepAt: usize = 0;
export let stepSize: u32 = 0;
export let stepBracketed: bool = false;
let cursor: usize = 0;

/** Starts on the steps of the current layer. */
export function stepsBegin(): void {
  cursor = layer.at;
}

function isNameByte(c: u32): bool {
  if (isAlpha(c) || isDigit(c) || c == 0x5f || c == 0x24 || c == 0x2d) return true;
  return c == 0x23 || c == 0x3a || c == 0x40 || c == 0x2f;
}

/** Reads the next step. @returns false at the end, and from where the layer is no name on */
export function stepsNext(): bool {
  const end = layer.at + <usize>layer.size;
  let at = cursor;
  if (at >= end) return false;
  let c = <u32>load<u8>(at);
  stepBracketed = c == 0x5b;
  if (stepBracketed || (c == 0x2e && at > layer.at)) at++;
  else if (at > layer.at) return false;
  if (at >= end) return false;
  /* PHP and OGNL take a quoted step too. */
  c = <u32>load<u8>(at);
  const quote: u32 = stepBracketed && (c == 0x27 || c == 0x22) ? c : 0;
  if (quote) at++;
  stepAt = at;
  while (at < end && isNameByte(load<u8>(at))) at++;
  stepSize = <u32>(at - stepAt);
  if (!stepSize && !stepBracketed) return false;
  if (quote) {
    if (at >= end || <u32>load<u8>(at) != quote) return false;
    at++;
  }
  if (stepBracketed) {
    if (at >= end || load<u8>(at) != 0x5d) return false;
    at++;
  }
  cursor = at;
  return true;
}

/** Whether all of the layer was read: a text that only begins like a name is none. */
export function stepsEnded(): bool {
  return cursor == layer.at + <usize>layer.size;
}

/**
 * Reads the name `inner` steps outside of the current one of a document's key, 1 being the object that holds it, which
 * is asked for first.
 * @returns false if there is none, or the current layer is no key
 */
export function outerStep(inner: u32): bool {
  if (place != Place.JSON_KEY || inner > OUTER_MAX) return false;
  if (!(inner > 1 ? nextName(inner) : findName(inner))) return false;
  stepAt = lastNameAt;
  stepSize = lastNameSize;
  return true;
}
