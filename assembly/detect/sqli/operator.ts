/** Steps of the grammar behind an operand: operators, clauses, the ends of lists and parentheses, statements. */
import { isAlpha } from "../../bytes/ascii";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { keepLeft, operandStep } from "./operand";
import {
  clearFrame,
  close,
  compare,
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
  complete,
  countHard,
  countOperator,
  finishPredicate,
  hardCount,
  Leaf,
  last,
  leaf,
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
  setCased,
  setLeaf,
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
} from "./reading";
import { laterStatement, Start, statementStep } from "./statement";
import { advance, from, kind, nextFrom, nextKind, nextTo, Token } from "./token";

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
    if (querying && dividesByZero()) show(Signature.SQLI_CALL);
    if (isBitwise()) setBitwise(true);
  }
  if (kind != Token.SIGN) countHard();
  countOperator();
  return expectOperand();
}

function comparison(): bool {
  if (kind == Token.COMPARE) keepLeft();
  /* `1 | not x = 2`, `1 & x is not null`: a condition in words that is calculated with. */
  const counted = hardCount && leaf == Leaf.VALUE && !complete;
  if (counted && (negated || (kind < <u32>Token.END && (kind != SqlWord.IS || nextKind == SqlWord.NOT)))) {
    expectCondition();
  }
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
  if (ranging) {
    setRanging(false);
    if ((<u32>load<u8>(from) | 32) == 0x61) return operator();
  }
  finishPredicate();
  setBitwise(false);
  setNegated(false);
  lead();
  return operator();
}

/** `CASE WHEN 1 THEN`: what a probe asks, whatever the constant. */
function then(): bool {
  clause();
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

function closeParenthesis(): bool {
  finishPredicate();
  /* `(1=2)*3`: a comparison of constants that is counted with. */
  const counted = nextKind == Token.STAR || nextKind == Token.ARITHMETIC || (frame & Frame.COUNTED) != 0;
  if (decidable && counted && !complete) showAll(Signature.SQLI_TAUTOLOGY);
  if (!openCount()) setAuthorsClosed();
  close();
  /* `(1)` where a number belongs; with more behind it, it may be a mark in a list. */
  const bare = !operatorCount && !nameCount && !openCount() && !quote && leaf == Leaf.NAME;
  if (bare && openFirst) setListed();
  return true;
}

/** A second name for a table or for what parentheses hold. */
function isAlias(): bool {
  if (frame & Frame.FROM) {
    return last == Token.NAME || last == Token.CLOSE || last == SqlWord.SYSTEM || last == SqlWord.OBJECT;
  }
  const item = last == Token.NAME || last == Token.NUMBER || last == Token.STRING;
  if (item && querying && leaf == Leaf.VALUE) {
    const ends = nextKind == Token.CLOSE || nextKind == SqlWord.LIMIT || nextKind == SqlWord.WHERE;
    return nextKind == SqlWord.FROM || nextKind == Token.COMMA || (ends && openCount() != 0);
  }
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
  if (step == 0 && leaf == Leaf.VALUE && kind == Token.NAME && nextKind != Token.COMPARE) {
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
    case Token.DOT:
    case SqlWord.AS:
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
      return conditionClause();
    case SqlWord.THEN:
      return then();
    case SqlWord.LIMIT:
      return limit();
    case SqlWord.ON:
    case SqlWord.PROCEDURE:
      return clause();
    case SqlWord.WHEN:
      return conditionClause();
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
      return last == Token.STRING || (last == Token.NAME && querying && isAlias());
    default:
      return statementStep(Start.BATCH) == 1;
  }
}
