/**
 * What stands behind a command: whether it has the shape of a shell's arguments (options, paths, addresses, numbers,
 * expansions, redirections) or of a sentence.
 */
import { isAlpha, isDigit, isWord, startsLower } from "../../bytes/ascii";
import { cutEnd, isSlice } from "./word";

/** Arguments looked at, and bytes of each. */
const ARGUMENTS_MAX: u32 = 3;
const ARGUMENT_BYTES: u32 = 96;

/** What the arguments amount to. */
export enum Shape {
  /** Nothing follows, up to an operator, a closing quote or the end. */
  NONE = 0,
  /** Words of a sentence. */
  PROSE = 1,
  /** Words or numbers that may be arguments. */
  NEUTRAL = 2,
  /** At least one argument that only a shell has. */
  SHELL = 3,
  /** A call, an assignment, a label: not a command at all. */
  OTHER = 4,
}

/** How many arguments had a shell's shape. */
export let shellArguments: u32 = 0;
/** Where looking stopped. */
export let argumentsEnd: usize = 0;
/** The operator or closing mark that ended the command, or 0. */
export let closed: u32 = 0;

/** Whether the first argument is a short option (`-la`) or a long one, as no word of a sentence is. */
export let optionFirst: bool = false;
/** Whether there is one argument, and it is a number. */
export let oneNumber: bool = false;

/** Whether the first argument was a word of a sentence. */
export let proseFirst: bool = false;

/** Operators and marks that end a command. */
function isEnd(c: u32): bool {
  return (
    c == 0x3b ||
    c == 0x7c ||
    c == 0x26 ||
    c == 0x60 ||
    c == 0x29 ||
    c == 0x0a ||
    c == 0x0d ||
    c == 0x23 ||
    c == 0 ||
    c == 0x7d
  );
}

/** Files and devices that commands in attacks read, write or run. */
function isSensitivePath(at: usize, size: u32): bool {
  return (
    startsLower(at, size, "/etc/") ||
    startsLower(at, size, "/bin/") ||
    startsLower(at, size, "/proc/") ||
    startsLower(at, size, "/tmp/") ||
    startsLower(at, size, "/dev/") ||
    startsLower(at, size, "/var/") ||
    startsLower(at, size, "/root") ||
    startsLower(at, size, "/usr/") ||
    startsLower(at, size, "c:") ||
    startsLower(at, size, "%systemroot%") ||
    startsLower(at, size, "%windir%") ||
    startsLower(at, size, "%userprofile%") ||
    startsLower(at, size, "%temp%")
  );
}

function isAddress(at: usize, size: u32): bool {
  return startsLower(at, size, "http://") || startsLower(at, size, "https://") || startsLower(at, size, "ftp://");
}

/** Whether the first byte occurs again, as in `%TEMP%\\a`. */
function hasSecond(at: usize, size: u32, byte: u32): bool {
  for (let i: u32 = 2; i < size; i++) if (<u32>load<u8>(at + <usize>i) == byte) return true;
  return false;
}

/** A redirection of a number, a command in place of a file, a slice of a variable, or a path with patterns in it. */
function isStrong(at: usize, size: u32): bool {
  for (let i: u32 = 0; i < size; i++) {
    const from = at + <usize>i;
    if (load<u8>(from) == 0x24 && isSlice(from, at + <usize>size)) return true;
  }
  if (size > 3 && (load<u8>(at) == 0x3c || load<u8>(at) == 0x3e) && load<u8>(at + 1) == 0x28) return true;
  if (size > 2 && isDigit(load<u8>(at)) && load<u8>(at + 1) == 0x3e && load<u8>(at + 2) == 0x26) return true;
  if (load<u8>(at) != 0x2f) return false;
  for (let i: u32 = 1; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c == 0x3f || c == 0x2a) return true;
  }
  return false;
}

/** Options of `ps` without a dash: `aux`, `axf`. */
function isLetters(at: usize, size: u32): bool {
  if (size && load<u8>(at + <usize>(size - 1)) == 0x23) size--;
  if (size < 2 || size > 4) return false;
  for (let i: u32 = 0; i < size; i++) {
    const c = <u32>load<u8>(at + <usize>i);
    if (c != 0x61 && c != 0x75 && c != 0x78 && c != 0x65 && c != 0x66 && c != 0x77) return false;
  }
  return true;
}

/** A dash and up to three letters, or two dashes and a word. */
function isOption(at: usize, size: u32): bool {
  if (size < 2 || load<u8>(at) != 0x2d) return false;
  if (load<u8>(at + 1) == 0x2d) return size > 3 && isAlpha(load<u8>(at + 2));
  return size < 5 && isAlpha(load<u8>(at + 1));
}

/** Whether a quote at `at` has nothing behind it that could stand in it: it closes something around the command. */
function isLoneQuote(at: usize, end: usize): bool {
  const c = <u32>load<u8>(at);
  if (c != 0x22 && c != 0x27) return false;
  return at + 1 == end || load<u8>(at + 1) <= 32 || isEnd(load<u8>(at + 1));
}

/** Points of an argument: 2 for a shape that only a shell has, 1 for one it may have, 0 for a word of a sentence. */
function weigh(at: usize, size: u32): u32 {
  const c = <u32>load<u8>(at);
  const next = size > 1 ? <u32>load<u8>(at + 1) : 0;
  switch (c) {
    case 0x2d:
      return isAlpha(next) || isDigit(next) || (next == 0x2d && size > 3) ? 2 : 0;
    case 0x2f:
      return isAlpha(next) || next == 0x3f || next == 0x2a || next == 0x23 || size == 1 ? 2 : 0;
    case 0x2e:
      return next == 0x2f || next == 0x2e || next == 0x5c || size == 1 ? 2 : 1;
    case 0x7e:
      return next == 0x2f || size == 1 ? 2 : 0;
    case 0x24:
      return next == 0x28 || next == 0x7b || isWord(next) || next == 0x40 ? 2 : 0;
    case 0x3c:
    case 0x3e:
      return next == 0x2f || next == 0x26 || next == 0x28 || next == 0x3e || next == 0x3c || size == 1 ? 2 : 1;
    case 0x2a:
      return size < 6 ? 2 : 0;
    case 0x5c:
      return next == 0x5c || size > 2 ? 2 : 0;
    case 0x25:
      return hasSecond(at, size, 0x25) ? 2 : 0;
    case 0x22:
    case 0x27:
      return size > 1 ? 1 : 0;
    default:
  }
  if (isAddress(at, size)) return 2;
  if (isAlpha(c) && next == 0x3a && (size == 2 || !isWord(load<u8>(at + 2)))) return 2;
  let dots: u32 = 0;
  let slashes: u32 = 0;
  let expansions: u32 = 0;
  let others: u32 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const b = <u32>load<u8>(at + <usize>i);
    if (b == 0x2e && i + 1 < size) dots++;
    else if (b == 0x2f) slashes++;
    else if (b == 0x24) expansions++;
    else if (!isAlpha(b) && b != 0x2d && b != 0x27) others++;
  }
  if (expansions) return 2;
  if (isDigit(c)) return dots == 3 || next == 0x3e ? 2 : 1;
  return dots || slashes > 1 || others ? 1 : 0;
}

/** Skips spaces, and expansions that stand for them. */
export function spacesEnd(at: usize, end: usize): usize {
  const stop = at + 64 < end ? at + 64 : end;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (c == 0x20 || c == 0x09 || c == 0x2b || c == 0x0b || c == 0x0c) at++;
    else if (c == 0x24 && at + 5 < end && startsLower(at, <u32>(end - at), "$ifs")) {
      at += 4;
      if (at < end && load<u8>(at) == 0x24 && at + 1 < end && isDigit(load<u8>(at + 1))) at += 2;
    } else if (c == 0x24 && at + 6 < end && startsLower(at, <u32>(end - at), "${ifs")) {
      while (at < stop && load<u8>(at) != 0x7d) at++;
      if (at < stop) at++;
    } else if (c == 0x25) {
      const behind = cutEnd(at, end);
      if (!behind) break;
      at = behind;
    } else break;
  }
  return at;
}

/** The end of the argument at `from`. */
function argumentStop(from: usize, end: usize, brace: bool, plus: bool): usize {
  const stop = from + <usize>ARGUMENT_BYTES < end ? from + <usize>ARGUMENT_BYTES : end;
  const expands = load<u8>(from) == 0x24;
  let at = from + 1;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (c == 0x20 || c == 0x09 || (brace && c == 0x2c) || (plus && c == 0x2b)) break;
    if (isEnd(c) && !(expands && c == 0x7d) && c != 0x23 && !(c == 0x26 && load<u8>(at - 1) == 0x3e)) break;
    at++;
  }
  return at;
}

/**
 * Looks at what follows a command word that ended at `at`.
 * @param brace whether commas separate, as in `{ls,-la}`
 */
export function readArguments(at: usize, end: usize, brace: bool): Shape {
  shellArguments = 0;
  closed = 0;
  argumentsEnd = at;
  optionFirst = false;
  oneNumber = false;
  proseFirst = false;
  if (at == end) return Shape.NONE;
  const first = <u32>load<u8>(at);
  if (isEnd(first) || first == 0x22 || first == 0x27) {
    closed = first;
    return Shape.NONE;
  }
  const spaced =
    first == 0x20 ||
    first == 0x09 ||
    first == 0x24 ||
    first == 0x2b ||
    (brace && first == 0x2c) ||
    (first == 0x25 && cutEnd(at, end) != 0);
  if (!spaced && first != 0x3c && first != 0x3e) return Shape.OTHER;
  let leadShape: Shape = Shape.NONE;
  for (let i: u32 = 0; i < ARGUMENTS_MAX; i++) {
    let from = spacesEnd(at, end);
    /* An expansion for white space is itself a shell's. */
    if (from > at && load<u8>(at) == 0x24) shellArguments++;
    else if (from > at && load<u8>(at) == 0x25) shellArguments += 2;
    if (brace && from < end && load<u8>(from) == 0x2c) from++;
    argumentsEnd = from;
    if (from >= end) break;
    if (isEnd(load<u8>(from)) || isLoneQuote(from, end)) {
      closed = <u32>load<u8>(from);
      break;
    }
    at = argumentStop(from, end, brace, first == 0x2b);
    argumentsEnd = at;
    if (at < end && isEnd(load<u8>(at))) closed = <u32>load<u8>(at);
    const size = <u32>(at - from);
    const points = weigh(from, size);
    if (!i) proseFirst = points == 0;
    if (!i) optionFirst = isOption(from, size) || isLetters(from, size);
    oneNumber = !i && isDigit(load<u8>(from)) && points == 1;
    if (points == 2)
      shellArguments += isSensitivePath(from, size) || isAddress(from, size) || isStrong(from, size) ? 2 : 1;
    else if (!i) leadShape = points ? Shape.NEUTRAL : Shape.PROSE;
  }
  return shellArguments ? Shape.SHELL : leadShape;
}
