/**
 * Values as PHP writes them for itself (`serialize`): `a:1:{s:1:"q";s:5:"hello";}`. Sessions, carts and settings lie
 * like this in cookies and fields. The strings inside are values of their own, under `php_serialized.hash.KEY`, since a
 * program takes them out and uses them as it uses a parameter. The text as a whole is looked at as well, so a length
 * that lies hides nothing: the reader here goes by the quotes where a length does not fit.
 */
import { DEPTH_MAX, PAIRS_MAX } from "../abi/limits";
import { Limit } from "../abi/status";
import { isDigit } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { inspectValue } from "./chain";
import { Decoder } from "./decoder";
import { Layer } from "./layer";
import { pointDepth, pointTruncate, pushName, pushWord, Word } from "./point";
import { reachLimit } from "./transaction";
import { place } from "./value";

/** Where the value begins and ends, and how many strings were found in it. */
let start: usize = 0;
let end: usize = 0;
let strings: u32 = 0;
/** The string read last. */
let textAt: usize = 0;
let textSize: u32 = 0;

/** Whether the bytes begin like an array, an object or a string. */
export function looksSerialized(first: u32): bool {
  const c = first & 255;
  if (((first >> 8) & 255) != 0x3a || !isDigit((first >> 16) & 255)) return false;
  return c == 0x61 || c == 0x4f || c == 0x43 || c == 0x73;
}

/** Looks at the strings of a serialized value. */
export function inspectSerialized(one: Layer): void {
  const outerStart = start;
  const outerEnd = end;
  const outerStrings = strings;
  start = one.at;
  end = one.at + <usize>one.size;
  strings = 0;
  const depth = pointDepth();
  pushWord(Word.PHP_SERIALIZED);
  /* Pieces of such a value stand in a row without the array around them. */
  for (let at = one.at; at && at < end; ) at = walk(at, 0);
  pointTruncate(depth);
  start = outerStart;
  end = outerEnd;
  strings = outerStrings;
}

/** Behind a number and the colon that ends it; its value is in `count`. @returns 0 where there is none */
let count: u32 = 0;
function afterNumber(at: usize): usize {
  count = 0;
  const from = at;
  while (at < end && at - from < 9 && isDigit(load<u8>(at))) count = count * 10 + load<u8>(at++) - 48;
  return at > from && at < end && load<u8>(at) == 0x3a ? at + 1 : 0;
}

/** Reads the rest of a string behind its `s:`. @returns where what follows begins, or 0 */
function readText(at: usize): usize {
  at = afterNumber(at);
  if (!at || at == end || load<u8>(at) != 0x22) return 0;
  textAt = ++at;
  if (count < <u32>(end - at) && load<u8>(at + <usize>count) == 0x22) {
    textSize = count;
    return at + <usize>count + 1;
  }
  for (;;) {
    at = findByte(at, end, 0x22);
    if (at + 1 >= end) break;
    if (load<u8>(at + 1) == 0x3b || load<u8>(at + 1) == 0x3a) break;
    at++;
  }
  textSize = <u32>(at - textAt);
  return at < end ? at + 1 : end;
}

/** Reads a value of one of the kinds without parts. @returns where what follows begins, or 0 */
function afterScalar(at: usize): usize {
  const stop = findByte(at, end, 0x3b);
  return stop < end ? stop + 1 : 0;
}

/** Reads one value and looks at its strings. @returns where what follows begins, or 0 where this is no value */
function walk(at: usize, depth: u32): usize {
  if (at + 2 > end || strings > PAIRS_MAX || depth == DEPTH_MAX) {
    if (strings > PAIRS_MAX) reachLimit(Limit.PAIRS);
    if (depth == DEPTH_MAX) reachLimit(Limit.DEPTH);
    return 0;
  }
  const kind = <u32>load<u8>(at);
  if (kind == 0x4e) return at + 2;
  if (load<u8>(at + 1) != 0x3a) return 0;
  at += 2;
  switch (kind) {
    case 0x73: {
      const next = readText(at);
      if (!next) return 0;
      strings++;
      inspectValue(place, Decoder.RAW, textAt, textSize, <u32>(textAt - start));
      return next < end && load<u8>(next) == 0x3b ? next + 1 : next;
    }
    case 0x61:
      return walkPairs(afterNumber(at), depth);
    case 0x4f: {
      /* An object is an array with a class in front. */
      const next = readText(at);
      return next && next < end ? walkPairs(afterNumber(next + 1), depth) : 0;
    }
    default:
      return afterScalar(at);
  }
}

/** Reads keys and values between braces. */
function walkPairs(at: usize, depth: u32): usize {
  if (!at || at == end || load<u8>(at) != 0x7b) return 0;
  at++;
  const point = pointDepth();
  while (at < end && load<u8>(at) != 0x7d) {
    const named = load<u8>(at) == 0x73;
    at = named ? readText(at + 2) : afterScalar(at);
    if (!at || at >= end) break;
    if (named && load<u8>(at) == 0x3b) at++;
    pushWord(named ? Word.HASH : Word.ARRAY);
    if (named) pushName(textAt, textSize);
    at = walk(at, depth + 1);
    pointTruncate(point);
    if (!at) return 0;
  }
  return at && at < end ? at + 1 : 0;
}
