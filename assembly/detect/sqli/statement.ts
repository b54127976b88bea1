/** Statements that a value may start: behind a semicolon, where a batch needs none (T-SQL), or as the whole value. */
import { isWord, startsLower } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { Token } from "./kind";
import { expectCondition, Frame, openCount, setFrame } from "./predicate";
import {
  beginQuery,
  complete,
  isWordlike,
  Leaf,
  leaf,
  leafTo,
  nameCount,
  Query,
  quote,
  remember,
  setAfter,
  setComplete,
  show,
  showAll,
  showTo,
  tokenCount,
} from "./reading";
import { advance, from, isOpenComment, kind, nextFrom, nextKind, nextTo, to, unclosed } from "./token";

/** A number in hexadecimal that is longer spells a text. */
const CODED_BYTES_MIN: u32 = 9;
/** Parts of a name behind its first: server, database, schema, table. */
const NAME_PARTS_MAX: u32 = 3;

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

/** A T-SQL script as the whole value, or behind faults in one: looks for what it runs or waits for. */
export function scriptEffect(): void {
  while (kind != Token.END && kind != Token.TRUNCATE) {
    const dynamic = nextKind == Token.OPEN || nextKind == SqlWord.EFFECT || nextKind == SqlWord.SYSTEM;
    const coded = kind == Token.COMPARE && nextKind == Token.NUMBER && nextTo - nextFrom >= <usize>CODED_BYTES_MIN;
    if ((kind == SqlWord.EXECUTE && dynamic) || (coded && (<u32>load<u8>(nextFrom + 1) | 32) == 0x78) || isWait()) {
      showAll(Signature.SQLI_STACKED);
      return;
    }
    advance();
  }
}

/** WAITFOR DELAY, or a package of Oracle's that is called. */
function isWait(): bool {
  return (kind == SqlWord.WAITFOR && nextKind == SqlWord.DELAY) || (kind == SqlWord.PACKAGE && nextKind == Token.DOT);
}

/** Some statement that is not known, behind a value that was left: looks for one further on that runs something. */
export function laterStatement(): void {
  let previous: u32 = Token.END;
  while (kind != Token.END && kind != Token.TRUNCATE) {
    const runs = kind == SqlWord.EXECUTE && (nextKind == SqlWord.EFFECT || nextKind == SqlWord.SYSTEM);
    /* A loop that the author never leaves. */
    const endless = kind == SqlWord.LOOP && quote != 0 && nextKind == Token.NAME && previous == Token.BAD;
    const variable = nextKind == Token.VARIABLE && (kind == SqlWord.DECLARE || previous == SqlWord.EXECUTE);
    if (runs || variable || endless || (kind == SqlWord.WAITFOR && nextKind == SqlWord.DELAY)) {
      show(Signature.SQLI_STACKED);
      return;
    }
    previous = kind;
    advance();
  }
  /* `x'; desc users; --`: whatever it is, it ends as a statement, and what the author wrote is cut off. */
  const cut = kind == Token.TRUNCATE && (quote ? previous == Token.SEMICOLON : isOpenComment());
  if (cut) show(Signature.SQLI_STACKED);
}

function isNamed(at: usize, end: usize, name: string): bool {
  return end - at == <usize>name.length && startsLower(at, <u32>(end - at), name);
}

/** Whether the next token is of that kind; asks anew behind `advance`. */
function isNext(wanted: u32): bool {
  return nextKind == wanted;
}

function isEnd(token: u32): bool {
  return token == Token.END || token == Token.TRUNCATE || token == Token.SEMICOLON;
}

/** Whether what stands before the quote is a word: a program that quotes a query has more there, or nothing. */
function isLeafWord(): bool {
  return leafTo > layer.at && isWordlike(layer.at, leafTo);
}

/** `CREATE OR`: what may follow there, or what hides it; `drop or sell` is prose. */
function isReplacing(): bool {
  let at = nextTo;
  const end = layer.at + <usize>layer.size;
  while (at < end && load<u8>(at) <= 32) at++;
  const left = <u32>(end - at);
  if (at == end || !isWord(load<u8>(at))) return at < end && load<u8>(at) == 0x2f;
  return startsLower(at, left, "replace") || startsLower(at, left, "alter");
}

/** Whether the token ends an operand. */
function isOperand(token: u32): bool {
  return token == Token.NAME || token == Token.NUMBER || token == Token.STRING || token == Token.CLOSE;
}

/** Words that a quoted statement has behind its verb; any other may begin the next one of a batch. */
function isInside(token: u32): bool {
  return (
    token >= <u32>Token.NUMBER ||
    token == SqlWord.OBJECT ||
    token == SqlWord.FROM ||
    token == SqlWord.INTO ||
    token == SqlWord.WHERE ||
    (token >= <u32>SqlWord.LOGIC && token <= <u32>SqlWord.IS)
  );
}

/**
 * Whether the statement beginning here without a semicolon leaves a batch that T-SQL takes, behind the author's quote.
 * A batch is read whole before it runs. A text that begins behind an operand is a mistake there: it is the end of a
 * quotation, as in `Revert "drop table x"` or `'DELETE FROM t'`. Not so where another statement may have begun, as in
 * `… print 'x'` or `… select 1 'x'`. Reads the tokens to their end.
 * @param verb of the statement; one that changes data is none behind a backtick, which T-SQL does not have
 */
function isBatch(verb: u32): bool {
  const data = verb == SqlWord.INSERT || verb == SqlWord.DELETE || verb == SqlWord.UPDATE || verb == SqlWord.DEFINE;
  if (!data) return true;
  if (quote == 0x60) return false;
  let before: u32 = Token.COMMA;
  while (!isEnd(nextKind) || nextKind == Token.SEMICOLON) {
    /* Words side by side: the second begins a statement, or is a name that takes a text. */
    const listed = verb == SqlWord.INSERT && nextKind == Token.OPEN;
    if (kind == Token.NAME && isOperand(before) && !listed) return true;
    if (kind == Token.NAME && before == Token.SEMICOLON && nextKind == Token.STRING) return true;
    if (!isInside(nextKind)) return true;
    before = kind;
    advance();
  }
  if (!isNext(Token.END) || kind != Token.STRING || unclosed != quote) return true;
  return !isOperand(before) && before != SqlWord.OBJECT && before != Token.SEMICOLON && before != SqlWord.CONSTANT;
}

/** Verbs whose second word proves them wherever a statement may stand. */
function isPhrase(): bool {
  switch (kind) {
    case SqlWord.DEFINE:
      if (nextKind == SqlWord.LOGIC) return isReplacing();
      return nextKind == SqlWord.OBJECT || nextKind == SqlWord.PROCEDURE;
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
      return nextKind == SqlWord.DECLARE || nextKind == SqlWord.PACKAGE;
    case SqlWord.CALL:
      return nextKind == SqlWord.EFFECT || nextKind == SqlWord.PACKAGE;
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
    case Token.NAME:
      return nextKind == Token.OPEN && isNamed(from, to, "values");
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
      return isRoutine() || nextKind == SqlWord.DECLARE || nextKind == SqlWord.SHUTDOWN || nextKind == SqlWord.CHOICE;
    case SqlWord.LOAD:
      return isNamed(nextFrom, nextTo, "data") || isNamed(nextFrom, nextTo, "xml");
    case SqlWord.DELETE:
      return nextKind == Token.NAME && isNamed(nextFrom, nextTo, "quick");
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
      if (nextKind == SqlWord.INTO) {
        advance();
        if (isNext(SqlWord.SYSTEM)) show(Signature.SQLI_SYSTEM);
        return 2;
      }
      return nextKind == Token.OPEN ? 0 : 2;
    case SqlWord.UPDATE:
    case SqlWord.DELETE:
    case SqlWord.DEFINE:
    case SqlWord.GRANT:
    case SqlWord.SHUTDOWN:
      return nextKind == Token.OPEN ? 0 : 2;
    case SqlWord.BEGIN:
      if (nextKind == SqlWord.CHOICE || nextKind == SqlWord.PACKAGE || nextKind == SqlWord.DECLARE) scriptEffect();
      return nextKind == Token.OPEN ? 0 : 2;
    case SqlWord.DECLARE:
      if (nextKind == Token.VARIABLE) scriptEffect();
      return 2;
    default:
      return 0;
  }
}

/** `UPDATE` and a table: a statement of its own once `SET` follows. @returns as the caller */
function openUpdate(start: Start): u32 {
  remember();
  advance();
  /* Parentheses and quotes around the table: prose has them too, so that a column has to be set. */
  const strict = kind == Token.OPEN || kind == Token.STRING || kind == SqlWord.OBJECT;
  if (kind == Token.OPEN) advance();
  for (let parts: u32 = 0; parts < NAME_PARTS_MAX && nextKind == Token.DOT; parts++) {
    advance();
    advance();
  }
  if (nextKind == Token.CLOSE || nextKind == SqlWord.AS) advance();
  if (nextKind == Token.NAME && leaf == Leaf.VALUE) advance();
  if (nextKind != SqlWord.SET) return 2;
  if (strict) {
    advance();
    advance();
  }
  for (let parts: u32 = 0; strict && parts < NAME_PARTS_MAX && isNext(Token.DOT); parts++) {
    advance();
    advance();
  }
  if (strict && !isNext(Token.COMPARE)) return 2;
  const begin = from;
  const stop = to;
  if (!strict) advance();
  if (start != Start.BATCH || !quote || isBatch(SqlWord.UPDATE)) showTo(Signature.SQLI_STACKED, begin, stop);
  return 2;
}

/** Statements of a script right behind a value that was left. @returns as the caller */
function script(start: Start): u32 {
  if (kind != SqlWord.LOOP && kind != SqlWord.BEGIN) return 0;
  if (start == Start.BATCH && !quote) return 0;
  laterStatement();
  return 2;
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
    if (start == Start.BATCH && (!sure || (nameCount && !quote))) return 0;
    if (start == Start.BATCH && !tokenCount && !isLeafWord()) setComplete();
    beginQuery(start == Start.STACKED ? Query.STACKED : Query.LOOSE);
    setFrame(Frame.QUERY);
    setAfter(false);
    return 1;
  }
  if (kind == SqlWord.EXECUTE && nextKind == Token.OPEN && (sure || start == Start.STACKED)) {
    advance();
    if (start == Start.STACKED || isNext(Token.VARIABLE)) show(Signature.SQLI_STACKED);
    return 2;
  }
  if (kind == SqlWord.EFFECT && nextKind == Token.OPEN && quote && leaf == Leaf.VALUE) {
    show(Signature.SQLI_CALL);
    return 2;
  }
  if (isPhrase() || (sure && start == Start.STACKED && isVerb())) {
    const verb = kind;
    const begin = from;
    remember();
    advance();
    const stop = to;
    if (start != Start.BATCH || !quote || isBatch(verb)) showTo(Signature.SQLI_STACKED, begin, stop);
    return 2;
  }
  const quoted = nextKind == Token.STRING || nextKind == Token.OPEN || nextKind == SqlWord.OBJECT;
  if (
    kind == SqlWord.UPDATE &&
    (nextKind == Token.NAME || nextKind == SqlWord.SYSTEM || (quoted && start == Start.STACKED))
  ) {
    return openUpdate(start);
  }
  if (kind == SqlWord.COPY && start == Start.STACKED) {
    copyProgram();
    return 2;
  }
  if (kind == SqlWord.CHOICE && (start == Start.STACKED || (sure && nextKind != Token.NAME))) {
    expectCondition();
    setAfter(false);
    return 1;
  }
  return sure ? script(start) : 0;
}
