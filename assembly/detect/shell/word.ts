/**
 * One word as a shell reads it: quotes, backslashes and expansions that give nothing are taken out, so that `w'h'oami`,
 * `who\ami`, `who$@ami` and ``who``ami`` are all the word that will run (POSIX.1-2024 XCU §2.2, §2.6; Bash manual
 * §3.1.2.4 for `$'…'`). For cmd.exe, `^` and paired double quotes vanish in the same way.
 */
import { hexValue, isAlpha, isDigit, isWord, lower } from "../../bytes/ascii";

/** Bytes kept of a word, and bytes read for one at most. */
const WORD_BYTES: u32 = 64;
const READ_BYTES: u32 = 160;
const buffer: usize = memory.data(WORD_BYTES + 16, 16);

/** The resolved word: its bytes, lower case. */
export let wordSize: u32 = 0;
/** Where reading stopped: at the byte that ends the word, or at the end of the bytes. */
export let wordEnd: usize = 0;
/** Things taken out from between two letters: what nobody types but to hide a word. */
export let wordHidden: u32 = 0;
/** `?`, `*` and `[` in the word: file name patterns. */
export let wordGlobs: u32 = 0;
/** Whether the word was cut by an expansion that stands for white space. */
export let wordSpaced: bool = false;

/** Whether the whole word, or its first part, stood in quotes of its own. */
export let wordQuoted: bool = false;

/** Address of the resolved word. */
export function wordAt(): usize {
  return buffer;
}

function keep(c: u32): void {
  if (wordSize == WORD_BYTES) return;
  store<u8>(buffer + <usize>wordSize, <u8>lower(c));
  wordSize++;
}

/** Whether `$IFS` or `${IFS…}` stands at `at`. */
function isFieldSeparator(at: usize, end: usize): bool {
  if (at + 3 >= end) return false;
  let p = at + 1;
  if (load<u8>(p) == 0x7b) p++;
  return p + 2 < end && load<u8>(p) == 0x49 && load<u8>(p + 1) == 0x46 && load<u8>(p + 2) == 0x53;
}

/** The end of an expansion at `$` that gives nothing here: `$@`, `$*`, `$1`, `${…}`, `$name`; or 0 for another `$`. */
function emptyEnd(at: usize, end: usize): usize {
  if (at + 1 >= end) return 0;
  const c = <u32>load<u8>(at + 1);
  if (c == 0x40 || c == 0x2a || c == 0x21 || c == 0x23 || c == 0x24 || isDigit(c)) return at + 2;
  if (c == 0x28) return at + 2 < end && load<u8>(at + 2) == 0x29 ? at + 3 : 0;
  if (c == 0x7b) {
    const stop = at + 40 < end ? at + 40 : end;
    let p = at + 2;
    while (p < stop && load<u8>(p) != 0x7d) p++;
    return p < stop ? p + 1 : 0;
  }
  if (!isAlpha(c) && c != 0x5f) return 0;
  let p = at + 2;
  const stop = at + 40 < end ? at + 40 : end;
  while (p < stop && isWord(load<u8>(p))) p++;
  return p;
}

/** Whether `${NAME:0:1}` stands at `at`, which gives the first slash of a path that every shell has. */
export function isSlice(at: usize, end: usize): bool {
  if (at + 6 >= end || load<u8>(at + 1) != 0x7b || !isAlpha(load<u8>(at + 2))) return false;
  const stop = at + 16 < end ? at + 16 : end;
  at += 2;
  while (at < stop && isWord(load<u8>(at))) at++;
  return at + 4 < end && load<u32>(at) == 0x313a303a && load<u8>(at + 4) == 0x7d;
}

/**
 * The end of a part of a variable as cmd.exe cuts it, `%ProgramFiles:~10,-5%`, at `at`; or 0. Nobody writes one but to
 * have a blank, or a letter that a filter looks for (Windows commands reference, "set").
 */
export function cutEnd(at: usize, end: usize): usize {
  if (at + 5 >= end || load<u8>(at) != 0x25 || !isAlpha(load<u8>(at + 1))) return 0;
  const stop = at + 48 < end ? at + 48 : end;
  at += 2;
  while (at < stop && isWord(load<u8>(at))) at++;
  if (at + 2 >= stop || load<u16>(at) != 0x7e3a) return 0;
  const from = at + 2;
  at = from;
  while (at < stop && (isDigit(load<u8>(at)) || load<u8>(at) == 0x2c || load<u8>(at) == 0x2d)) at++;
  return at > from && at < stop && load<u8>(at) == 0x25 ? at + 1 : 0;
}

/** `$'…'` with escapes, at the first byte inside. @returns behind the closing quote */
function readAnsi(at: usize, end: usize): usize {
  const stop = at + 96 < end ? at + 96 : end;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (c == 0x27) return at + 1;
    if (c != 0x5c || at + 1 == stop) {
      keep(c);
      at++;
      continue;
    }
    const kind = <u32>load<u8>(at + 1);
    at += 2;
    let value: u32 = 0;
    let digits: u32 = 0;
    if (kind == 0x78) {
      while (digits < 2 && at < stop && hexValue(load<u8>(at)) < 16) {
        value = (value << 4) | hexValue(load<u8>(at++));
        digits++;
      }
    } else if (kind - 48 < 8) {
      at--;
      while (digits < 3 && at < stop && <u32>load<u8>(at) - 48 < 8) {
        value = value * 8 + <u32>load<u8>(at++) - 48;
        digits++;
      }
    } else value = kind;
    keep(value & 255);
  }
  return at;
}

/** Bytes that words of commands, paths and options are made of. */
function isPlain(c: u32): bool {
  return isWord(c) || c == 0x2f || c == 0x2e || c == 0x2d || c == 0x7e || c == 0x3a || c >= 0x80;
}

/** An expansion at `$`, and what it gives. @returns behind it, or 0 where it ends the word */
function readExpansion(at: usize, stop: usize): usize {
  if (at + 1 < stop && load<u8>(at + 1) == 0x27) {
    wordHidden++;
    return readAnsi(at + 2, stop);
  }
  if (isFieldSeparator(at, stop)) {
    wordSpaced = true;
    if (wordSize) return 0;
    const behind = emptyEnd(at, stop);
    return behind ? behind : at + 4;
  }
  if (isSlice(at, stop)) {
    wordHidden++;
    keep(0x2f);
  } else gap = true;
  return emptyEnd(at, stop);
}

/** Whether something was taken out since the last letter. */
let gap: bool = false;
/** The quote that the word began with, until it is closed. */
let quote: u32 = 0;
/** Whether that quote opened inside the word. */
let inner: bool = false;

/** Whether the quote `c` at the end of what was read closes something around the word. */
function closesAround(c: u32, next: u32): bool {
  if (!wordSize) {
    if (!quote) quote = c;
    else if (c == quote) quote = 0;
    return false;
  }
  if (c == quote) {
    quote = 0;
    wordQuoted = !inner;
    return false;
  }
  if (!quote && isPlain(next)) {
    quote = c;
    inner = true;
    return false;
  }
  return !isPlain(next) && next != c && next != 0x5c && next != 0x24;
}

/**
 * Reads the word at `at`. Its parts are in the variables above.
 * @param brace whether a comma ends it, as in `{cat,/etc/passwd}`
 */
export function readWord(at: usize, end: usize, brace: bool): void {
  wordSize = 0;
  wordHidden = 0;
  wordGlobs = 0;
  wordSpaced = false;
  wordQuoted = false;
  gap = false;
  quote = 0;
  inner = false;
  const stop = at + <usize>READ_BYTES < end ? at + <usize>READ_BYTES : end;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    const next = at + 1 < stop ? <u32>load<u8>(at + 1) : 0;
    if (isPlain(c) && !(brace && c == 0x2c)) {
      if (gap && wordSize && isAlpha(c)) wordHidden++;
      gap = false;
      keep(c);
      at++;
    } else if (c == 0x27 || c == 0x22) {
      const opens = !wordSize;
      if (closesAround(c, next)) break;
      gap = !wordQuoted || (!opens && isPlain(next));
      at++;
    } else if (c == 0x5c) {
      if (!next || next <= 32) break;
      if (next == 0x5c && wordSize) {
        keep(c);
        at += 2;
        continue;
      }
      if (isAlpha(next) && wordSize && load<u8>(buffer + <usize>(wordSize - 1)) == 0x3a) keep(c);
      else gap = true;
      at++;
    } else if (c == 0x60 && next == 0x60) {
      gap = true;
      at += 2;
    } else if (c == 0x5e && isAlpha(next)) {
      gap = true;
      at++;
    } else if (c == 0x24) {
      const behind = readExpansion(at, stop);
      if (!behind) break;
      at = behind;
    } else if ((c == 0x3f || c == 0x2a || c == 0x5b || c == 0x5d) && (wordSize != 0 || c != 0x2a)) {
      wordGlobs++;
      keep(0x3f);
      at++;
    } else break;
  }
  wordEnd = at;
}
