/**
 * Templates and expressions that a server, or a framework in the browser, works out.
 *
 * What an attack IS: a delimiter of a template language (`{{`, `{%`, `${`, `#{`, `<%`, `<#`, `@(`, `#set(` …), and
 * behind it an expression of that language that has an effect nobody would ask for in a value: it computes with
 * constants alone, which probes do to see whether somebody computes (constant.ts); it walks from an object to its class
 * and to the objects of the runtime (`''.__class__`, `constructor.constructor(…)`, `T(java.lang.Runtime)`); it calls
 * what runs commands or opens files; or it is a statement that loads a module or a class (step.ts). Java's classes and
 * Python's walks are expressions without any delimiter too, where a header or parameter is one as a whole (bare.ts).
 * What is none: a variable with its attributes and filters (`{{ user.name | default("x") }}`, `${VAR:-x}`,
 * `{{ .Values.image }}`), computing with variables, calls of what templates are given, and every other use of the same
 * characters: JSON, CSS, TeX, regular expressions, GraphQL, JSX. In a text of many lines, where people show code, only
 * steps count that nobody writes about.
 *
 * The value is read once. Expressions may stand in each other and in each other's strings (frame.ts).
 */
import { Limit } from "../../abi/status";
import { isAlpha, isDigit, isSpace, isWord } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { affords, spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { TEMPLATE_MASK, TEMPLATE_SHIFT } from "../../tables/words.gen";
import { report } from "../match";
import { bareLex } from "./bare";
import { isComputed, takeClose, takeNumber, takeOpen, takeOperator, takeString, takeWord } from "./constant";
import { clearFrames, frame, Kind, Last, Operator, open, popFrame, pushFrame, Seen, unwindTo } from "./frame";
import {
  behindSpace,
  byteAt,
  DOCUMENT_BYTES,
  isStatic,
  isText,
  judgeBackticks,
  judgeString,
  judgeWord,
  openSteps,
  wordEnd,
} from "./step";

/** An expression that has not ended within this many bytes is none. */
const EXPRESSION_BYTES: usize = 2048;
/** Longest string in an expression. */
const STRING_BYTES: usize = 512;
/** Longer values are no probes; and bytes between a closing delimiter and the quotes behind it. */
const PROBE_BYTES: u32 = 512;
const CLOSER_BYTES: usize = 16;
/** Of the kinds of words, those that alone let the lexer run have this bit. */
const RARE: u32 = 4;
/** Marks that can compute. */
const OPERATORS: u32 = Has.STAR | Has.PLUS | Has.PERCENT | Has.SLASH | Has.DASH | Has.EQUALS | Has.MARK | Has.PIPE;

/** Whether the current layer can hold such an attack. */
export function templateGate(): bool {
  const has = layer.has;
  const words = (layer.words >> TEMPLATE_SHIFT) & TEMPLATE_MASK;
  if (words & RARE || mayClose()) return true;
  /* In a document only words count. */
  if (!words && layer.size > DOCUMENT_BYTES) return false;
  const scriptlet = (has & Has.LESS) != 0 && (has & Has.PERCENT) != 0;
  const opens =
    scriptlet ||
    (has & Has.BRACE) != 0 ||
    ((has & Has.HASH) != 0 && (has & (Has.LESS | Has.BRACKET | Has.OPEN)) != 0) ||
    ((has & Has.MARK) != 0 && (has & Has.OPEN) != 0);
  if (!opens) return false;
  if (words || (scriptlet && (has & Has.BRACE) != 0)) return true;
  if ((has & Has.BACKTICK) != 0 && (scriptlet || (has & Has.HASH) != 0)) return true;
  if (!(has & (Has.DIGIT | Has.SINGLE | Has.DOUBLE))) return false;
  return (has & OPERATORS) != 0 || ((has & Has.DOT) != 0 && (has & Has.OPEN) != 0);
}

/** Whether what closes an expression, strings of both kinds, and what opens a tag may stand in a row. */
function mayClose(): bool {
  const has = layer.has;
  if (layer.size > PROBE_BYTES || !(has & Has.LESS) || !(has & Has.SINGLE) || !(has & Has.DOUBLE)) return false;
  return (has & (Has.BRACE | Has.PERCENT)) != 0;
}

/**
 * A closing delimiter that nothing opened, and close behind it both quotes and the begin of a tag: `}}a'/"<b`. It ends
 * an expression, then a string and a text of whatever is around it; there is no other use for the three together.
 */
function findClosers(): void {
  let closer: usize = 0;
  for (let at = layer.at; at + 3 < end; at++) {
    const c = <u32>load<u8>(at);
    const next = <u32>load<u8>(at + 1);
    if (c == 0x7b || (c == 0x3c && next == 0x25)) return;
    if ((c == 0x7d && next == 0x7d) || (c == 0x25 && (next == 0x7d || next == 0x3e))) closer = at;
    if ((c != 0x27 && c != 0x22) || !closer || at - closer > CLOSER_BYTES) continue;
    const second = next == 0x2f || next == 0x5c ? at + 2 : at + 1;
    /* The other quote. */
    if (byteAt(second) + c != 0x49 || byteAt(second + 1) != 0x3c || !isAlpha(byteAt(second + 2))) continue;
    find(Signature.SSTI_POLYGLOT, closer, second + 2);
    return;
  }
}

let end: usize = 0;
let textual: bool = false;
let done: bool = false;

function find(signature: u32, from: usize, to: usize): void {
  report(<Signature>signature, from, to < end ? to : end);
  done = true;
}

/** The next byte in [at, end) with which an expression can begin, or `end`. */
function nextMark(at: usize): usize {
  for (; at < end; at += 16) {
    if (at + 16 > end) {
      while (at < end && !isOpener(load<u8>(at))) at++;
      return at;
    }
    const b = v128.load(at);
    const brackets = v128.or(i8x16.eq(b, i8x16.splat(0x7b)), i8x16.eq(b, i8x16.splat(0x5b)));
    const marks = v128.or(i8x16.eq(b, i8x16.splat(0x23)), i8x16.eq(b, i8x16.splat(0x24)));
    const others = v128.or(i8x16.eq(b, i8x16.splat(0x3c)), i8x16.eq(b, i8x16.splat(0x40)));
    const mask = <u32>i8x16.bitmask(v128.or(v128.or(brackets, marks), others));
    if (mask) return at + <usize>ctz(mask);
  }
  return end;
}

function isOpener(c: u32): bool {
  return c == 0x7b || c == 0x5b || c == 0x23 || c == 0x24 || c == 0x3c || c == 0x40;
}

/** The mark before `{` at `at` that makes an expression of it, or 0; a letter may stand between (`$\A{`). */
function markBefore(at: usize): usize {
  if (at == layer.at) return 0;
  let c = <u32>load<u8>(at - 1);
  if (c == 0x21 && at - layer.at > 1 && load<u8>(at - 2) == 0x24) return at - 2;
  if (isAlpha(c) && at - layer.at > 2 && load<u8>(at - 2) == 0x5c && load<u8>(at - 3) == 0x24) return at - 3;
  return c == 0x24 || c == 0x23 || c == 0x2a || c == 0x25 || c == 0x40 || c == 0x7e ? at - 1 : 0;
}

/** A curly bracket. @returns bytes of the delimiter that it begins, or 0 */
function openBrace(at: usize): u32 {
  const next = byteAt(at + 1);
  const mark = markBefore(at);
  if (next == 0x7b) {
    pushFrame(Kind.CURLY, mark ? mark : at);
    return 2;
  }
  if (next == 0x25) {
    pushFrame(Kind.STATEMENT, at);
    return 2;
  }
  if (mark) {
    pushFrame(Kind.MARKED, mark);
    return 1;
  }
  if (open || textual || !(isWord(next) || next == 0x24)) return 0;
  pushFrame(Kind.SINGLE, at);
  return 1;
}

/** Directives of Velocity that take an expression. */
function velocitySize(at: usize): u32 {
  const stop = wordEnd(at + 1);
  const size = <u32>(stop - at - 1);
  if (byteAt(behindSpace(stop)) != 0x28) return 0;
  const c = byteAt(at + 1);
  /* set, if, elseif, foreach, evaluate, define */
  const known = (size == 2 && c == 0x69) || (size == 3 && c == 0x73) || (size > 5 && size < 9 && c - 0x64 < 3);
  return known ? <u32>(behindSpace(stop) + 1 - at) : 0;
}

/** Whether a letter with which `printf` formats stands alone behind `<%`, as in `<%s: %d>`. */
function isFormat(at: usize): bool {
  return isAlpha(byteAt(at)) && !isWord(byteAt(at + 1)) && byteAt(at + 1) != 0x2e && byteAt(at + 1) != 0x28;
}

/** Opens the expression whose delimiter begins at `at`. @returns bytes of the delimiter, or 0 where none does */
function openAt(at: usize): u32 {
  const c = <u32>load<u8>(at);
  const next = byteAt(at + 1);
  switch (c) {
    case 0x7b:
      return openBrace(at);
    case 0x3c:
      if (next == 0x25 && !isFormat(at + 2)) {
        pushFrame(Kind.SCRIPTLET, at);
        return 2;
      }
      if (next != 0x23 || !isAlpha(byteAt(at + 2))) return 0;
      pushFrame(Kind.DIRECTIVE, at);
      return 2;
    case 0x5b:
      if (open || next != 0x23 || !isAlpha(byteAt(at + 2))) return 0;
      pushFrame(Kind.BRACKET, at);
      return 2;
    case 0x40:
      if (open || next != 0x28) return 0;
      pushFrame(Kind.RAZOR, at);
      return 2;
    case 0x23: {
      if (open || !isAlpha(next)) return 0;
      const size = velocitySize(at);
      if (size) pushFrame(Kind.VELOCITY, at);
      return size;
    }
    default:
      if (c != 0x24 || open || !isAlpha(next)) return 0;
      pushFrame(Kind.REFERENCE, at);
      return 1;
  }
}

/** Signs behind an opening delimiter that say how to print: `=`, `-`, `~`, `!`, `:`. */
function skipSigns(at: usize): usize {
  const kind = frame.kind;
  if (kind != Kind.CURLY && kind != Kind.STATEMENT && kind != Kind.SCRIPTLET) return at;
  const c = byteAt(at);
  return c == 0x3d || c == 0x2d || c == 0x7e || c == 0x21 || c == 0x3a ? at + 1 : at;
}

/** Several delimiters in a row, none of them closed: nothing but a probe for any of their languages. */
function isPolyglot(at: usize): bool {
  if (frame.kind != Kind.CURLY || byteAt(at) != 0x3c || byteAt(at + 1) != 0x25) return false;
  const c = byteAt(at + 2);
  return c == 0x5b || c == 0x7b || c == 0x27 || c == 0x22 || c == 0x24;
}

/** Whether what is in `{…}` is worked out: OGNL reads `'+{7*7}+'` in a string as a list between two strings. */
function isJoined(to: usize): bool {
  return frame.from > layer.at && load<u8>(frame.from - 1) == 0x2b && byteAt(to) == 0x2b;
}

/** Closes the innermost expression, which ends at `to`. */
function close(to: usize): void {
  const read = frame.kind != Kind.REFERENCE && (frame.kind != Kind.SINGLE || isJoined(to));
  if (!textual && read && isComputed(frame)) find(Signature.SSTI_CONSTANT, frame.from, to);
  popFrame();
}

/** A closing bracket inside the expression. */
function closeInner(): void {
  const empty = frame.last == Last.GROUP || frame.last == Last.LIST;
  takeClose(frame, empty);
  if (frame.depth) frame.depth--;
  frame.last = empty ? Last.EMPTY : Last.CLOSE;
  frame.seen &= ~(Seen.KEY | Seen.JOINED);
}

/** A closing mark. @returns its bytes */
function readCloser(c: u32, at: usize): u32 {
  const next = byteAt(at + 1);
  const kind = frame.kind;
  if (c == 0x25) {
    if (next == 0x7d && unwindTo(Kind.STATEMENT)) {
      close(at + 2);
      return 2;
    }
    if (next == 0x3e && unwindTo(Kind.SCRIPTLET)) {
      close(at + 2);
      return 2;
    }
    return 0;
  }
  if (!frame.depth) {
    const round = kind == Kind.RAZOR || kind == Kind.VELOCITY;
    const ends =
      c == 0x7d
        ? kind == Kind.MARKED || kind == Kind.SINGLE
        : c == 0x29
          ? round
          : c == 0x5d
            ? kind == Kind.BRACKET
            : kind == Kind.DIRECTIVE;
    if (ends) {
      close(at + 1);
      return 1;
    }
    if (c == 0x7d && kind == Kind.CURLY) {
      if (next == 0x7d) close(at + 2);
      else popFrame();
      return next == 0x7d ? 2 : 1;
    }
  }
  if (c == 0x3e) return 0;
  closeInner();
  return 1;
}

/** Whether the innermost expression has an operand right before. */
function isOperand(last: u32): bool {
  return last == Last.NAME || last == Last.STRING || last == Last.CLOSE || last == Last.NUMBER || last == Last.EMPTY;
}

/** Reads a string from its quote on. @returns behind it; nothing closes within STRING_BYTES: behind the quote */
function readString(at: usize, quote: u32): usize {
  const limit = end - at > STRING_BYTES ? at + STRING_BYTES : end;
  let p = at + 1;
  while (p < limit) {
    const c = <u32>load<u8>(p);
    if (c == quote) break;
    if (c == 0x7b || c == 0x3c) {
      /* What stands in the string may be an expression of another language. */
      const size = openAt(p);
      if (size) return skipSigns(p + <usize>size);
    }
    p += c == 0x5c ? 2 : 1;
  }
  if (p >= limit) {
    frame.constant = 0;
    frame.last = Last.OTHER;
    return at + 1;
  }
  const signature = quote == 0x60 ? judgeBackticks(frame, at) : judgeString(frame, at + 1, p);
  if (signature) find(signature, frame.from, p + 1);
  takeString(frame, at + 1, p);
  frame.last = Last.STRING;
  return p + 1;
}

/** Reads a number with its decimals. */
function readNumber(at: usize): usize {
  let stop = at + 1;
  while (stop < end && isDigit(load<u8>(stop))) stop++;
  if (byteAt(stop) == 0x2e && isDigit(byteAt(stop + 1))) {
    stop++;
    while (stop < end && isDigit(load<u8>(stop))) stop++;
  }
  takeNumber(frame, at, stop, byteAt(stop));
  frame.last = Last.NUMBER;
  return stop;
}

function readWord(at: usize): usize {
  const stop = wordEnd(at);
  const size = <u32>(stop - at);
  const signature = judgeWord(frame, at, size);
  if (signature) find(signature, frame.from, stop);
  const name = frame.kind == Kind.DIRECTIVE || frame.kind == Kind.BRACKET;
  /* The name of a FreeMarker directive is no part of its expression. */
  if (!(name && !(frame.seen & Seen.WORD))) takeWord(frame, at, size, byteAt(stop));
  frame.seen = (frame.seen | Seen.WORD) & ~(Seen.KEY | Seen.JOINED);
  frame.last = Last.NAME;
  return stop;
}

function operator(bits: u32, last: Last): void {
  takeOperator(frame, bits);
  frame.last = last;
}

/** `=`: a comparison if doubled; else what stands before it is no part of the expression. @returns its bytes */
function readEquals(at: usize): u32 {
  if (byteAt(at + 1) == 0x3d) {
    operator(Operator.SURE, Last.OTHER);
    return byteAt(at + 2) == 0x3d ? 3 : 2;
  }
  const assigns = frame.kind == Kind.DIRECTIVE || frame.kind == Kind.BRACKET || frame.kind == Kind.VELOCITY;
  frame.constant = assigns && !frame.depth ? 1 : 0;
  frame.operand = 0;
  frame.operators = 0;
  frame.called = 0;
  frame.count = 0;
  frame.last = Last.OTHER;
  return 1;
}

/** An opening bracket inside the expression. */
function readOpen(c: u32): void {
  const operand = isOperand(frame.last);
  takeOpen(frame);
  frame.depth++;
  if (c == 0x5b) {
    frame.last = operand ? Last.SUBSCRIPT : Last.LIST;
    frame.constant = 0;
  } else frame.last = Last.GROUP;
}

/** `?new()` of FreeMarker, which makes an object of a class named by a string. */
function readQuestion(at: usize): u32 {
  const next = byteAt(at + 1);
  if (next == 0x2e) {
    frame.base = frame.last;
    frame.last = Last.DOT;
    return 2;
  }
  if (next == 0x6e && byteAt(at + 2) == 0x65 && byteAt(at + 3) == 0x77 && byteAt(at + 4) == 0x28) {
    if (isOperand(frame.last)) find(Signature.SSTI_STATEMENT, frame.from, at + 6);
  }
  frame.constant = 0;
  frame.last = Last.OTHER;
  return 1;
}

/** A mark that stands between operands. @returns its bytes */
function readMark(c: u32, at: usize): u32 {
  const next = byteAt(at + 1);
  switch (c) {
    case 0x2e:
      frame.base = frame.last;
      frame.last = Last.DOT;
      return 1;
    case 0x2a:
      operator(Operator.SURE, Last.OTHER);
      return next == 0x2a ? 2 : 1;
    case 0x2b:
      if (frame.seen & Seen.KEY && frame.last == Last.STRING) frame.seen |= Seen.JOINED;
      operator(Operator.PLUS, Last.JOIN);
      return 1;
    case 0x7e:
    case 0x2d:
      if (c == 0x2d && next == 0x3e) {
        frame.base = frame.last;
        frame.last = Last.DOT;
        return 2;
      }
      /* In front of a closing delimiter it eats white space. */
      if (next == 0x7d || next == 0x25) return 1;
      if (c == 0x7e && frame.seen & Seen.KEY && frame.last == Last.STRING) frame.seen |= Seen.JOINED;
      operator(c == 0x2d ? Operator.WEAK : Operator.PLUS, c == 0x2d ? Last.OTHER : Last.JOIN);
      return 1;
    case 0x2f:
      operator(Operator.WEAK, Last.DIVIDE);
      return 1;
    case 0x25:
      operator(Operator.REST, Last.OTHER);
      return 1;
    case 0x3d:
      return readEquals(at);
    case 0x21:
      if (next != 0x3d) return 1;
      operator(Operator.SURE, Last.OTHER);
      return 2;
    case 0x3f:
      return readQuestion(at);
    default:
      return readOther(c, at);
  }
}

/** The other marks: those that tie expressions together, and those that no constant has. @returns their bytes */
function readOther(c: u32, at: usize): u32 {
  const next = byteAt(at + 1);
  switch (c) {
    case 0x2c:
      if (!frame.depth) frame.constant = 0;
      frame.operand = 0;
      frame.last = Last.COMMA;
      return 1;
    case 0x3a:
      if (next == 0x3a) {
        frame.base = frame.last;
        frame.last = Last.DOT;
        return 2;
      }
      if (frame.operand || !frame.operators) frame.constant = 0;
      frame.last = Last.COMMA;
      return 1;
    case 0x7c:
      if (next == 0x7c) frame.constant = 0;
      frame.seen &= ~Seen.CALLING;
      frame.last = next == 0x7c ? Last.OTHER : Last.PIPE;
      return next == 0x7c ? 2 : 1;
    case 0x3b:
      frame.last = Last.OTHER;
      return 1;
    case 0x40:
      if (!textual && isStatic(at + 1)) find(Signature.SSTI_WALK, frame.from, at + 1);
      frame.last = Last.AT;
      break;
    case 0x23:
      /* A variable of OGNL's context. */
      frame.last = Last.AT;
      break;
    case 0x5c:
      frame.last = Last.OTHER;
      frame.constant = 0;
      return at + 1 < end ? 2 : 1;
    default:
      frame.last = Last.OTHER;
  }
  frame.constant = 0;
  return 1;
}

/** Reads on inside an expression. @returns where to go on */
function readInside(at: usize): usize {
  if (at - frame.from > EXPRESSION_BYTES) {
    popFrame();
    return at;
  }
  const c = <u32>load<u8>(at);
  if (isSpace(c)) {
    if (frame.kind == Kind.REFERENCE && !frame.depth) popFrame();
    return at + 1;
  }
  if (isDigit(c)) return readNumber(at);
  if (isWord(c) || c >= 0x80) return readWord(at);
  if (c == 0x27 || c == 0x22 || c == 0x60) return readString(at, c);
  const size = openAt(at);
  if (size) return begin(at + <usize>size);
  if (c == 0x7d || c == 0x29 || c == 0x5d || c == 0x3e || c == 0x25) {
    const closer = readCloser(c, at);
    if (closer) return at + <usize>closer;
  }
  if (c == 0x28 || c == 0x5b || c == 0x7b) {
    readOpen(c);
    return at + 1;
  }
  if (frame.kind == Kind.REFERENCE && !frame.depth && c != 0x2e) {
    popFrame();
    return at + 1;
  }
  return at + <usize>readMark(c, at);
}

/** Up to here no `{/` stands behind the first `{php}`, so that all looks for one are one pass. */
let soughtTo: usize = 0;

/** Whether `php}` stands at `at`, and `{/php}` behind it: Smarty runs what is between. */
function isPhp(at: usize): bool {
  if (byteAt(at) != 0x70 || byteAt(at + 1) != 0x68 || byteAt(at + 2) != 0x70 || byteAt(at + 3) != 0x7d) return false;
  at = findByte(at + 4 > soughtTo ? at + 4 : soughtTo, end, 0x7b);
  while (at < end && byteAt(at + 1) != 0x2f) at = findByte(at + 1, end, 0x7b);
  soughtTo = at;
  return at < end && byteAt(at + 2) == 0x70 && byteAt(at + 3) == 0x68;
}

/** The first byte inside an expression that has just been opened. */
function begin(at: usize): usize {
  if (isPolyglot(at)) find(Signature.SSTI_POLYGLOT, frame.from, at + 2);
  if (frame.kind == Kind.SINGLE && isPhp(at)) find(Signature.SSTI_STATEMENT, frame.from, at + 4);
  if (frame.kind == Kind.SCRIPTLET && byteAt(at) == 0x23) {
    /* A comment, or what ASP.NET binds to a column. */
    popFrame();
    return at;
  }
  return skipSigns(at);
}

/** What a byte costs in search of an expression, in search of bare walks, and inside an expression, in units. */
const MARK_UNITS: u32 = 1;
const WORD_UNITS: u32 = 4;
const INSIDE_UNITS: u32 = 10;

/** Looks for such attacks in the current layer. */
export function templateLex(): void {
  if (!spend(layer.size * MARK_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  soughtTo = 0;
  end = layer.at + <usize>layer.size;
  textual = isText(end);
  done = false;
  openSteps(end, textual);
  clearFrames();
  if (mayClose()) findClosers();
  let at = layer.at;
  let inside: u32 = 0;
  const most = <u32>affords(INSIDE_UNITS);
  while (at < end && !done && inside <= most) {
    if (open) {
      const from = at;
      at = readInside(at);
      inside += <u32>(at - from);
      continue;
    }
    at = nextMark(at);
    if (at == end) break;
    const size = openAt(at);
    at = size ? begin(at + <usize>size) : at + 1;
  }
  if (!spend(inside * INSIDE_UNITS)) reachLimit(Limit.FUEL);
  if (done || !((layer.words >> TEMPLATE_SHIFT) & RARE)) return;
  if (spend(layer.size * WORD_UNITS)) bareLex(layer.at, end, textual);
  else reachLimit(Limit.FUEL);
}
