/** Steps of the grammar behind an operand: operators, clauses, the ends of lists and parentheses, statements. */
import { isAlpha } from "../../bytes/ascii";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { Token } from "./kind";
import { keepLeft, operandStep } from "./operand";
import {
  clearFrame,
  close,
  compare,
  conditionAnywhere,
  decidable,
  expectCondition,
  Frame,
  frame,
  lead,
  open,
  openCount,
  setFrame,
  truthLast,
} from "./predicate";
import {
  Awaits,
  awaits,
  called,
  casing,
  complete,
  countHard,
  countOperator,
  finishPredicate,
  firstKind,
  forgetPredicate,
  hardCount,
  Leaf,
  last,
  lastButOne,
  lastButTwo,
  leaf,
  leafTo,
  logicFirst,
  nameCount,
  negated,
  openFirst,
  operatorCount,
  ordering,
  Query,
  query,
  querying,
  quote,
  ranging,
  remember,
  setAfter,
  setAuthorsClosed,
  setAwaits,
  setBitwise,
  setCallFirst,
  setCased,
  setDenying,
  setExclusive,
  setLeaf,
  setLimited,
  setListed,
  setNegated,
  setOrdering,
  setRanging,
  setUniting,
  setWordCompare,
  setWorded,
  setWordLogic,
  show,
  showAll,
  tokenCount,
  worded,
} from "./reading";
import { laterStatement, Start, statementStep } from "./statement";
import { advance, from, kind, nextFrom, nextKind, nextTo, remarked, to } from "./token";

function expectOperand(): bool {
  setAfter(false);
  return true;
}

/** Dividing by a zero that stands there as one: to fail, as far as the statement gets there, is all that it can do. */
function dividesByZero(): bool {
  return load<u8>(from) == 0x2f && nextKind == Token.NUMBER && nextTo - nextFrom == 1 && load<u8>(nextFrom) == 0x30;
}

/** Whether the operator is one of bits: `|`, `&`, `^`, a shift, or JSON's arrow. */
function isBitwise(): bool {
  const c = <u32>load<u8>(from);
  return c == 0x7c || c == 0x26 || c == 0x5e || c == 0x3c || c == 0x3e || c == 0x2d;
}

/** An operator between two operands. */
function operator(): bool {
  if (kind == Token.ARITHMETIC) {
    if ((querying || (logicFirst && openCount())) && dividesByZero()) show(Signature.SQLI_CALL);
    if (isBitwise()) setBitwise(true);
  }
  if (kind != Token.SIGN) countHard();
  countOperator();
  return expectOperand();
}

/** Whether the comparison is words that no sum has: `2 * 3 is 6` is said, IS DISTINCT is not. */
function isWordComparison(): bool {
  if (kind == SqlWord.IS) return nextKind == SqlWord.QUANTIFIER;
  return kind < <u32>Token.END;
}

/** `x not null`, `x isnull`, `x notnull`: comparisons that need no second operand (SQLite, PostgreSQL). */
function nullTest(): bool {
  compare();
  countOperator();
  return true;
}

function comparison(): bool {
  if (kind == SqlWord.IS && to - from > 2) return nullTest();
  if (kind == Token.COMPARE) keepLeft();
  /* `1 | not x = 2`, `1 & x is not null`: a condition in words that is calculated with. */
  const counted = hardCount && leaf == Leaf.VALUE && !complete;
  if (counted && kind == SqlWord.IS && nextKind == SqlWord.NOT) setDenying();
  if (counted && (negated || remarked || isWordComparison())) expectCondition();
  setWordCompare(kind == SqlWord.LIKE);
  setRanging(kind == SqlWord.BETWEEN);
  if (kind == SqlWord.IN && nextKind == Token.OPEN) setWorded();
  compare();
  return operator();
}

/** The predicate ends and another part of the statement begins. */
function clause(): bool {
  finishPredicate();
  clearFrame(Frame.FROM);
  return expectOperand();
}

function conditionClause(): bool {
  if (kind == SqlWord.HAVING && ordering && leaf == Leaf.VALUE && !complete) show(Signature.SQLI_ORDER);
  showTableless();
  clause();
  lead();
  return true;
}

function logic(): bool {
  setWordLogic(isAlpha(load<u8>(from)));
  if ((<u32>load<u8>(from) | 32) == 0x78) setExclusive();
  if (ranging) {
    setRanging(false);
    if ((<u32>load<u8>(from) | 32) == 0x61) return operator();
  }
  finishPredicate();
  forgetPredicate();
  setBitwise(false);
  setNegated(false);
  lead();
  return operator();
}

/** `CASE WHEN 1 THEN`: what a probe asks, whatever the constant. */
function then(): bool {
  clause();
  if (casing && !complete && (quote || leaf == Leaf.VALUE)) conditionAnywhere();
  if (truthLast) {
    setCased();
    if (!complete && (quote || leaf == Leaf.VALUE)) showAll(Signature.SQLI_TAUTOLOGY);
  }
  return true;
}

/** LIMIT or WHERE: behind a query without a table, which only a value inside of another statement is. */
function showTableless(): void {
  if (query == Query.NESTED && awaits == Awaits.FROM && openCount() && (quote || leaf == Leaf.VALUE)) {
    show(Signature.SQLI_SUBSELECT);
  }
}

/** LIMIT. */
function limit(): bool {
  showTableless();
  setLimited();
  const counts = nextKind == Token.NUMBER || nextKind == Token.SIGN || nextKind == Token.VARIABLE;
  if (query == Query.NESTED && awaits == Awaits.FROM && openCount() && (counts || nextKind == Token.OPEN)) {
    show(Signature.SQLI_SUBSELECT);
  }
  return clause();
}

function orderBy(): bool {
  if (nextKind != SqlWord.BY) return false;
  finishPredicate();
  clearFrame(Frame.FROM);
  if (!complete) setOrdering();
  remember();
  advance();
  return expectOperand();
}

function into(): bool {
  if (nextKind == SqlWord.FILE || (nextKind == Token.VARIABLE && (querying || leaf == Leaf.VALUE) && !complete)) {
    remember();
    advance();
    show(Signature.SQLI_FILE);
    return false;
  }
  return clause();
}

/** `(1%8) or`, `abs(6) *`: the value begins with constants that are calculated with, or a call of some. */
function beginsConstant(): void {
  if (!(frame & Frame.ALL_CONSTANT) || nameCount) return;
  const counted = nextKind == Token.STAR || nextKind == Token.ARITHMETIC;
  if (!counted && nextKind != SqlWord.LOGIC && nextKind != Token.SIGN) return;
  if (!called) setListed();
  else if (!operatorCount && (counted || worded || firstKind == Token.SIGN)) setCallFirst();
}

/** `7 - ascii(substring(pin,1,1))`: a number that is calculated from one character of a column. */
function isPartOfName(): bool {
  if (leaf != Leaf.VALUE || quote || !operatorCount || !nameCount || openCount() < 2) return false;
  return last == Token.NUMBER && lastButOne == Token.COMMA && lastButTwo == Token.NUMBER;
}

function closeParenthesis(): bool {
  finishPredicate();
  /* `(1=2)*3`: a comparison of constants that is counted with. */
  if (isPartOfName() && !complete) showAll(Signature.SQLI_CONDITION);
  const counted = nextKind == Token.STAR || nextKind == Token.ARITHMETIC || (frame & Frame.COUNTED) != 0;
  if (decidable && counted && !complete) showAll(Signature.SQLI_TAUTOLOGY);
  if (!openCount()) setAuthorsClosed();
  close();
  if (leaf == Leaf.NAME && !quote && !openCount()) beginsConstant();
  /* `(1)` where a number belongs; with more behind it, it may be a mark in a list. */
  const bare = !operatorCount && !nameCount && !openCount() && !quote && leaf == Leaf.NAME;
  if (bare && openFirst) setListed();
  return true;
}

/** A second name for a table or for what parentheses hold. */
function isAlias(): bool {
  if (query == Query.STACKED && !openCount() && awaits == Awaits.FROM) return true;
  if (frame & Frame.FROM) {
    return last == Token.NAME || last == Token.CLOSE || last == SqlWord.SYSTEM || last == SqlWord.OBJECT;
  }
  const item = last == Token.NAME || last == Token.NUMBER || last == Token.STRING;
  if (item && querying && leaf == Leaf.VALUE) {
    const ends = nextKind == Token.CLOSE || nextKind == SqlWord.LIMIT || nextKind == SqlWord.WHERE;
    return nextKind == SqlWord.FROM || nextKind == Token.COMMA || (ends && openCount() != 0);
  }
  if (last == Token.NUMBER && openFirst && querying && nextKind == Token.CLOSE) return true;
  if (last == Token.NAME && query == Query.NESTED && openCount() && nextKind == SqlWord.LIMIT) return true;
  return last == Token.CLOSE && (frame & Frame.QUERY) != 0;
}

/** Parentheses behind an operand: a call if it is a name. */
function call(): bool {
  if (last == Token.NUMBER || last == Token.STRING || last == Token.CLOSE || last == Token.VARIABLE || !tokenCount) {
    if (nextKind != SqlWord.SELECT || leaf != Leaf.VALUE || complete) return false;
  }
  setAfter(false);
  return open();
}

function negation(): bool {
  if (nextKind == SqlWord.CONSTANT && (<u32>load<u8>(nextFrom) | 32) == 0x6e) {
    nullTest();
    remember();
    advance();
    return true;
  }
  if (nextKind != SqlWord.LIKE && nextKind != SqlWord.IN && nextKind != SqlWord.BETWEEN) return false;
  return expectOperand();
}

function semicolon(): bool {
  finishPredicate();
  clearFrame(Frame.FROM | Frame.QUERY);
  remember();
  advance();
  const step = statementStep(Start.STACKED);
  if (step == 1) return true;
  if (step == 0 && kind == Token.OPEN && !complete) {
    setAfter(false);
    return operandStep();
  }
  if (step == 0 && leaf == Leaf.VALUE && kind <= <u32>Token.NAME && kind != Token.END && nextKind != Token.COMPARE) {
    laterStatement();
    return false;
  }
  return kind == Token.TRUNCATE || kind == Token.END || kind == Token.SEMICOLON;
}

function union(): bool {
  finishPredicate();
  clearFrame(Frame.FROM);
  /* A call or parentheses is as good as a number; prose has words. */
  if ((last == Token.CLOSE || last == SqlWord.CONSTANT) && leaf == Leaf.NAME) setLeaf(Leaf.VALUE);
  setUniting(true);
  return expectOperand();
}

function fromClause(): bool {
  finishPredicate();
  setFrame(Frame.FROM);
  if (awaits == Awaits.FROM) setAwaits(Awaits.TABLE);
  return expectOperand();
}

/** A quote with something between it and the author's: `'n'` is an elision and not a string of another sort. */
function isSetOff(): bool {
  return from > leafTo + 1 && !isAlpha(load<u8>(from));
}

/** Strings that follow each other are one, the author's among them; behind a name it is a second name. */
function joinsString(): bool {
  if (last == Token.STRING || (quote != 0 && !tokenCount && isSetOff())) return true;
  return last == Token.NAME && querying && isAlias();
}

/** One token where an operator is due. @returns false if it cannot stand there */
export function operatorStep(): bool {
  switch (kind) {
    case SqlWord.LOGIC:
      return logic();
    case Token.COMPARE:
    case Token.TILDE:
    case SqlWord.LIKE:
    case SqlWord.IN:
    case SqlWord.BETWEEN:
    case SqlWord.IS:
      return comparison();
    case Token.SIGN:
    case Token.ARITHMETIC:
    case Token.STAR:
    case SqlWord.ARITHMETIC:
      return operator();
    case Token.COMMA:
      finishPredicate();
      return expectOperand();
    case Token.CLOSE:
      return closeParenthesis();
    case Token.BRACKET_CLOSE:
      return tokenCount == 0;
    case Token.OPEN:
      return call();
    case SqlWord.AS:
      if (called && openCount()) setWorded();
      return expectOperand();
    case Token.DOT:
    case SqlWord.LINK:
      return expectOperand();
    case Token.SEMICOLON:
      return semicolon();
    case SqlWord.NOT:
      return negation();
    case SqlWord.FROM:
      return fromClause();
    case SqlWord.JOIN:
      setFrame(Frame.FROM);
      return (frame & Frame.FROM) != 0 && expectOperand();
    case SqlWord.WHERE:
    case SqlWord.HAVING:
    case SqlWord.WHEN:
      return conditionClause();
    case SqlWord.THEN:
      return then();
    case SqlWord.LIMIT:
      return limit();
    case SqlWord.ON:
    case SqlWord.PROCEDURE:
      return clause();
    case SqlWord.ORDER:
      return orderBy();
    case SqlWord.INTO:
      return into();
    case SqlWord.UNION:
      return union();
    case SqlWord.END:
    case SqlWord.SUFFIX:
      return true;
    case Token.NAME:
      return isAlias();
    case Token.STRING:
      return joinsString();
    default:
      return statementStep(Start.BATCH) == 1;
  }
}
