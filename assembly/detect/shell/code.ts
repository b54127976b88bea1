/**
 * Code for an interpreter: calls that run commands, scripts of their own, functions in the environment.
 *
 * A call counts when its name is one that runs commands and its argument is one: `system('id')`, not `system(status)`.
 * In a text of several lines nothing of this counts, because there people write about code.
 */
import { Limit } from "../../abi/status";
import { equalsLower, isAlpha, isDigit, isSpace, isWord, startsLower } from "../../bytes/ascii";
import { findByte, findEither } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Place } from "../../decode/point";
import { Has, wordPayload } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { place, spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { OTHER_MASK, OTHER_SHIFT, OtherWord, SHELL_MASK, SHELL_SHIFT, ShellWord } from "../../tables/words.gen";
import { report } from "../match";
import { followsSentence, isArmed, isInCode, isOpen, NAME_BYTES, skipSpace } from "./call";
import { readWord, wordAt, wordEnd, wordSize } from "./word";

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

/** Calls: a name of the table in front of a bracket. @returns whether one was reported */
function findCalls(end: usize): bool {
  const known = ((layer.words >> OTHER_SHIFT) & OTHER_MASK) != 0;
  let at = findByte(layer.at, end, 0x28);
  while (at < end) {
    let name = at;
    while (name > layer.at && at - name < <usize>NAME_BYTES && isWord(load<u8>(name - 1))) name--;
    const size = <u32>(at - name);
    if (size > 2) {
      const kind = known ? (wordPayload(name, size) >> OTHER_SHIFT) & OTHER_MASK : 0;
      if (kind && isCall(kind, name, size, at, end)) {
        report(Signature.RCE_CODE, name, at + 1);
        return true;
      }
      /* PHP's complex syntax runs what stands in the braces: `{$@name(` is none, `${@name(` and `{${name(` are. */
      if (name >= layer.at + 3 && (isRun(name - 3, 0x24, 0x7b, 0x40) || isRun(name - 3, 0x7b, 0x24, 0x7b))) {
        report(Signature.RCE_CODE, name - 3, at + 1);
        return true;
      }
    } else if (at > layer.at + 1) {
      const from = unnamedCall(at, end);
      if (from) {
        report(Signature.RCE_CODE, from, at + 1);
        return true;
      }
    }
    at = findByte(at + 1, end, 0x28);
  }
  return false;
}

/** Whether these three bytes stand at `at`. */
function isRun(at: usize, first: u32, second: u32, third: u32): bool {
  return load<u8>(at) == first && load<u8>(at + 1) == second && load<u8>(at + 2) == third;
}

/** Whether a call of a known name, its bracket at `open`, is an attack. */
function isCall(kind: u32, name: usize, size: u32, open: usize, end: usize): bool {
  if (kind == OtherWord.NOTE) {
    if (equalsLower(name, size, "execute")) return isExecuted(name, open, end);
    if (!equalsLower(name, size, "phpinfo") || open + 1 >= end || load<u8>(open + 1) != 0x29) return false;
    return isOpen(name) && !followsSentence(name);
  }
  return isArmed(kind, name, size, open + 1, end) || isInCode(kind, name, size, open, end);
}

/** Whether `.execute()` is Groovy's, which runs the text or list before it: `'id'.execute()`. */
function isExecuted(name: usize, open: usize, end: usize): bool {
  if (name < layer.at + 4 || load<u8>(name - 1) != 0x2e || open + 1 >= end || load<u8>(open + 1) != 0x29) return false;
  const stop = name > layer.at + <usize>SCRIPT_BYTES ? name - <usize>SCRIPT_BYTES : layer.at;
  let at = name - 2;
  const last = <u32>load<u8>(at);
  if (last != 0x27 && last != 0x22 && last != 0x5d) return false;
  const first: u32 = last == 0x5d ? 0x5b : last;
  while (--at > stop && load<u8>(at) != first) {}
  at += last == 0x5d ? 2 : 1;
  if (load<u8>(at) == 0x2f) return true;
  let size: u32 = 0;
  while (size < NAME_BYTES && isWord(load<u8>(at + <usize>size))) size++;
  return ((wordPayload(at, size) >> SHELL_SHIFT) & SHELL_MASK) != 0;
}

/**
 * Calls whose function has no name there: `$_GET[f](…)`, `('sys'.'tem')(…)` (PHP), `%x(…)` (Ruby).
 * @returns where it begins, or 0
 */
function unnamedCall(open: usize, end: usize): usize {
  if (open + 1 >= end) return 0;
  const before = <u32>load<u8>(open - 1);
  if ((before == 0x78 || before == 0x58) && load<u8>(open - 2) == 0x25) {
    const inner = load<u8>(open + 1) == 0x27 || load<u8>(open + 1) == 0x22 ? open + 1 : open;
    return isCommandAt(inner + 1, end) ? open - 2 : 0;
  }
  if (before == 0x22) return calledText(open, end);
  if (before != 0x5d && before != 0x29 && before != 0x7d) return 0;
  const stop = open > layer.at + <usize>BACK_BYTES ? open - <usize>BACK_BYTES : layer.at;
  const argument = load<u8>(open + 1);
  for (let at = open - 1; at > stop; at--) {
    const c = <u32>load<u8>(at);
    if (c == 0x5f && load<u8>(at - 1) == 0x24 && (load<u8>(at + 1) | 32) - 97 < 26 && before != 0x29) return at - 1;
    const joins = c == 0x2e && before == 0x29 && load<u8>(at - 1) == load<u8>(at + 1);
    if (joins && (load<u8>(at + 1) == 0x27 || load<u8>(at + 1) == 0x22)) {
      if (argument == 0x27 || argument == 0x22 || argument == 0x24) return at - 1;
    }
    if (c == 0x3b || c == 0x0a) break;
  }
  return 0;
}

/**
 * A text with hexadecimal escapes in it that is called, as PHP allows: `"\\x73ystem"('id')`.
 * @returns its begin, or 0
 */
function calledText(open: usize, end: usize): usize {
  const argument = load<u8>(open + 1);
  if (argument != 0x27 && argument != 0x22 && argument != 0x24) return 0;
  const stop = open > layer.at + <usize>BACK_BYTES ? open - <usize>BACK_BYTES : layer.at;
  let escapes: u32 = 0;
  for (let at = open - 2; at >= stop; at--) {
    const c = <u32>load<u8>(at);
    if (c == 0x22) return escapes ? at : 0;
    if (c == 0x5c && load<u8>(at + 1) == 0x78) escapes++;
    else if (!isWord(c) && c != 0x5c) return 0;
  }
  return 0;
}

/** Whether a program with arguments, or one that needs none, stands at `at`. */
function isCommandAt(at: usize, end: usize): bool {
  readWord(at, end, false);
  const kind = (wordPayload(wordAt(), wordSize) >> SHELL_SHIFT) & SHELL_MASK;
  if (wordSize > 4 && load<u8>(wordAt()) == 0x2f) return true;
  return kind != 0 && wordEnd < end && (load<u8>(wordEnd) == 0x20 || load<u8>(wordEnd) == 0x29);
}

/** A variable of the request where code is run or a string is filled: in backticks, or in braces behind `;`. */
function findRequestVariable(end: usize): void {
  let at = findByte(layer.at, end, 0x24);
  while (at + 6 < end) {
    const before = at > layer.at ? <u32>load<u8>(at - 1) : 0;
    if ((before == 0x60 || before == 0x7b) && load<u8>(at + 1) == 0x5f && isIndexed(at + 2, end)) {
      if (before == 0x60 || isOpen(at - 1)) {
        report(Signature.RCE_CODE, at - 1, at + 6);
        return;
      }
    }
    at = findByte(at + 1, end, 0x24);
  }
}

/** Whether the name at `at` is that of a request's variables and a member of it is asked for. */
function isIndexed(at: usize, end: usize): bool {
  let size: u32 = 0;
  while (size < 8 && at + <usize>size < end && isAlpha(load<u8>(at + <usize>size))) size++;
  if (at + <usize>size >= end || load<u8>(at + <usize>size) != 0x5b) return false;
  return (
    equalsLower(at, size, "get") ||
    equalsLower(at, size, "post") ||
    equalsLower(at, size, "request") ||
    equalsLower(at, size, "cookie") ||
    equalsLower(at, size, "server")
  );
}

/** Names of a page's objects that a script in `<% %>` needs to do anything. */
function isServerWord(at: usize, size: u32): bool {
  return (
    equalsLower(at, size, "request") ||
    equalsLower(at, size, "response") ||
    equalsLower(at, size, "runtime") ||
    equalsLower(at, size, "server") ||
    equalsLower(at, size, "createobject") ||
    equalsLower(at, size, "out")
  );
}

/** Whether the script behind `<%` does something: a directive of JSP or ASP.NET, or a call that reaches the server. */
function isServerPage(at: usize, end: usize): bool {
  const stop = at + <usize>SCRIPT_BYTES < end ? at + <usize>SCRIPT_BYTES : end;
  if (at < end && load<u8>(at) == 0x40) {
    at = skipSpace(at + 1, end);
    const left = <u32>(end - at);
    return startsLower(at, left, "page") || startsLower(at, left, "import") || startsLower(at, left, "include");
  }
  while (at < stop && load<u8>(at) != 0x25) {
    const from = at;
    while (at < stop && isWord(load<u8>(at))) at++;
    const size = <u32>(at - from);
    if (size > 2 && at < end && (load<u8>(at) == 0x28 || load<u8>(at) == 0x2e || load<u8>(at) == 0x20)) {
      const kind = (wordPayload(from, size) >> OTHER_SHIFT) & OTHER_MASK;
      if (kind == OtherWord.CALL || kind == OtherWord.EVALUATE || kind == OtherWord.FILE) return true;
      if (load<u8>(at) != 0x20 && isServerWord(from, size)) return true;
    }
    if (at == from) at++;
  }
  return false;
}

/** Whether what stands behind `<?` is a statement of PHP: a call, or text that is printed. */
function isShortTag(at: usize, end: usize): bool {
  const from = skipSpace(at, end);
  at = from;
  while (at < end && at - from < <usize>NAME_BYTES && isWord(load<u8>(at))) at++;
  const size = <u32>(at - from);
  if (size < 3) return false;
  if (at < end && load<u8>(at) == 0x28) return true;
  const behind = skipSpace(at, end);
  if (behind >= end) return false;
  const c = <u32>load<u8>(behind);
  return equalsLower(from, size, "echo") && (c == 0x22 || c == 0x27 || c == 0x24);
}

/** Whether a script of PHP, JSP or ASP begins at `at`. */
function isScriptTag(at: usize, end: usize): bool {
  const left = <u32>(end - at);
  const next = <u32>load<u8>(at + 1);
  if (next == 0x3f) {
    return startsLower(at, left, "<?php") || startsLower(at, left, "<?=") || isShortTag(at + 2, end);
  }
  if (next == 0x25) return isServerPage(at + 2, end);
  return (
    startsLower(at, left, "<jsp:scriptlet") ||
    startsLower(at, left, "<script runat=") ||
    startsLower(at, left, '<script language="php"')
  );
}

/** Scripts of a server, where the value is a script and not a text about one. */
function findScript(end: usize): void {
  let at = findByte(layer.at, end, 0x3c);
  while (at + 5 < end) {
    if (isScriptTag(at, end)) {
      if (at - layer.at < 64 || place == Place.PART) {
        report(Signature.RCE_SCRIPT, at, at + 5);
        return;
      }
    }
    at = findByte(at + 1, end, 0x3c);
  }
}

/** Bytes in which a variable of the environment must be named that holds a function. */
const VARIABLE_BYTES: usize = 32;

/** Where the value of the variable begins that `env` is told to set: `env 'x=() {`; or the begin of the layer. */
function variableAt(end: usize): usize {
  const size = layer.size;
  if (!startsLower(layer.at, size, "env ") && !startsLower(layer.at, size, "export ")) return layer.at;
  const stop = layer.at + VARIABLE_BYTES < end ? layer.at + VARIABLE_BYTES : end;
  const equals = findByte(layer.at, stop, 0x3d);
  return equals < stop ? equals + 1 : layer.at;
}

/** `() {` at the begin of a value: a function that old shells take from the environment, and run what follows it. */
function findFunction(end: usize): void {
  let at = variableAt(end);
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
      startsLower(at, left, "!!python/name") ||
      startsLower(at, left, "!!javax.") ||
      startsLower(at, left, "!!com.sun.") ||
      startsLower(at, left, "!ruby/object") ||
      startsLower(at, left, "!ruby/hash") ||
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

/** Bytes of a script that are looked at for what it does, and bytes before a call without a name. */
const SCRIPT_BYTES: u32 = 192;
const BACK_BYTES: u32 = 48;

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

/**
 * Statements of PHP that begin with the operator that hides errors: `@set(1);@…`. A second statement must follow
 * right behind, since style sheets and annotations write a name behind `@` too.
 */
function findStatement(end: usize): void {
  let at = layer.at + 1;
  while (at < end && at - layer.at < <usize>NAME_BYTES && isWord(load<u8>(at))) at++;
  if (at < layer.at + 4 || at >= end || load<u8>(at) != 0x28) return;
  at = findEither(at, at + <usize>SCRIPT_BYTES < end ? at + <usize>SCRIPT_BYTES : end, 0x29, 0x3b);
  if (at + 2 >= end || load<u8>(at) != 0x29 || load<u8>(at + 1) != 0x3b) return;
  const next = at + 2;
  const left = <u32>(end - next);
  const again = left > 1 && (load<u8>(next) == 0x40 || load<u8>(next) == 0x24) && isAlpha(load<u8>(next + 1));
  if (again || startsLower(next, left, "echo ") || startsLower(next, left, "echo(")) {
    report(Signature.RCE_CODE, layer.at, next);
  }
}

/** Visual Basic in one line that goes on after errors, as no page of a person does: `…:On Error Resume Next:…`. */
function findResume(end: usize): void {
  let at = findByte(layer.at, end, 0x3a);
  while (at < end) {
    if (at > layer.at + 20 && startsLower(at - 20, 20, "on error resume next")) {
      report(Signature.RCE_CODE, at - 20, at);
      return;
    }
    at = findByte(at + 1, end, 0x3a);
  }
}

/** `response.write(9*9)`: a page of ASP works it out, and whoever asked sees that it did. */
function findProduct(end: usize): void {
  const stop = end - 16;
  for (let at = layer.at; at < stop && at - layer.at < 8; at++) {
    if (!startsLower(at, <u32>(end - at), "response.write(")) continue;
    let p = at + 15;
    while (p < end && (isDigit(load<u8>(p)) || load<u8>(p) == 0x2a)) p++;
    if (p > at + 17 && p < end && load<u8>(p) == 0x29) report(Signature.RCE_CODE, at, p + 1);
    return;
  }
}

/**
 * A cell of a spreadsheet that asks another program for its value: `=cmd|'/c a'!A0` (Dynamic Data Exchange). It counts
 * where that program is one that runs others; feeds of prices have names of their own.
 */
function findExchange(end: usize): void {
  const bar = findByte(layer.at, end, 0x7c);
  if (bar + 4 > end || load<u8>(bar + 1) != 0x27) return;
  let from = bar;
  while (from > layer.at && bar - from < <usize>NAME_BYTES && isWord(load<u8>(from - 1))) from--;
  if (from == layer.at || from == bar) return;
  const kind = (wordPayload(from, <u32>(bar - from)) >> SHELL_SHIFT) & SHELL_MASK;
  const quote = findByte(bar + 2, end, 0x27);
  if (kind == ShellWord.TOOL && quote + 2 < end && load<u8>(quote + 1) == 0x21) {
    report(Signature.RCE_COMMAND, from, quote + 2);
  }
}

/** Whether the value begins as cells that are worked out do, and a bar and a quote occur. */
function mayExchange(): bool {
  const c = <u32>load<u8>(layer.at);
  if (c != 0x3d && c != 0x2b && c != 0x2d && c != 0x40) return false;
  return (layer.has & Has.PIPE) != 0 && (layer.has & Has.SINGLE) != 0;
}

/**
 * Options of programs that make them run another, as whole values: of ssh, tar and git, and git's transport by a
 * program (ssh_config(5) ProxyCommand; GNU tar manual §3.3; git-remote-ext(1)).
 */
function findOption(): void {
  const at = layer.at;
  const size = layer.size;
  if (
    startsLower(at, size, "-oproxycommand=") ||
    startsLower(at, size, "--checkpoint-action=exec") ||
    startsLower(at, size, "--use-askpass=") ||
    startsLower(at, size, "ext::")
  ) {
    report(Signature.RCE_COMMAND, at, at + <usize>size);
  }
}

/** Whether the value begins as an option does, or as an address of git's. */
function mayOption(): bool {
  if (load<u8>(layer.at) == 0x2d) return (layer.has & Has.EQUALS) != 0;
  return (layer.has & Has.COLON) != 0 && startsLower(layer.at, layer.size, "ext::");
}

function mayStatement(): bool {
  return load<u8>(layer.at) == 0x40 && (layer.has & Has.OPEN) != 0 && (layer.has & Has.SEMICOLON) != 0;
}

function mayResume(): bool {
  return ((layer.words >> OTHER_SHIFT) & OTHER_MASK) != 0 && (layer.has & Has.COLON) != 0;
}

function mayProduct(): bool {
  if (layer.size < 20 || layer.size > SCRIPT_BYTES) return false;
  return (layer.has & Has.STAR) != 0 && (layer.has & Has.OPEN) != 0 && (layer.has & Has.DOT) != 0;
}

/** Whether calls can occur: a known name, a variable, or a program's name in brackets. */
function mayCall(): bool {
  if (!(layer.has & Has.OPEN)) return false;
  if (((layer.words >> OTHER_SHIFT) & OTHER_MASK) != 0 || (layer.has & Has.DOLLAR) != 0) return true;
  if ((layer.has & Has.BACKSLASH) != 0 && (layer.has & Has.DOUBLE) != 0) return true;
  return (layer.has & (Has.PERCENT | Has.DOT)) != 0 && ((layer.words >> SHELL_SHIFT) & SHELL_MASK) != 0;
}

/** Whether a tag of a script can occur. */
function mayScript(): bool {
  return (layer.has & Has.LESS) != 0 && (layer.has & (Has.MARK | Has.PERCENT | Has.COLON | Has.EQUALS)) != 0;
}

function mayFunction(): bool {
  return (layer.has & Has.OPEN) != 0 && (layer.has & Has.CLOSE) != 0 && (layer.has & Has.BRACE) != 0;
}

function mayNote(): bool {
  return ((layer.words >> OTHER_SHIFT) & OTHER_MASK) != 0 && (layer.has & (Has.MARK | Has.SLASH)) != 0;
}

function mayRequest(): bool {
  return (
    (layer.has & Has.DOLLAR) != 0 && (layer.has & Has.BRACKET) != 0 && (layer.has & (Has.BACKTICK | Has.BRACE)) != 0
  );
}

function mayJoin(): bool {
  return (layer.has & Has.DOUBLE) != 0 && (layer.has & Has.AMPERSAND) != 0;
}

/** Whether the current layer can hold code. */
export function codeGate(): bool {
  if (mayCall() || mayScript() || mayFunction() || mayNote() || mayRequest() || mayJoin()) return true;
  return mayStatement() || mayResume() || mayProduct() || mayExchange() || mayOption();
}

/** What a byte costs in all searches together, in units. */
const SEARCH_UNITS: u32 = 1;

/** Looks for code in the current layer. */
export function codeLex(): void {
  if (!spend(layer.size * SEARCH_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>layer.size;
  if (mayFunction()) findFunction(end);
  if (place != Place.PART && isText()) return;
  if (mayCall()) findCalls(end);
  if (mayRequest()) findRequestVariable(end);
  if (mayScript()) findScript(end);
  if (mayNote()) findNotes(end);
  if (mayJoin()) findJoins(end);
  if (mayStatement()) findStatement(end);
  if (mayResume()) findResume(end);
  if (mayProduct()) findProduct(end);
  if (mayExchange()) findExchange(end);
  if (mayOption()) findOption();
}
