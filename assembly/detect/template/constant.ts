/**
 * Expressions of constants alone: `7*7`, `'a'+'b'`, `7 | times: 7`, `'a'.toUpperCase()`, `print(7*7)`. Their author
 * could have written the result; whoever sends one wants to see whether something works it out. What reads any variable
 * is none, and neither are dates, ranges and fractions (`{{2024-01-31}}`, `{{1/2}}`), numbers with a unit, shell
 * expansions of parameters (`${1-x}`, `${2%5}`) or groups of TeX (`x^{{n+1}}`).
 */
import { equalsLower, isAlpha, isWord } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { Frame, Kind, Last, Operator } from "./frame";

/** Methods of strings that a template has no reason to apply to a constant. */
function isMethod(at: usize, size: u32): bool {
  switch (size) {
    case 5:
      return equalsLower(at, size, "upper") || equalsLower(at, size, "bytes");
    case 6:
      return equalsLower(at, size, "concat") || equalsLower(at, size, "charat");
    case 7:
      return equalsLower(at, size, "replace");
    case 8:
      return (
        equalsLower(at, size, "tostring") || equalsLower(at, size, "hashcode") || equalsLower(at, size, "getbytes")
      );
    case 9:
      return equalsLower(at, size, "substring");
    default:
      return equalsLower(at, size, "touppercase") || equalsLower(at, size, "tolowercase");
  }
}

/** Filters of Liquid and Django that compute. */
function isComputing(at: usize, size: u32): bool {
  switch (size) {
    case 3:
      return equalsLower(at, size, "add");
    case 4:
      return equalsLower(at, size, "plus");
    case 5:
      return equalsLower(at, size, "times") || equalsLower(at, size, "minus");
    case 6:
      return equalsLower(at, size, "modulo");
    default:
      return equalsLower(at, size, "divided_by");
  }
}

/** Takes a number in [at, stop); `next` is the byte behind it. */
export function takeNumber(frame: Frame, at: usize, stop: usize, next: u32): void {
  if (frame.operand || isWord(next) || next >= 0x80) {
    frame.constant = 0;
    return;
  }
  if (!frame.count) frame.digit = stop - at == 1 ? 1 : 0;
  if (frame.last == Last.DIVIDE && stop - at == 1 && load<u8>(at) == 0x30) frame.operators |= Operator.ZERO;
  frame.operand = 1;
  frame.count++;
}

/** Takes a string, whose text is [at, stop). One of marks alone is a rule or a gap, which sources repeat. */
export function takeString(frame: Frame, at: usize, stop: usize): void {
  while (at < stop && !isWord(load<u8>(at))) at++;
  if (frame.operand || at == stop) frame.constant = 0;
  frame.operand = 1;
  frame.count++;
}

/** Takes a word; `next` is the byte behind it. */
export function takeWord(frame: Frame, at: usize, size: u32, next: u32): void {
  if (frame.last == Last.PIPE && isComputing(at, size)) {
    frame.operators |= Operator.SURE;
    frame.operand = 0;
    return;
  }
  const method = frame.last == Last.DOT && frame.operand != 0 && next == 0x28;
  if (method && !(frame.called && !frame.depth) && isMethod(at, size)) {
    frame.operators |= Operator.SURE;
    frame.operand = 0;
    frame.count++;
    return;
  }
  /* A function in front of everything: print(7*7), response.write(7*7), print 7*7. */
  const first = !frame.count && !frame.operators && !frame.depth;
  if (first && isVerb(at, size)) return;
  if (first && (next == 0x28 || next == 0x2e)) frame.called = 1;
  else frame.constant = 0;
}

/** Words in front of what a statement prints or asks. */
function isVerb(at: usize, size: u32): bool {
  if (size == 2) return equalsLower(at, size, "if");
  if (size == 4) return equalsLower(at, size, "echo");
  return equalsLower(at, size, "print") || equalsLower(at, size, "return");
}

/** Takes an operator of the bits given; one without an operand before it can only be a sign. */
export function takeOperator(frame: Frame, bits: u32): void {
  if (!frame.operand) {
    if (!(bits & (Operator.PLUS | Operator.WEAK))) frame.constant = 0;
    return;
  }
  /* What a function gives is no constant, only what it is given. */
  if (frame.called && !frame.depth) frame.constant = 0;
  frame.operand = 0;
  frame.operators |= bits;
}

/** Takes an opening bracket. */
export function takeOpen(frame: Frame): void {
  if (frame.operand) frame.constant = 0;
}

/** Takes a closing bracket; `empty` where it closes one that holds nothing. */
export function takeClose(frame: Frame, empty: bool): void {
  if (!frame.operand && !empty) frame.constant = 0;
  frame.operand = 1;
}

/** Whether the bytes before the expression are TeX's. */
function isTex(from: usize): bool {
  let at = from;
  while (at > layer.at && from - at < 16 && isAlpha(load<u8>(at - 1))) at--;
  if (at == layer.at) return false;
  const c = <u32>load<u8>(at - 1);
  /* A reading that undoes backslashes makes a control character of the first letter of some commands. */
  if (at < from) return c == 0x5c || (c < 0x20 && c != 0x0a);
  if (c == 0x7d) return at - layer.at > 1 && load<u8>(at - 2) != 0x7d;
  return c == 0x5e || c == 0x5f;
}

/** Whether the expression that closes now is an attack. */
export function isComputed(frame: Frame): bool {
  const operators = frame.operators;
  if (!frame.constant || !frame.operand || !operators) return false;
  if (operators & (Operator.SURE | Operator.ZERO)) return true;
  if (frame.called) return false;
  if (frame.kind == Kind.MARKED && frame.digit && !(operators & Operator.PLUS)) return false;
  if (operators & Operator.REST) return true;
  if (operators & Operator.PLUS) return frame.kind != Kind.CURLY || !isTex(frame.from);
  return frame.kind == Kind.SCRIPTLET;
}
