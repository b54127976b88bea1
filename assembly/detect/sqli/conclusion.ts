/** What a reading that came to its end without a fault shows as a whole. */
import { isWord, startsLower } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { close, conditioned, decidable, logical, openCount, truth, truthLast } from "./predicate";
import {
  Awaits,
  after,
  authorsClosed,
  awaits,
  bitwise,
  calling,
  cased,
  complete,
  decided,
  finishPredicate,
  hardCount,
  isWordlike,
  Leaf,
  last,
  lastButOne,
  lastFrom,
  lastUnclosed,
  leaf,
  leafTo,
  listed,
  logicFirst,
  nameCount,
  negated,
  openFirst,
  operatorCount,
  ordering,
  Query,
  query,
  quote,
  show,
  showAll,
  tokenCount,
  wordCompare,
  worded,
  wordLogic,
} from "./reading";
import { commented, commentFrom, kind, Token, to } from "./token";

/** Words that a scanner leaves behind its comment are no longer than this. */
const TAIL_BYTES_MAX: u32 = 16;
/** Tokens of a value in parentheses that is cut off: with fewer it is a mark of a list. */
const TOKENS_CUT_MIN: u32 = 4;
/** Parentheses of the author's that a value closes before it truncates. */
const TOKENS_BEFORE_MAX: u32 = 8;

/** Parentheses of the value's own that the author's text is to close. */
let openAtEnd: u32 = 0;
/** Whether what stood in the innermost compared constants. */
let comparedAtEnd: bool = false;

/** First byte of the swallowed text that is no blank, or the end. */
function tailFrom(): usize {
  let at = commentFrom;
  while (at < to && load<u8>(at) <= 32) at++;
  return at;
}

/** What may stand in a scanner's tail beside letters and digits: a dash, a plus, a parenthesis, a quote. */
function isTailSign(c: u32): bool {
  return c == 0x2d || c == 0x2b || c == 0x28 || c == 0x29 || c == 0x27 || c == 0x22;
}

/** Whether the swallowed text is nothing, or one word set off by a blank: more is prose or code behind a quote. */
function isShortTail(): bool {
  let at = tailFrom();
  let end = to;
  while (end > at && (load<u8>(end - 1) <= 32 || isTailSign(load<u8>(end - 1)))) end--;
  if (at >= end) return true;
  /* `--sp_password` keeps a line out of the server's log. */
  const glued = at == commentFrom && !startsLower(at, <u32>(end - at), "sp_");
  if (glued || end - at > <usize>TAIL_BYTES_MAX) return false;
  while (at < end && isTailSign(load<u8>(at))) at++;
  while (at < end) {
    if (!isWord(load<u8>(at++))) return false;
  }
  return true;
}

/**
 * Whether the comment stands right behind the quote that ends one word: `admin'-- `, `admin'#`. Prose sets its dashes
 * off on both sides or on none.
 */
function isGluedComment(): bool {
  if (tokenCount || leafTo == layer.at || !isLeafWordlike() || isPossessive()) return false;
  const mark = <u32>load<u8>(leafTo + 1);
  return mark == 0x23 || (mark == 0x2d && !isWord(load<u8>(leafTo + 3)));
}

/** Whether no text, but what attacks have, stands between the quote and the comment: `')`, `';`, or in it: `-- -`. */
function isCut(): bool {
  if (operatorCount || (leafTo == layer.at && !authorsClosed) || !isLeafWordlike()) return false;
  const dash = load<u8>(commentFrom - 1) == 0x2d && load<u8>(tailFrom()) == 0x2d;
  const open = load<u8>(commentFrom - 1) == 0x2a;
  return authorsClosed || last == Token.SEMICOLON || open || dash;
}

/** Whether nothing is swallowed. */
function isEmptyTail(): bool {
  return tailFrom() == to;
}

/** Whether the word before the quote is a plural of somebody's: `dogs'`. */
function isPossessive(): bool {
  return leafTo > layer.at && (<u32>load<u8>(leafTo - 1) | 32) == 0x73;
}

/** Whether what stands before the quote could be one value. */
function isLeafWordlike(): bool {
  let at = layer.at;
  while (at < leafTo && load<u8>(at) == 32) at++;
  return isWordlike(at, leafTo);
}

/** Whether what stands before the first and behind the last quote could be one value. */
function isShortText(): bool {
  let end = to;
  while (end > lastFrom + 1 && load<u8>(end - 1) == 32) end--;
  return isLeafWordlike() && isWordlike(lastFrom + 1, end);
}

/** `"-"` and `"+"` are words that people quote; in single quotes they are what scanners send. */
function isDash(): bool {
  return quote == 0x22 && tokenCount == 2 && lastButOne == Token.SIGN;
}

/** The reading left a string of the author's and a comment cuts off what the author wrote behind it. */
function concludeTruncated(): void {
  if (isShortTail()) {
    if (!operatorCount && tokenCount <= TOKENS_BEFORE_MAX) showAll(Signature.SQLI_TRUNCATE);
    else if (after && !nameCount) showAll(Signature.SQLI_OPERATOR);
    else if (logical && after && isLeafWordlike() && !isPossessive()) showAll(Signature.SQLI_CONDITION);
  } else if (isGluedComment() || isCut()) showAll(Signature.SQLI_TRUNCATE);
  else if (hardCount && !nameCount && after && isLeafWordlike()) showAll(Signature.SQLI_OPERATOR);
}

/** The reading left a string of the author's, and a string that it began takes up the author's quote. */
function concludeReopened(): void {
  if (!operatorCount) return;
  if (!nameCount) {
    if (isShortText() && !isDash()) showAll(Signature.SQLI_OPERATOR);
    else if (decidable && operatorCount > 2 && isLeafWordlike()) showAll(Signature.SQLI_TAUTOLOGY);
    return;
  }
  /* `x' * id - '0`: one name between signs that no prose has. */
  if (nameCount <= 2 && hardCount && operatorCount > 1 && isShortText()) showAll(Signature.SQLI_OPERATOR);
}

/** The reading left a string of the author's. */
function concludeQuoted(truncated: bool): void {
  const reopened = after && !truncated && last == Token.STRING && lastUnclosed == quote;
  if (truncated) concludeTruncated();
  if (query == Query.UNION && awaits == Awaits.ITEM && !truncated) showAll(Signature.SQLI_UNION);
  if (truth) showAll(Signature.SQLI_TAUTOLOGY);
  const spoken = wordLogic && after && operatorCount > 1 && isLeafWordlike();
  if (conditioned && (truncated || reopened || last == Token.SEMICOLON || spoken)) showAll(Signature.SQLI_CONDITION);
  if (reopened) concludeReopened();
}

/** Whether the last token, a constant of the language, is NULL or another that is not simply true or false. */
function isNull(): bool {
  const c = <u32>load<u8>(lastFrom) | 32;
  return c != 0x74 && c != 0x66;
}

/** A constant is all of the last condition; whether more than `2 or 3` shows that no prose is meant. */
function isBareTruth(): bool {
  if (!truthLast) return false;
  if (leaf == Leaf.VALUE) {
    if (bitwise || lastButOne == Token.TILDE || (negated && operatorCount)) return true;
    if (listed) return false;
    if (authorsClosed && openAtEnd) return true;
    const plain = lastButOne != SqlWord.NOT && last != Token.CLOSE && (last != SqlWord.CONSTANT || isNull());
    return wordLogic && (!plain || commented) && last != Token.STRING;
  }
  /* `or ''-'`: what is left of a value in the author's quotes. */
  return logicFirst && last == Token.STRING && lastUnclosed != 0 && operatorCount > 1;
}

/** A comparison of constants with nothing that leads to it: alone it may be a sum, not with these. */
function isBareComparison(truncated: bool): bool {
  if (!comparedAtEnd || leaf != Leaf.VALUE || (!after && last != Token.SEMICOLON)) return false;
  if (truncated && isEmptyTail() && (worded || operatorCount == 1)) return true;
  if (authorsClosed && openAtEnd) return true;
  return worded && (wordCompare || (operatorCount > 1 && hardCount > 1));
}

/** Parentheses around constants behind which a comment cuts the rest off: `(1) or (2)` is prose, `((1))--` is not. */
function isCutParenthesis(): bool {
  if (last != Token.CLOSE || nameCount || tokenCount < TOKENS_CUT_MIN || openAtEnd || !isEmptyTail()) return false;
  return openFirst;
}

/** The value begins with a variable of the server's and is cut off behind it. */
function isCutVariable(): bool {
  return tokenCount == 1 && last == Token.SYSTEM_VARIABLE && isEmptyTail();
}

/** Whether a condition that depends on rows is not the author's. A filter of another language begins with a name. */
function isConditionBare(truncated: bool): bool {
  if (leaf == Leaf.VALUE || (authorsClosed && openAtEnd)) return true;
  return logicFirst ? truncated || after : truncated && isShortTail();
}

function concludeBare(truncated: bool): void {
  if (calling) showAll(Signature.SQLI_CALL);
  if (isBareTruth() || isBareComparison(truncated) || (truth && truncated) || (cased && last == SqlWord.END)) {
    showAll(Signature.SQLI_TAUTOLOGY);
  }
  const called = truncated && logical && leaf == Leaf.VALUE && (negated || last == Token.CLOSE) && isShortTail();
  if (called) showAll(Signature.SQLI_CONDITION);
  if (conditioned && isConditionBare(truncated)) showAll(Signature.SQLI_CONDITION);
  if (truncated && isCutParenthesis()) showAll(Signature.SQLI_TRUNCATE);
  if (truncated && isCutVariable()) showAll(Signature.SQLI_SYSTEM);
}

/** Called once where the tokens end. */
export function conclude(): void {
  const truncated = kind == Token.TRUNCATE;
  finishPredicate();
  openAtEnd = openCount();
  comparedAtEnd = decidable;
  while (openCount()) {
    close();
    finishPredicate();
  }
  if (complete) {
    /* A comment that never ends was written to swallow something. */
    const open = commentFrom > layer.at && load<u8>(commentFrom - 1) == 0x2a && awaits != Awaits.ITEM;
    if (truncated && (decided || open) && isShortTail()) showAll(Signature.SQLI_TAUTOLOGY);
    return;
  }
  if (ordering && (truncated || (last == Token.NUMBER && leaf == Leaf.VALUE))) show(Signature.SQLI_ORDER);
  if (quote) concludeQuoted(truncated);
  else concludeBare(truncated);
}
