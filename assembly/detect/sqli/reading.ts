/**
 * One reading of the layer: where it began, what stood there, and what it has shown so far. Steps of the grammar
 * (operand.ts, operator.ts, statement.ts) share it.
 */
import { isWord } from "../../bytes/ascii";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { report } from "../match";
import { Token } from "./kind";
import { decidable, finish, predicateBegin } from "./predicate";
import { from, kind, nextKind, to } from "./token";

/** A single word in a value is no longer. */
const WORDLIKE_BYTES_MAX: u32 = 32;

/** What the value is before its first operator. */
export enum Leaf {
  /** Nothing: it begins with an operator or a clause. */
  EMPTY = 0,
  /** A constant, a closed parenthesis, or a string that it leaves. */
  VALUE = 1,
  NAME = 2,
}

/** What a SELECT that was met is part of. */
export enum Query {
  NONE = 0,
  UNION = 1,
  STACKED = 2,
  /** In parentheses, behind an operator. */
  NESTED = 3,
  /** With nothing before it that would make it viable; counts once a table follows. */
  LOOSE = 4,
}

/** What is still missing before a query counts. */
export enum Awaits {
  NOTHING = 0,
  ITEM = 1,
  FROM = 2,
  TABLE = 3,
}

/** The quote that the value leaves, 0 if it stands bare. */
export let quote: u32 = 0;
export let leaf: Leaf = Leaf.EMPTY;
/** The value is a statement by itself, as a tutorial shows one; only what reaches outside counts. */
export let complete: bool = false;
/** Whether an operand stands to the left, so that an operator is due. */
export let after: bool = false;
/** Kinds of the three tokens before the current one, `Token.END` for none. */
export let last: u32 = Token.END;
export let lastButOne: u32 = Token.END;
export let lastButTwo: u32 = Token.END;
/** Tokens, operators between operands, and names or calls read so far. */
export let tokenCount: u32 = 0;
export let operatorCount: u32 = 0;
export let nameCount: u32 = 0;
/** The last string's missing quote. */
export let lastUnclosed: u32 = 0;
/** Where the last token begins. */
export let lastFrom: usize = 0;
/** Where the author's literal ends: at the quote, or where the value begins. */
export let leafTo: usize = 0;
export let query: Query = Query.NONE;
export let awaits: Awaits = Awaits.NOTHING;
export let querying: bool = false;
/** UNION stands to the left and its SELECT is due. */
export let uniting: bool = false;
/** ORDER BY or GROUP BY was met. */
export let ordering: bool = false;
/** The start of what would be shown. */
export let effectFrom: usize = 0;
/** A statement that is the whole value holds a decidable condition or a second query. */
export let decided: bool = false;
/** The value begins with AND or OR as a word: nobody's value does, and no expression of a program. */
export let logicFirst: bool = false;
/** The last AND or OR was a word, no sign that separates fields elsewhere. */
export let wordLogic: bool = false;
/** The value begins with a call that counts if the whole is an expression. */
export let calling: bool = false;
/** Operators that no prose has between words: of bits, of strings, of comparison, times. */
export let hardCount: u32 = 0;
/** Whether the predicate being read calculates with bits. */
export let bitwise: bool = false;
/** A WHEN with a constant for its condition. */
export let cased: bool = false;
/** A parenthesis of the author's was closed. */
export let authorsClosed: bool = false;
/** A string or a NOT was met: more than numbers are calculated with. */
export let worded: bool = false;
/** The value begins with a parenthesis. */
export let openFirst: bool = false;
/** A NOT stands in the predicate being read. */
export let negated: bool = false;
/** BETWEEN was met and its AND is due. */
export let ranging: bool = false;
/** The value begins with a literal in parentheses: a number to SQL, to people the mark of a list. */
export let listed: bool = false;
/** The last comparison was a word: LIKE, IN. */
export let wordCompare: bool = false;
/** A call's name was met. */
export let called: bool = false;
/** The value begins with a call of constants: a number to SQL, to people a formula. */
export let callFirst: bool = false;
/** A condition's operand stands in two parentheses, or behind two NOTs: nothing but to hide it asks for that. */
export let wrapped: bool = false;
/** The value begins as a formula may, with a call: `f(2) = 3 and g(3) = 5` is one. */
let formula: bool = false;
/** A call stands in the predicate being read. */
let calculated: bool = false;
/** IS NOT compares what was calculated: a condition once a constant follows, `24/7 is not possible` is none. */
export let denying: bool = false;
/** A CASE was met. */
export let casing: bool = false;
/** Kind of the first token. */
export let firstKind: u32 = Token.END;
/** XOR was met. */
export let exclusive: bool = false;
/** LIMIT was met behind a value. */
export let limited: bool = false;
/** A comparison of constants was met, in a condition or not. */
export let compared: bool = false;
/** A fault was met and read over. */
let faulty: bool = false;
let origin: usize = 0;

/**
 * Begins a reading at the current token.
 * @param left the quote that the value leaves at `leafEnd`, 0 for none
 */
export function readingBegin(left: u32, leafEnd: usize): void {
  quote = left;
  leaf = left ? Leaf.VALUE : Leaf.EMPTY;
  complete = false;
  after = left != 0;
  last = Token.END;
  lastButOne = Token.END;
  lastButTwo = Token.END;
  tokenCount = 0;
  operatorCount = 0;
  nameCount = 0;
  lastUnclosed = 0;
  query = Query.NONE;
  awaits = Awaits.NOTHING;
  querying = false;
  uniting = false;
  ordering = false;
  decided = false;
  logicFirst = false;
  wordLogic = false;
  calling = false;
  hardCount = 0;
  bitwise = false;
  cased = false;
  authorsClosed = false;
  wordCompare = false;
  worded = false;
  negated = false;
  openFirst = false;
  ranging = false;
  listed = false;
  faulty = false;
  called = false;
  callFirst = false;
  wrapped = false;
  casing = false;
  formula = false;
  calculated = false;
  denying = false;
  limited = false;
  exclusive = false;
  firstKind = kind;
  compared = false;
  origin = left ? leafEnd : from;
  leafTo = leafEnd;
  lastFrom = from;
  effectFrom = from;
  predicateBegin();
}

/** What the value begins with. */
export function setLeaf(found: Leaf): void {
  leaf = found;
}

/** The value begins with a call that counts if no fault follows. */
export function setCalling(): void {
  calling = true;
}

/** Whether the current AND or OR is a word. */
export function setWordLogic(word: bool): void {
  wordLogic = word;
}

/** The value begins with AND or OR. */
export function setLogicFirst(): void {
  logicFirst = true;
}

/** The value is a statement by itself. */
export function setComplete(): void {
  complete = true;
}

/** Whether an operator is due next. */
export function setAfter(due: bool): void {
  after = due;
}

/** Whether the SELECT of a UNION is due. */
export function setUniting(on: bool): void {
  uniting = on;
}

/** ORDER BY or GROUP BY begins at the current token. */
export function setOrdering(): void {
  ordering = true;
  effectFrom = from;
}

/** What a query still lacks. */
export function setAwaits(what: Awaits): void {
  awaits = what;
}

/** The quote that the string just read lacks, or 0. */
export function setLastUnclosed(missing: u32): void {
  lastUnclosed = missing;
}

/** An operator between two operands was read. */
export function countOperator(): void {
  operatorCount++;
}

/** An operator was read that no prose has between words. */
export function countHard(): void {
  hardCount++;
}

/** Whether the predicate being read calculates with bits. */
export function setBitwise(on: bool): void {
  bitwise = on;
}

/** A WHEN with a constant was read. */
export function setCased(): void {
  cased = true;
}

/** A parenthesis of the author's was closed. */
export function setAuthorsClosed(): void {
  authorsClosed = true;
}

/** The value begins with a parenthesis. */
export function setOpenFirst(): void {
  openFirst = true;
}

/** The value begins with a literal in parentheses. */
export function setListed(): void {
  leaf = Leaf.VALUE;
  listed = true;
}

/** Whether a NOT stands in the predicate being read. */
export function setNegated(on: bool): void {
  negated = on;
  if (on) worded = true;
}

/** Whether the AND of a BETWEEN is due. */
export function setRanging(on: bool): void {
  ranging = on;
}

/** A string or a NOT was read. */
export function setWorded(): void {
  worded = true;
}

/** Whether the last comparison was a word. */
export function setWordCompare(word: bool): void {
  wordCompare = word;
}

/** A call's name was read. */
export function setCalled(): void {
  called = true;
  calculated = true;
}

/** The value begins with a call of constants. */
export function setCallFirst(): void {
  leaf = Leaf.VALUE;
  listed = true;
  callFirst = true;
}

/** A condition's operand is wrapped twice. */
export function setWrapped(): void {
  wrapped = true;
}

/** The current predicate ends: what stood in it is behind us. */
export function forgetPredicate(): void {
  calculated = false;
  denying = false;
}

/** IS NOT compares what was calculated. */
export function setDenying(): void {
  denying = true;
}

/** Whether the value begins with a call as formulas do. */
export function setFormula(on: bool): void {
  formula = on;
}

/** A CASE was read. */
export function setCasing(): void {
  casing = true;
}

/** An XOR was read. */
export function setExclusive(): void {
  exclusive = true;
}

/** A LIMIT was read. */
export function setLimited(): void {
  limited = true;
}

/** A name was read. */
export function countName(): void {
  nameCount++;
}

/** A SELECT begins at the current token. */
export function beginQuery(what: Query): void {
  querying = true;
  query = what;
  awaits = complete ? Awaits.NOTHING : Awaits.ITEM;
  if (complete && what == Query.UNION) decided = true;
  effectFrom = from;
}

/** Remembers the current token's kind before the next one becomes current. */
export function remember(): void {
  lastButTwo = lastButOne;
  lastButOne = last;
  last = kind;
  lastFrom = from;
  tokenCount++;
}

/** A statement that is the whole value has faults: what follows a fault shows nothing by itself. */
export function setFaulty(): void {
  faulty = true;
}

/** Reports what the current token completes. */
export function show(signature: Signature): void {
  if (faulty) return;
  report(signature, effectFrom < to ? effectFrom : from, to);
}

/** Reports what some earlier token completed, which ended at `stop`. */
export function showTo(signature: Signature, begin: usize, stop: usize): void {
  if (!faulty) report(signature, effectFrom < stop ? effectFrom : begin, stop);
}

/** Reports from where the value left its place. */
export function showAll(signature: Signature): void {
  report(signature, origin < to ? origin : from, to);
}

/** Ends the current predicate and reports it if it is a decidable condition. */
export function finishPredicate(): void {
  const found = finish();
  if (decidable) compared = true;
  if (!found || (formula && calculated && !worded)) return;
  if (complete) decided = true;
  else report(Signature.SQLI_TAUTOLOGY, origin, from > origin ? from : to);
}

/** Whether what follows the current token lets a list or a query go on or end. */
export function nextContinues(): bool {
  switch (nextKind) {
    case Token.END:
    case Token.TRUNCATE:
    case Token.COMMA:
    case Token.DOT:
    case Token.CLOSE:
    case Token.SEMICOLON:
    case SqlWord.FROM:
    case SqlWord.WHERE:
    case SqlWord.UNION:
    case SqlWord.LIMIT:
    case SqlWord.ORDER:
    case SqlWord.INTO:
    case SqlWord.JOIN:
    case SqlWord.AS:
      return true;
    default:
      return false;
  }
}

/** Whether the bytes are a word at most: what a value holds, not what stands between two quotations of a text. */
export function isWordlike(at: usize, end: usize): bool {
  if (end - at > <usize>WORDLIKE_BYTES_MAX) return false;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (!isWord(c) && c != 0x25 && c != 0x2b && c != 0x2d && c != 0x2e && c != 0x40) return false;
  }
  return true;
}
