/**
 * SQL injection.
 *
 * The model. A value is put into a statement at a place that its author kept for a literal: bare (a number, a name), or
 * inside '…', "…" or `…`, each perhaps in parentheses. It is an attack if in one of these readings
 *   1. it leaves its literal: in a quoted reading at the first quote that is not doubled, in the bare one at the first
 *      operator or keyword behind at most one operand,
 *   2. what follows goes on as a statement could, token by token in the grammar of expressions, lists, clauses and
 *      further statements: two words in a row, which is what prose has, end the reading,
 *   3. on the way there is an effect that the statement's author did not write: a decidable condition, a second
 *      query, a second statement, a call that waits, fails or acts, the server's own tables, a file, a column count, a
 *      comment or a new string that swallows what the author wrote behind the value.
 * A statement that is the whole value is no injection: tutorials, consoles and search boxes hold many. In it only what
 * reaches outside of the application's data counts.
 *
 * Dialects disagree on comments. Where a value holds one that is none everywhere, it is read again as the others do.
 *
 * What hides it. Whoever writes prose, a filter or a formula has no reason to put comments between words, to wrap an
 * operand twice, to write a power of zero or a NOT of a NOT. Where a value leaves its literal, such marks decide where
 * words alone could be anybody's.
 *
 * What stays: a sum of plain numbers (`1*0=0`), numbers and connectives (`2 or 3`), a number and a remark (`5 -- as
 * agreed`), and a condition that begins with a name (`id or x=1`) may change a careless statement too, but everybody
 * writes them: test/oracle leaves them out. A word, an apostrophe and several words behind spaced dashes stay as well.
 *
 * No tree is built: one step a token with one token of look-ahead, frames for parentheses, and a few flags. Most values
 * that are no SQL end after two tokens, so that the gate can be generous.
 */

import { Limit } from "../../abi/status";
import { isAlpha } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { SQL_MASK, SQL_SHIFT, SqlWord } from "../../tables/words.gen";
import { conclude } from "./conclusion";
import { Token } from "./kind";
import { operandStep } from "./operand";
import { operatorStep } from "./operator";
import {
  after,
  complete,
  finishPredicate,
  Leaf,
  last,
  operatorCount,
  readingBegin,
  remember,
  setAfter,
  setFaulty,
  setFormula,
  setLeaf,
  setLogicFirst,
  setOpenFirst,
  showAll,
  tokenCount,
  uniting,
} from "./reading";
import { Start, scriptEffect, statementStep } from "./statement";
import {
  advance,
  chooseDialect,
  Dialect,
  dashed,
  from,
  hashed,
  kind,
  nested,
  nextFrom,
  nextKind,
  returned,
  to,
  tokensBegin,
  tokensPassed,
  versioned,
} from "./token";

const QUOTES: u32 = Has.SINGLE | Has.DOUBLE | Has.BACKTICK;
const BARE: u32 = Has.OPEN | Has.PIPE | Has.AMPERSAND | Has.EQUALS | Has.LESS | Has.GREATER | Has.STAR | Has.MARK;

/** Whether the value is a statement by itself. */
let whole: bool = false;

/** Tokens of a literal that is no SQL: `j.doe@shop.example`. */
const LEAF_TOKENS_MAX: u32 = 8;
/** What a byte costs that a reading passes, and a reading of one dialect that ends at once, in units. */
const TOKEN_UNITS: u32 = 8;
const READING_UNITS: u32 = 96;
/** Longest text that something is appended to. */
const APPENDED_BYTES_MAX: u32 = 48;

/** Whether the current layer can hold such an attack: every effect needs a quote, a keyword or one of these signs. */
export function sqliGate(): bool {
  return (layer.has & (QUOTES | BARE)) != 0 || (layer.words & (SQL_MASK << SQL_SHIFT)) != 0;
}

/** Words that continue a clause and so may come where an operand is due if only a `+` for a space stands between. */
function isClause(): bool {
  switch (kind) {
    case SqlWord.SELECT:
    case SqlWord.UNION:
    case SqlWord.LOGIC:
    case SqlWord.FROM:
    case SqlWord.WHERE:
    case SqlWord.ORDER:
    case SqlWord.HAVING:
    case SqlWord.WAITFOR:
    case SqlWord.LIMIT:
      return true;
    case SqlWord.NOT:
      return nextKind == SqlWord.LIKE || nextKind == SqlWord.IN;
    default:
      return false;
  }
}

/** Goes on behind a fault in a statement that is the whole value: filters break them, and servers differ. */
function readOver(): void {
  setFaulty();
  if (kind == SqlWord.DECLARE && nextKind == Token.VARIABLE) scriptEffect();
  setAfter(kind != Token.BAD && kind != Token.ARITHMETIC && kind != Token.COMPARE && kind != Token.COMMA);
}

/** Reads on until the tokens end or do not fit. @returns whether they ended */
function read(): bool {
  while (kind != Token.END && kind != Token.TRUNCATE) {
    if (!after && !uniting && last == Token.SIGN && isClause()) setAfter(true);
    if (!(after ? operatorStep() : operandStep())) {
      if (after) finishPredicate();
      if (!complete) return false;
      readOver();
    }
    if (kind == Token.END || kind == Token.TRUNCATE) break;
    remember();
    advance();
  }
  return true;
}

/** Whether the first token of a bare value goes on from something that is not there. */
function beginsInside(): bool {
  switch (kind) {
    case Token.CLOSE:
    case Token.BRACKET_CLOSE:
    case Token.COMMA:
    case Token.SEMICOLON:
    case Token.COMPARE:
    case Token.ARITHMETIC:
    case SqlWord.LOGIC:
    case SqlWord.UNION:
    case SqlWord.WHERE:
    case SqlWord.HAVING:
    case SqlWord.ORDER:
    case SqlWord.LIMIT:
    case SqlWord.INTO:
    case SqlWord.PROCEDURE:
    case SqlWord.AS:
    case SqlWord.THEN:
    case SqlWord.END:
    case SqlWord.BETWEEN:
      return true;
    case SqlWord.IS:
    case SqlWord.IN:
    case SqlWord.LIKE:
      return nextKind != Token.OPEN;
    case Token.STAR:
      return true;
    default:
      return false;
  }
}

/** `-true`, `-@a`: prose sets its dash off. */
function isGluedConstant(): bool {
  return (nextKind == SqlWord.CONSTANT || nextKind == Token.VARIABLE) && to == nextFrom;
}

/** `null * `, `true)`: a constant of the language that is calculated with or ends; a filter compares it. */
function isCountedConstant(): bool {
  if (kind != SqlWord.CONSTANT && kind != Token.VARIABLE) return false;
  const counted = nextKind == Token.STAR || nextKind == Token.SIGN || nextKind == Token.ARITHMETIC;
  return counted || (nextKind == Token.CLOSE && kind == SqlWord.CONSTANT);
}

/** The value where a number or a name belongs. */
function readBare(): void {
  tokensBegin(layer.at, layer.at + <usize>layer.size, false);
  readingBegin(0, layer.at);
  if (kind == Token.BAD || kind == Token.END) return;
  if (beginsInside()) {
    setAfter(true);
    if (kind == SqlWord.LOGIC && isAlpha(load<u8>(from))) setLogicFirst();
    if (kind == Token.CLOSE || kind == Token.BRACKET_CLOSE) setLeaf(Leaf.VALUE);
  } else {
    const first = kind == Token.SIGN ? nextKind : kind;
    const signed = first == Token.SIGN || first == Token.TILDE || (kind == Token.SIGN && isGluedConstant());
    const value = first == Token.NUMBER || first == Token.STRING || signed;
    setLeaf(value || isCountedConstant() ? Leaf.VALUE : Leaf.NAME);
    if (kind == Token.OPEN) setOpenFirst();
    if (kind == Token.NAME && nextKind == Token.OPEN && to == nextFrom) setFormula(true);
    const step = statementStep(Start.WHOLE);
    if (step == 2) return;
    if (step == 1) {
      remember();
      advance();
    }
  }
  if (read()) conclude();
  else if (tokenCount <= LEAF_TOKENS_MAX) readAppended();
}

/**
 * The value behind some text of one word that no dialect would read, as tools add what they send to what stood in the
 * field: code begins at the first sign that could end an operand, a key (`id:5`) or a comment of the author's. Only
 * what shows on the way counts.
 */
function readAppended(): void {
  const size = layer.size < APPENDED_BYTES_MAX ? layer.size : APPENDED_BYTES_MAX;
  const stop = layer.at + <usize>size;
  let at = layer.at;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (c == 0x3b || c == 0x29 || c == 0x2c || c == 0x3a || isCommentEnd(at)) break;
    if (c <= 32 || c == 0x22 || c == 0x27 || c == 0x28) return;
    at++;
  }
  if (at == stop || at == layer.at || !pay()) return;
  if (load<u8>(at) == 0x3a && isCommentEnd(at + 1)) at++;
  const commented = isCommentEnd(at);
  const keyed = load<u8>(at) == 0x3a;
  if (commented) at += 2;
  else if (keyed) at++;
  tokensBegin(at, layer.at + <usize>layer.size, false);
  readingBegin(0, layer.at);
  const value = keyed && (kind == Token.NUMBER || (kind == Token.SIGN && nextKind == Token.NUMBER));
  setLeaf(value ? Leaf.VALUE : Leaf.NAME);
  setAfter(!keyed);
  // `x*/=1--`: it leaves a comment of the author's and cuts off what he wrote.
  if (read() && commented && operatorCount && kind == Token.TRUNCATE) showAll(Signature.SQLI_TRUNCATE);
}

function isCommentEnd(at: usize): bool {
  return at + 1 < layer.at + <usize>layer.size && load<u8>(at) == 0x2a && load<u8>(at + 1) == 0x2f;
}

/** What may come right behind the quote that ends the author's string; nearly every benign value ends here. */
function leaves(): bool {
  if (kind == Token.OPEN) return nextKind == SqlWord.SELECT;
  return kind != Token.END && kind != Token.NAME && kind != Token.NUMBER && kind != Token.BAD;
}

/** The value inside the author's quotes: code begins behind the first quote that is not doubled. */
function readQuoted(quote: u32): void {
  const end = layer.at + <usize>layer.size;
  let at = findByte(layer.at, end, quote);
  while (at + 1 < end && <u32>load<u8>(at + 1) == quote) at = findByte(at + 2, end, quote);
  if (at >= end) return;
  tokensBegin(at + 1, end, false);
  if (!leaves()) return;
  readingBegin(quote, at);
  if (read()) conclude();
}

/**
 * The value inside quotes in a language that doubles a quote to escape it, or in front of a filter that halves them:
 * code begins behind the first doubled quote. Program text is full of empty strings, so only what shows on the way
 * counts.
 */
function readDoubled(quote: u32): void {
  const end = layer.at + <usize>layer.size;
  let at = findByte(layer.at, end, quote);
  while (at + 1 < end && <u32>load<u8>(at + 1) != quote) at = findByte(at + 1, end, quote);
  if (at + 2 >= end) return;
  tokensBegin(at + 2, end, true);
  if (!leaves()) return;
  readingBegin(quote, at);
  setLeaf(Leaf.NAME);
  if (read()) finishPredicate();
}

/** Pays for what was read since it was called last. @returns false where nothing is left to read on */
function pay(): bool {
  if (spend(tokensPassed() * TOKEN_UNITS)) return true;
  reachLimit(Limit.FUEL);
  return false;
}

/** Looks for such attacks in the current layer. */
export function sqliLex(): void {
  readAs(Dialect.ANY);
  const other = versioned || nested || (hashed && whole);
  const lines = returned;
  if (dashed) readAs(Dialect.MYSQL);
  if (other) readAs(Dialect.OTHER);
  if (lines) readAs(Dialect.LINES);
}

/** Every reading of the layer in one dialect. */
function readAs(dialect: Dialect): void {
  const has = layer.has;
  if (!spend(READING_UNITS)) {
    reachLimit(Limit.FUEL);
    return;
  }
  chooseDialect(dialect);
  readBare();
  whole = complete;
  if (!pay()) return;
  if (has & Has.SINGLE) {
    readQuoted(0x27);
    if (!pay()) return;
    readDoubled(0x27);
    if (!pay()) return;
  }
  if (has & Has.DOUBLE) {
    readQuoted(0x22);
    if (!pay()) return;
    readDoubled(0x22);
    if (!pay()) return;
  }
  if (!(has & Has.BACKTICK)) return;
  readQuoted(0x60);
  pay();
}
