/**
 * Where a value leaves the literal that its author put it into: a string in quotes, or a plain number or word. The
 * small query languages share this; each then reads on in its own grammar.
 */
import { isSpace, isWord } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { layer } from "../decode/layer";
import { Place } from "../decode/point";
import { place } from "../decode/value";

/** Longest plain literal in front of a break, in bytes. */
const PLAIN_MAX: usize = 64;

/** Whether the break that was found last passed a closing bracket of any kind. */
export let breakCloses: bool = false;

/**
 * Where the literal's text begins: with the layer, or in a path behind the folders in front of it, because an
 * application takes its parameter from one step.
 */
export function valueStart(): usize {
  if (place != Place.PATH) return layer.at;
  const end = layer.at + <usize>layer.size;
  let start = layer.at;
  for (let at = layer.at; at < end; at++) {
    const c = <u32>load<u8>(at);
    if (c == 0x2f) start = at + 1;
    else if (!isWord(c) && c != 0x2e && c != 0x2d && c != 0x7e) break;
  }
  return start;
}

/** Steps over white space. */
export function skipSpace(at: usize, end: usize): usize {
  while (at < end && isSpace(load<u8>(at))) at++;
  return at;
}

/** Steps over white space and closing brackets. */
export function skipClosers(at: usize, end: usize): usize {
  breakCloses = false;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c == 0x29 || c == 0x5d || c == 0x7d) breakCloses = true;
    else if (!isSpace(c)) break;
    at++;
  }
  return at;
}

/**
 * The first quote that is not doubled and closers behind it.
 * @returns where code would begin, 0 if the value has no such quote or ends there
 */
export function behindQuote(quote: u32): usize {
  const end = layer.at + <usize>layer.size;
  let at = findByte(layer.at, end, quote);
  while (at + 1 < end && <u32>load<u8>(at + 1) == quote) at = findByte(at + 2, end, quote);
  if (at >= end) return 0;
  at = skipClosers(at + 1, end);
  return at < end ? at : 0;
}

/**
 * One plain literal from the value's first byte on, perhaps none, and closers behind it.
 * @returns where code would begin, 0 if the value ends there
 */
export function behindPlain(): usize {
  const end = layer.at + <usize>layer.size;
  const start = skipSpace(valueStart(), end);
  let at = start;
  while (at < end && at - start < PLAIN_MAX && (isWord(load<u8>(at)) || load<u8>(at) == 0x2e)) at++;
  at = skipClosers(at, end);
  return at < end ? at : 0;
}

/** End of the word of letters, digits and underscores at `at`. */
export function wordEnd(at: usize, end: usize): usize {
  while (at < end && isWord(load<u8>(at))) at++;
  return at;
}

/** End of the string that begins with a quote at `at`, behind its closing quote; `end` if it is not closed. */
export function stringEnd(at: usize, end: usize): usize {
  const quote = <u32>load<u8>(at++);
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (c == 0x5c) at++;
    else if (c == quote) return at;
  }
  return end;
}
