/**
 * Script without tags: a value that is put into a script. It may stand in a string of any quote, in a template, behind
 * a comment, or as plain script, so it is read once from each such beginning (see effect.ts for what is looked for).
 */
import { Limit } from "../../abi/status";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";
import { clearClosers, isCloser } from "./closers";
import { effectAt, effectEnd, effectHidden, findEffect, Read } from "./effect";
import { cursor, tokenFrom } from "./token";
import { dataIsPage, dataScheme, scriptScheme } from "./url";

/** Plain script must come to its effect within this many bytes: what is longer is source that somebody shows. */
const PLAIN_BYTES_MAX: u32 = 256;
/** Readings together may pass this many times over the layer. */
const PASSES: u32 = 12;

let budget: i32 = 0;

/** Reads from `at`; @returns whether something was reported */
function readFrom(from: usize, at: usize, read: u32, signature: Signature): bool {
  const end = layer.at + <usize>layer.size;
  const found = findEffect(at, end, read, end);
  budget -= <i32>(cursor - at) + 8;
  if (!found) return false;
  report(effectHidden ? Signature.XSS_JS_HIDDEN : signature, from, effectEnd);
  return true;
}

/** Script from the value's first byte on, or behind its scheme. */
function readWhole(): bool {
  const end = layer.at + <usize>layer.size;
  let from = layer.at;
  while (from < end && (load<u8>(from) <= 32 || load<u8>(from) == 0x22 || load<u8>(from) == 0x27)) from++;
  const body = scriptScheme(from, end);
  if (body) return readFrom(layer.at, body, 0, Signature.XSS_SCHEME);
  const near = layer.size < PLAIN_BYTES_MAX ? end : layer.at + <usize>PLAIN_BYTES_MAX;
  if (!findEffect(layer.at, end, 0, near)) return false;
  report(effectHidden ? Signature.XSS_JS_HIDDEN : Signature.XSS_JS_CALL, effectAt, effectEnd);
  return true;
}

/** A page inside a URL as the whole value. */
export function scanData(): void {
  const end = layer.at + <usize>layer.size;
  const data = dataScheme(layer.at, end);
  if (data && dataIsPage(data, end)) report(Signature.XSS_SCHEME, layer.at, data);
}

/** What the value may break out of at `at`: 1 a string, 2 a template's text or a comment, 0 nothing. */
function breaksAt(at: usize, end: usize): u32 {
  const c = <u32>load<u8>(at);
  if (c == 0x22 || c == 0x27 || c == 0x60) return isCloser(at) ? 0 : 1;
  if (at + 1 >= end) return 0;
  const next = <u32>load<u8>(at + 1);
  return ((c == 0x24 || c == 0x26) && next == 0x7b) || (c == 0x2a && next == 0x2f) ? 2 : 0;
}

/** Reads the layer as script from every beginning. */
export function scanScript(): void {
  if (!spend(layer.size * 2)) {
    reachLimit(Limit.FUEL);
    return;
  }
  if (readWhole()) return;
  const breaks = Has.SINGLE | Has.DOUBLE | Has.BACKTICK | Has.DOLLAR | Has.STAR | Has.AMPERSAND;
  if (!(layer.has & breaks)) return;
  clearClosers();
  budget = <i32>(layer.size * PASSES + 256);
  const end = layer.at + <usize>layer.size;
  let alive = layer.at;
  let first: u32 = Read.FIRST;
  for (let at = layer.at; at < end; at++) {
    const c = <u32>load<u8>(at);
    if (c > 0x60 || (c != 0x22 && c != 0x27 && c != 0x60 && c != 0x24 && c != 0x26 && c != 0x2a)) continue;
    const kind = breaksAt(at, end);
    if (!kind || (kind == 2 && at < alive)) continue;
    if (budget < 0) {
      reachLimit(Limit.FUEL);
      return;
    }
    const read = kind == 1 ? first | Read.BREAK | Read.CODE : Read.CODE;
    if (kind == 1) first = 0;
    if (readFrom(at, at + <usize>kind, read, Signature.XSS_JS_BREAK)) return;
    /* What this reading has passed as script, a reading from further on would pass alike. */
    if (kind == 2) alive = tokenFrom;
  }
}

/** Marks that JSFuck needs, in a run of nothing else. */
const FUCK_BYTES_MIN: u32 = 48;

function isFuck(c: u32): bool {
  return c == 0x5b || c == 0x5d || c == 0x28 || c == 0x29 || c == 0x21 || c == 0x2b;
}

/**
 * Script written with six characters alone, `[]()!+`, as `[][(![]+[])[+[]]]`. A run that is long enough covers one of
 * every FUCK_BYTES_MIN bytes, so only those are looked at.
 */
export function scanSymbols(): void {
  const end = layer.at + <usize>layer.size;
  let done = layer.at;
  for (let at = layer.at + <usize>(FUCK_BYTES_MIN - 1); at < end; at += <usize>FUCK_BYTES_MIN) {
    if (at < done || !isFuck(load<u8>(at))) continue;
    let from = at;
    while (from > done && isFuck(load<u8>(from - 1))) from--;
    let plus: u32 = 0;
    let not: u32 = 0;
    let empty: u32 = 0;
    done = from;
    while (done < end) {
      const c = <u32>load<u8>(done);
      if (!isFuck(c)) break;
      if (c == 0x2b) plus++;
      if (c == 0x21) not++;
      if (c == 0x5d && done > from && load<u8>(done - 1) == 0x5b) empty++;
      done++;
    }
    if (<u32>(done - from) >= FUCK_BYTES_MIN && plus > 3 && not && empty > 3) {
      report(Signature.XSS_JS_HIDDEN, from, done);
      return;
    }
  }
}
