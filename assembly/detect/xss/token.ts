/**
 * Splits a script into tokens as ECMA-262 §12 does, tolerantly: nothing is an error, what never closes ends with the
 * input. One token is current at a time; a caller tells whether an operand came before, which decides between a
 * division and a regular expression (§12.9.5).
 */
import { isAlpha, isDigit, isWord } from "../../bytes/ascii";

/** What the current token is. */
export enum Token {
  END = 0,
  WORD = 1,
  NUMBER = 2,
  STRING = 3,
  TEMPLATE = 4,
  REGEX = 5,
  /** A bracket, separator or operator; `tokenMark` says which. */
  MARK = 6,
}

/** Operators of more than one character, as `tokenMark` shows them; single ones show their own character. */
export enum Mark {
  ARROW = 256,
  /** Any operator that takes two operands and changes nothing. */
  BINARY = 257,
  /** `++` or `--`. */
  STEP = 258,
  ASSIGN = 0x3d,
  DOT = 0x2e,
}

/** The current token's kind, and which mark it is. */
export let tokenKind: Token = Token.END;
export let tokenMark: u32 = 0;
/** The token's bytes; of a string, template or regular expression without its delimiters. */
export let tokenAt: usize = 0;
export let tokenEnd: usize = 0;
/** Where the token began, delimiters included. */
export let tokenFrom: usize = 0;
/** A line ended before the token. */
export let tokenLine: bool = false;
/** White space stands before the token, and no comment. */
export let tokenSpaced: bool = false;
/** The template goes on with an expression: reading is inside its `${`. */
export let tokenOpen: bool = false;
/** What was read last never closed: a string, or a comment that runs to the end. */
export let tokenTorn: bool = false;
/** Where reading goes on. */
export let cursor: usize = 0;
/** Bytes looked at since `openScript` beyond those passed; below zero where some were passed unseen. */
export let wasted: i32 = 0;

let stop: usize = 0;
/** From here on no block comment ends before `stop`, and no line does in [lineFrom, lineEnd). */
let unclosedFrom: usize = 0;
let lineFrom: usize = 0;
let lineEnd: usize = 0;
/** Times that a regular expression did not close. */
let regexMisses: u32 = 0;
/** What a byte costs that a reading of script passes, in units of fuel. */
export const TOKEN_UNITS: u32 = 7;
const REGEX_MISSES_MAX: u32 = 3;
const REGEX_BYTES_MAX: u32 = 512;

/** Forgets what was learnt about the layer before. */
export function forgetScript(): void {
  stop = 0;
}

/** Begins to read [at, end). */
export function openScript(at: usize, end: usize): void {
  cursor = at;
  if (end != stop) {
    unclosedFrom = end;
    lineFrom = end;
    lineEnd = end;
  }
  stop = end;
  regexMisses = 0;
  wasted = 0;
  tokenTorn = false;
  tokenKind = Token.END;
}

/** @returns bytes of the Unicode white space at `at` (ECMA-262 §12.2), or 0 */
function wideSpace(at: usize, end: usize): u32 {
  if (at + 1 >= end) return 0;
  const a = <u32>load<u8>(at);
  const b = <u32>load<u8>(at + 1);
  if (a == 0xc2) return b == 0xa0 || b == 0x85 ? 2 : 0;
  if (at + 2 >= end) return 0;
  const c = <u32>load<u8>(at + 2);
  if (a == 0xe2) return (b == 0x80 && (c < 0x8c || c - 0xa8 < 8)) || (b == 0x81 && c == 0x9f) ? 3 : 0;
  if (a == 0xef) return b == 0xbb && c == 0xbf ? 3 : 0;
  if (a == 0xe1) return (b == 0x9a && c == 0x80) || (b == 0xa0 && c == 0x8e) ? 3 : 0;
  return a == 0xe3 && b == 0x80 && c == 0x80 ? 3 : 0;
}

/** @returns address behind the comment that begins at `at` with `/` and `second` */
function skipComment(at: usize, second: u32): usize {
  at += 2;
  if (second == 0x2a) {
    if (at >= unclosedFrom) {
      wasted -= <i32>(stop - at);
      return stop;
    }
    const from = at;
    while (at + 1 < stop) {
      const c = <u32>load<u8>(at);
      if (c == 0x0a || c == 0x0d) tokenLine = true;
      if (c == 0x2a && load<u8>(at + 1) == 0x2f) return at + 2;
      at++;
    }
    unclosedFrom = from;
    return stop;
  }
  if (at >= lineFrom && at < lineEnd) {
    wasted -= <i32>(lineEnd - at);
    return lineEnd;
  }
  lineFrom = at;
  while (at < stop && load<u8>(at) != 0x0a && load<u8>(at) != 0x0d && !isWideLine(at)) at++;
  lineEnd = at;
  return at;
}

/** Whether U+2028 or U+2029 stands at `at`, which end lines as others do (ECMA-262 §12.3). */
function isWideLine(at: usize): bool {
  if (load<u8>(at) != 0xe2 || at + 2 >= stop) return false;
  return load<u8>(at + 1) == 0x80 && (<u32>load<u8>(at + 2) | 1) == 0xa9;
}

function skipBlank(): void {
  let at = cursor;
  let comment = false;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (c <= 32) {
      if (c == 0x0a || c == 0x0d) tokenLine = true;
      at++;
    } else if (c == 0x2f && at + 1 < stop && (load<u8>(at + 1) == 0x2f || load<u8>(at + 1) == 0x2a)) {
      at = skipComment(at, <u32>load<u8>(at + 1));
      tokenTorn = at == stop;
      comment = true;
    } else if (c >= 0xc2) {
      const wide = wideSpace(at, stop);
      if (!wide) break;
      if (isWideLine(at)) tokenLine = true;
      at += <usize>wide;
    } else break;
  }
  tokenSpaced = at > cursor && !comment;
  cursor = at;
}

/** Reads up to the unescaped closing character; a line end closes what may not hold one. */
function readDelimited(kind: Token, close: u32, lines: bool): void {
  let at = cursor + 1;
  tokenAt = at;
  tokenKind = kind;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (c == close || (!lines && (c == 0x0a || c == 0x0d))) {
      tokenEnd = at;
      cursor = at + 1;
      return;
    }
    if (lines && c == 0x24 && at + 1 < stop && load<u8>(at + 1) == 0x7b) {
      tokenEnd = at;
      cursor = at + 2;
      tokenOpen = true;
      return;
    }
    at += c == 0x5c && at + 1 < stop ? 2 : 1;
  }
  tokenEnd = stop;
  cursor = stop;
  tokenTorn = true;
}

/** Reads a regular expression if one closes on this line. @returns false where there is none */
function readRegex(): bool {
  if (regexMisses > REGEX_MISSES_MAX) return false;
  let at = cursor + 1;
  const limit = stop - at > <usize>REGEX_BYTES_MAX ? at + <usize>REGEX_BYTES_MAX : stop;
  let set = false;
  while (at < limit) {
    const c = <u32>load<u8>(at);
    if (c == 0x0a || c == 0x0d) break;
    if (c == 0x5b) set = true;
    else if (c == 0x5d) set = false;
    else if (c == 0x2f && !set) {
      tokenKind = Token.REGEX;
      tokenAt = cursor + 1;
      tokenEnd = at++;
      while (at < stop && isAlpha(load<u8>(at))) at++;
      cursor = at;
      return true;
    }
    at += c == 0x5c && at + 1 < limit ? 2 : 1;
  }
  regexMisses++;
  wasted += <i32>(at - cursor);
  return false;
}

function readNumber(): void {
  let at = cursor;
  tokenKind = Token.NUMBER;
  while (at < stop && isWord(load<u8>(at))) at++;
  if (at + 1 < stop && load<u8>(at) == 0x2e && (isDigit(load<u8>(at + 1)) || load<u8>(at + 1) == 0x2e)) {
    at++;
    while (at < stop && isWord(load<u8>(at))) at++;
  }
  tokenEnd = at;
  cursor = at;
}

function mark(code: u32, size: u32): void {
  tokenKind = Token.MARK;
  tokenMark = code;
  cursor += <usize>size;
  tokenEnd = cursor;
}

function peek(offset: usize): u32 {
  return cursor + offset < stop ? <u32>load<u8>(cursor + offset) : 0;
}

/** Reads an operator at the cursor: the longest one, of which only the role is kept. */
function readMark(c: u32): void {
  const next = peek(1);
  switch (c) {
    case 0x3d:
      if (next == 0x3e) mark(Mark.ARROW, 2);
      else if (next == 0x3d) mark(Mark.BINARY, peek(2) == 0x3d ? 3 : 2);
      else mark(Mark.ASSIGN, 1);
      return;
    case 0x21:
    case 0x3c:
    case 0x3e:
      if (next == 0x3d) mark(Mark.BINARY, peek(2) == 0x3d ? 3 : 2);
      else mark(c, 1);
      return;
    case 0x2b:
    case 0x2d:
      if (next == c) mark(Mark.STEP, 2);
      else if (next == 0x3d) mark(Mark.ASSIGN, 2);
      else mark(c, 1);
      return;
    case 0x2a:
    case 0x25:
    case 0x5e:
    case 0x2f:
      if (next == 0x3d) mark(Mark.ASSIGN, 2);
      else mark(Mark.BINARY, 1);
      return;
    case 0x26:
    case 0x7c:
    case 0x3f: {
      if (c == 0x3f && next == 0x2e) {
        /* `?.(`, `?.[` and a tagged template: the bracket alone says all there is to say. */
        cursor += 2;
        const line = tokenLine;
        skipBlank();
        tokenLine = line;
        const after = peek(0);
        if (after == 0x28 || after == 0x5b || after == 0x60) readToken(true);
        else mark(Mark.DOT, 0);
        return;
      }
      mark(Mark.BINARY, next == c ? 2 : 1);
      return;
    }
    default:
      mark(c, 1);
  }
}

function isName(c: u32): bool {
  return isWord(c) || c == 0x24 || c >= 0x80;
}

/** @returns address behind the name at `at`, escapes (`\u{61}`) included */
function endOfName(at: usize): usize {
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (c == 0x5c && at + 2 < stop && load<u8>(at + 1) == 0x75) {
      at += 2;
      if (load<u8>(at) != 0x7b) continue;
      while (at + 1 < stop && load<u8>(at) != 0x7d && isWord(load<u8>(at + 1))) at++;
      at++;
    } else if (!isName(c) || (c >= 0xc2 && wideSpace(at, stop))) break;
    else at++;
  }
  return at < stop ? at : stop;
}

function readToken(operand: bool): void {
  const c = <u32>load<u8>(cursor);
  tokenFrom = cursor;
  tokenAt = cursor;
  if (isDigit(c)) readNumber();
  else if (isName(c) || (c == 0x5c && peek(1) == 0x75 && cursor + 2 < stop)) {
    const at = endOfName(cursor);
    tokenKind = Token.WORD;
    tokenEnd = at;
    cursor = at;
  } else if (c == 0x22 || c == 0x27) readDelimited(Token.STRING, c, false);
  else if (c == 0x60) readDelimited(Token.TEMPLATE, c, true);
  else if (c == 0x3c && peek(1) == 0x2f) tokenKind = Token.END;
  else if (c != 0x2f || operand || !readRegex()) readMark(c);
}

/**
 * Reads the next token.
 * @param operand whether the token before ends an operand
 */
export function nextToken(operand: bool): void {
  tokenLine = false;
  tokenOpen = false;
  skipBlank();
  tokenFrom = cursor;
  if (cursor >= stop) {
    tokenKind = Token.END;
    tokenAt = stop;
    tokenEnd = stop;
  } else readToken(operand);
}
