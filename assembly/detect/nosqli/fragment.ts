/**
 * Pieces of query documents in values: `true, $where: '1 == 1'`, `' } ], $or: [ {}, {'a':'a`, `{ $gt: '' }`. They act
 * where a program joins a query out of texts and has it read by a lenient reader of JSON or by a script engine.
 *
 * What an attack IS: the value stands for a literal (a number, a constant, or the rest of a string in quotes), a comma
 * behind it begins the next member, and that is an operator with its colon; or an operator that runs script begins
 * the value; or the value is one object whose first member is a comparison. What is none: an operator in a sentence or
 * in source, for there words stand before it; an object whose members are fields, which is how APIs take filters.
 * A strict JSON document never comes here: its keys are names (operator.ts).
 */
import { equalsLower, isDigit, isSpace, isWord } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { skipClosers, skipSpace, valueStart } from "../break";
import { report } from "../match";
import { isCode, isComparison, isOperator } from "./operator";

/** Longest value that is taken for one object: what is longer is a document or source. */
const OBJECT_BYTES_MAX: u32 = 1024;
/** Dollar signs that are tried, and the work of looking one's word up. */
const TRIES_MAX: u32 = 32;
const WORK: u32 = 128;

/** Whether the current layer can hold such an attack. */
export function fragmentGate(): bool {
  const needed = Has.DOLLAR | Has.COLON;
  return (layer.has & needed) == needed;
}

/** What stands in front of the operator. */
enum Lead {
  NONE = 0,
  /** A text that is no literal. */
  TEXT = 1,
  START = 2,
  OBJECT = 3,
  MEMBER = 4,
}

function isConstant(at: usize, size: u32): bool {
  return equalsLower(at, size, "true") || equalsLower(at, size, "false") || equalsLower(at, size, "null");
}

/** Whether [at, end) is a number, a constant, nothing, or the rest of a string with its quote, and closers. */
function endsLiteral(at: usize, end: usize): bool {
  at = skipSpace(at, end);
  const start = at;
  while (at < end && load<u8>(at) != 0x27 && load<u8>(at) != 0x22) at++;
  if (at < end) return skipClosers(at + 1, end) == end;
  at = start;
  let digits = true;
  while (at < end && isWord(load<u8>(at))) {
    if (!isDigit(load<u8>(at))) digits = false;
    at++;
  }
  if (!digits && !isConstant(start, <u32>(at - start))) return false;
  return skipClosers(at, end) == end;
}

function leadOf(at: usize): Lead {
  const start = skipSpace(valueStart(), at);
  while (at > start && isSpace(load<u8>(at - 1))) at--;
  if (at == start) return Lead.START;
  const c = <u32>load<u8>(at - 1);
  if (c == 0x7b) return skipSpace(start, at) == at - 1 ? Lead.OBJECT : Lead.TEXT;
  return c == 0x2c && endsLiteral(start, at - 1) ? Lead.MEMBER : Lead.TEXT;
}

/** Whether the value's last byte that is no white space closes an object. */
function closes(end: usize): bool {
  while (end > layer.at && isSpace(load<u8>(end - 1))) end--;
  return end > layer.at && load<u8>(end - 1) == 0x7d;
}

/** Judges the operator whose dollar sign is at `at`. @returns whether something was reported */
function judgeOperator(at: usize, end: usize): bool {
  let stop = at + 1;
  while (stop < end && isWord(load<u8>(stop))) stop++;
  const size = <u32>(stop - at);
  if (size < 3 || !spend(WORK) || !isOperator(at, size) || !spend(layer.size)) return false;
  let from = at;
  let colon = stop;
  const quote = at > layer.at ? <u32>load<u8>(at - 1) : 0;
  if ((quote == 0x27 || quote == 0x22) && stop < end && <u32>load<u8>(stop) == quote) {
    from--;
    colon++;
  }
  colon = skipSpace(colon, end);
  if (colon + 1 >= end || load<u8>(colon) != 0x3a || load<u8>(colon + 1) == 0x3a) return false;
  const lead = leadOf(from);
  if (lead == Lead.MEMBER || (lead == Lead.START && isCode(at, size))) {
    report(Signature.NOSQLI_FRAGMENT, at, colon + 1);
    return true;
  }
  if (
    lead != Lead.OBJECT ||
    layer.size > OBJECT_BYTES_MAX ||
    !closes(end) ||
    !(isComparison(at, size) || isCode(at, size))
  )
    return false;
  report(Signature.NOSQLI_OBJECT, at, colon + 1);
  return true;
}

/** Looks for such pieces in the current layer. */
export function fragmentLex(): void {
  if (!fragmentGate() || !spend(layer.size >> 2)) return;
  const end = layer.at + <usize>layer.size;
  let at = findByte(layer.at, end, 0x24);
  let tries: u32 = 0;
  while (at < end && tries < TRIES_MAX) {
    if (judgeOperator(at, end)) return;
    tries++;
    at = findByte(at + 1, end, 0x24);
  }
}
