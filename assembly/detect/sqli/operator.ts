/** Steps of the grammar behind an operand: operators, clauses, the ends of lists and parentheses, statements. */
import { isAlpha } from "../../bytes/ascii";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { keepLeft, operandStep } from "./operand";
import { clearFrame, close, compare, decidable, Frame, frame, lead, open, setFrame } from "./predicate";
import {
  Awaits,
  awaits,
  complete,
  countOperator,
  finishPredicate,
  Leaf,
  last,
  leaf,
  ordering,
  querying,
  remember,
  setAfter,
  setAwaits,
  setOrdering,
  setUniting,
  setWordLogic,
  show,
  showAll,
  tokenCount,
} from "./reading";
import { Start, statementStep } from "./statement";
import { advance, from, kind, nextFrom, nextKind, nextTo, Token } from "./token";

function expectOperand(): bool {
  setAfter(false);
  return true;
}

/** Dividing by a zero that stands there as one: to fail, as far as the statement gets there, is all that it can do. */
function dividesByZero(): bool {
  return load<u8>(from) == 0x2f && nextKind == Token.NUMBER && nextTo - nextFrom == 1 && load<u8>(nextFrom) == 0x30;
}

/** An operator between two operands. */
function operator(): bool {
  if (kind == Token.ARITHMETIC && querying && dividesByZero()) show(Signature.SQLI_CALL);
  countOperator();
  return expectOperand();
}

function comparison(): bool {
  if (kind == Token.COMPARE) keepLeft();
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
  clause();
  lead();
  return true;
}

function logic(): bool {
  setWordLogic(isAlpha(load<u8>(from)));
  finishPredicate();
  lead();
  return operator();
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
  const counted = nextKind == Token.STAR || nextKind == Token.ARITHMETIC;
  if (decidable && counted && !complete) showAll(Signature.SQLI_TAUTOLOGY);
  close();
  return true;
}

/** A second name for a table or for what parentheses hold. */
function isAlias(): bool {
  if (frame & Frame.FROM) {
    return last == Token.NAME || last == Token.CLOSE || last == SqlWord.SYSTEM || last == SqlWord.OBJECT;
  }
  if (last == Token.NAME && querying && leaf == Leaf.VALUE) return nextKind == SqlWord.FROM || nextKind == Token.COMMA;
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
  return kind == Token.TRUNCATE || kind == Token.END || kind == Token.SEMICOLON;
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
    case SqlWord.ON:
    case SqlWord.LIMIT:
    case SqlWord.THEN:
    case SqlWord.PROCEDURE:
      return clause();
    case SqlWord.WHEN:
      return conditionClause();
    case SqlWord.ORDER:
      return orderBy();
    case SqlWord.INTO:
      return into();
    case SqlWord.UNION:
      finishPredicate();
      clearFrame(Frame.FROM);
      setUniting(true);
      return expectOperand();
    case SqlWord.END:
    case SqlWord.SUFFIX:
      return true;
    case Token.NAME:
      return isAlias();
    case Token.STRING:
      return last == Token.STRING;
    default:
      return statementStep(Start.BATCH) == 1;
  }
}
