/**
 * Calls of functions that run commands or code, read and write files, or print what proves that code ran.
 *
 * A call alone is nothing: people write about `system()`. It counts (1) where its argument is one that such an attack
 * has, wherever it stands: a command in quotes, a variable that the request fills, a decoder; or (2) where the value is
 * code around it: the call begins the value or stands behind what ends a statement or a string, something closes or
 * follows it as in code, and its argument is a literal, a variable or another such call.
 */
import { equalsLower, isAlpha, isDigit, isSpace, isWord, startsLower } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { wordPayload } from "../../decode/profile";
import { OTHER_MASK, OTHER_SHIFT, OtherWord, SHELL_MASK, SHELL_SHIFT, ShellWord } from "../../tables/words.gen";
import { readWord, wordAt, wordEnd, wordSize } from "./word";

/** Longest name of a call, and longest chain of members in front of it. */
export const NAME_BYTES: u32 = 24;
const CHAIN_BYTES: u32 = 48;
/** Bytes in which a call's closing bracket must come. */
const CALL_BYTES: u32 = 96;
/** Words of letters in a row before a call from which it stands in a sentence. */
const SENTENCE_WORDS: u32 = 3;
const SENTENCE_BYTES: u32 = 64;

/** Skips white space, bounded. */
export function skipSpace(at: usize, end: usize): usize {
  const stop = at + 16 < end ? at + 16 : end;
  while (at < stop && isSpace(load<u8>(at))) at++;
  return at;
}

/** Whether the quoted text at `at` begins with the name or path of a program. */
export function isQuotedCommand(at: usize, end: usize): bool {
  if (at >= end) return false;
  const c = <u32>load<u8>(at);
  if (c != 0x27 && c != 0x22 && c != 0x60) return false;
  at = skipSpace(at + 1, end);
  readWord(at, end, false);
  const word = wordAt();
  if (wordSize > 1 && load<u8>(word) == 0x2f && isAlpha(load<u8>(word + 1))) return true;
  if (wordSize > 3 && load<u8>(word + 1) == 0x3a) return true;
  return wordSize != 0 && ((wordPayload(word, wordSize) >> SHELL_SHIFT) & SHELL_MASK) != 0;
}

/** Whether the brackets at `at` hold the bare name of a program and nothing else, which PHP takes for a string. */
function isBareCommand(at: usize, end: usize): bool {
  readWord(at, end, false);
  if (wordEnd >= end || load<u8>(wordEnd) != 0x29) return false;
  const kind = (wordPayload(wordAt(), wordSize) >> SHELL_SHIFT) & SHELL_MASK;
  return kind == ShellWord.SURE || (kind == ShellWord.BARE && wordSize < 4);
}

/** A variable that a request fills: `$_GET` and its kin. */
export function isRequestVariable(at: usize, end: usize): bool {
  const left = <u32>(end - at);
  return startsLower(at, left, "$_") || startsLower(at, left, "@$_") || startsLower(at, left, "${$_");
}

/** Kind of the call whose name begins at `at`: its word must stand directly before a bracket. */
function nestedKind(at: usize, end: usize): u32 {
  let size: u32 = 0;
  while (size < NAME_BYTES && at + <usize>size < end && isWord(load<u8>(at + <usize>size))) size++;
  if (size < 3 || at + <usize>size >= end || load<u8>(at + <usize>size) != 0x28) return 0;
  return (wordPayload(at, size) >> OTHER_SHIFT) & OTHER_MASK;
}

/** Whether what stands in the brackets makes the call an attack wherever it is written. */
export function isArmed(kind: u32, name: usize, size: u32, at: usize, end: usize): bool {
  at = skipSpace(at, end);
  if (at < end && load<u8>(at) == 0x5b) at = skipSpace(at + 1, end);
  if (at >= end) return false;
  if (kind != OtherWord.CALL && kind != OtherWord.EVALUATE && kind != OtherWord.FILE) return false;
  if (isRequestVariable(at, end)) return true;
  const left = <u32>(end - at);
  const quoted = load<u8>(at) == 0x27 || load<u8>(at) == 0x22;
  if (kind == OtherWord.CALL) {
    if (isQuotedCommand(at, end) || isBareCommand(at, end)) return true;
    if (startsLower(name, size, "getruntime"))
      return load<u8>(at) == 0x29 && left > 6 && startsLower(at + 1, left - 1, ".exec(");
    if (startsLower(name, size, "__import__") || startsLower(name, size, "download")) return quoted;
    if (startsLower(name, size, "iex")) return startsLower(at, left, "new-object") || startsLower(at, left, "iwr");
    return startsLower(at, left, "base64_decode(") || startsLower(at, left, "print(`");
  }
  if (kind == OtherWord.EVALUATE) {
    if (equalsLower(name, size, "forname"))
      return quoted && (startsLower(at + 1, left - 1, "java.") || startsLower(at + 1, left - 1, "javax."));
    if (size > 6) return false;
    const inner = nestedKind(at, end);
    return (
      inner == OtherWord.DECODE ||
      startsLower(at, left, "compile(") ||
      startsLower(at, left, "__import__(") ||
      startsLower(at, left, "require(") ||
      isQuotedCommand(at, end)
    );
  }
  return false;
}

/** The begin of what stands in front of the name: `os.`, `java.lang.`, `@`, `new`. */
function chainStart(name: usize): usize {
  const stop = name > layer.at + <usize>CHAIN_BYTES ? name - <usize>CHAIN_BYTES : layer.at;
  while (name > stop) {
    const c = <u32>load<u8>(name - 1);
    if (!isWord(c) && c != 0x2e && c != 0x40 && c != 0x5c && c != 0x3a && c != 0x24 && c != 0x21) break;
    name--;
  }
  return name > stop + 3 && load<u8>(name - 1) == 0x20 && startsLower(name - 4, 4, "new ") ? name - 4 : name;
}

/** Whether `at` follows the words of a sentence. */
export function followsSentence(at: usize): bool {
  const stop = at > layer.at + <usize>SENTENCE_BYTES ? at - <usize>SENTENCE_BYTES : layer.at;
  let words: u32 = 0;
  let size: u32 = 0;
  while (at > stop) {
    const c = <u32>load<u8>(--at);
    if (isAlpha(c) || c >= 0x80) {
      size++;
      continue;
    }
    if (size && (c == 0x20 || c == 0x2c)) words++;
    else if (c != 0x20 && c != 0x27) words = 0;
    size = 0;
  }
  if (size) words++;
  return words >= SENTENCE_WORDS;
}

/** Whether a statement may begin at `at`: the value does, or what ends one or closes a string stands before. */
export function isOpen(at: usize): bool {
  while (at > layer.at && isSpace(load<u8>(at - 1))) at--;
  if (at == layer.at) return true;
  const c = <u32>load<u8>(at - 1);
  return (
    c == 0x3b ||
    c == 0x26 ||
    c == 0x7c ||
    c == 0x7b ||
    c == 0x7d ||
    c == 0x40 ||
    c == 0x2e ||
    c == 0x27 ||
    c == 0x22 ||
    c == 0x29 ||
    c == 0x28 ||
    c == 0x3d
  );
}

/** The bracket that closes the one at `at`, quotes respected, or `end` when the value ends before; 0 when it is far. */
function closingBracket(at: usize, end: usize): usize {
  const stop = at + <usize>CALL_BYTES < end ? at + <usize>CALL_BYTES : end;
  let depth: u32 = 0;
  let quote: u32 = 0;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (quote) {
      if (c == 0x5c) at++;
      else if (c == quote) quote = 0;
    } else if (c == 0x27 || c == 0x22) quote = c;
    else if (c == 0x28) depth++;
    else if (c == 0x29 && !--depth) return at;
    at++;
  }
  return stop == end ? end : 0;
}

/** Whether what follows a call goes on as code does, or the value ends. */
function goesOnAsCode(at: usize, end: usize): bool {
  if (!at) return false;
  if (at >= end) return true;
  at = skipSpace(at + 1, end);
  if (at >= end) return true;
  const c = <u32>load<u8>(at);
  if (isWord(c) || c >= 0x80 || c == 0x2c || c == 0x28 || c == 0x3a) return false;
  /* A full stop ends a sentence; a member's name goes on behind it. */
  return c != 0x2e || (at + 1 < end && load<u8>(at + 1) > 32);
}

/** Members whose `exec` or `system` run commands; `exec` of anything else is a regular expression's. */
function runsByMember(name: usize, size: u32): bool {
  if (name == layer.at || load<u8>(name - 1) != 0x2e) return true;
  if (!equalsLower(name, size, "exec") && !equalsLower(name, size, "system")) return true;
  let from = name - 1;
  while (from > layer.at && name - from < 16 && isWord(load<u8>(from - 1))) from--;
  const chain = <u32>(name - 1 - from);
  if (!chain) return true;
  return (
    equalsLower(from, chain, "os") ||
    equalsLower(from, chain, "kernel") ||
    equalsLower(from, chain, "process") ||
    equalsLower(from, chain, "child_process") ||
    equalsLower(from, chain, "cp") ||
    equalsLower(from, chain, "runtime")
  );
}

/** Whether a quoted text holds code or a path that matters: what stands in it within a few bytes. */
function holdsCode(at: usize, end: usize): bool {
  const quote = load<u8>(at);
  const stop = at + 64 < end ? at + 64 : end;
  while (++at < stop) {
    const c = <u32>load<u8>(at);
    if (c == quote) return false;
    if (c == 0x28 || c == 0x24 || c == 0x3b) return true;
  }
  return false;
}

/** Whether a quoted text is the name of a function that runs commands or code, as callbacks are given. */
function namesCall(at: usize, end: usize): bool {
  let size: u32 = 0;
  while (size < NAME_BYTES && at + <usize>size < end && isWord(load<u8>(at + <usize>size))) size++;
  const kind = (wordPayload(at, size) >> OTHER_SHIFT) & OTHER_MASK;
  return kind == OtherWord.CALL || kind == OtherWord.EVALUATE;
}

/** Whether a quoted text is the path or address of a file that is none of a program's own. */
function isForeignPath(at: usize, end: usize): bool {
  if (at >= end) return false;
  const left = <u32>(end - at);
  const c = <u32>load<u8>(at);
  if (c == 0x2f || (c == 0x2e && left > 1 && load<u8>(at + 1) == 0x2e)) return true;
  if (startsLower(at, left, "http:") || startsLower(at, left, "https:") || startsLower(at, left, "php:")) return true;
  return startsLower(at, left, "data:") || startsLower(at, left, "file:") || (left > 2 && load<u8>(at + 1) == 0x3a);
}

/** Functions that print, before `md5(1)`: what shows a scanner that its code ran. */
function isPrinted(name: usize): bool {
  let at = name;
  while (at > layer.at && (load<u8>(at - 1) == 0x20 || load<u8>(at - 1) == 0x28)) at--;
  if (at == name) return false;
  let from = at;
  while (from > layer.at && at - from < 12 && isWord(load<u8>(from - 1))) from--;
  const size = <u32>(at - from);
  const prints =
    equalsLower(from, size, "print") ||
    equalsLower(from, size, "echo") ||
    equalsLower(from, size, "die") ||
    equalsLower(from, size, "exit") ||
    equalsLower(from, size, "print_r") ||
    equalsLower(from, size, "printf") ||
    equalsLower(from, size, "var_dump");
  return prints && isOpen(chainStart(from)) && !followsSentence(from);
}

/**
 * Whether the call of `name` whose bracket stands at `open` is code that the value brings along.
 * @param kind what the name is, an `OtherWord`
 */
export function isInCode(kind: u32, name: usize, size: u32, open: usize, end: usize): bool {
  const argument = skipSpace(open + 1, end);
  if (argument >= end) return false;
  const first = <u32>load<u8>(argument);
  const quoted = first == 0x27 || first == 0x22;
  /* How consoles of lessons in C end. */
  const paused = quoted && argument + 6 < end && startsLower(argument + 1, 5, "pause");
  if (paused && load<u8>(argument + 6) == first) return false;
  const nested = nestedKind(argument, end);
  let effect: bool = false;
  switch (kind) {
    case OtherWord.CALL:
      effect = (quoted || first == 0x24 || first == 0x60 || nested != 0) && runsByMember(name, size);
      break;
    case OtherWord.EVALUATE:
      if (equalsLower(name, size, "preg_replace") || equalsLower(name, size, "compile")) return false;
      effect = nested != 0 || first == 0x60 || (quoted && (holdsCode(argument, end) || namesCall(argument + 1, end)));
      break;
    case OtherWord.FILE:
      effect = nested != 0 || (quoted && isForeignPath(argument + 1, end)) || showsSource(name, size, argument, end);
      break;
    case OtherWord.LOAD:
      if (!quoted) return false;
      return isModule(argument + 1, end) && isOpen(chainStart(name)) && !followsSentence(name);
    case OtherWord.PROOF:
      if (size < 7) return (quoted || isDigit(first)) && isPrinted(name);
      effect = first == 0x29;
      break;
    default:
      return false;
  }
  if (!effect || !isOpen(chainStart(name)) || followsSentence(name)) return false;
  return goesOnAsCode(closingBracket(open, end), end);
}

/** Functions that print the source of a page, whichever it is: `show_source(__FILE__)`. */
function showsSource(name: usize, size: u32, argument: usize, end: usize): bool {
  if (!equalsLower(name, size, "highlight_file") && !equalsLower(name, size, "show_source")) return false;
  const c = <u32>load<u8>(argument);
  return c == 0x27 || c == 0x22 || c == 0x24 || startsLower(argument, <u32>(end - argument), "__file__");
}

/** Modules of Node.js that reach the system, with a member asked of them. */
function isModule(at: usize, end: usize): bool {
  const left = <u32>(end - at);
  if (startsLower(at, left, "child_process") || startsLower(at, left, "node:child_process")) return true;
  if (!startsLower(at, left, "fs") && !startsLower(at, left, "vm") && !startsLower(at, left, "net")) return false;
  at += left > 2 && load<u8>(at + 2) == 0x74 ? 3 : 2;
  return at + 2 < end && load<u8>(at + 1) == 0x29 && load<u8>(at + 2) == 0x2e;
}
