/**
 * Known attacks on known programs, as virtual patches: requests whose parts are ordinary each, and an attack together.
 *
 * What an attack IS: the path, the name or the value that an advisory describes, at its place (tables/source/known);
 * and the path of a page that a program shows to the machine itself or to nobody (tables/source/known/scanner.tsv).
 * What is none: the same words elsewhere, a neighbour of the path, a name that only begins alike. Attacks that are one
 * by their grammar (templates, traversal, commands) are left to their lexers, so that what comes next year is one too.
 */
import { Limit } from "../../abi/status";
import { lower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { hasOther, layer } from "../../decode/layer";
import { findLastName, lastNameAt, lastNameSize, Place } from "../../decode/point";
import { Has } from "../../decode/profile";
import { current, reachLimit } from "../../decode/transaction";
import { place, spend } from "../../decode/value";
import { KNOWN } from "../../tables/known.gen";
import { Signature } from "../../tables/signatures.gen";
import { OtherWord } from "../../tables/words.gen";
import { report } from "../match";

/** Where a row's first text must stand. */
enum Where {
  PATH = 1,
  NAME = 2,
  IN_NAME = 3,
  IN_VALUE = 4,
  SET = 5,
  /** From a slash of the path on, whole steps. */
  STEPS = 6,
  /** The same at the path's begin. */
  ROOT = 7,
}

/** Bytes of a value that are searched: one of these attacks needs a name longer than a path of the system may be. */
const SEARCH_BYTES: u32 = 8192;

/** Bytes in which a row's second text must follow, where the first may stand anywhere. */
const NEAR_BYTES: u32 = 160;

/** Rows by where and first character: chains of row addresses. */
const ROWS_MAX: u32 = 256;
const KINDS: u32 = 8;
const heads: usize = memory.data(KINDS * 128 * 4, 4);
const cells: usize = memory.data(ROWS_MAX * 8, 4);
/** Where the texts stand that rows ask of the path; the number of each is its bit in `pathRows`. */
const ASKING_MAX: u32 = 64;
const asking: usize = memory.data(ASKING_MAX * 4, 4);
let askingCount: u32 = 0;
/** By the lower five bits of the character behind a slash: those that follow it in a text of a path, likewise. */
const seconds: usize = memory.data(32 * 4, 4);
/** First characters of the rows of names, likewise. */
let nameMarks: u32 = 0;
let indexed: bool = false;

/** Whether rows of that kind stand in paths. */
function isPath(where: u32): bool {
  return where == Where.PATH || where == Where.STEPS || where == Where.ROOT;
}

/** Notes the two characters behind the slash with which a text begins. */
function markPath(text: usize): void {
  const cell = seconds + <usize>((<u32>load<u16>(text) & 31) << 2);
  store<u32>(cell, load<u32>(cell) | (1 << (<u32>load<u16>(text + 2) & 31)));
}

/** Whether the path holds the text at `path`, which a row asks for. */
function isAskedFor(path: usize): bool {
  for (let i: u32 = 0; i < askingCount; i++) {
    if (load<usize>(asking + <usize>(i << 2)) == path) return ((current.pathRows >> <u64>i) & 1) != 0;
  }
  return false;
}

/** Whether a text of a row ends as the step of a path does, at `at`: with its slash, or where the step does. */
function endsStep(behind: usize, at: usize, end: usize): bool {
  if (load<u16>(behind - 2) == 0x2f || at >= end) return true;
  const c = <u32>load<u8>(at);
  return c == 0x2f || c == 0x3b;
}

/** Chains the rows; done once, at the first look. */
function indexRows(): void {
  indexed = true;
  let row = changetype<usize>(KNOWN);
  const end = row + ((<usize>KNOWN.length) << 1);
  let cell = cells;
  while (row < end && cell < cells + <usize>(ROWS_MAX * 8)) {
    const where = <u32>load<u16>(row) - 48;
    const inPath = isPath(where);
    /* All texts of paths begin with a slash, so that the character behind it tells them apart. */
    const first = <u32>load<u16>(row + (inPath ? 6 : 4)) & 127;
    const head = heads + ((<usize>(where * 128 + first)) << 2);
    store<usize>(cell, row);
    store<usize>(cell + 4, load<usize>(head));
    store<usize>(head, cell);
    if (where == Where.NAME) nameMarks |= 1 << (first & 31);
    if (inPath) markPath(row + 6);
    const path = nextText(nextText(row + 4));
    if (load<u16>(path) != 0x0a && askingCount < ASKING_MAX) {
      markPath(path + 2);
      store<usize>(asking + <usize>(askingCount++ << 2), path);
    }
    cell += 8;
    while (load<u16>(row) != 0x0a) row += 2;
    row += 2;
  }
}

/** Whether the row's text at `text`, up to its tab or line end, stands at `at`. @returns its end in the row, or 0 */
function standsAt(text: usize, at: usize, end: usize): usize {
  let c = <u32>load<u16>(text);
  while (c != 0x09 && c != 0x0a) {
    if (at >= end || lower(load<u8>(at)) != c) return 0;
    at++;
    text += 2;
    c = <u32>load<u16>(text);
  }
  return text;
}

/** Whether the row's text occurs in [at, end); an empty one does. */
function occurs(text: usize, at: usize, end: usize): bool {
  const first = <u32>load<u16>(text);
  if (first == 0x09 || first == 0x0a) return true;
  for (; at < end; at++) if (lower(load<u8>(at)) == first && standsAt(text, at, end)) return true;
  return false;
}

/** The next text of a row. */
function nextText(text: usize): usize {
  while (load<u16>(text) != 0x09 && load<u16>(text) != 0x0a) text += 2;
  return text + 2;
}

/** Signature of the row of one kind that stands at `at`, or 0. */
function rowAt(where: Where, at: usize, end: usize): u32 {
  if (!indexed) indexRows();
  const inPath = isPath(where);
  if (inPath && at + 1 >= end) return 0;
  const c = lower(load<u8>(inPath ? at + 1 : at));
  if (c > 127) return 0;
  let cell = load<usize>(heads + ((<usize>(<u32>where * 128 + c)) << 2));
  while (cell) {
    const row = load<usize>(cell);
    cell = load<usize>(cell + 4);
    const text = row + 4;
    const behind = standsAt(text, at, end);
    if (!behind) continue;
    const second = nextText(text);
    const from = at + ((behind - text) >> 1);
    if (inPath && where != Where.PATH && !endsStep(behind, from, end)) continue;
    const near = where != Where.NAME && from + <usize>NEAR_BYTES < end;
    if (!occurs(second, from, near ? from + <usize>NEAR_BYTES : end)) continue;
    const path = nextText(second);
    if (load<u16>(path) != 0x0a && !isAskedFor(path)) continue;
    return <u32>load<u16>(row + 2) - 32;
  }
  return 0;
}

/** Notes for which rows the path is the one that they ask for; values of the body are looked at when it is gone. */
function notePath(end: usize): void {
  if (!indexed) indexRows();
  for (let i: u32 = 0; i < askingCount; i++) {
    if (occurs(load<usize>(asking + <usize>(i << 2)), layer.at, end)) current.pathRows |= (<u64>1) << (<u64>i);
  }
}

/** Steps of a path at whose begin pages of servers may stand; deeper ones lie in repositories that people look at. */
const STEPS_FEW: u32 = 4;

/** Tries the rows of paths at every slash of the layer. */
function searchPath(end: usize): void {
  let steps: u32 = 0;
  for (let at = findByte(layer.at, end, 0x2f); at < end; at = findByte(at + 1, end, 0x2f)) {
    let found = rowAt(Where.PATH, at, end);
    if (!found && at == layer.at) found = rowAt(Where.ROOT, at, end);
    if (!found && steps++ < STEPS_FEW) found = rowAt(Where.STEPS, at, end);
    if (found) {
      report(<Signature>found, at, end);
      return;
    }
  }
}

/** Tries the rows of one kind everywhere in the layer. */
function search(where: Where, end: usize): void {
  for (let at = layer.at; at < end; at++) {
    const found = rowAt(where, at, end);
    if (found) {
      report(<Signature>found, at, end);
      return;
    }
  }
}

/** Signature of the row that the name of the value stands in, or 0: plain names are no values of their own. */
function rowOfName(): u32 {
  /* Names that are more than a word are values of their own; of the others only those count that ask for a path. */
  if (!current.pathRows || (place != Place.QUERY && place != Place.FORM)) return 0;
  if (!findLastName() || !lastNameSize) return 0;
  return rowAt(Where.NAME, lastNameAt, lastNameAt + <usize>lastNameSize);
}

/** Signature of the row whose name and value are those of the parameter, both whole, or 0. */
function rowOfPair(end: usize): u32 {
  if (!findLastName() || !lastNameSize) return 0;
  const c = lower(load<u8>(lastNameAt));
  if (c > 127) return 0;
  if (!indexed) indexRows();
  let cell = load<usize>(heads + ((<usize>(<u32>Where.SET * 128 + c)) << 2));
  while (cell) {
    const row = load<usize>(cell);
    cell = load<usize>(cell + 4);
    const name = row + 4;
    const behind = standsAt(name, lastNameAt, lastNameAt + <usize>lastNameSize);
    if (!behind || <u32>((behind - name) >> 1) != lastNameSize) continue;
    const value = nextText(name);
    const path = nextText(value);
    if (load<u16>(path) != 0x0a && !isAskedFor(path)) continue;
    const stop = standsAt(value, layer.at, end);
    if (stop && <u32>((stop - value) >> 1) == layer.size) return <u32>load<u16>(row + 2) - 32;
  }
  return 0;
}

function isName(): bool {
  return place == Place.QUERY_NAME || place == Place.FORM_NAME || place == Place.PART_NAME;
}

function isValue(): bool {
  return place == Place.QUERY || place == Place.FORM || place == Place.PART || place == Place.JSON;
}

/** Whether a text of the rows may stand behind a slash of the path: all begin with one. */
function mayPath(): bool {
  if (!indexed) indexRows();
  const end = layer.at + <usize>layer.size;
  for (let at = layer.at; at + 2 < end; at++) {
    if (load<u8>(at) != 0x2f) continue;
    const marks = load<u32>(seconds + <usize>((<u32>load<u8>(at + 1) & 31) << 2));
    if ((marks >> (<u32>load<u8>(at + 2) & 31)) & 1) return true;
  }
  return false;
}

/** Whether the name may be one of the rows', or hold one: those that are held stand in brackets or have a word. */
function mayName(): bool {
  if (!indexed) indexRows();
  if (layer.has & Has.BRACKET || hasOther(OtherWord.NOTE)) return true;
  return layer.size != 0 && ((nameMarks >> (<u32>load<u8>(layer.at) & 31)) & 1) != 0;
}

/** Whether the current layer can hold such an attack. */
export function knownGate(): bool {
  if (place == Place.PATH) return mayPath();
  if (isName()) return mayName();
  if (!isValue()) return false;
  if (rowOfName()) return true;
  /* The words of the rows stand in tables/source/words; the last is a path with a parameter that is no page. */
  if (hasOther(OtherWord.NOTE) || hasOther(OtherWord.GADGET)) return true;
  return place == Place.QUERY && (layer.has & Has.SEMICOLON) != 0 && (layer.has & Has.SLASH) != 0;
}

/** Looks for such attacks in the current layer. */
export function knownLex(): void {
  if (!knownGate()) return;
  const size = layer.size < SEARCH_BYTES ? layer.size : SEARCH_BYTES;
  if (!spend(size * 4)) {
    reachLimit(Limit.FUEL);
    return;
  }
  const end = layer.at + <usize>size;
  if (place == Place.PATH) {
    notePath(end);
    searchPath(end);
    return;
  }
  if (isName()) {
    const found = size ? rowAt(Where.NAME, layer.at, end) : 0;
    if (found) report(<Signature>found, layer.at, end);
    else if (layer.has & Has.BRACKET || hasOther(OtherWord.NOTE)) search(Where.IN_NAME, end);
    return;
  }
  let found = rowOfName();
  if (!found) found = rowOfPair(end);
  if (found) report(<Signature>found, layer.at, end);
  search(Where.IN_VALUE, end);
}
