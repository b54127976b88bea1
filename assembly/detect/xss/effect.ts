/**
 * Whether a piece of script does something: the model of an attack in ECMA-262.
 *
 * Tokens are read once, left to right, with just enough grammar to know what the operand before the cursor denotes
 * (`denotes`): a global object, a function that runs code, a string whose text is known. An effect is a call of such a
 * function, however it is reached: by name, as a member of a global object, by a key put together from constants,
 * through parentheses, an array, a variable, `call`, `map`, a tagged template; or an assignment that navigates or runs
 * code. It counts only in text that can be script: two operands side by side on one line are prose and end the reading.
 *
 * How much is asked depends on where the text stands (`Read`): in an event handler any call or assignment is an effect;
 * where nothing but the text itself says that it is script, only the functions of `JsWord.SINK` and their like are.
 */

import { HASH_SEED, hashStep } from "../../bytes/hash";
import { addAlias, aliasCount, forgetAliases, isAlias, isLoader, loaderHash, setLoader } from "./alias";
import { converts, Is, isForeign, isScheme, isSource, memberOf, nameOf, partOf } from "./denote";
import { Keyword, keywordOf } from "./keyword";
import {
  appendText,
  clearText,
  namePayload,
  schemePayload,
  TEXT_MAX,
  textIsScriptName,
  textIsThis,
  textPayload,
  textSize,
} from "./text";
import {
  cursor,
  Mark,
  nextToken,
  openScript,
  Token,
  tokenAt,
  tokenEnd,
  tokenFrom,
  tokenKind,
  tokenLine,
  tokenMark,
  tokenOpen,
  tokenSpaced,
  tokenTorn,
} from "./token";
import { markTrail, onTrail, Trail } from "./trail";
import { scriptScheme } from "./url";

/** How a text is read: bits. */
export enum Read {
  /** Any call, assignment or throw is an effect: handlers, script URLs, script elements. */
  ANY = 1,
  /** Operands side by side do not end the reading: the place alone proves that it is script. */
  LOOSE = 2,
  /** The text stands behind the quote that closes a string: an operator or a separator must come first. */
  BREAK = 4,
  /** The functions of `JsWord.CODE`, which run code or reach other sites but which sources use too, count. */
  CODE = 8,
  /**
   * The quote is the value's first, so that the text behind it is not that of a source: a function, or calls up to a
   * cut, are effects.
   */
  FIRST = 16,
  /** Readings like this one share a trail: it ends where another one has come by (see trail.ts). */
  SHARED = 32,
  /** It leaves the stronger trail, and ends on no weaker one. */
  STRONG = 64,
  /** It shares its trail with none but its like. */
  APART = 128,
}

/** Where the last effect that was found begins and ends. */
export let effectAt: usize = 0;
export let effectEnd: usize = 0;
/** The effect's function was named by pieces. */
export let effectHidden: bool = false;

let denotes: Is = Is.NOTHING;
/** The token before ends an operand. */
let operand: bool = false;
/** Where the current operand began. */
let operandAt: usize = 0;
/** The operand before is what `=` was assigned from: what stands to its left. */
let target: Is = Is.NOTHING;
let targetHash: u32 = 0;
/** Hash of the last plain name. */
let nameHash: u32 = 0;
let afterDot: bool = false;
/** The Member's base. */
let base: Is = Is.NOTHING;
/** The name before the last colon: a member's in an object, or 0. */
let keyAt: usize = 0;
/** The page's own address, which the sender of a link writes, was read since a timer's bracket opened. */
let tainted: bool = false;
/** So was a function, so that what is read runs later, and is not what the timer compiles. */
let lazy: bool = false;
let concat: bool = false;
let keyword: Keyword = Keyword.NONE;
let pieces: bool = false;
/** The text began by ending a statement and stayed on its line: it may end by cutting off the rest. */
let torn: bool = false;
/** Anything at all was called. */
let calls: bool = false;
/** The operand ends with `)`, so that nothing can be assigned to it. */
let called: bool = false;
/** An assignment was read whose value must follow. */
let assigned: bool = false;
/** A call was found and waits for what follows it: `pendingDepth` is where its bracket stands. */
let pending: bool = false;
let pendingDepth: u32 = 0;
let closed: bool = false;
let reading: u32 = 0;
let found: bool = false;
let dead: bool = false;
/** A function that counts was named since the last `{`, and the token before ended a pattern: `var {alert: f} =`. */
let namesSink: bool = false;
let afterBrace: bool = false;
/** A bracket stands open, or stood, behind something that matters for what it holds. */
let framed: bool = false;
/** An object was made that holds a function which counts; and whether the token before closed a bracket. */
let boxed: bool = false;
let afterBracket: bool = false;

const STACK: u32 = 64;
/** Open brackets: which, what stood before each, and whether a sink stood inside. Deeper ones share the slots. */
const frames: usize = memory.data(STACK * 4, 4);
/** Where the operand before each open bracket began, or the bracket itself. */
const starts: usize = memory.data(STACK * 4, 4);
let depth: u32 = 0;

/** A string, or a part of one: behind a plus it goes on with the one before. */
function addText(): void {
  if (!concat) clearText();
  else pieces = true;
  appendText(tokenAt, tokenEnd);
}

/** Takes note of an effect whose proof still depends on what follows; `at` is where it begins. */
function expect(at: usize): void {
  if (pending) return;
  pending = true;
  closed = false;
  pendingDepth = depth;
  effectAt = at;
  effectHidden = pieces || denotes == Is.COMPUTED;
}

/** Takes note of an effect that stands. */
function settle(at: usize): void {
  if (!pending) {
    effectAt = at;
    effectHidden = pieces;
  }
  effectEnd = cursor;
  found = true;
}

/** Whether calling what the operand denotes is an effect here. */
function callRuns(what: Is): bool {
  if (what == Is.SINK || what == Is.COMPUTED) return true;
  if (what == Is.CODE || what == Is.TIMER || what == Is.FUNCTION || what == Is.LOCATION) {
    return (reading & (Read.CODE | Read.ANY)) != 0;
  }
  return false;
}

/** Whether nothing but the text says that it is script; then `alert (high)` is prose. */
function readsPlain(): bool {
  return (reading & (Read.ANY | Read.CODE | Read.BREAK)) == 0;
}

/** Whether the operand is a function that counts, to be called by what it is handed to. */
function isFunction(what: Is): bool {
  if (what == Is.SINK || what == Is.FUNCTION || what == Is.COMPUTED) return true;
  return (what == Is.CODE || what == Is.TIMER) && (reading & (Read.CODE | Read.ANY)) != 0;
}

function pushFrame(code: u32, callee: Is): void {
  if (callee == Is.TIMER) {
    tainted = false;
    lazy = false;
  }
  const slot = frames + ((<usize>(depth & (STACK - 1))) << 2);
  store<u32>(slot, code | ((<u32>callee) << 8) | ((<u32>keyword) << 16));
  store<usize>(starts + ((<usize>(depth & (STACK - 1))) << 2), operand ? operandAt : tokenFrom);
  if (callee > Is.OTHER) framed = true;
  depth++;
  keyIsMade = false;
  operand = false;
  denotes = Is.NOTHING;
  concat = false;
  afterDot = false;
}

function onOpen(code: u32): void {
  if (keyword == Keyword.DECLARE) {
    if (reading & Read.FIRST && code == 0x28) settle(tokenFrom);
    keyword = Keyword.PAREN;
    operand = false;
  }
  const callee = operand ? denotes : Is.NOTHING;
  if (operand && code == 0x28) {
    if (reading & Read.ANY && (reading & Read.LOOSE || !tokenSpaced)) settle(operandAt);
    else if ((callRuns(callee) || unboxes()) && !(tokenSpaced && readsPlain())) expect(operandAt);
    else if (reading & Read.FIRST && !tokenSpaced) calls = true;
  }
  pushFrame(code, callee);
  keyword = Keyword.NONE;
}

/** A sink handed to something that calls it: `[1].find(alert)`. */
function escapes(): bool {
  if (!operand || !depth || !isFunction(denotes)) return false;
  const frame = load<u32>(frames + ((<usize>((depth - 1) & (STACK - 1))) << 2));
  const callee = <Is>((frame >> 8) & 255);
  if ((frame & 255) != 0x28) return false;
  if (callee == Is.EACH || callee == Is.CODE || callee == Is.TIMER) return true;
  return callee != Is.NOTHING && denotes == Is.SINK && (reading & (Read.CODE | Read.SHARED)) != 0;
}

/** A secret of the page handed to a call: `f(document.cookie)`. */
function secretGoes(): bool {
  if (denotes != Is.SECRET || !operand || !depth) return false;
  const frame = load<u32>(frames + ((<usize>((depth - 1) & (STACK - 1))) << 2));
  return (frame & 255) == 0x28 && ((frame >> 8) & 255) != 0;
}

function closeComputed(owner: Is): void {
  if (denotes == Is.TEXT && textSize <= TEXT_MAX) {
    const payload = textPayload();
    if (payload || !keyIsMade) {
      denotes = memberOf(owner, payload);
      return;
    }
  }
  if (owner == Is.BOX) denotes = Is.SINK;
  else if (owner == Is.GLOBAL && keyIsMade) denotes = Is.COMPUTED;
  else denotes = Is.OTHER;
}

/** The brackets hold more than one name, number or string. */
let keyIsMade: bool = false;

/** What a call gives that was handed `inner`: the script element that was made, or what takes one and gives it back. */
function givenBy(callee: Is, inner: Is): Is {
  if (callee == Is.FUNCTION) return Is.SINK;
  if (callee == Is.MAKER) return inner == Is.TEXT && textIsScriptName() ? Is.LOADER : Is.OTHER;
  return inner == Is.LOADER && callee != Is.SINK ? Is.LOADER : Is.OTHER;
}

/** Whether the address of the page is handed to a timer, which compiles it. */
function addressGoes(): bool {
  if (!tainted || lazy || tokenMark != 0x29 || !depth) return false;
  const frame = load<u32>(frames + ((<usize>((depth - 1) & (STACK - 1))) << 2));
  return <Is>((frame >> 8) & 255) == Is.TIMER;
}

function onClose(): void {
  if (escapes() || secretGoes() || addressGoes()) settle(operandAt);
  operand = true;
  called = tokenMark == 0x29;
  concat = false;
  if (!depth) {
    denotes = Is.OTHER;
    return;
  }
  depth--;
  const frame = load<u32>(frames + ((<usize>(depth & (STACK - 1))) << 2));
  const callee = <Is>((frame >> 8) & 255);
  operandAt = load<usize>(starts + ((<usize>(depth & (STACK - 1))) << 2));
  if (pending && depth == pendingDepth) closed = true;
  keyword = Keyword.NONE;
  if ((frame & 255) == 0x5b) {
    if (callee != Is.NOTHING) closeComputed(callee);
    else denotes = denotes != Is.FUNCTION && isFunction(denotes) ? Is.BOX : Is.OTHER;
  } else if (callee != Is.NOTHING) denotes = givenBy(callee, denotes);
  else if (<Keyword>((frame >> 16) & 255) == Keyword.PAREN) operand = false;
  keyIsMade = true;
}

/** Ends an expression: an assignment to its left has its value now. */
function endExpression(): void {
  if (target != Is.NOTHING && operand) {
    if (denotes == Is.SINK || denotes == Is.COMPUTED) {
      if (target == Is.HANDLER) settle(operandAt);
      else addAlias(targetHash);
    } else if (denotes == Is.LOADER && !readsPlain()) setLoader(targetHash);
    else if (denotes == Is.SECRET) settle(operandAt);
    else if (target == Is.LOCATION && denotes == Is.TEXT && textIsScript()) settle(operandAt);
  }
  if (escapes()) settle(operandAt);
  target = Is.NOTHING;
  operand = false;
  denotes = Is.NOTHING;
  concat = false;
  keyword = Keyword.NONE;
}

/** Whether the known text begins with `javascript:`. */
function textIsScript(): bool {
  return isScheme(schemePayload(10));
}

function onAssign(): void {
  if (operand) {
    if (reading & Read.ANY) assigned = !called;
    else if (denotes == Is.SECRET || denotes == Is.PROTO) settle(operandAt);
    else if (denotes == Is.LOCATION && (reading & Read.CODE || base != Is.NOTHING)) settle(operandAt);
    else if ((denotes == Is.MARKUP || denotes == Is.HANDLER) && reading & Read.CODE) settle(operandAt);
    else if (denotes == Is.SOURCE && !readsPlain()) settle(operandAt);
  }
  keyIsMade = true;
  target = operand ? denotes : afterBrace && namesSink ? Is.PATTERN : Is.NOTHING;
  targetHash = nameHash;
  operand = false;
  denotes = Is.NOTHING;
  concat = false;
}

/** Whether what a bracket gave is called at once, and an object was made before that holds a function. */
function unboxes(): bool {
  return boxed && operand && denotes == Is.OTHER && afterBracket;
}

/** Ends a member of an object; a function that counts, as the one that turns the object into a value, is called. */
function endMember(): void {
  if (operand && denotes == Is.SINK && keyAt && converts(keyAt, operandAt)) settle(keyAt);
  keyAt = 0;
  endExpression();
}

function onMark(): void {
  afterDot = false;
  switch (tokenMark) {
    case 0x28:
    case 0x5b:
      onOpen(tokenMark);
      return;
    case 0x29:
    case 0x5d:
      onClose();
      return;
    case Mark.DOT:
      base = operand ? denotes : Is.NOTHING;
      afterDot = operand;
      operand = false;
      return;
    case Mark.ASSIGN:
      onAssign();
      return;
    case 0x7b:
      namesSink = false;
      endExpression();
      return;
    case 0x7d:
      /* A function that counts, as the member of an object that is handed on. */
      if (operand && depth && denotes == Is.SINK && reading & (Read.CODE | Read.SHARED)) settle(operandAt);
      if (operand && depth && isFunction(denotes)) boxed = true;
      endMember();
      return;
    case 0x2c:
      endMember();
      return;
    case 0x3b:
      endExpression();
      return;
    case 0x3a:
      keyAt = operand ? operandAt : 0;
      break;
    case Mark.STEP:
      return;
    case Mark.ARROW:
      target = Is.NOTHING;
      lazy = true;
      break;
    case 0x40:
    case 0x23:
    case 0x5c:
      if (!(reading & Read.LOOSE)) dead = true;
      break;
    default:
      if (tokenMark == 0x2b && denotes == Is.TEXT && operand) {
        concat = true;
        operand = false;
        return;
      }
      if (target != Is.NOTHING && (tokenMark == Mark.BINARY || tokenMark == 0x2d)) endExpression();
      if (denotes == Is.SECRET && operand && tokenMark == 0x2b) settle(operandAt);
  }
  if (operand) keyIsMade = true;
  operand = false;
  denotes = Is.NOTHING;
  concat = false;
}

/** Two operands on one line: no script, but VBScript calls that way. */
function sideBySide(): void {
  if (denotes == Is.SINK && reading & Read.ANY) settle(operandAt);
  else dead = true;
}

function onWord(): void {
  const size = <u32>(tokenEnd - tokenAt);
  if (afterDot) {
    denotes = memberOf(base, namePayload(tokenAt, size));
    if (denotes == Is.OTHER) denotes = partOf(base, tokenAt, size);
    if (base == Is.LOCATION && isSource(tokenAt, size)) tainted = true;
    if (denotes != Is.TEXT) concat = false;
    afterDot = false;
    operand = true;
    return;
  }
  const word = keywordOf(tokenAt, size);
  if (word == Keyword.NONE || word == Keyword.OPERAND) {
    if (operand && !tokenLine) sideBySide();
    if (operand) endExpression();
    let hash = HASH_SEED;
    for (let p = tokenAt; p < tokenEnd; p++) hash = hashStep(hash, load<u8>(p));
    nameHash = hash;
    base = Is.NOTHING;
    operandAt = tokenFrom;
    denotes = word == Keyword.OPERAND ? Is.OTHER : nameOf(namePayload(tokenAt, size), tokenAt, size);
    if (denotes == Is.OTHER && aliasCount && isAlias(hash)) denotes = Is.SINK;
    if (denotes == Is.OTHER && isLoader(hash)) denotes = Is.LOADER;
    concat = false;
    operand = true;
    if (denotes == Is.SINK) namesSink = true;
    if (denotes == Is.LOCATION && target == Is.LOCATION) settle(operandAt);
    else if (denotes == Is.GLOBAL && target == Is.PATTERN) settle(operandAt);
    return;
  }
  if (word == Keyword.DECLARE) lazy = true;
  if (word == Keyword.INFIX) keyIsMade = true;
  else if (operand && !tokenLine && word != Keyword.DECLARE) dead = true;
  if (word == Keyword.THROW && reading & Read.ANY) settle(tokenFrom);
  if (operand) endExpression();
  keyword = word;
  operand = false;
  denotes = Is.NOTHING;
}

function onText(): void {
  if (tokenKind == Token.TEMPLATE && operand) {
    if (reading & Read.ANY && !tokenSpaced) settle(operandAt);
    else if (callRuns(denotes) || unboxes() || denotes == Is.BUILD || denotes == Is.FUNCTION || denotes == Is.TIMER) {
      expect(operandAt);
      closed = true;
    } else if ((denotes == Is.CODE || denotes == Is.LOCATION) && !tokenSpaced && scriptScheme(tokenAt, tokenEnd)) {
      settle(operandAt);
    }
    denotes = Is.OTHER;
    return;
  }
  /* Strings side by side: a form has taken the plus between them for a space. */
  if (operand && denotes == Is.TEXT && tokenSpaced) concat = true;
  else if (operand && !tokenLine) dead = true;
  if (target == Is.SOURCE && !operand && isForeign(tokenAt, tokenEnd)) settle(operandAt);
  if (!concat) operandAt = tokenFrom;
  addText();
  if (depth && tokenKind != Token.REGEX) onArgument();
  denotes = tokenKind == Token.REGEX ? Is.REGEX : Is.TEXT;
  operand = !tokenOpen;
}

/** A string as the first argument: of `x.constructor`, that is code. */
function onArgument(): void {
  const frame = load<u32>(frames + ((<usize>((depth - 1) & (STACK - 1))) << 2));
  if ((frame & 255) == 0x28 && denotes == Is.NOTHING) {
    const callee = <Is>((frame >> 8) & 255);
    const goes = (callee == Is.CODE || callee == Is.LOCATION) && textIsScript();
    if (callee == Is.FUNCTION && textIsThis()) return;
    if (!goes && callee != Is.SINK && callee != Is.BUILD && callee != Is.FUNCTION && callee != Is.TIMER) return;
    expect(operandAt);
    pendingDepth = depth - 1;
  }
}

function reset(read: u32): void {
  reading = read;
  denotes = Is.NOTHING;
  operand = false;
  operandAt = 0;
  target = Is.NOTHING;
  base = Is.NOTHING;
  keyAt = 0;
  tainted = false;
  lazy = false;
  forgetAliases();
  nameHash = 0;
  afterDot = false;
  concat = false;
  keyword = Keyword.NONE;
  pieces = false;
  pending = false;
  closed = false;
  found = false;
  torn = false;
  calls = false;
  called = false;
  assigned = false;
  dead = false;
  framed = false;
  boxed = false;
  afterBracket = false;
  namesSink = false;
  afterBrace = false;
  keyIsMade = false;
  depth = 0;
  clearText();
}

/** Whether the token behind a closed call lets it stand; a word on the same line does not. */
function follows(): bool {
  if (tokenKind == Token.END || tokenLine) return true;
  if (tokenKind == Token.WORD) return keywordOf(tokenAt, <u32>(tokenEnd - tokenAt)) == Keyword.INFIX;
  return tokenKind == Token.MARK || tokenKind == Token.TEMPLATE || (reading & Read.BREAK) != 0;
}

/**
 * Whether the token at the cursor is one from which an earlier reading has gone on; where none has, this one leaves its
 * trail. Both stand where an operand must come, and nothing behind them says more about it than the language does.
 */
function follow(read: u32): bool {
  if (operand || pending || afterDot || concat || target != Is.NOTHING || keyword != Keyword.NONE) return false;
  const own = read & Read.APART ? Trail.CLOSER : read & Read.STRONG ? Trail.STRONG : Trail.WEAK;
  if (!framed && !aliasCount && !loaderHash) {
    if (onTrail(own, tokenFrom) || (own == Trail.WEAK && onTrail(Trail.STRONG, tokenFrom))) return true;
  }
  markTrail(own, tokenFrom);
  return false;
}

/** Whether the first token behind a quote can follow a string. */
function opens(): bool {
  if (tokenLine) return true;
  if (tokenKind == Token.WORD) return keywordOf(tokenAt, <u32>(tokenEnd - tokenAt)) == Keyword.INFIX;
  return tokenKind == Token.MARK;
}

/**
 * Reads [at, end) as script until something shows or rules out an effect. One pass, each byte once.
 * @param read bits of `Read`
 * @param startMax the effect must begin before this address
 * @returns whether there is one; `effectAt` to `effectEnd` show it
 */
export function findEffect(at: usize, end: usize, read: u32, startMax: usize): bool {
  reset(read);
  openScript(at, end);
  if (read & Read.BREAK) {
    operand = true;
    denotes = Is.OTHER;
    operandAt = at;
  }
  let first = true;
  for (;;) {
    nextToken(operand);
    if (first) {
      first = false;
      if (read & Read.BREAK && !tokenLine) {
        if (!opens()) return false;
        torn = tokenMark == 0x3b || tokenMark == 0x29 || tokenMark == 0x7d;
      }
    } else if (read & Read.SHARED && tokenKind != Token.END && follow(read)) return false;
    if (pending && closed) {
      effectEnd = cursor;
      return follows();
    }
    if (tokenKind == Token.END) break;
    if (tokenLine) torn = false;
    if (assigned) {
      settle(operandAt);
      return true;
    }
    if (tokenMark != 0x29) called = called && tokenKind == Token.MARK;
    if (tokenKind == Token.WORD) onWord();
    else if (tokenKind == Token.MARK) onMark();
    else if (tokenKind == Token.NUMBER) {
      if (operand && !tokenLine) sideBySide();
      operandAt = tokenFrom;
      denotes = Is.OTHER;
      operand = true;
    } else onText();
    afterBrace = tokenKind == Token.MARK && tokenMark == 0x7d;
    afterBracket = tokenKind == Token.MARK && (tokenMark == 0x29 || tokenMark == 0x5d);
    if (dead && !(read & Read.LOOSE)) return false;
    dead = false;
    if (found) return true;
    if (read & Read.BREAK && (tokenKind == Token.STRING || tokenKind == Token.TEMPLATE))
      markTrail(Trail.CLOSER, cursor - 1);
    if (!pending && cursor > startMax) return false;
  }
  endExpression();
  if (pending) effectEnd = end;
  if (found || pending) return true;
  /* A statement of one's own between the quote and what cuts the rest off. */
  if (!calls || !torn || !tokenTorn) return false;
  settle(at);
  return true;
}
