/** Steps of the grammar where an operand is due: literals, names, calls, parentheses, queries. */
import { isAlpha, lower, startsLower } from "../../bytes/ascii";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { Token } from "./kind";
import {
  close,
  compare,
  condition,
  expectCondition,
  Frame,
  finish,
  frame,
  lead,
  logical,
  open,
  openCount,
  operand,
  operandRepeats,
  setFrame,
} from "./predicate";
import {
  Awaits,
  awaits,
  beginQuery,
  complete,
  countName,
  countOperator,
  denying,
  firstKind,
  Leaf,
  last,
  lastButOne,
  lastButTwo,
  leaf,
  limited,
  nextContinues,
  operatorCount,
  Query,
  query,
  querying,
  quote,
  setAfter,
  setAwaits,
  setCalled,
  setCallFirst,
  setCalling,
  setCasing,
  setFormula,
  setLastUnclosed,
  setNegated,
  setUniting,
  setWorded,
  setWrapped,
  show,
  showAll,
  tokenCount,
  uniting,
} from "./reading";
import { from, kind, nextFrom, nextKind, remarked, to, unclosed, versioned } from "./token";

/** The left side of the comparison being read, if it is one bare name. */
let leftFrom: usize = 0;
let leftSize: u32 = 0;
let nameFrom: usize = 0;
let nameSize: u32 = 0;

/** Called at a comparison: keeps the name on its left, if that is all there is. */
export function keepLeft(): void {
  const led = lastButOne == SqlWord.LOGIC || lastButOne == SqlWord.WHERE || lastButOne == Token.OPEN;
  const alone = led && last == Token.NAME;
  leftFrom = nameFrom;
  leftSize = alone ? nameSize : 0;
}

function repeatsLeft(): bool {
  const size = <u32>(to - from);
  if (last != Token.COMPARE || !leftSize || size != leftSize) return false;
  if (nextKind == Token.DOT || nextKind == Token.OPEN) return false;
  for (let i: usize = 0; i < <usize>size; i++) {
    if (lower(load<u8>(leftFrom + i)) != lower(load<u8>(from + i))) return false;
  }
  return true;
}

function querySignature(): Signature {
  if (query == Query.UNION) return Signature.SQLI_UNION;
  if (query == Query.NESTED || openCount()) return Signature.SQLI_SUBSELECT;
  return Signature.SQLI_STACKED;
}

function showQuery(): void {
  show(querySignature());
  setAwaits(Awaits.NOTHING);
}

/** The first item of a query's list: a constant or a call is proof where the query is due, a name needs its table. */
function item(strong: bool): void {
  if (awaits == Awaits.TABLE) {
    if (leaf == Leaf.VALUE || nextContinues() || query == Query.NESTED) showQuery();
    else setAwaits(Awaits.NOTHING);
    return;
  }
  if (awaits != Awaits.ITEM) return;
  setAwaits(Awaits.FROM);
  if (query == Query.LOOSE) return;
  if (strong || (leaf == Leaf.VALUE && query != Query.NESTED && nextContinues())) showQuery();
}

/** A literal: always constant. */
function literal(): bool {
  if (last == SqlWord.TOP) return true;
  if (denying) expectCondition();
  item(true);
  operand(true);
  if (kind != Token.NUMBER) setWorded();
  setLastUnclosed(unclosed);
  setAfter(true);
  return true;
}

/** A call behind a dot and a name that is all there was: a method of some program's object. */
function isMethod(): bool {
  if (last != Token.DOT || quote || operatorCount) return false;
  return lastButOne != Token.DOT && lastButOne != SqlWord.SYSTEM && lastButOne != SqlWord.PACKAGE;
}

/** Whether the name that is called stands for an effect. */
function isEffect(): bool {
  return kind == SqlWord.EFFECT ? !isMethod() : last == Token.DOT && lastButOne == SqlWord.PACKAGE;
}

/** A name or a call; words that are keywords elsewhere are names here. */
function named(): bool {
  const call = nextKind == Token.OPEN;
  /* Behind a word, a name and parentheses set off by a blank may still be prose. */
  item(call && (leaf != Leaf.NAME || nextFrom == to || query != Query.UNION));
  nameFrom = from;
  nameSize = <u32>(to - from);
  if (call) {
    setCalled();
    if (limited && query == Query.NESTED && awaits == Awaits.FROM) showQuery();
  }
  if (call && isEffect()) {
    if (!tokenCount && !quote) setCalling();
    else show(Signature.SQLI_CALL);
  }
  if (kind == SqlWord.CHOICE && call) expectCondition();
  if (kind == SqlWord.SYSTEM && querying) show(Signature.SQLI_SYSTEM);
  if (last == SqlWord.PROCEDURE && call) show(Signature.SQLI_CALL);
  if (repeatsLeft()) operandRepeats();
  else operand(call || last == SqlWord.AS);
  if (!call && last != SqlWord.AS) countName();
  setAfter(true);
  return true;
}

/** Whether the query in the current parenthesis stands where a plain value belongs. */
function isNested(): bool {
  if (quote) return true;
  if (last != Token.OPEN) return last == SqlWord.LOGIC || last == Token.COMPARE;
  switch (lastButOne) {
    case Token.END:
    case Token.NAME:
    case Token.NUMBER:
    case Token.CLOSE:
      return false;
    case Token.OPEN:
      return lastButTwo == Token.NAME || (lastButTwo == SqlWord.SELECT && query == Query.STACKED);
    case Token.COMMA:
    case Token.SEMICOLON:
      return leaf == Leaf.VALUE;
    default:
      return true;
  }
}

function select(): bool {
  if (uniting) {
    beginQuery(Query.UNION);
    if (versioned && awaits) showQuery();
  } else {
    beginQuery(Query.NESTED);
    if (!isNested() && awaits) beginQuery(Query.LOOSE);
  }
  setUniting(false);
  setFrame(Frame.QUERY);
  return true;
}

function openParenthesis(): bool {
  if (awaits == Awaits.TABLE && (query != Query.LOOSE || nextKind != Token.NAME)) item(true);
  if (query == Query.STACKED && leaf == Leaf.VALUE) item(true);
  const counted = last == Token.ARITHMETIC || last == Token.STAR || last == Token.SIGN;
  if (last == Token.OPEN && (logical ? lastButOne < <u32>Token.END : lastButOne == Token.END)) setWrapped();
  if (!open()) return false;
  if (counted && operatorCount) setFrame(Frame.COUNTED);
  return true;
}

/** `first 1`, `top 5`: how many rows, behind SELECT; elsewhere a name. */
function top(): bool {
  if (nextKind == Token.NUMBER && query == Query.NESTED && leaf == Leaf.VALUE) item(true);
  return (
    nextKind == Token.NUMBER ||
    nextKind == Token.OPEN ||
    (last == SqlWord.SELECT && nextKind < <u32>Token.END) ||
    named()
  );
}

function closeEmpty(): bool {
  if (last != Token.OPEN) return false;
  /* Mathematics has no call of nothing. */
  setFormula(false);
  close();
  if (firstKind == Token.SIGN && leaf == Leaf.NAME && !openCount() && !operatorCount) setCallFirst();
  setAfter(true);
  return true;
}

/** `@name`: it is the same for every row, but begins filters and names people, too. */
function variable(): bool {
  item(true);
  const constant = quote != 0 || leaf == Leaf.VALUE || remarked;
  operand(constant);
  if (constant) setWorded();
  setAfter(true);
  return true;
}

/** `@@name`: the server's own variables. */
function systemVariable(): bool {
  item(true);
  if (nextKind != Token.OPEN && (quote || querying || logical || operatorCount)) show(Signature.SQLI_SYSTEM);
  operand(true);
  setAfter(true);
  return true;
}

/** UNION is behind us: only its quantifier, parentheses and its SELECT may come. */
function unitingStep(): bool {
  switch (kind) {
    case SqlWord.SELECT:
      return select();
    case SqlWord.QUANTIFIER:
    case Token.SIGN:
      return true;
    case Token.OPEN:
      return open();
    case SqlWord.EXECUTE:
      if (nextKind == SqlWord.EFFECT || nextKind == SqlWord.SYSTEM) show(Signature.SQLI_STACKED);
      return false;
    case Token.NAME:
      /* The keyword ran into the call behind it: scanners that lose a blank send this, and filters make it. */
      if (nextKind == Token.OPEN && startsLower(from, <u32>(to - from), "select")) show(Signature.SQLI_UNION);
      return false;
    default:
      return false;
  }
}

/** Comparing words that may follow a NOT, or be called like functions. */
function comparingWord(): bool {
  if (last != SqlWord.NOT && last != SqlWord.LIKE) return nextKind == Token.OPEN && named();
  compare();
  countOperator();
  return true;
}

/** Words that are clauses elsewhere and names here. */
function keyword(): bool {
  switch (kind) {
    case SqlWord.OBJECT:
    case SqlWord.SYSTEM:
    case SqlWord.DELAY:
    case SqlWord.SUFFIX:
    case SqlWord.PROGRAM:
    case SqlWord.EFFECT:
    case SqlWord.PACKAGE:
    case SqlWord.SET:
      return named();
    case SqlWord.UPDATE:
      if (last == SqlWord.LINK) setAfter(true);
      return last == SqlWord.LINK;
    case SqlWord.LOGIC:
      return false;
    default:
      return kind < <u32>Token.END && (nextKind == Token.OPEN || nextKind == Token.COMPARE) && named();
  }
}

/** `!~`: before an operand a NOT and a sign for bits. */
function isNegatedBits(): bool {
  /* The token is a comparison elsewhere; here it has no left side. */
  leftSize = 0;
  return to - from == 2 && load<u8>(from) == 0x21 && load<u8>(from + 1) == 0x7e;
}

/** The FROM of `is distinct from`. */
function isDistinctFrom(): bool {
  return last == SqlWord.QUANTIFIER && (lastButOne == SqlWord.IS || lastButOne == SqlWord.NOT);
}

function when(): bool {
  finish();
  condition();
  lead();
  return true;
}

/** NOT, a sign, a tilde; two of them say no more than none. */
function prefix(): bool {
  if (kind == SqlWord.NOT && isAlpha(load<u8>(from))) setNegated(true);
  if (last == kind && (logical || kind == SqlWord.NOT)) setWrapped();
  const argument = kind == Token.TILDE && last == Token.OPEN && lastButOne == Token.NAME;
  if (argument && tokenCount > 2 && !complete) showAll(Signature.SQLI_CALL);
  return true;
}

/** A dot before a name; MySQL takes one that begins with it. */
function dot(): bool {
  if (nextKind == Token.NAME && load<u8>(nextFrom) == 0x60) return true;
  return last == Token.DOT || last == SqlWord.SYSTEM || last == Token.NAME;
}

/** One token where an operand is due. @returns false if it cannot stand there */
export function operandStep(): bool {
  if (uniting) return unitingStep();
  if (last == SqlWord.AS && nextKind != Token.OPEN && kind < <u32>Token.END) return named();
  switch (kind) {
    case Token.NUMBER:
    case Token.STRING:
    case SqlWord.CONSTANT:
      return literal();
    case Token.NAME:
      if (unclosed) setLastUnclosed(unclosed);
      return named();
    case Token.VARIABLE:
      return variable();
    case Token.SYSTEM_VARIABLE:
      return systemVariable();
    case Token.STAR:
      item(true);
      setAfter(true);
      return last != Token.STAR;
    case Token.OPEN:
      return openParenthesis();
    case Token.CLOSE:
      return closeEmpty();
    case SqlWord.NOT:
    case Token.SIGN:
    case Token.TILDE:
      return prefix();
    case Token.COMPARE:
      return isNegatedBits();
    case SqlWord.PREFIX:
      return nextKind != Token.COMPARE || named();
    case SqlWord.QUANTIFIER:
      return nextKind != Token.CLOSE || named();
    case Token.DOT:
      return dot();
    case SqlWord.SELECT:
      return nextKind != Token.CLOSE && last != Token.DOT && select();
    case SqlWord.UNION:
      if (last != Token.OPEN) return false;
      setUniting(true);
      return true;
    case SqlWord.CASE:
      setCasing();
      return true;
    case SqlWord.CHOICE:
      if (nextKind == SqlWord.NOT) expectCondition();
      return nextKind == SqlWord.NOT || (nextKind == Token.OPEN && named());
    case SqlWord.WHEN:
      return when();
    case SqlWord.EXISTS:
      condition();
      if (nextKind == Token.CLOSE) setAfter(true);
      return true;
    case SqlWord.TOP:
      return top();
    case SqlWord.FROM:
      return isDistinctFrom() || keyword();
    case SqlWord.LIKE:
    case SqlWord.IN:
    case SqlWord.BETWEEN:
      return comparingWord();
    case SqlWord.JOIN:
      return nextKind == Token.OPEN ? named() : (frame & Frame.FROM) != 0;
    default:
      return keyword();
  }
}
