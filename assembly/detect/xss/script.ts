/**
 * Script without tags: a value that is put into a script. It may stand in a string of any quote, in a template, behind
 * a comment, or as plain script, so it is read once from each such beginning (see effect.ts for what is looked for).
 */

import { Limit } from "../../abi/status";
import { isWord, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { affords, spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { report } from "../match";
import { effectAt, effectEnd, effectHidden, findEffect, Read } from "./effect";
import { Keyword, keywordOf } from "./keyword";
import { cursor, forgetScript, TOKEN_UNITS, tokenFrom, wasted } from "./token";
import { clearTrail, onTrail, Trail } from "./trail";
import { bodyAt, bodyEnd, compactBody, dataIsPage, dataScheme, scriptScheme } from "./url";

/** Plain script must come to its effect within this many bytes: what is longer is source that somebody shows. */
const PLAIN_BYTES_MAX: u32 = 256;
/** Readings together may pass this many times over the layer; on common ground they do not pass again. */
const PASSES: u32 = 4;
/** What a reading costs that ends at once. */
const READING_UNITS: i32 = 4;
/** What a byte costs that is passed in search of a beginning, in units. */
const BREAK_UNITS: u32 = 2;

let budget: i32 = 0;

function charge(from: usize): void {
  budget -= <i32>(cursor - from) + wasted + READING_UNITS;
}

/** Reads from `at`; @returns whether something was reported */
function readFrom(from: usize, at: usize, read: u32, signature: Signature): bool {
  const end = layer.at + <usize>layer.size;
  const found = findEffect(at, end, read, end);
  charge(at);
  if (!found) return false;
  report(effectHidden ? Signature.XSS_JS_HIDDEN : signature, from, effectEnd);
  return true;
}

/** Effects of a URL that are looked at. */
const URL_EFFECTS_MAX: u32 = 4;

/** Whether an effect is what links of pages are for: to print, to open, to go elsewhere. */
function isLink(at: usize, end: usize): bool {
  let size = <u32>(end - at);
  if (startsLower(at, size, "window.")) {
    at += 7;
    size -= 7;
  }
  return startsLower(at, size, "print(") || startsLower(at, size, "open(") || startsLower(at, size, "location");
}

/** The script of a URL. */
function readUrl(at: usize, end: usize): bool {
  for (let i: u32 = 0; i < URL_EFFECTS_MAX; i++) {
    const found = findEffect(at, end, i ? Read.CODE : 0, end);
    charge(at);
    if (found && (!i || !isLink(effectAt, effectEnd))) {
      report(effectHidden ? Signature.XSS_JS_HIDDEN : Signature.XSS_SCHEME, layer.at, layer.at + <usize>layer.size);
      return true;
    }
    if (found) at = effectEnd;
    else if (i) return false;
  }
  return false;
}

/** Script from the value's first byte on; a URL was read by `scanUrl`. */
function readWhole(): bool {
  const end = layer.at + <usize>layer.size;
  let from = layer.at;
  while (from < end && (load<u8>(from) <= 32 || load<u8>(from) == 0x22 || load<u8>(from) == 0x27)) from++;
  if (scriptScheme(from, end)) return false;
  const near = layer.size < PLAIN_BYTES_MAX ? end : layer.at + <usize>PLAIN_BYTES_MAX;
  /* A value that begins with a member goes on behind an operand of the page. */
  const found = findEffect(layer.at, end, load<u8>(layer.at) == 0x2e ? Read.BREAK : 0, near);
  charge(layer.at);
  if (!found) return false;
  report(effectHidden ? Signature.XSS_JS_HIDDEN : Signature.XSS_JS_CALL, effectAt, effectEnd);
  return true;
}

/** A script URL as the whole value, behind white space and a quote. */
export function scanUrl(): void {
  const end = layer.at + <usize>layer.size;
  let at = layer.at;
  while (at < end && (load<u8>(at) <= 32 || load<u8>(at) == 0x22 || load<u8>(at) == 0x27)) at++;
  const script = scriptScheme(at, end);
  if (!script) return;
  budget = <i32>layer.size;
  forgetScript();
  if (!readUrl(script, end) && compactBody(script, end, false) && !readUrl(bodyAt, bodyEnd)) {
    compactBody(script, end, true);
    readUrl(bodyAt, bodyEnd);
  }
  if (!spend(<u32>(<i32>layer.size - budget) * TOKEN_UNITS)) reachLimit(Limit.FUEL);
}

/** A page inside a URL as the whole value. */
export function scanData(): void {
  const end = layer.at + <usize>layer.size;
  const data = dataScheme(layer.at, end);
  if (data && dataIsPage(data, end)) report(Signature.XSS_SCHEME, layer.at, data);
}

/** What a break leaves: a string, a template, a template's text, a comment. */
enum Break {
  NONE = 0,
  STRING = 1,
  TEMPLATE = 2,
  EXPRESSION = 3,
  COMMENT = 4,
}

/** Where the pass stands: on the value's first line; behind the beginning of a comment; which quotes have come. */
let firstLine: bool = true;
let commented: bool = false;
/** The value is a source of several lines, so that of its quotes only the first of each kind can close the page's. */
let source: bool = false;
/** It begins with a comment or a directive, as sources do: its quotes count as those of one. */
let prefaced: bool = false;
let quotesSeen: u32 = 0;

function quoteBit(c: u32): u32 {
  return c == 0x22 ? 1 : c == 0x27 ? 2 : 4;
}

/** Whether the quote is one of a source, and not its first. */
function sourceQuote(c: u32): bool {
  return (source || prefaced) && (quotesSeen & quoteBit(c)) != 0;
}

/**
 * What the value may break out of at `at`. A string cannot hold a line end, so a quote behind one closes none that the
 * value began in; nor does the end of a comment that the value itself began.
 */
function breaksAt(at: usize, end: usize): Break {
  const c = <u32>load<u8>(at);
  const next = at + 1 < end ? <u32>load<u8>(at + 1) : 0;
  switch (c) {
    case 0x22:
    case 0x27:
      return firstLine && !onTrail(Trail.CLOSER, at) && !sourceQuote(c) ? Break.STRING : Break.NONE;
    case 0x60:
      /* Behind another one it is a fence of Markdown. */
      if (onTrail(Trail.CLOSER, at) || sourceQuote(c)) return Break.NONE;
      return at > layer.at && load<u8>(at - 1) == c ? Break.NONE : Break.TEMPLATE;
    case 0x24:
    case 0x26:
      return next == 0x7b ? Break.EXPRESSION : Break.NONE;
    case 0x2f:
      if (next == 0x2a) commented = true;
      return Break.NONE;
    case 0x2a:
      return next == 0x2f && !commented ? Break.COMMENT : Break.NONE;
    case 0x0a:
    case 0x0d:
      firstLine = false;
      return Break.NONE;
    default:
      return Break.NONE;
  }
}

/**
 * How to read behind a break. A source has strings too, but its first quote of a kind opens one; only behind that one
 * can a value that is no source have closed the page's.
 */
function readOf(kind: Break, c: u32): u32 {
  if (kind != Break.STRING && kind != Break.TEMPLATE) return Read.SHARED;
  const bit = quoteBit(c);
  let read: u32 = Read.BREAK | Read.SHARED;
  if (!(quotesSeen & bit)) read |= Read.CODE | Read.STRONG;
  if (!quotesSeen) read |= Read.FIRST;
  quotesSeen |= bit;
  return read;
}

/** Whether script can go on behind a quote at `at`: not with a quote or a word, but for `in` and its like. */
function mayOpen(at: usize, end: usize): bool {
  if (at >= end) return false;
  const c = <u32>load<u8>(at);
  if (isWord(c)) return c == 0x69 || c == 0x6f || c == 0x61;
  return c != 0x22 && c != 0x27 && c != 0x5c && c != 0x40 && c != 0x23;
}

/** @returns address behind a comment or a directive (`'use strict'`) at `at`, or `at` */
function skipPreamble(at: usize, end: usize): usize {
  if (at + 12 >= end) return at;
  const c = <u32>load<u8>(at);
  const next = <u32>load<u8>(at + 1);
  if ((c == 0x22 || c == 0x27) && startsLower(at + 1, 10, "use strict")) {
    return <u32>load<u8>(at + 11) == c ? at + 12 : at;
  }
  if (c != 0x2f && c != 0x23) return at;
  if (c == 0x2f && next == 0x2a) {
    for (let p = at + 2; p + 1 < end; p++) if (load<u8>(p) == 0x2a && load<u8>(p + 1) == 0x2f) return p + 2;
    return at;
  }
  return next == 0x2f || next == 0x21 ? findByte(at, end, 0x0a) : at;
}

/**
 * Whether the value is a source of several lines: it begins with a declaration, or with comments and directives, which
 * sets `prefaced` alone.
 */
function isSource(): bool {
  prefaced = false;
  if (!(layer.has & Has.NEWLINE)) return false;
  const end = layer.at + <usize>layer.size;
  let at = layer.at;
  for (;;) {
    while (at < end && (load<u8>(at) <= 32 || load<u8>(at) == 0x3b)) at++;
    const after = skipPreamble(at, end);
    if (after == at) break;
    prefaced = true;
    at = after;
  }
  if (prefaced) return false;
  let stop = at;
  while (stop < end && isWord(load<u8>(stop))) stop++;
  const word = keywordOf(at, <u32>(stop - at));
  return word == Keyword.DECLARE || (word == Keyword.PREFIX && stop < end && load<u8>(stop) == 32);
}

/** Whether two strings are put together, by which a script may name what no word of the layer names. */
export function joinsStrings(): bool {
  const end = layer.at + <usize>layer.size;
  for (let at = findByte(layer.at, end, 0x2b); at < end; at = findByte(at + 1, end, 0x2b)) {
    if (at > layer.at && at + 1 < end && isQuote(load<u8>(at - 1)) && isQuote(load<u8>(at + 1))) return true;
  }
  return false;
}

/** Whether the value writes a letter as an escape of scripts: `\u0061`, `\x61`, `\141`. */
export function escapesLetters(): bool {
  const end = layer.at + <usize>layer.size;
  for (let at = findByte(layer.at, end, 0x5c); at + 3 < end; at = findByte(at + 1, end, 0x5c)) {
    const c = <u32>load<u8>(at + 1);
    const next = <u32>load<u8>(at + 2);
    if (c == 0x75 && (next == 0x30 || next == 0x7b)) return true;
    if (c == 0x78 && next - 0x34 < 4) return true;
    if (c == 0x31 && next - 0x30 < 8) return true;
  }
  return false;
}

function isQuote(c: u32): bool {
  return c == 0x22 || c == 0x27 || c == 0x60;
}

/** Reads the layer as script from every beginning. */
export function scanScript(): void {
  const granted = min(<i32>(layer.size * PASSES + 256), affords(TOKEN_UNITS));
  budget = granted;
  forgetScript();
  const done = readAll();
  if (!spend(layer.size * BREAK_UNITS + <u32>(granted - budget) * TOKEN_UNITS) || !done) reachLimit(Limit.FUEL);
}

/** @returns address of the next byte in [at, end) that `breaksAt` has a case for, or `end` */
function nextBreak(at: usize, end: usize): usize {
  for (; at < end; at += 16) {
    const bytes = v128.load(at);
    const quotes = v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x27)));
    const opens = v128.or(i8x16.eq(bytes, i8x16.splat(0x60)), i8x16.eq(bytes, i8x16.splat(0x24)));
    const lines = v128.or(i8x16.eq(bytes, i8x16.splat(0x0a)), i8x16.eq(bytes, i8x16.splat(0x0d)));
    const slashes = v128.or(i8x16.eq(bytes, i8x16.splat(0x2f)), i8x16.eq(bytes, i8x16.splat(0x2a)));
    const others = v128.or(i8x16.eq(bytes, i8x16.splat(0x26)), v128.or(quotes, opens));
    const mask = <u32>i8x16.bitmask(v128.or(v128.or(lines, slashes), others));
    if (mask) return at + <usize>ctz(mask) < end ? at + <usize>ctz(mask) : end;
  }
  return end;
}

/** @returns false where readings have passed over the layer too often */
function readAll(): bool {
  source = isSource();
  if (!source && readWhole()) return true;
  const breaks = Has.SINGLE | Has.DOUBLE | Has.BACKTICK | Has.DOLLAR | Has.STAR | Has.AMPERSAND;
  if (!(layer.has & breaks)) return true;
  clearTrail(Trail.CLOSER);
  clearTrail(Trail.WEAK);
  clearTrail(Trail.STRONG);
  firstLine = true;
  commented = false;
  quotesSeen = 0;
  const end = layer.at + <usize>layer.size;
  let alive = layer.at;
  for (let at = nextBreak(layer.at, end); at < end; at = nextBreak(at + 1, end)) {
    const c = <u32>load<u8>(at);
    const kind = breaksAt(at, end);
    if (kind == Break.NONE || (kind > Break.TEMPLATE && at < alive)) continue;
    if (budget < 0) return false;
    const from = at + (kind > Break.TEMPLATE ? 2 : 1);
    if (kind <= Break.TEMPLATE && !mayOpen(from, end)) {
      quotesSeen |= quoteBit(c);
      continue;
    }
    if (readFrom(at, from, readOf(kind, c), Signature.XSS_JS_BREAK)) return true;
    /* What this reading has passed as script, a reading from further on would pass alike. */
    if (kind > Break.TEMPLATE) alive = tokenFrom;
  }
  return true;
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
