/**
 * GraphQL documents (October 2021 edition, §2): a string in one is a value of its own, under its field and argument.
 * A document comes whole, as a leaf of JSON, a parameter or a body, and is read only where it is one from its first
 * byte to its last, so that text with braces stays text. Its variables are leaves of the JSON around it.
 */
import { isAlpha, isDigit, isSpace, isWord, startsLower } from "../bytes/ascii";
import { findByte } from "../bytes/scan";
import { inspectValue } from "./chain";
import { Decoder } from "./decoder";
import { Layer } from "./layer";
import { Place, pointDepth, pointTruncate, pushName, pushWord, Word } from "./point";
import { Has } from "./profile";
import { place } from "./value";

/** Of the document read last: how deep its selections stand, its aliases, and whether it asks for the schema. */
export let documentDepth: u32 = 0;
export let documentAliases: u32 = 0;
export let documentAsksSchema: bool = false;

let selections: u32 = 0;
let parentheses: u32 = 0;
let brackets: u32 = 0;
/** Braces of values: objects among the arguments. */
let objects: u32 = 0;
let fieldAt: usize = 0;
let fieldSize: u32 = 0;
let argumentAt: usize = 0;
let argumentSize: u32 = 0;
let lastAt: usize = 0;
let lastSize: u32 = 0;

function isIgnored(c: u32): bool {
  return isSpace(c) || c == 0x2c;
}

/** Whether a layer may be a document: where it stands, its signs, its first and its last byte. */
export function mayBeGraphql(one: Layer): bool {
  if (!(one.has & Has.BRACE)) return false;
  const here = place == Place.JSON || place == Place.QUERY || place == Place.FORM || place == Place.BODY;
  if (!here && place != Place.PART) return false;
  let at = one.at;
  let end = at + <usize>one.size;
  while (at < end && isIgnored(load<u8>(at))) at++;
  while (end > at && isIgnored(load<u8>(end - 1))) end--;
  const size = <u32>(end - at);
  if (size < 3 || load<u8>(end - 1) != 0x7d) return false;
  const c = <u32>load<u8>(at);
  if (c == 0x7b || c == 0x23) return true;
  if (startsLower(at, size, "query") || startsLower(at, size, "mutation")) return true;
  return startsLower(at, size, "subscription") || startsLower(at, size, "fragment");
}

/** A name: of a field, an argument, a type; what follows it says which. @returns its end */
function readName(at: usize, end: usize): usize {
  const from = at;
  while (at < end && isWord(load<u8>(at))) at++;
  lastAt = from;
  lastSize = <u32>(at - from);
  if (parentheses || !selections) return at;
  fieldAt = from;
  fieldSize = lastSize;
  if (startsLower(from, lastSize, "__schema") || (lastSize == 6 && startsLower(from, 6, "__type"))) {
    documentAsksSchema = true;
  }
  return at;
}

/** A mark. @returns false where no document has it */
function readMark(c: u32): bool {
  switch (c) {
    case 0x7b:
      if (parentheses) objects++;
      else if (++selections > documentDepth) documentDepth = selections;
      return true;
    case 0x7d:
      if (parentheses ? !objects : !selections) return false;
      if (parentheses) objects--;
      else selections--;
      return true;
    case 0x28:
      parentheses++;
      argumentSize = 0;
      return parentheses == 1;
    case 0x29:
      if (parentheses != 1 || objects || brackets) return false;
      parentheses = 0;
      return true;
    case 0x5b:
      brackets++;
      return parentheses > 0;
    case 0x5d:
      if (!brackets) return false;
      brackets--;
      return true;
    case 0x3a:
      if (!parentheses) documentAliases++;
      else if (!objects) {
        argumentAt = lastAt;
        argumentSize = lastSize;
      }
      return true;
    default:
      /* ! $ & ... = @ | and the signs of numbers */
      return c == 0x21 || c == 0x24 || c == 0x26 || c == 0x2e || c == 0x3d || c == 0x40 || c == 0x7c || c == 0x2d;
  }
}

/** The string read last: its begin and size, and whether it has escapes. */
let stringAt: usize = 0;
let stringSize: u32 = 0;
let stringEscapes: bool = false;

/** Reads a string, or a block string in three quotes. @returns its end, or 0 where it has none */
function readString(at: usize, end: usize): usize {
  stringEscapes = false;
  if (end - at > 5 && load<u8>(at + 1) == 0x22 && load<u8>(at + 2) == 0x22) {
    stringAt = at + 3;
    at += 3;
    while (at + 2 < end) {
      at = findByte(at, end, 0x22);
      if (at + 2 >= end) return 0;
      if (load<u8>(at + 1) == 0x22 && load<u8>(at + 2) == 0x22 && load<u8>(at - 1) != 0x5c) {
        stringSize = <u32>(at - stringAt);
        return at + 3;
      }
      at++;
    }
    return 0;
  }
  at++;
  stringAt = at;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c == 0x22) {
      stringSize = <u32>(at - stringAt);
      return at + 1;
    }
    if (c == 0x0a) return 0;
    if (c == 0x5c) {
      stringEscapes = true;
      at++;
    }
    at++;
  }
  return 0;
}

/** Looks at the string read last; what it holds may be a document too, so the outer one's place is kept. */
function lookAtString(): void {
  const depth = pointDepth();
  const outerSelections = selections;
  const outerBrackets = brackets;
  const outerObjects = objects;
  const outerFieldAt = fieldAt;
  const outerFieldSize = fieldSize;
  const outerArgumentAt = argumentAt;
  const outerArgumentSize = argumentSize;
  const outerLastAt = lastAt;
  const outerLastSize = lastSize;
  pushWord(Word.GQL);
  if (fieldSize) pushName(fieldAt, fieldSize);
  if (argumentSize) pushName(argumentAt, argumentSize);
  inspectValue(Place.JSON, stringEscapes ? Decoder.JSON_STRING : Decoder.RAW, stringAt, stringSize, 0);
  pointTruncate(depth);
  selections = outerSelections;
  parentheses = 1;
  brackets = outerBrackets;
  objects = outerObjects;
  fieldAt = outerFieldAt;
  fieldSize = outerFieldSize;
  argumentAt = outerArgumentAt;
  argumentSize = outerArgumentSize;
  lastAt = outerLastAt;
  lastSize = outerLastSize;
}

/**
 * Reads a document. @param look whether to look at its strings; else they are only passed
 * @returns whether it is one from its first byte to its last
 */
export function readGraphql(at: usize, end: usize, look: bool): bool {
  documentDepth = 0;
  documentAliases = 0;
  documentAsksSchema = false;
  selections = 0;
  parentheses = 0;
  brackets = 0;
  objects = 0;
  fieldSize = 0;
  argumentSize = 0;
  lastSize = 0;
  let names: u32 = 0;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (isIgnored(c)) at++;
    else if (c == 0x23) at = findByte(at, end, 0x0a);
    else if (isAlpha(c) || c == 0x5f) {
      at = readName(at, end);
      if (selections) names++;
    } else if (isDigit(c)) {
      if (!parentheses) return false;
      while (at < end && (isWord(load<u8>(at)) || load<u8>(at) == 0x2e || load<u8>(at) == 0x2b)) at++;
    } else if (c == 0x22) {
      if (!parentheses) return false;
      at = readString(at, end);
      if (!at) return false;
      if (look) lookAtString();
    } else if (readMark(c)) at++;
    else return false;
  }
  return names > 0 && !selections && !parentheses && !brackets && !objects;
}

/** Looks at the strings of the document that the layer is, with the outer value's work budget. */
export function nestedGraphql(layer: Layer): void {
  const end = layer.at + <usize>layer.size;
  if (!readGraphql(layer.at, end, false)) return;
  readGraphql(layer.at, end, true);
}
