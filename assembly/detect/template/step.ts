/**
 * Words and strings of an expression that do something: steps that lead from any object to the runtime, calls that run
 * commands or open files, statements that load modules. Each is judged where it stands, by its neighbours: a variable
 * may have any name.
 */
import { equalsLower, isAlpha, isSpace, isWord, startsLower } from "../../bytes/ascii";
import { copyBytes } from "../../bytes/guard";
import { layer } from "../../decode/layer";
import { Has, wordPayload } from "../../decode/profile";
import { Signature } from "../../tables/signatures.gen";
import {
  SHELL_MASK,
  SHELL_SHIFT,
  ShellWord,
  TEMPLATE_MASK,
  TEMPLATE_SHIFT,
  TemplateWord,
} from "../../tables/words.gen";
import { Frame, Kind, Last, Seen } from "./frame";

/** Bytes looked at behind a word. */
const AHEAD_BYTES: usize = 64;
/** Shortest name of a class with its package. */
const STATIC_BYTES: usize = 8;
/** Bytes of a value that is a tag and little else. */
const TAG_BYTES: u32 = 32;
/** Longest word of the group. */
const WORD_BYTES: u32 = 32;

/** The value is a text of many lines: only what nobody writes about counts. */
let textual: bool = false;
let stop: usize = 0;

/** Begins with a value that ends at `end`. */
export function openSteps(end: usize, text: bool): void {
  stop = end;
  textual = text;
}

/** The byte at `at`, or 0 behind the value. */
export function byteAt(at: usize): u32 {
  return at < stop ? <u32>load<u8>(at) : 0;
}

/** Where a look of so many bytes from `at` on ends; `at` may lie behind the value. */
function limitOf(at: usize, bytes: usize): usize {
  return at + bytes < stop ? at + bytes : stop;
}

/** Skips white space, bounded. */
export function behindSpace(at: usize): usize {
  const limit = limitOf(at, 16);
  while (at < limit && isSpace(load<u8>(at))) at++;
  return at;
}

/** The end of a word. */
export function wordEnd(at: usize): usize {
  while (at < stop && (isWord(load<u8>(at)) || load<u8>(at) >= 0x80)) at++;
  return at;
}

/** The kind of a word. */
export function kindOf(at: usize, size: u32): TemplateWord {
  if (size < 2 || size > WORD_BYTES) return TemplateWord.NONE;
  return <TemplateWord>((wordPayload(at, size) >> TEMPLATE_SHIFT) & TEMPLATE_MASK);
}

/** Whether a literal in lower case stands at `at`. */
function stands(at: usize, literal: string): bool {
  return at < stop && startsLower(at, <u32>(stop - at), literal);
}

function isQuote(c: u32): bool {
  return c == 0x22 || c == 0x27 || c == 0x60;
}

/** Whether a quoted text at `at` begins with the name or path of a program. */
function isCommand(at: usize): bool {
  if (!isQuote(byteAt(at))) return false;
  at = behindSpace(at + 1);
  const c = byteAt(at);
  if (c == 0x2f) return isAlpha(byteAt(at + 1));
  const end = wordEnd(at);
  const size = <u32>(end - at);
  if (!size || size > WORD_BYTES) return false;
  const next = byteAt(end);
  if (next == 0x2e) return stands(end, ".exe") || stands(end, ".sh");
  return ((wordPayload(at, size) >> SHELL_SHIFT) & SHELL_MASK) != 0;
}

/** Judges a text in backticks at `at`, which is a command for Ruby. @returns a signature, or 0 */
export function judgeBackticks(frame: Frame, at: usize): u32 {
  const ruby = frame.kind == Kind.SCRIPTLET || (frame.kind == Kind.MARKED && load<u8>(frame.from) == 0x23);
  const before = <u32>load<u8>(at - 1);
  const placed = isSpace(before) || before == 0x28 || before == 0x3d || before == 0x7b || before == 0x25;
  if (textual || !ruby || !placed) return 0;
  const word = behindSpace(at + 1);
  const path = byteAt(word) == 0x2f;
  const from = path ? word + 1 : word;
  const end = wordEnd(from);
  const next = byteAt(end);
  if (path) return end > from && (next == 0x2f || next == 0x20 || next == 0x60) ? Signature.SSTI_CALL : 0;
  const size = <u32>(end - from);
  if (!size || size > WORD_BYTES) return 0;
  const kind = <ShellWord>((wordPayload(from, size) >> SHELL_SHIFT) & SHELL_MASK);
  return kind != ShellWord.NONE && kind <= ShellWord.TOOL ? Signature.SSTI_CALL : 0;
}

/** Whether a quoted text at `at` names a file outside the application. */
function isFile(at: usize): bool {
  if (!isQuote(byteAt(at))) return false;
  at++;
  return (
    stands(at, "/etc/") ||
    stands(at, "/proc/") ||
    stands(at, "/var/") ||
    stands(at, "/root/") ||
    stands(at, "/home/") ||
    stands(at, "../../") ||
    stands(at, "c:\\") ||
    stands(at, "c:/") ||
    stands(at, "file:") ||
    stands(at, "php:")
  );
}

/** Whether a variable that the request fills begins at `at`. */
function isRequest(at: usize): bool {
  if (stands(at, "$_") || stands(at, "@$_")) return true;
  if (!stands(at, "request") && !stands(at, "params") && !stands(at, "param.")) return false;
  const c = byteAt(wordEnd(at));
  return c == 0x2e || c == 0x5b || c == 0x28;
}

/** Names for which `.` leads to a function, by their one spelling: those of Ruby's classes. */
function isClass(frame: Frame): bool {
  const at = frame.rootAt;
  switch (frame.rootSize) {
    case 2:
      return load<u8>(at) == 0x49 && load<u8>(at + 1) == 0x4f;
    case 3:
      return load<u8>(at) == 0x44 && equalsLower(at, 3, "dir");
    case 4:
      return load<u8>(at) == 0x46 && equalsLower(at, 4, "file");
    case 5:
      return load<u8>(at) == 0x4f && equalsLower(at, 5, "open3");
    case 6:
      return load<u8>(at) == 0x4b && equalsLower(at, 6, "kernel");
    default:
      return false;
  }
}

/** A call of what runs commands or code. */
function judgeCall(frame: Frame, at: usize, size: u32, behind: usize): u32 {
  let argument = behindSpace(behind + 1);
  if (byteAt(behind) != 0x28) {
    const ruby = frame.kind == Kind.SCRIPTLET || frame.kind == Kind.MARKED;
    const member = frame.kind == Kind.CURLY && frame.last == Last.DOT && isCommand(behind);
    if (!(ruby || member) || !isSpace(byteAt(at + <usize>size)) || !isQuote(byteAt(behind))) return 0;
    argument = behind;
  } else if (byteAt(argument) == 0x29) {
    return equalsLower(at, size, "phpinfo") && !textual ? Signature.SSTI_CALL : 0;
  }
  if (byteAt(argument) == 0x5b) argument = behindSpace(argument + 1);
  const command = isCommand(argument);
  if (textual) {
    const shown = frame.kind == Kind.MARKED || frame.kind == Kind.VELOCITY || frame.kind == Kind.REFERENCE;
    return command && !shown ? Signature.SSTI_CALL : 0;
  }
  if (command || isRequest(argument) || frame.seen & Seen.RUNTIME) return Signature.SSTI_CALL;
  if (frame.kind == Kind.SINGLE) return 0;
  /* `expression.exec("text")` asks a regular expression, and queries are executed too. */
  if (frame.last == Last.DOT && (equalsLower(at, size, "exec") || equalsLower(at, size, "eval"))) return 0;
  if (equalsLower(at, size, "spawn")) return 0;
  /* A template literal of a script that somebody shows. */
  if (layer.has & Has.BACKTICK && frame.kind == Kind.MARKED && load<u8>(frame.from) == 0x24) return 0;
  return isQuote(byteAt(argument)) ? Signature.SSTI_CALL : 0;
}

/** A word that leads from an object to its class. */
function judgeMake(frame: Frame, size: u32, next: u32): u32 {
  if (frame.last != Last.DOT && size != 11) return 0;
  const constant = frame.base == Last.STRING || frame.base == Last.EMPTY;
  if (constant && frame.last == Last.DOT) return textual ? 0 : Signature.SSTI_WALK;
  if (size != 11 || frame.kind == Kind.SINGLE) return 0;
  /* Of the function that makes functions. */
  const again = (frame.seen & Seen.CONSTRUCTOR) != 0 && frame.last == Last.DOT;
  frame.seen |= Seen.CONSTRUCTOR;
  if (again) return Signature.SSTI_WALK;
  if (textual || frame.last != Last.DOT) return 0;
  return next == 0x28 || next == 0x5b ? Signature.SSTI_WALK : 0;
}

/** Modules of Python by which code reaches the system. */
function isModule(at: usize, size: u32): bool {
  switch (size) {
    case 2:
      return equalsLower(at, size, "os");
    case 3:
      return equalsLower(at, size, "sys") || equalsLower(at, size, "pty");
    case 6:
      return equalsLower(at, size, "socket") || equalsLower(at, size, "shutil");
    case 8:
      return equalsLower(at, size, "commands");
    case 9:
      return equalsLower(at, size, "importlib");
    default:
      return equalsLower(at, size, "subprocess") || equalsLower(at, size, "platform");
  }
}

/** What is read of the application's settings: all of them, or the key that signs its sessions. */
function judgeSetting(frame: Frame, at: usize, size: u32): u32 {
  const root = frame.rootAt;
  if (!equalsLower(root, frame.rootSize, "config") && !equalsLower(root, frame.rootSize, "settings")) return 0;
  if (equalsLower(at, size, "secret_key") && load<u8>(at) == 0x53) return Signature.SSTI_WALK;
  const all = equalsLower(at, size, "items") && byteAt(at + <usize>size) == 0x28;
  return all && frame.kind == Kind.CURLY ? Signature.SSTI_WALK : 0;
}

/** Words of statements, filters and objects that templates are given. */
function judgeNote(frame: Frame, at: usize, size: u32, behind: usize): u32 {
  const next = byteAt(behind);
  if (frame.last == Last.DOT) {
    if (textual) return 0;
    if (isClass(frame) && isQuote(byteAt(next == 0x28 ? behind + 1 : behind))) return Signature.SSTI_CALL;
    if (equalsLower(at, size, "inspect") && (frame.kind == Kind.REFERENCE || frame.kind == Kind.VELOCITY)) {
      return equalsLower(frame.rootAt, frame.rootSize, "class") ? Signature.SSTI_WALK : 0;
    }
    /* The module that Mako made of the page, whose imports lead to all others. */
    if (equalsLower(at, size, "module") && frame.kind == Kind.MARKED && next == 0x2e) {
      return frame.base == Last.NAME && equalsLower(frame.rootAt, frame.rootSize, "self") ? Signature.SSTI_WALK : 0;
    }
    return judgeSetting(frame, at, size);
  }
  if (textual) return 0;
  if (equalsLower(at, size, "dump") && next == 0x28 && frame.kind == Kind.CURLY) {
    /* Everything that the page was given; a name of the page's own is what its author looked at. */
    return stands(behind, "(app)") || stands(behind, "()") || stands(behind, "(_context") ? Signature.SSTI_WALK : 0;
  }
  if (equalsLower(at, size, "attr")) return frame.last == Last.PIPE && next == 0x28 ? Signature.SSTI_WALK : 0;
  if (equalsLower(at, size, "request")) return frame.last == Last.SUBSCRIPT && next == 0x2e ? Signature.SSTI_WALK : 0;
  if (equalsLower(at, size, "_self")) return stands(behind, ".env.") ? Signature.SSTI_WALK : 0;
  if (equalsLower(at, size, "lookup")) frame.seen |= Seen.LOOKUP;
  if (equalsLower(at, size, "open") || equalsLower(at, size, "include") || equalsLower(at, size, "source")) {
    if (next == 0x28 && isFile(behindSpace(behind + 1))) return Signature.SSTI_CALL;
  }
  if (frame.seen & Seen.WORD || (frame.kind != Kind.STATEMENT && frame.kind != Kind.SCRIPTLET)) return 0;
  if (equalsLower(at, size, "include") || equalsLower(at, size, "extends")) {
    return isFile(behind) ? Signature.SSTI_STATEMENT : 0;
  }
  if (equalsLower(at, size, "debug")) {
    /* In a longer text somebody names the tag. */
    const alone = layer.size <= TAG_BYTES && frame.kind == Kind.STATEMENT;
    return alone && stands(behind, "%}") ? Signature.SSTI_STATEMENT : 0;
  }
  if (!equalsLower(at, size, "import") && !equalsLower(at, size, "from")) return 0;
  const end = wordEnd(behind);
  return isModule(behind, <u32>(end - behind)) && byteAt(end) != 0x28 ? Signature.SSTI_STATEMENT : 0;
}

/** Whether a class of Java's own stands at `at`, behind `java` or `javax`: `.lang.Runtime`, `.io.File`. */
export function isJavaClass(at: usize): bool {
  if (byteAt(at) != 0x2e) return false;
  const reaches =
    stands(at, ".lang.") ||
    stands(at, ".io.") ||
    stands(at, ".nio.") ||
    stands(at, ".net.") ||
    stands(at, ".script.") ||
    stands(at, ".el.") ||
    stands(at, ".naming.") ||
    stands(at, ".rmi.");
  if (!reaches) return false;
  const limit = limitOf(at, AHEAD_BYTES);
  while (at < limit) {
    const c = <u32>load<u8>(at);
    if (c == 0x2e && byteAt(at + 1) - 65 < 26) return true;
    if (c != 0x2e && !isWord(c)) return false;
    at++;
  }
  return false;
}

/** Whether `T(` at `at`, behind the letter, names a type: `T(java.lang.System).`. */
export function isType(at: usize): bool {
  if (byteAt(at) != 0x28) return false;
  at = behindSpace(at + 1);
  const limit = limitOf(at, AHEAD_BYTES);
  const from = at;
  let upper = false;
  while (at < limit && (isWord(load<u8>(at)) || load<u8>(at) == 0x2e)) {
    const c = <u32>load<u8>(at);
    if (c - 65 < 26 && (at == from || load<u8>(at - 1) == 0x2e)) upper = true;
    at++;
  }
  at = behindSpace(at);
  return upper && byteAt(at) == 0x29 && byteAt(behindSpace(at + 1)) == 0x2e;
}

/** Whether a static member as OGNL writes it stands behind `@`: `java.lang.Runtime@getRuntime`. */
export function isStatic(at: usize): bool {
  const limit = limitOf(at, AHEAD_BYTES);
  const from = at;
  let segment = at;
  while (at < limit && (isWord(load<u8>(at)) || load<u8>(at) == 0x2e || load<u8>(at) == 0x24)) {
    if (load<u8>(at) == 0x2e) segment = at + 1;
    at++;
  }
  if (segment == from || at - from < STATIC_BYTES || byteAt(segment) - 65 >= 26) return false;
  return byteAt(at) == 0x40 && isAlpha(byteAt(at + 1));
}

/** A filter of Twig or a method that calls the function named by its argument. */
function isCalling(at: usize, size: u32): bool {
  if (size == 3) return equalsLower(at, size, "map");
  if (size == 4) return equalsLower(at, size, "sort") || equalsLower(at, size, "find");
  return equalsLower(at, size, "filter") || equalsLower(at, size, "reduce");
}

/** Whether the filter at `at` is given a text of the value's own: `{{'id'|system}}`. */
function isFiltered(frame: Frame, at: usize): bool {
  if (frame.kind != Kind.CURLY) return false;
  const stop = at - frame.from > AHEAD_BYTES ? at - AHEAD_BYTES : frame.from;
  while (at > stop && isSpace(load<u8>(at - 1))) at--;
  if (at <= stop || load<u8>(--at) != 0x7c) return false;
  while (at > stop && isSpace(load<u8>(at - 1))) at--;
  return isQuote(<u32>load<u8>(at - 1));
}

/** Judges the word in [at, at + size). @returns a signature, or 0 */
export function judgeWord(frame: Frame, at: usize, size: u32): u32 {
  const behind = behindSpace(at + <usize>size);
  const next = byteAt(behind);
  if (frame.last != Last.DOT) {
    frame.rootAt = at;
    frame.rootSize = size;
    if (size == 1 && load<u8>(at) == 0x54 && !textual && isType(behind)) return Signature.SSTI_WALK;
  }
  if (frame.last == Last.PIPE && isCalling(at, size) && next == 0x28) frame.seen |= Seen.CALLING;
  const kind = kindOf(at, size);
  if (kind != TemplateWord.MAKE) frame.seen &= ~Seen.CONSTRUCTOR;
  switch (kind) {
    case TemplateWord.CALL:
      if (frame.last == Last.PIPE && isFiltered(frame, at)) return textual ? 0 : Signature.SSTI_CALL;
      return judgeCall(frame, at, size, behind);
    case TemplateWord.MAKE:
      return judgeMake(frame, size, next);
    case TemplateWord.NOTE:
      return judgeNote(frame, at, size, behind);
    case TemplateWord.WALK:
    case TemplateWord.DEEP:
    case TemplateWord.BEAN:
      return judgeWalk(frame, kind, at, size, behind);
    case TemplateWord.JAVA:
      return !textual && frame.last != Last.DOT && isJavaClass(behind) ? Signature.SSTI_WALK : 0;
    default:
      return 0;
  }
}

/** What is read of a class to print it. */
function isShown(at: usize): bool {
  return stands(at, ".__name__") || stands(at, ".__qualname__") || stands(at, ".__module__");
}

/** A step to the inside of an object. */
function judgeWalk(frame: Frame, kind: TemplateWord, at: usize, size: u32, behind: usize): u32 {
  if (equalsLower(at, size, "getruntime")) {
    frame.seen |= Seen.RUNTIME;
    return 0;
  }
  const next = byteAt(behind);
  const leads = next == 0x28 || next == 0x2e || next == 0x5b || (next == 0x3a && byteAt(behind + 1) == 0x3a);
  if (frame.last != Last.DOT && frame.last != Last.AT && !leads) return 0;
  if (equalsLower(at, size, "freemarker")) return stands(behind, ".template.") ? Signature.SSTI_WALK : 0;
  if (kind == TemplateWord.DEEP) return Signature.SSTI_WALK;
  if (textual) return 0;
  if (kind == TemplateWord.BEAN)
    return frame.kind == Kind.SCRIPTLET || frame.kind == Kind.SINGLE ? 0 : Signature.SSTI_WALK;
  /* Velocity's references lead to Java. */
  if (frame.kind == Kind.REFERENCE) return 0;
  if (equalsLower(at, size, "diagnostics")) return stands(behind, ".process") ? Signature.SSTI_CALL : 0;
  /* The name of a variable's class, which templates and log lines show. */
  const variable = frame.base == Last.NAME || frame.base == Last.CLOSE;
  if (variable && equalsLower(at, size, "__class__") && isShown(behind)) return 0;
  if (frame.kind == Kind.SINGLE) {
    /* A format string of a source reads one attribute, hardly two. */
    const again = (frame.seen & Seen.STEP) != 0 || equalsLower(at, size, "template_object");
    frame.seen |= Seen.STEP;
    return again ? Signature.SSTI_WALK : 0;
  }
  return Signature.SSTI_WALK;
}

/** A key that is joined from strings: `x['con' + 'structor']`, and room for what its hash may load behind it. */
const key: usize = memory.data(64, 16);
let keySize: u32 = 0;

function addKey(at: usize, size: u32): void {
  if (size > WORD_BYTES - keySize) {
    /* No word is that long. */
    keySize = WORD_BYTES;
    return;
  }
  copyBytes(key + <usize>keySize, at, size);
  keySize += size;
}

/** Judges the string in [at, end), without its quotes. @returns a signature, or 0 */
export function judgeString(frame: Frame, at: usize, end: usize): u32 {
  const last = frame.last;
  const size = <u32>(end - at);
  if (last == Last.SUBSCRIPT) {
    frame.seen |= Seen.KEY;
    keySize = 0;
    addKey(at, size);
  } else if (frame.seen & Seen.JOINED && !textual) {
    addKey(at, size);
    const whole = kindOf(key, keySize);
    if (whole >= TemplateWord.WALK || (whole == TemplateWord.MAKE && keySize == 11)) return Signature.SSTI_WALK;
  }
  if (startsLower(at, size, "freemarker.template.")) return Signature.SSTI_STATEMENT;
  const kind = kindOf(at, size);
  const argument = last == Last.GROUP || last == Last.SUBSCRIPT || last == Last.COMMA;
  switch (kind) {
    case TemplateWord.DEEP:
      return argument ? Signature.SSTI_WALK : 0;
    case TemplateWord.WALK:
      return argument && !textual ? Signature.SSTI_WALK : 0;
    case TemplateWord.NOTE:
      return last == Last.SUBSCRIPT && !textual ? judgeSetting(frame, at, size) : 0;
    case TemplateWord.MAKE:
      if (textual || size != 11) return 0;
      return argument || frame.seen & Seen.LOOKUP ? Signature.SSTI_WALK : 0;
    case TemplateWord.CALL:
      return argument && frame.seen & Seen.CALLING ? Signature.SSTI_CALL : 0;
    default:
      return 0;
  }
}

/** Whether the layer is a text of many lines, or too long for anything but a document. */
export function isText(end: usize): bool {
  if (layer.size > DOCUMENT_BYTES) return true;
  const least = layer.size > SHORT_BYTES ? LINES_MANY : 2 * LINES_MANY;
  let lines: u32 = 0;
  let from = layer.at;
  for (let at = layer.at; at < end; at++) {
    if (load<u8>(at) != 0x0a) continue;
    /* Empty lines make no text. */
    if (at - from > 3 && ++lines == least) return true;
    from = at + 1;
  }
  return false;
}

/** A value of more bytes is a document. */
export const DOCUMENT_BYTES: u32 = 4096;
/** Lines from which a value is a text, twice as many for a short one. */
const LINES_MANY: u32 = 3;
const SHORT_BYTES: u32 = 192;
