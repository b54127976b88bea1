/**
 * What a shell's grammar lets stand between the operator that opens a command and the command's name: brackets and
 * braces of groups, `!`, assignments, redirections, reserved words, the head of a function or of a `case`, and a
 * substitution that gives the name (POSIX.1-2024 XCU §2.9, §2.10). Names assigned on the way are kept, because a
 * command that is the value of a variable of its own needs no name at all: `a=id;$a`.
 */
import { isAlpha, isDigit, isWord, startsLower } from "../../bytes/ascii";

/** Parts of a prefix that are skipped, and bytes of one. */
const PARTS_MAX: u32 = 8;
const PART_BYTES: u32 = 64;
/** Names assigned last that are remembered. */
const NAMES_MAX: u32 = 4;
const NAME_BYTES: u32 = 32;

/** Parts skipped that only a shell's grammar has. */
export let prefixSyntax: u32 = 0;
/** Whether the name is what a substitution gives. */
export let prefixGenerated: bool = false;
/** Whether that substitution is one of backticks, which people also use to mark up code. */
export let prefixTick: bool = false;

const names: usize = memory.data(NAMES_MAX * 8, 4);
let count: u32 = 0;

/** Forgets all names; called when a layer begins. */
export function forgetNames(): void {
  count = 0;
}

function keepName(at: usize, size: u32): void {
  const cell = names + ((<usize>(count % NAMES_MAX)) << 3);
  store<usize>(cell, at);
  store<u32>(cell + 4, size);
  count++;
}

/** Bytes of the name at `at`: letters, digits, underscores, no digit first. */
function nameSize(at: usize, end: usize): u32 {
  if (at >= end || isDigit(load<u8>(at))) return 0;
  let size: u32 = 0;
  while (size < NAME_BYTES && at + <usize>size < end && isWord(load<u8>(at + <usize>size))) size++;
  return size;
}

/** Whether an expansion of a variable that the value itself has assigned stands at `at`, as a word of its own. */
export function runsOwnName(at: usize, end: usize): bool {
  if (at < end && load<u8>(at) == 0x22) at++;
  if (at >= end || load<u8>(at) != 0x24) return false;
  at++;
  if (at < end && load<u8>(at) == 0x7b) at++;
  const size = nameSize(at, end);
  if (!size) return false;
  const known = count < NAMES_MAX ? count : NAMES_MAX;
  for (let i: u32 = 0; i < known; i++) {
    const cell = names + ((<usize>i) << 3);
    if (load<u32>(cell + 4) != size) continue;
    const name = load<usize>(cell);
    let j: u32 = 0;
    while (j < size && load<u8>(name + <usize>j) == load<u8>(at + <usize>j)) j++;
    if (j == size) return true;
  }
  return false;
}

/** Whether such an expansion stands anywhere in [from, to). */
export function usesOwnName(from: usize, to: usize): bool {
  if (!count) return false;
  for (let at = from; at < to; at++) if (load<u8>(at) == 0x24 && runsOwnName(at, to)) return true;
  return false;
}

function isBlank(c: u32): bool {
  return c == 0x20 || c == 0x09;
}

function skipBlanks(at: usize, end: usize): usize {
  const stop = at + 16 < end ? at + 16 : end;
  while (at < stop && (isBlank(load<u8>(at)) || load<u8>(at) == 0x2b)) at++;
  return at;
}

/** The end of the word at `at`: a blank or an operator outside quotes. */
function wordStop(at: usize, end: usize): usize {
  const stop = at + <usize>PART_BYTES < end ? at + <usize>PART_BYTES : end;
  let quote: u32 = 0;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (quote) {
      if (c == quote) quote = 0;
    } else if (c == 0x22 || c == 0x27) quote = c;
    else if (c <= 32 || c == 0x3b || c == 0x7c || c == 0x26 || c == 0x60 || c == 0x29) break;
    at++;
  }
  return at;
}

/** Reserved words behind which a command begins. */
function keywordSize(at: usize, end: usize): u32 {
  const left = <u32>(end - at);
  let size: u32 = 0;
  if (startsLower(at, left, "if") || startsLower(at, left, "do")) size = 2;
  else if (startsLower(at, left, "then") || startsLower(at, left, "elif")) size = 4;
  else if (startsLower(at, left, "else") || startsLower(at, left, "time")) size = 4;
  else if (startsLower(at, left, "while") || startsLower(at, left, "until")) size = 5;
  return size && size < left && isBlank(load<u8>(at + <usize>size)) ? size : 0;
}

/** `case word in pattern)`: @returns behind the bracket, or 0 */
function caseEnd(at: usize, end: usize): usize {
  if (!startsLower(at, <u32>(end - at), "case") || at + 5 > end) return 0;
  /* An expansion may stand for the blank. */
  if (!isBlank(load<u8>(at + 4)) && load<u8>(at + 4) != 0x24) return 0;
  const stop = at + <usize>PART_BYTES < end ? at + <usize>PART_BYTES : end;
  let isIn = false;
  for (at += 5; at < stop; at++) {
    const c = <u32>load<u8>(at);
    if (c == 0x29) return isIn ? at + 1 : 0;
    if (isBlank(c) && startsLower(at + 1, <u32>(end - at - 1), "in ")) isIn = true;
  }
  return 0;
}

/** `name() {`: @returns behind the brace, or 0 */
function functionEnd(at: usize, end: usize, size: u32): usize {
  at = skipBlanks(at + <usize>size, end);
  if (at + 2 >= end || load<u8>(at) != 0x28 || load<u8>(at + 1) != 0x29) return 0;
  at = skipBlanks(at + 2, end);
  return at < end && load<u8>(at) == 0x7b ? at + 1 : 0;
}

/** Whether `$IFS` or `${IFS…}` stands at `at`. */
function expandsToBlank(at: usize, end: usize): bool {
  at++;
  if (at < end && load<u8>(at) == 0x7b) at++;
  return at + 3 <= end && startsLower(at, 3, "ifs");
}

/** The end of the expansion at `at`. */
function expansionEnd(at: usize, end: usize): usize {
  const brace = load<u8>(at + 1) == 0x7b;
  at += brace ? 5 : 4;
  if (!brace) return at;
  while (at < end && load<u8>(at) != 0x7d) at++;
  return at < end ? at + 1 : end;
}

/** A redirection with its target and the blank behind it: @returns behind them, or 0 */
function redirectionEnd(at: usize, end: usize): usize {
  if (at + 2 < end && isDigit(load<u8>(at))) at++;
  const c = <u32>load<u8>(at);
  if (c != 0x3c && c != 0x3e) return 0;
  at++;
  while (at < end && (load<u8>(at) == c || load<u8>(at) == 0x26)) at++;
  at = skipBlanks(at, end);
  if (at >= end || load<u8>(at) == 0x28) return 0;
  const stop = wordStop(at, end);
  if (stop == at || stop >= end) return 0;
  const from = at;
  while (at < stop && load<u8>(at) != 0x24) at++;
  /* An expansion may stand for the blank. */
  if (at > from && at < stop && expandsToBlank(at, stop)) return expansionEnd(at, stop);
  return isBlank(load<u8>(stop)) ? stop : 0;
}

/** A command that does nothing, and the operator that ends it: `true;`. @returns behind them, or 0 */
function idleEnd(at: usize, end: usize): usize {
  const size = load<u8>(at) == 0x3a ? 1 : 4;
  if (size > 1 && (end - at < 4 || load<u32>(at) != 0x6575_7274)) return 0;
  at = skipBlanks(at + <usize>size, end);
  if (at >= end) return 0;
  const c = <u32>load<u8>(at);
  if (c != 0x3b && c != 0x26 && c != 0x7c && c != 0x0a) return 0;
  return at + 1 < end && <u32>load<u8>(at + 1) == c ? at + 2 : at + 1;
}

/** One part of a prefix. @returns behind it, or 0 when the name begins here */
function partEnd(at: usize, end: usize, begins: bool): usize {
  const c = <u32>load<u8>(at);
  const next = at + 1 < end ? <u32>load<u8>(at + 1) : 0;
  if (!begins) {
    if (c == 0x28) return at + 1;
    const idle = idleEnd(at, end);
    if (idle) return idle;
    const behind = redirectionEnd(at, end);
    if (behind) {
      prefixSyntax++;
      return behind;
    }
    if ((c == 0x24 && next == 0x28) || (c == 0x60 && next != 0x60)) {
      prefixGenerated = true;
      prefixTick = c == 0x60;
      return at + (c == 0x24 ? 2 : 1);
    }
  }
  /* cmd.exe does not show a line behind `@`. */
  if (c == 0x40 && next == 0x5e) return at + 1;
  if ((c == 0x7b || c == 0x21) && isBlank(next)) {
    if (c == 0x7b) prefixSyntax++;
    return at + 1;
  }
  if (!isAlpha(c) && c != 0x5f) return 0;
  const size = nameSize(at, end);
  const behind = at + <usize>size;
  if (behind < end && load<u8>(behind) == 0x3d) {
    keepName(at, size);
    const stop = wordStop(behind + 1, end);
    if (stop == end || !isBlank(load<u8>(stop))) return 0;
    prefixSyntax++;
    return stop;
  }
  const keyword = begins ? 0 : keywordSize(at, end);
  if (keyword) {
    prefixSyntax++;
    return at + <usize>keyword;
  }
  if (c == 0x63 || c == 0x43) {
    const stop = caseEnd(at, end);
    if (stop) {
      prefixSyntax++;
      return stop;
    }
  }
  if (begins) return 0;
  const stop = functionEnd(at, end, size);
  if (stop) prefixSyntax++;
  return stop;
}

/**
 * Skips what stands before a command's name.
 * @param begins whether the command is the begin of a value, where a bracket or a substitution is nothing special
 * @returns where the name begins
 */
export function skipPrefix(at: usize, end: usize, begins: bool): usize {
  prefixSyntax = 0;
  prefixGenerated = false;
  prefixTick = false;
  at = skipBlanks(at, end);
  for (let i: u32 = 0; i < PARTS_MAX && at < end; i++) {
    const behind = partEnd(at, end, begins);
    if (!behind) break;
    at = skipBlanks(behind, end);
  }
  return at;
}
