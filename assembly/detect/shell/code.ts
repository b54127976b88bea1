/**
 * Code for an interpreter: calls that run commands, scripts of their own, functions in the environment.
 *
 * A call counts when its name is one that runs commands and its argument is one: `system('id')`, not `system(status)`.
 * In a text of several lines nothing of this counts, because there people write about code.
 */
import { Limit } from "../../abi/status";
import { isAlpha, isSpace, isWord, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Place } from "../../decode/point";
import { Has, wordPayload } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { place, spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { OTHER_MASK, OTHER_SHIFT, OtherWord, SHELL_MASK, SHELL_SHIFT, ShellWord } from "../../tables/words.gen";
import { report } from "../match";
import { readWord, wordAt, wordEnd, wordSize } from "./word";

/** Longest name of a call. */
const NAME_BYTES: u32 = 24;

/** Whether the layer is a text of several lines. */
function isText(): bool {
  const end = layer.at + <usize>layer.size;
  let at = layer.at;
  for (let i = 0; i < 3; i++) {
    at = findByte(at, end, 0x0a);
    if (at == end) return false;
    at++;
  }
  return true;
}

/** Skips white space, bounded. */
function skipSpace(at: usize, end: usize): usize {
  const stop = at + 16 < end ? at + 16 : end;
  while (at < stop && isSpace(load<u8>(at))) at++;
  return at;
}

/** Whether the quoted text at `at` begins with the name or path of a program. */
function isQuotedCommand(at: usize, end: usize): bool {
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
function isRequestVariable(at: usize, end: usize): bool {
  const left = <u32>(end - at);
  return startsLower(at, left, "$_") || startsLower(at, left, "@$_") || startsLower(at, left, "${$_");
}

/** Whether what stands in the brackets makes the call an attack. */
function isArmed(kind: u32, name: usize, size: u32, at: usize, end: usize): bool {
  at = skipSpace(at, end);
  if (at < end && load<u8>(at) == 0x5b) at = skipSpace(at + 1, end);
  if (at >= end) return false;
  if (isRequestVariable(at, end)) return true;
  const left = <u32>(end - at);
  if (kind == OtherWord.CALL) {
    if (isQuotedCommand(at, end) || isBareCommand(at, end)) return true;
    if (startsLower(name, size, "getruntime"))
      return load<u8>(at) == 0x29 && left > 6 && startsLower(at + 1, left - 1, ".exec(");
    if (startsLower(name, size, "__import__")) return load<u8>(at) == 0x27 || load<u8>(at) == 0x22;
    if (startsLower(name, size, "download")) return load<u8>(at) == 0x27 || load<u8>(at) == 0x22;
    if (startsLower(name, size, "iex")) return startsLower(at, left, "new-object") || startsLower(at, left, "iwr");
    return startsLower(at, left, "base64_decode(") || startsLower(at, left, "print(`");
  }
  if (kind == OtherWord.EVALUATE && size < 7) {
    return (
      startsLower(at, left, "base64_decode(") ||
      startsLower(at, left, "gzinflate(") ||
      startsLower(at, left, "str_rot13(") ||
      startsLower(at, left, "compile(") ||
      startsLower(at, left, "__import__(") ||
      startsLower(at, left, "require(") ||
      isQuotedCommand(at, end)
    );
  }
  return false;
}

/** Calls: a name of the table in front of a bracket. @returns whether one was reported */
function findCalls(end: usize): bool {
  let at = findByte(layer.at, end, 0x28);
  while (at < end) {
    let name = at;
    while (name > layer.at && at - name < <usize>NAME_BYTES && isWord(load<u8>(name - 1))) name--;
    const size = <u32>(at - name);
    if (size > 2) {
      const kind = (wordPayload(name, size) >> OTHER_SHIFT) & OTHER_MASK;
      if (kind == OtherWord.NOTE) {
        if (size == 7 && isOpen(name) && at + 1 < end && load<u8>(at + 1) == 0x29) {
          report(Signature.RCE_CODE, name, at + 2);
          return true;
        }
      } else if (kind && isArmed(kind, name, size, at + 1, end)) {
        report(Signature.RCE_CODE, name, at + 1);
        return true;
      }
      /* PHP's complex syntax runs what stands in the braces. */
      if (
        name >= layer.at + 3 &&
        load<u8>(name - 1) == 0x40 &&
        load<u8>(name - 2) == 0x7b &&
        load<u8>(name - 3) == 0x24
      ) {
        report(Signature.RCE_CODE, name - 3, at + 1);
        return true;
      }
      if (
        name >= layer.at + 3 &&
        load<u8>(name - 1) == 0x7b &&
        load<u8>(name - 2) == 0x24 &&
        load<u8>(name - 3) == 0x7b
      ) {
        report(Signature.RCE_CODE, name - 3, at + 1);
        return true;
      }
    }
    at = findByte(at + 1, end, 0x28);
  }
  return false;
}

/** Whether a statement may begin at `at`: the value does, or an operator stands before. */
function isOpen(at: usize): bool {
  while (at > layer.at && load<u8>(at - 1) == 0x20) at--;
  if (at == layer.at) return true;
  const c = <u32>load<u8>(at - 1);
  return (
    c == 0x3b || c == 0x26 || c == 0x7c || c == 0x7b || c == 0x40 || c == 0x2e || c == 0x27 || c == 0x22 || c == 0x29
  );
}

/** `<?php` and `<?=` with code behind, where the value is a script and not a text about one. */
function findScript(end: usize): void {
  let at = findByte(layer.at, end, 0x3c);
  while (at + 5 < end) {
    const left = <u32>(end - at);
    if (startsLower(at, left, "<?php") || startsLower(at, left, "<?=")) {
      if (at - layer.at < 64 || place == Place.PART) {
        report(Signature.RCE_SCRIPT, at, at + 5);
        return;
      }
    }
    at = findByte(at + 1, end, 0x3c);
  }
}

/** `() {` at the begin of a value: a function that old shells take from the environment, and run what follows it. */
function findFunction(end: usize): void {
  let at = layer.at;
  const stop = at + 24 < end ? at + 24 : end;
  while (at < stop && (load<u8>(at) == 0x27 || load<u8>(at) == 0x22 || isSpace(load<u8>(at)))) at++;
  const from = at;
  if (at >= stop || load<u8>(at) != 0x28) return;
  at++;
  while (at < stop && (isSpace(load<u8>(at)) || !load<u8>(at))) at++;
  if (at >= stop || load<u8>(at) != 0x29) return;
  at++;
  while (at < stop && isSpace(load<u8>(at))) at++;
  if (at >= stop || load<u8>(at) != 0x7b) return;
  report(Signature.RCE_FUNCTION, from, at + 1);
}

/** Tags that make YAML readers build any object, and the shell's name for a socket. */
function findNotes(end: usize): void {
  let at = findByte(layer.at, end, 0x21);
  while (at + 8 < end) {
    const left = <u32>(end - at);
    if (
      startsLower(at, left, "!!python/object") ||
      startsLower(at, left, "!!python/module") ||
      startsLower(at, left, "!!javax.") ||
      startsLower(at, left, "!ruby/object") ||
      startsLower(at, left, "!!ruby/")
    ) {
      report(Signature.RCE_TAG, at, at + 8);
      break;
    }
    at = findByte(at + 1, end, 0x21);
  }
  at = findByte(layer.at, end, 0x2f);
  while (at + 10 < end) {
    const left = <u32>(end - at);
    if (startsLower(at, left, "/dev/tcp/") || startsLower(at, left, "/dev/udp/")) {
      report(Signature.RCE_COMMAND, at, at + 9);
      return;
    }
    at = findByte(at + 1, end, 0x2f);
  }
}

/** Fragments of at most this size, and joins of them, that nobody writes but to hide a word. */
const FRAGMENT_BYTES: u32 = 4;
const JOINS_MANY: u32 = 3;

/** Words put together from short quoted fragments: `"Ex"&"e"&"cute"` (Visual Basic). */
function findJoins(end: usize): void {
  let joins: u32 = 0;
  let last = layer.at;
  let at = findByte(layer.at, end, 0x22);
  while (at + 4 < end) {
    const operator = <u32>load<u8>(at + 1);
    const joined = load<u8>(at + 2) == 0x22 && operator == 0x26 && isAlpha(load<u8>(at + 3));
    if (joined && at > layer.at && isAlpha(load<u8>(at - 1))) {
      joins = joins && at - last > <usize>FRAGMENT_BYTES ? joins : joins + 1;
      if (joins >= JOINS_MANY) {
        report(Signature.RCE_CODE, last, at + 3);
        return;
      }
      last = at + 3;
    }
    at = findByte(at + 1, end, 0x22);
  }
}

/** Looks for code in the current layer. */
export function codeLex(): void {
  if (!spend(layer.size)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  findFunction(end);
  if (place != Place.PART && isText()) return;
  const words = (layer.words >> OTHER_SHIFT) & OTHER_MASK;
  if (layer.has & Has.OPEN && (words != 0 || (layer.has & Has.DOLLAR) != 0)) findCalls(end);
  if (layer.has & Has.LESS && layer.has & Has.MARK) findScript(end);
  if (words) findNotes(end);
  if (layer.has & Has.DOUBLE && layer.has & Has.AMPERSAND) findJoins(end);
}
