/** Statements that a value may start: behind a semicolon, where a batch needs none (T-SQL), or as the whole value. */
import { layer } from "../../decode/layer";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { expectCondition, Frame, openCount, setFrame } from "./predicate";
import {
  beginQuery,
  complete,
  isWordlike,
  Leaf,
  leaf,
  leafTo,
  Query,
  quote,
  remember,
  setAfter,
  setComplete,
  show,
  tokenCount,
} from "./reading";
import { advance, kind, nextKind, Token } from "./token";

/** How sure the place is to begin a statement. */
export enum Start {
  /** The whole value: only what reaches outside the database counts. */
  WHOLE = 0,
  /** Behind an operand, without a semicolon. */
  BATCH = 1,
  /** Behind a semicolon. */
  STACKED = 2,
}

/** COPY … TO PROGRAM '…': looks for the program in what is left. */
function copyProgram(): bool {
  while (kind != Token.END && kind != Token.TRUNCATE && kind != Token.BAD) {
    if (kind == SqlWord.PROGRAM && nextKind == Token.STRING) {
      show(Signature.SQLI_FILE);
      return false;
    }
    remember();
    advance();
  }
  return false;
}

/** A T-SQL script as the whole value: looks for what it runs or waits for. */
function scriptEffect(): void {
  while (kind != Token.END && kind != Token.TRUNCATE) {
    const dynamic = nextKind == Token.OPEN || nextKind == SqlWord.EFFECT || nextKind == SqlWord.SYSTEM;
    if ((kind == SqlWord.EXECUTE && dynamic) || (kind == SqlWord.WAITFOR && nextKind == SqlWord.DELAY)) {
      show(Signature.SQLI_STACKED);
      return;
    }
    advance();
  }
}

function isEnd(token: u32): bool {
  return token == Token.END || token == Token.TRUNCATE || token == Token.SEMICOLON;
}

/** Whether what stands before the quote is a word: a program that quotes a query has more there, or nothing. */
function isLeafWord(): bool {
  return leafTo > layer.at && isWordlike(layer.at, leafTo);
}

/** Verbs whose second word proves them wherever a statement may stand. */
function isPhrase(): bool {
  switch (kind) {
    case SqlWord.DEFINE:
      return nextKind == SqlWord.OBJECT || nextKind == SqlWord.PROCEDURE || nextKind == SqlWord.LOGIC;
    case SqlWord.EXECUTE:
      return nextKind == SqlWord.EFFECT || nextKind == SqlWord.SYSTEM || nextKind == SqlWord.PACKAGE;
    case SqlWord.DECLARE:
      return nextKind == Token.VARIABLE;
    case SqlWord.WAITFOR:
      return nextKind == SqlWord.DELAY;
    case SqlWord.INSERT:
      return nextKind == SqlWord.INTO;
    case SqlWord.DELETE:
      return nextKind == SqlWord.FROM;
    case SqlWord.BACKUP:
      return nextKind == SqlWord.OBJECT;
    case SqlWord.BEGIN:
      return nextKind == SqlWord.DECLARE;
    case SqlWord.DO:
      return nextKind == SqlWord.EFFECT;
    default:
      return false;
  }
}

/** Whether the next word may name something that runs. */
function isRoutine(): bool {
  return nextKind == Token.NAME || nextKind == SqlWord.EFFECT || nextKind == SqlWord.PACKAGE;
}

/** Verbs that words of prose resemble: proof only behind a value that was left. */
function isVerb(): bool {
  switch (kind) {
    case SqlWord.DEFINE:
      return nextKind == Token.NAME;
    case SqlWord.EXECUTE:
      return !isEnd(nextKind) && nextKind != Token.COMPARE && nextKind != Token.CLOSE;
    case SqlWord.CALL:
      return isRoutine();
    case SqlWord.SHUTDOWN:
      return isEnd(nextKind) || nextKind == Token.NAME;
    case SqlWord.DECLARE:
    case SqlWord.BEGIN:
      return isRoutine() || nextKind == SqlWord.DECLARE;
    case SqlWord.GRANT:
      return nextKind == Token.NAME || nextKind == SqlWord.QUANTIFIER;
    case SqlWord.SET:
      return nextKind == Token.VARIABLE;
    case SqlWord.EFFECT:
      return nextKind == Token.OPEN || nextKind == Token.DOT;
    default:
      return false;
  }
}

/** A statement as the whole value. @returns 0 not a statement, 1 go on reading, 2 nothing more to see */
function whole(): u32 {
  switch (kind) {
    case SqlWord.SELECT:
      if (nextKind == Token.CLOSE || nextKind == Token.END) return 2;
      setComplete();
      beginQuery(Query.LOOSE);
      setFrame(Frame.QUERY);
      setAfter(false);
      return 1;
    case SqlWord.WAITFOR:
    case SqlWord.BACKUP:
    case SqlWord.EXECUTE:
      if (isPhrase()) show(Signature.SQLI_STACKED);
      return nextKind == Token.OPEN ? 0 : 2;
    case SqlWord.CALL:
      if (nextKind == SqlWord.EFFECT) show(Signature.SQLI_STACKED);
      return nextKind == Token.OPEN ? 0 : 2;
    case SqlWord.COPY:
      copyProgram();
      return 2;
    case SqlWord.INSERT:
    case SqlWord.UPDATE:
    case SqlWord.DELETE:
    case SqlWord.DEFINE:
    case SqlWord.GRANT:
    case SqlWord.SHUTDOWN:
    case SqlWord.BEGIN:
      return nextKind == Token.OPEN ? 0 : 2;
    case SqlWord.DECLARE:
      if (nextKind == Token.VARIABLE) scriptEffect();
      return 2;
    default:
      return 0;
  }
}

/** `UPDATE` and a table: a statement of its own once `SET` follows. @returns as the caller */
function openUpdate(): u32 {
  remember();
  advance();
  if (nextKind == SqlWord.SET) show(Signature.SQLI_STACKED);
  return nextKind == Token.DOT ? 1 : 2;
}

/**
 * Looks at the current token as the first of a statement.
 * @returns 0 not a statement, 1 go on reading behind it, 2 the reading ends here
 */
export function statementStep(start: Start): u32 {
  if (start == Start.WHOLE) return whole();
  if (openCount() || complete) return start == Start.STACKED ? 2 : 0;
  const sure = leaf == Leaf.VALUE;
  if (kind == SqlWord.SELECT) {
    if (start == Start.BATCH && !sure) return 0;
    if (start == Start.BATCH && !tokenCount && !isLeafWord()) setComplete();
    beginQuery(start == Start.STACKED ? Query.STACKED : Query.LOOSE);
    setFrame(Frame.QUERY);
    setAfter(false);
    return 1;
  }
  if (kind == SqlWord.EXECUTE && nextKind == Token.OPEN && start == Start.STACKED) {
    show(Signature.SQLI_STACKED);
    return 2;
  }
  if (kind == SqlWord.EFFECT && nextKind == Token.OPEN && quote && leaf == Leaf.VALUE) {
    show(Signature.SQLI_CALL);
    return 2;
  }
  if (isPhrase() || (sure && start == Start.STACKED && isVerb())) {
    remember();
    advance();
    show(Signature.SQLI_STACKED);
    return 2;
  }
  if (kind == SqlWord.UPDATE && (nextKind == Token.NAME || nextKind == SqlWord.SYSTEM)) return openUpdate();
  if (kind == SqlWord.COPY && start == Start.STACKED) {
    copyProgram();
    return 2;
  }
  if (kind == SqlWord.CHOICE && (sure || start == Start.STACKED)) {
    expectCondition();
    setAfter(false);
    return 1;
  }
  return 0;
}
