/**
 * Commands for a shell, and code for an interpreter.
 *
 * What an attack IS: a value that reaches a shell's command line (bash and its kin, cmd.exe, PowerShell) and there
 * opens a command position that its author did not write: behind an operator (`;` `|` `&` and their doubles, a line
 * break), in a substitution (backticks, `$( )`, `<( )`), or at the begin of a value that is a command line as a whole.
 * The word there, once quotes, backslashes and empty expansions are taken out, is a program, and what follows has the
 * shape of its arguments. Beside it stand values that make an interpreter run code without any shell: calls that run
 * commands, functions smuggled through the environment (CVE-2014-6271), and lookups of loggers (CVE-2021-44228).
 * What is none: sentences with `;` and `&`, lists separated by bars, cookies, regular expressions, code that a person
 * writes about: there the words are no programs, or their arguments are words of a sentence.
 */
import { Limit } from "../../abi/status";
import { isAlpha, isDigit, isRow, isSpace, isWord, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { findLastName, lastNameAt, lastNameSize, Place } from "../../decode/point";
import { Has, wordPayload } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { place, spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { SHELL_MASK, SHELL_SHIFT, ShellWord } from "../../tables/words.gen";
import { report } from "../match";
import { codeGate, codeLex } from "./code";
import { ATTACK, commandFrom, commandTo, judgeCommand, Opening, setBreaksOut, setSurroundings } from "./command";
import { lookupLex } from "./lookup";
import { forgetNames } from "./prefix";

/** Characters that open a command position. */
const OPENERS: u32 =
  Has.SEMICOLON | Has.PIPE | Has.AMPERSAND | Has.BACKTICK | Has.DOLLAR | Has.NEWLINE | Has.LESS | Has.GREATER;
/** Characters that can hide a word from the word table. */
const HIDERS: u32 = Has.SINGLE | Has.DOUBLE | Has.BACKSLASH | Has.BACKTICK | Has.DOLLAR | Has.MARK | Has.STAR;
/** Line breaks from which a value is a text of lines. */
const LINES_MANY: u32 = 3;
/** Up to this size a value may have twice as many. */
const SHORT_BYTES: u32 = 192;
/** Bytes in which a value that begins with an operator is still taken for a command line. */
const BEGIN_BYTES: u32 = 256;
/** Words of letters in a row from which what stands before a position is a sentence. */
const SENTENCE_WORDS: u32 = 3;
/** Longest code that a sentence marks up. */
const MARKED_BYTES: usize = 160;
/** Blanks before it that are looked across for an operator. */
const BLANKS_BYTES: usize = 16;
/** Line breaks that a file or shown code has, and the bytes below which a value is neither. */
const CODE_LINES: u32 = 2;
const CODE_BYTES: u32 = 64;
/** Bytes below which a value is no text with a fenced block in it. */
const FENCED_BYTES: u32 = 128;
/** Marks of HTML that are looked at for one that shows code. */
const TAGS_MAX: u32 = 32;
/** Longest name of an option whose value is looked at as a command. */
const OPTION_BYTES: u32 = 40;

/** What it costs to look at the begin of a value, at a byte that may open a position, and at the position, in units. */
const BEGIN_UNITS: u32 = 128;
const OPENING_UNITS: u32 = 8;
const POSITION_UNITS: u32 = 64;
/** Bytes in which the marks that hide a word must stand. */
const HIDDEN_BYTES: u32 = 24;

/**
 * Whether the value begins with a word in pieces, `c''at`, `w\ho\ami` or `@^c^m^d`, a list in braces, or a path of
 * patterns.
 */
function mayHide(): bool {
  const first = <u32>load<u8>(layer.at);
  if (first == 0x7b) return (layer.has & Has.COMMA) != 0 && isAlpha(load<u8>(layer.at + 1));
  if (first == 0x40) return layer.size > 2 && load<u8>(layer.at + 1) == 0x5e;
  if (first == 0x2f) return (layer.has & Has.MARK) != 0 && load<u8>(layer.at + 1) == 0x3f;
  if (!isAlpha(first) || !(layer.has & (Has.SINGLE | Has.DOUBLE | Has.BACKSLASH))) return false;
  let marks: u32 = 0;
  const size = layer.size < HIDDEN_BYTES ? layer.size : HIDDEN_BYTES;
  for (let at = layer.at; at < layer.at + <usize>size; at++) {
    const c = <u32>load<u8>(at);
    if (c == 0x27 || c == 0x22 || c == 0x5c) marks++;
    else if (!isAlpha(c)) break;
  }
  return marks > 1;
}

function mayCommand(): bool {
  if (mayHide()) return true;
  const words = ((layer.words >> SHELL_SHIFT) & SHELL_MASK) != 0;
  if (layer.has & OPENERS)
    return words || (layer.has & HIDERS) != 0 || ((layer.has & Has.BRACKET) != 0 && (layer.has & Has.SLASH) != 0);
  if (!words) return false;
  if (layer.size < 17 && (place == Place.QUERY || place == Place.FORM)) return true;
  if ((layer.has & Has.PERCENT) != 0 && (layer.has & Has.COLON) != 0) return true;
  return (layer.has & (Has.SPACE | Has.SLASH | Has.BACKSLASH | Has.DOLLAR)) != 0;
}

function mayLookup(): bool {
  return (layer.has & Has.DOLLAR) != 0 && (layer.has & Has.BRACE) != 0 && (layer.has & Has.COLON) != 0;
}

/** Whether the current layer can hold such an attack. */
export function shellGate(): bool {
  return mayCommand() || mayLookup() || codeGate();
}

/** The begin of what the value adds: behind quotes, brackets and a short token that the program expected. */
function leadingPoints(from: usize): i32 {
  const before = from - layer.at;
  if (!before) return 2;
  if (before > 24) return 0;
  let letters: u32 = 0;
  let address = false;
  for (let at = layer.at; at < from; at++) {
    const c = <u32>load<u8>(at);
    if (isAlpha(c)) letters++;
    else if (c == 0x40) address = true;
    else if (c == 0x20) address = false;
    else if (c >= 0x80) return 0;
  }
  if (!letters) return 2;
  if (from > layer.at + 4 && load<u8>(from - 4) == 0x2e && endsFile(load<u32>(from - 4))) return 1;
  return address || (letters < 4 && before < 8) ? 1 : 0;
}

/** Whether the four bytes are an ending of a file that people put on sites: `.jpg`, `.png`, `.gif`, `.pdf`, `.txt`. */
function endsFile(four: u32): bool {
  four |= 0x20202000;
  return four == 0x67706a2e || four == 0x676e702e || four == 0x6669672e || four == 0x6664702e || four == 0x7478742e;
}

/** Points for a substitution: glued to what is before it, it is no code marked up in a sentence. */
function gluedPoints(from: usize): i32 {
  if (from == layer.at) return 2;
  const c = <u32>load<u8>(from - 1);
  if (!isSpace(c)) return 2;
  return load<u8>(from) == 0x60 ? -1 : 0;
}

/**
 * Whether the first line says that the value is a file as a whole: `#!/bin/sh`, a notebook's `%%bash` (whose second `%`
 * may have been read as an escape's), a patch's `@@ -1,2 +1,3 @@` or `diff --git`, a Dockerfile's `FROM`.
 */
function isFile(at: usize, size: u32): bool {
  if (size < 8) return false;
  const second = <u32>load<u8>(at + 1);
  switch (<u32>load<u8>(at)) {
    case 0x23:
      return second == 0x21 && load<u8>(at + 2) == 0x2f;
    case 0x25:
      return second == 0x25 || second >= 0x80;
    case 0x40:
      return startsLower(at, size, "@@ -");
    case 0x46:
    case 0x64:
      return startsLower(at, size, "from ") || startsLower(at, size, "diff --");
    default:
      return false;
  }
}

/**
 * Whether the value is a text of lines, a file by its first line, or has a fence or a mark around code: there line
 * breaks are no operators.
 */
function isText(end: usize): bool {
  let at = layer.at;
  const least = layer.size > SHORT_BYTES ? LINES_MANY : 2 * LINES_MANY;
  for (let i: u32 = 0; i < least; i++) {
    at = findByte(at, end, 0x0a);
    if (at == end) return i != 0 && (hasFence(end) || (i >= CODE_LINES && isCode(end)));
    at++;
  }
  return true;
}

/** Whether a value of a body is a file as a whole, or HTML that shows code. */
function isCode(end: usize): bool {
  return isBody() && layer.size >= CODE_BYTES && (isFile(layer.at, layer.size) || hasCode(end));
}

/** Whether three backticks stand in the value, as around code shown to people. */
function hasFence(end: usize): bool {
  let at = findByte(layer.at, end, 0x60);
  while (at + 2 < end) {
    if (load<u8>(at + 1) == 0x60 && load<u8>(at + 2) == 0x60) return true;
    at = findByte(at + 1, end, 0x60);
  }
  return false;
}

/** Whether HTML shows code in the value: `<pre` or `<code`. */
function hasCode(end: usize): bool {
  let at = findByte(layer.at, end, 0x3c);
  for (let tags: u32 = 0; tags < TAGS_MAX && at + 5 < end; tags++) {
    if (startsLower(at + 1, 4, "pre") && !isAlpha(load<u8>(at + 4))) return true;
    if (startsLower(at + 1, 4, "code")) return true;
    at = findByte(at + 1, end, 0x3c);
  }
  return false;
}

/** Whether the value begins with an operator, behind what closes a quote or a bracket before it. */
function beginsOpen(end: usize): bool {
  let at = layer.at;
  const stop = at + 8 < end ? at + 8 : end;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (isOpener(c)) break;
    if (isAlpha(c) || c >= 0x80) return false;
    at++;
  }
  if (at + 2 >= end || !isOpener(load<u8>(at))) return false;
  return !(load<u8>(at) == 0x60 && load<u8>(at + 1) == 0x60 && load<u8>(at + 2) == 0x60);
}

/** Backslashes before a line break that are counted. */
const BACKSLASHES_MAX: usize = 8;

/** Whether an odd number of backslashes stands before the line break at `at`, the first of them behind a blank. */
function isContinued(at: usize): bool {
  const least = at - layer.at < BACKSLASHES_MAX ? layer.at : at - BACKSLASHES_MAX;
  let first = at;
  while (first > least && load<u8>(first - 1) == 0x5c) first--;
  return ((at - first) & 1) != 0 && first > least && load<u8>(first - 1) == 0x20;
}

let backticks: bool = false;
let depth: u32 = 0;

/** The opening at `at`, and its size in `openingSize`. */
let openingSize: u32 = 1;
let opening: Opening = Opening.START;
function readOpening(at: usize, end: usize): bool {
  const c = <u32>load<u8>(at);
  const next = at + 1 < end ? <u32>load<u8>(at + 1) : 0;
  openingSize = 1;
  switch (c) {
    case 0x3b:
      opening = Opening.SINGLE;
      return true;
    case 0x7c:
    case 0x26:
      opening = next == c || next == 0x26 ? Opening.DOUBLE : Opening.SINGLE;
      if (opening == Opening.DOUBLE) openingSize = 2;
      return true;
    case 0x0a:
    case 0x0d:
      opening = Opening.LINE;
      /* Behind a backslash it is taken out and joins the lines (POSIX.1-2024, XCU 2.2.1). */
      return !(c == 0x0a && isContinued(at));
    case 0x60:
      if (next == 0x60 && at + 2 < end && load<u8>(at + 2) == 0x60) {
        openingSize = 3;
        return false;
      }
      /* An escaped one nests, as backticks do inside backticks. */
      if (at > layer.at && load<u8>(at - 1) == 0x5c && backticks) {
        opening = Opening.SUBSTITUTION;
        return true;
      }
      backticks = !backticks;
      opening = Opening.SUBSTITUTION;
      return backticks && next != 0x60;
    case 0x24:
    case 0x3c:
    case 0x3e:
      if (next != 0x28) return false;
      opening = Opening.SUBSTITUTION;
      openingSize = 2;
      depth++;
      return true;
    default:
      return false;
  }
}

/** Whether `&` at `at` begins a character reference. */
function isReference(at: usize, end: usize): bool {
  let p = at + 1;
  const stop = p + 32 < end ? p + 32 : end;
  while (p < stop && (isAlpha(load<u8>(p)) || isDigit(load<u8>(p)) || load<u8>(p) == 0x5f)) p++;
  if (p == stop || p == at + 1) return false;
  if (load<u8>(p) != 0x3b) return false;
  const size = <u32>(p - at - 1);
  return ((wordPayload(at + 1, size) >> SHELL_SHIFT) & SHELL_MASK) == 0;
}

/** Points of one position. */
function judge(at: usize, end: usize): i32 {
  const behind = at + <usize>openingSize;
  if (behind >= end) return 0;
  let leading: i32 = 0;
  switch (opening) {
    case Opening.SUBSTITUTION:
      leading = gluedPoints(at);
      break;
    case Opening.DOUBLE:
      leading = leadingPoints(at) + 1;
      break;
    default:
      leading = leadingPoints(at);
  }
  return judgeCommand(opening, behind, end, leading);
}

/** Where counting the words of a sentence stands, and how many there were. */
let countedTo: usize = 0;
let words: u32 = 0;

/** Whether at least three words stand before `at`. Counts on from the last look, so that all looks are one pass. */
function isSentence(at: usize): bool {
  let size: u32 = 0;
  while (countedTo < at && words < SENTENCE_WORDS) {
    const c = <u32>load<u8>(countedTo++);
    if (isAlpha(c)) {
      size++;
      continue;
    }
    const stops = (c == 0x2c || c == 0x2e || c == 0x3f || c == 0x21) && load<u8>(countedTo) == 0x20;
    if (size > 1 && (c == 0x20 || stops)) words++;
    size = 0;
  }
  return words >= SENTENCE_WORDS;
}

/** Whether the value is one of a body, where people write. */
function isBody(): bool {
  return place == Place.FORM || place == Place.PART || place == Place.JSON || place == Place.BODY;
}

/** Bytes that stand before code in a sentence, and behind it. */
function isBefore(c: u32): bool {
  return c == 0x20 || c == 0x28 || c == 0x0a;
}

function isBehind(c: u32): bool {
  return isSpace(c) || c == 0x2e || c == 0x2c || c == 0x3a || c == 0x3b || c == 0x3f || c == 0x21 || c == 0x29;
}

/** The last byte before `at` that is no blank; an operator where only blanks are seen. */
function lastBefore(at: usize): u32 {
  const least = at - layer.at < BLANKS_BYTES ? layer.at : at - BLANKS_BYTES;
  while (at > least && load<u8>(at - 1) == 0x20) at--;
  /* What the reference stands for is looked at once it is decoded. */
  if (at - least > 4 && load<u8>(at - 1) == 0x3b && startsLower(at - 5, 5, "&amp;")) return 0x20;
  return at > least ? <u32>load<u8>(at - 1) : 0x3b;
}

/** Words of letters between blanks outside of backticks, as far as they count. */
function wordsAround(end: usize): u32 {
  let count: u32 = 0;
  let size: u32 = 0;
  let code = false;
  for (let at = layer.at; at < end && count < SENTENCE_WORDS; at++) {
    const c = <u32>load<u8>(at);
    if (c == 0x60) code = !code;
    if (isAlpha(c) || c >= 0x80) {
      size++;
      continue;
    }
    if (size > 1 && !code && isBehind(c)) count++;
    size = 0;
  }
  return size > 1 && !code ? count + 1 : count;
}

/** Whether the value is a sentence with code in it: 0 not known yet, 1 no, 2 yes. */
let marking: u32 = 0;

/**
 * The end of code that a sentence marks up as Markdown does (CommonMark 0.31 §6.1): backticks that hug it, set off by
 * blanks or punctuation, on one line, with words around. In bodies only, since nobody types sentences elsewhere; and
 * never at the begin of a value or glued to what is before it, where a shell's word would go on.
 * @returns behind the closing backtick, or 0
 */
function markedEnd(at: usize, end: usize): usize {
  if (!isBody() || backticks || depth || at == layer.at || !isBefore(load<u8>(at - 1))) return 0;
  if (isOpener(lastBefore(at))) return 0;
  const stop = at + MARKED_BYTES < end ? at + MARKED_BYTES : end;
  const close = findByte(at + 1, stop, 0x60);
  if (close == stop || close == at + 1 || isSpace(load<u8>(at + 1)) || isSpace(load<u8>(close - 1))) return 0;
  if (load<u8>(close - 1) == 0x5c || findByte(at + 1, close, 0x0a) != close) return 0;
  if (close + 1 < end && !isBehind(load<u8>(close + 1))) return 0;
  if (!marking) marking = wordsAround(end) >= SENTENCE_WORDS ? 2 : 1;
  return marking == 2 ? close + 1 : 0;
}

/** Whether no fence that closes stands in what is left of the value. */
let unfenced: bool = false;

/**
 * The end of a block of code that a text fences (CommonMark 0.31 §4.5): three backticks at the begin of a line, with
 * no more than a language's name behind them, up to those that are another line. In bodies only, as with code marked
 * up in a sentence; with a sentence before it, and never in a short value.
 * @returns behind the closing fence, or 0
 */
function fencedEnd(at: usize, end: usize): usize {
  if (unfenced || !isBody() || layer.size < FENCED_BYTES || backticks || depth) return 0;
  let close = at + 3;
  while (close < end && isWord(load<u8>(close))) close++;
  if (close == end || load<u8>(close) != 0x0a || !isSentence(at)) return 0;
  while (close < end && !isFence(close + 1, end)) close = findByte(close + 1, end, 0x0a);
  unfenced = close == end;
  if (unfenced || (close + 4 < end && !isSpace(load<u8>(close + 4)))) return 0;
  return close + 4;
}

/** Whether three backticks begin a line at `at`. */
function isFence(at: usize, end: usize): bool {
  if (at + 3 > end || load<u8>(at) != 0x60 || load<u8>(at + 1) != 0x60 || load<u8>(at + 2) != 0x60) return false;
  return at == layer.at || load<u8>(at - 1) == 0x0a;
}

/** The next byte in [at, end) that can open a command position or close a substitution, or `end`. */
function nextOpener(at: usize, end: usize): usize {
  for (let chunk = at; chunk < end; chunk += 16) {
    if (chunk + 16 > end) {
      while (chunk < end && !isOpener(load<u8>(chunk)) && load<u8>(chunk) != 0x29) chunk++;
      return chunk;
    }
    const b = v128.load(chunk);
    const ends = v128.or(i8x16.eq(b, i8x16.splat(0x3b)), i8x16.eq(b, i8x16.splat(0x7c)));
    const lines = v128.or(i8x16.eq(b, i8x16.splat(0x0a)), i8x16.eq(b, i8x16.splat(0x0d)));
    const marks = v128.or(i8x16.eq(b, i8x16.splat(0x60)), i8x16.eq(b, i8x16.splat(0x24)));
    const angles = v128.or(i8x16.eq(b, i8x16.splat(0x3c)), i8x16.eq(b, i8x16.splat(0x3e)));
    const others = v128.or(i8x16.eq(b, i8x16.splat(0x26)), i8x16.eq(b, i8x16.splat(0x29)));
    const mask = <u32>i8x16.bitmask(v128.or(v128.or(v128.or(ends, lines), v128.or(marks, angles)), others));
    if (mask) return chunk + <usize>ctz(mask);
  }
  return end;
}

/** Whether a quote stands before the operator at `at`, right there or with a space between. */
function closesQuote(at: usize): bool {
  if (at > layer.at + 1 && load<u8>(at - 1) == 0x20) at--;
  if (at == layer.at) return false;
  const c = <u32>load<u8>(at - 1);
  return c == 0x27 || c == 0x22;
}

/** Where the value of an option begins that the whole value is, as `--pager=`; or 0. */
function optionValue(end: usize): usize {
  let at = layer.at;
  if (layer.size < 8 || load<u8>(at) != 0x2d) return 0;
  const stop = at + <usize>OPTION_BYTES < end ? at + <usize>OPTION_BYTES : end;
  while (at < stop && (isAlpha(load<u8>(at)) || load<u8>(at) == 0x2d)) at++;
  return at < stop && load<u8>(at) == 0x3d ? at + 1 : 0;
}

/** Names of parameters by which web shells and consoles take a command. */
const TAKERS: string = `cmd
exec
command
shell
cmdline
`;

/** Programs whose names are also commands of file managers, looking glasses and chats. */
const NAMESAKES: string = `ls
dir
mkdir
rmdir
chmod
chown
chgrp
ver
who
uptime
nslookup
tracert
traceroute
`;

/** Whether the value is the name of a program that needs no argument, and the parameter is one that takes commands. */
function isTaken(end: usize): bool {
  if (layer.size < 2 || layer.size > 16 || (place != Place.QUERY && place != Place.FORM)) return false;
  for (let at = layer.at; at < end; at++) if (!isAlpha(load<u8>(at))) return false;
  const kind = (wordPayload(layer.at, layer.size) >> SHELL_SHIFT) & SHELL_MASK;
  if (kind != ShellWord.SURE && kind != ShellWord.BARE) return false;
  if (isRow(NAMESAKES, layer.at, layer.size)) return false;
  return findLastName() && isRow(TAKERS, lastNameAt, lastNameSize);
}

/** Points of the position at `at`; what surrounds it is looked at only where it could decide. */
function judgeAround(at: usize, end: usize, within: bool, text: bool, open: bool): i32 {
  const begun = open && at - layer.at < <usize>BEGIN_BYTES;
  setSurroundings(within || opening == Opening.SUBSTITUTION, text && !begun);
  if (closesQuote(at) || (opening == Opening.SINGLE && load<u8>(at) == 0x26)) setBreaksOut();
  const points = judge(at, end);
  return points >= ATTACK && !begun && isSentence(at) ? points - 2 : points;
}

/** Looks for command positions. */
function commandLex(): void {
  const end = layer.at + <usize>layer.size;
  const text = isText(end);
  backticks = false;
  depth = 0;
  countedTo = layer.at;
  words = 0;
  marking = 0;
  unfenced = false;
  forgetNames();
  setSurroundings(false, text);
  if (isTaken(end)) {
    report(Signature.RCE_COMMAND, layer.at, end);
    return;
  }
  if (place != Place.USER_AGENT && judgeCommand(Opening.START, layer.at, end, 0) >= ATTACK) {
    report(Signature.RCE_COMMAND, commandFrom, commandTo);
    return;
  }
  /* The caret was a pipe to the oldest shells, and is one to some of their kin. */
  if (load<u8>(layer.at) == 0x5e && judgeCommand(Opening.SINGLE, layer.at + 1, end, 2) >= ATTACK) {
    report(Signature.RCE_COMMAND, layer.at, commandTo);
    return;
  }
  const option = optionValue(end);
  if (option && judgeCommand(Opening.START, option, end, 0) >= ATTACK) {
    report(Signature.RCE_COMMAND, layer.at, commandTo);
    return;
  }
  const open = beginsOpen(end);
  let at = nextOpener(layer.at, end);
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c == 0x29) {
      if (depth) depth--;
      at = nextOpener(at + 1, end);
      continue;
    }
    let marked: usize = 0;
    if (c == 0x60) marked = isFence(at, end) ? fencedEnd(at, end) : markedEnd(at, end);
    if (marked) {
      at = nextOpener(marked, end);
      continue;
    }
    const within = depth != 0 || backticks;
    if (!spend(OPENING_UNITS)) {
      reachLimit(Limit.FUEL);
      return;
    }
    if (readOpening(at, end) && !(c == 0x26 && openingSize == 1 && isReference(at, end))) {
      if (!spend(POSITION_UNITS)) {
        reachLimit(Limit.FUEL);
        return;
      }
      if (judgeAround(at, end, within, text, open) >= ATTACK) {
        report(Signature.RCE_COMMAND, at, commandTo);
        return;
      }
    }
    at += <usize>openingSize;
    if (at < end) at = nextOpener(at, end);
  }
}

/** Bytes that can open a command position. */
function isOpener(c: u32): bool {
  return (
    c == 0x3b || c == 0x7c || c == 0x26 || c == 0x0a || c == 0x0d || c == 0x60 || c == 0x24 || c == 0x3c || c == 0x3e
  );
}

/** Looks for such attacks in the current layer. */
export function shellLex(): void {
  if (mayCommand()) {
    if (!spend(layer.size + BEGIN_UNITS)) {
      reachLimit(Limit.FUEL);
      return;
    }
    commandLex();
  }
  if (mayLookup()) lookupLex();
  if (codeGate()) codeLex();
}
