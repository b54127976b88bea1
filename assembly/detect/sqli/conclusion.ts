/** What a reading that came to its end without a fault shows as a whole. */
import { isAlpha, isDigit, isWord, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { Token } from "./kind";
import { close, conditioned, decidable, logical, openCount, truth, truthLast, truths } from "./predicate";
import {
  Awaits,
  after,
  authorsClosed,
  awaits,
  bitwise,
  called,
  callFirst,
  calling,
  cased,
  casing,
  compared,
  complete,
  decided,
  exclusive,
  finishPredicate,
  firstKind,
  hardCount,
  isWordlike,
  Leaf,
  last,
  lastButOne,
  lastFrom,
  lastUnclosed,
  leaf,
  leafTo,
  limited,
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
  uniting,
  wordCompare,
  worded,
  wordLogic,
  wrapped,
} from "./reading";
import {
  commented,
  commentFrom,
  gluedLine,
  isOpenComment,
  kind,
  lined,
  powered,
  remarked,
  to,
  versioned,
} from "./token";

/** Words that a scanner leaves behind its comment are no longer than this. */
const TAIL_BYTES_MAX: u32 = 16;
/** Tokens of a value in parentheses that is cut off: with fewer it is a mark of a list. */
const TOKENS_CUT_MIN: u32 = 4;
/** Parentheses of the author's that a value closes before it truncates. */
const TOKENS_BEFORE_MAX: u32 = 8;

/** A text in front of the quote that may still be one value. */
const LEAF_BYTES_MAX: u32 = 64;

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

/** `-- -`: scanners write a dash so that no server or proxy trims the blank. */
function isScannersTail(): bool {
  const tail = tailFrom();
  return tail < to && load<u8>(tail) == 0x2d && load<u8>(commentFrom - 1) == 0x2d;
}

/** Whether no text, but what attacks have, stands between the quote and the comment: `')`, `';`, or in it: `-- -`. */
function isCut(): bool {
  if (operatorCount || (leafTo == layer.at && !authorsClosed) || !isLeafWordlike()) return false;
  return authorsClosed || last == Token.SEMICOLON || isOpenComment() || isScannersTail();
}

/** Whether nothing is swallowed. */
function isEmptyTail(): bool {
  return tailFrom() == to;
}

/** Whether the word before the quote is a plural of somebody's: `dogs'`. */
function isPossessive(): bool {
  return leafTo > layer.at && (<u32>load<u8>(leafTo - 1) | 32) == 0x73;
}

/** Whether the byte before the quote ends a text: a blank or an opening mark would begin a quotation. */
function endsText(): bool {
  if (leafTo == layer.at || leafTo - layer.at > <usize>LEAF_BYTES_MAX) return false;
  switch (<u32>load<u8>(leafTo - 1)) {
    case 0x28:
    case 0x2c:
    case 0x3a:
    case 0x3b:
    case 0x3d:
    case 0x5b:
    case 0x7b:
      return false;
    default:
      return load<u8>(leafTo - 1) > 32;
  }
}

/** Whether what stands before the quote has this byte. */
function leafHolds(c: u32): bool {
  return findByte(layer.at, leafTo, c) < leafTo;
}

/** Whether quote and parenthesis may be a face that cries or winks: `:')`, `;')`. */
function isFace(): bool {
  if (leafTo == layer.at) return false;
  const c = <u32>load<u8>(leafTo - 1);
  return c == 0x3a || c == 0x3b || c == 0x3d;
}

/** Whether every parenthesis before the quote is closed there: one that prose opened it closes behind its quotation. */
function isLeafBalanced(): bool {
  let open: i32 = 0;
  for (let at = layer.at; at < leafTo && at < layer.at + <usize>LEAF_BYTES_MAX; at++) {
    const c = <u32>load<u8>(at);
    if (c == 0x28) open++;
    else if (c == 0x29) open--;
  }
  return open <= 0;
}

/**
 * Whether a comment is set as no dash of prose is, whatever it swallows: glued to a quote behind what is no word
 * (`x%'--limit 1`), or glued to what it swallows alone (`lamp' --x`).
 */
function isCommentOnly(): bool {
  if (tokenCount || findByte(commentFrom, to, quote) < to || leafHolds(32)) return false;
  const glued = commentFrom == leafTo + 3;
  const tail = commentFrom < to ? <u32>load<u8>(commentFrom) : 32;
  if (leafTo == layer.at) return glued && !isAlpha(tail);
  if (glued) return (quote == 0x22 || !isAlpha(load<u8>(leafTo - 1))) && !isDigit(tail) && endsText();
  if (!isLeafWordlike()) return false;
  return tail > 32 && !isDigit(tail) && !isPossessive();
}

/** Whether the value ends the author's statement, closes his parentheses or adds a clause before the comment. */
function isEnded(): bool {
  if (limited || ordering) return true;
  if (nameCount && !logical) return false;
  if ((isScannersTail() || remarked) && !isPossessive()) return true;
  if (operatorCount && after && leafTo > layer.at && !leafHolds(32)) return true;
  if (last == Token.SEMICOLON) return !isFace() && !isPossessive();
  return authorsClosed && isLeafBalanced() && !isFace() && !isPossessive();
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

/** Whether dashes and a word follow what reads as prose: `the boys' -- really`, `I love it :') -- honestly`. */
function isSpoken(): bool {
  if (operatorCount || !leafHolds(32) || isEmptyTail()) return false;
  return isPossessive() || isFace() || !isLeafBalanced();
}

/** The reading left a string of the author's and a comment cuts off what the author wrote behind it. */
function concludeTruncated(): void {
  if (isShortTail() && !isSpoken()) {
    if (!operatorCount && tokenCount <= TOKENS_BEFORE_MAX) showAll(Signature.SQLI_TRUNCATE);
    else if (after && !nameCount) showAll(Signature.SQLI_OPERATOR);
    else if (logical && after && isLeafWordlike() && !isPossessive()) showAll(Signature.SQLI_CONDITION);
  } else if (isGluedComment() || isCut()) showAll(Signature.SQLI_TRUNCATE);
  else if (hardCount && !nameCount && after && isLeafWordlike()) showAll(Signature.SQLI_OPERATOR);
  else if (isCommentOnly() || isEnded()) showAll(Signature.SQLI_TRUNCATE);
}

/** The reading left a string of the author's, and a string that it began takes up the author's quote. */
function concludeReopened(): void {
  if (!operatorCount) return;
  if (!nameCount) {
    if (isShortText() && !isDash()) showAll(Signature.SQLI_OPERATOR);
    else if (decidable && hardCount > 1 && (leafTo == layer.at || endsText())) showAll(Signature.SQLI_TAUTOLOGY);
    else if (decidable && endsText() && to - lastFrom < <usize>LEAF_BYTES_MAX) showAll(Signature.SQLI_OPERATOR);
    return;
  }
  /* `x' * id - '0`: one name between signs that no prose has. */
  if (nameCount <= 2 && hardCount && operatorCount > 1 && isShortText()) showAll(Signature.SQLI_OPERATOR);
}

/** Blanks, or bytes of other letters, in a text from which it is a part of a sentence. */
const BLANKS_SPOKEN: u32 = 2;

/**
 * Whether all of the one condition is a text that the author's quote ends, and that is no number: `"Or" Eau de Parfum`,
 * `'where' in Rome`. It is false or a mistake in every dialect, so that an OR in front of it adds nothing; probes have
 * a word there, though, and such are left. Between backticks stands a column, which may be true.
 */
function isIdleText(): bool {
  if (quote == 0x60 || !truthLast || truths || last != Token.STRING || !lastUnclosed) return false;
  const spoken = lastButOne == SqlWord.LOGIC && wordLogic;
  if (!spoken && lastButOne != SqlWord.WHERE && lastButOne != SqlWord.HAVING) return false;
  let at = lastFrom + 1;
  while (at < to && !isAlpha(load<u8>(at)) && !isDigit(load<u8>(at)) && load<u8>(at) < 0x80) at++;
  if (at < to && isDigit(load<u8>(at))) return false;
  let blanks: u32 = 0;
  while (at < to && blanks < BLANKS_SPOKEN) {
    const c = <u32>load<u8>(at++);
    if (c == 32 || c >= 0x80) blanks++;
  }
  return !spoken || blanks == BLANKS_SPOKEN;
}

/** The reading left a string of the author's. */
function concludeQuoted(truncated: bool): void {
  const reopened = after && !truncated && last == Token.STRING && lastUnclosed == quote;
  if (truncated) concludeTruncated();
  if (query == Query.UNION && awaits == Awaits.ITEM && !truncated) showAll(Signature.SQLI_UNION);
  if (truth && !isIdleText()) showAll(Signature.SQLI_TAUTOLOGY);
  const spoken = wordLogic && after && operatorCount > 1 && isLeafWordlike();
  if (conditioned && (truncated || reopened || last == Token.SEMICOLON || spoken)) showAll(Signature.SQLI_CONDITION);
  if (reopened) concludeReopened();
}

/** Whether the last token, a constant of the language, is NULL or another that is not simply true or false. */
function isNull(): bool {
  const c = <u32>load<u8>(lastFrom) | 32;
  return c != 0x74 && c != 0x66;
}

/** Whether the value begins with one: with a comment or a brace inside and no name, every constant is. */
function isValue(): bool {
  return leaf == Leaf.VALUE || (remarked && !nameCount && tokenCount > 0 && firstKind != SqlWord.LOGIC);
}

/**
 * A condition behind a value that is hidden as nobody's prose or formula is: with a comment or a brace inside, with a
 * power of zero, in two parentheses or behind two NOTs, with a clause behind it, with bits of a NOT.
 */
function isDisguised(): bool {
  if (!isValue() || (!after && !ordering)) return false;
  if (logical) {
    if (exclusive && truthLast && worded) return true;
    if (remarked || powered || wrapped) return true;
    if (gluedLine || (lined && negated && (called || !nameCount))) return true;
    if (authorsClosed && openAtEnd) return true;
    if (exclusive && kind == Token.TRUNCATE) return true;
    if (truth && wordLogic && (ordering || limited)) return true;
    if (truthLast && ((compared && worded) || lined)) return true;
    if (negated && !wordLogic) return true;
    return negated && called && last == Token.CLOSE;
  }
  if (comparedAtEnd && hardCount > 1 && (powered || (lined && !nameCount))) return true;
  if (powered && bitwise && negated) return true;
  return hardCount > 0 && ((negated && !nameCount) || wrapped);
}

/** A constant is all of the last condition; whether more than `2 or 3` shows that no prose is meant. */
function isBareTruth(): bool {
  if (!truthLast) return false;
  if (isValue()) {
    if (bitwise || lastButOne == Token.TILDE || (negated && operatorCount)) return true;
    if (listed && !remarked) return callFirst && worded;
    if (authorsClosed && openAtEnd) return true;
    const plain = lastButOne != SqlWord.NOT && last != Token.CLOSE && (last != SqlWord.CONSTANT || isNull());
    return wordLogic && (!plain || commented) && last != Token.STRING;
  }
  /* `or ''-'`: what is left of a value in the author's quotes. */
  return logicFirst && last == Token.STRING && lastUnclosed != 0 && operatorCount > 1;
}

/** Whether no letter or digit stands from there on: a remark would have some. */
function hasNoText(from: usize): bool {
  for (let at = from; at < to; at++) {
    if (isWord(load<u8>(at))) return false;
  }
  return true;
}

/** A comparison of constants with nothing that leads to it: alone it may be a sum, not with these. */
function isBareComparison(truncated: bool): bool {
  /* `3 * 4 = ?` asks for the product. */
  if (last == Token.VARIABLE && load<u8>(lastFrom) == 0x3f) return false;
  if (comparedAtEnd && remarked && !nameCount && (truncated || leaf == Leaf.VALUE)) return true;
  if (!comparedAtEnd || leaf != Leaf.VALUE || (!after && last != Token.SEMICOLON)) return false;
  if (truncated && isEmptyTail() && (worded || operatorCount == 1)) return true;
  if (truncated && (isScannersTail() || (operatorCount == 1 && hasNoText(commentFrom)))) return true;
  if (authorsClosed && openAtEnd) return true;
  return worded && (wordCompare || (operatorCount > 1 && hardCount > 1));
}

/** Whether what is cut off may not be a remark behind words: `see (3) or (4) # both`. */
function isMeant(): bool {
  return (leaf != Leaf.NAME && (!callFirst || worded)) || isShortTail();
}

/** Parentheses around constants behind which a comment cuts the rest off: `(1) or (2)` is prose, `((1))--` is not. */
function isCutParenthesis(): bool {
  if (nameCount || openAtEnd || !isEmptyTail()) return false;
  /* `1 /*`: a number, a blank, and a comment that never ends. */
  if (tokenCount == 1 && last == Token.NUMBER) return isOpenComment() && load<u8>(commentFrom - 3) == 32;
  /* `2*3--`: a product, and nothing behind the dashes. */
  if (last == Token.NUMBER) return lastButOne == Token.STAR;
  if (last != Token.CLOSE || !openFirst) return false;
  return tokenCount >= TOKENS_CUT_MIN || lastButOne == Token.STRING;
}

/** The value begins with a variable of the server's and is cut off behind it. */
function isCutVariable(): bool {
  return tokenCount == 1 && last == Token.SYSTEM_VARIABLE && isEmptyTail();
}

/** Whether a condition that depends on rows is not the author's. A filter of another language begins with a name. */
function isConditionBare(truncated: bool): bool {
  if (callFirst && !worded && !authorsClosed) return last == SqlWord.CONSTANT;
  if (leaf == Leaf.VALUE || (authorsClosed && openAtEnd)) return true;
  return logicFirst ? truncated || after : truncated && (isShortTail() || remarked || (lined && casing));
}

/** Whether the reading ends in something that an operator may stand behind of: what ends in one is cut prose. */
function endsOperand(): bool {
  return (
    last == Token.NUMBER ||
    last == Token.STRING ||
    last == Token.CLOSE ||
    last == Token.VARIABLE ||
    last == Token.SYSTEM_VARIABLE ||
    last == SqlWord.CONSTANT
  );
}

function concludeBare(truncated: bool): void {
  if (calling) showAll(Signature.SQLI_CALL);
  if (
    isBareTruth() ||
    isBareComparison(truncated) ||
    (truth && truncated && isMeant()) ||
    (cased && last == SqlWord.END)
  ) {
    showAll(Signature.SQLI_TAUTOLOGY);
  }
  const called = truncated && logical && leaf == Leaf.VALUE && (negated || last == Token.CLOSE) && isShortTail();
  if (called) showAll(Signature.SQLI_CONDITION);
  if (isDisguised() || (truncated && authorsClosed && logical && last == Token.SEMICOLON)) {
    showAll(Signature.SQLI_CONDITION);
  }
  if (conditioned && isConditionBare(truncated)) showAll(Signature.SQLI_CONDITION);
  if (conditioned && versioned) showAll(Signature.SQLI_CONDITION);
  const calculated = operatorCount > 0 && !nameCount && (remarked || (worded && hardCount > 0)) && isValue();
  if (truncated && calculated && endsOperand()) showAll(Signature.SQLI_TRUNCATE);
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
    if (decided && casing && remarked) showAll(Signature.SQLI_TAUTOLOGY);
    if (truncated && truth && load<u8>(commentFrom - 1) == 0x23) showAll(Signature.SQLI_TAUTOLOGY);
    if (truncated && (decided || (isOpenComment() && awaits != Awaits.ITEM)) && isShortTail())
      showAll(Signature.SQLI_TAUTOLOGY);
    return;
  }
  if (leaf == Leaf.VALUE) {
    /* `5 union/*`, and a second statement that ends with its first item. */
    if (uniting && truncated && isOpenComment()) show(Signature.SQLI_UNION);
    if (query == Query.STACKED && (awaits == Awaits.FROM || (truncated && awaits == Awaits.ITEM)))
      show(Signature.SQLI_STACKED);
  }
  if (query == Query.UNION && awaits == Awaits.NOTHING && truncated && isEmptyTail()) show(Signature.SQLI_UNION);
  if (ordering && (truncated || (last == Token.NUMBER && leaf == Leaf.VALUE))) show(Signature.SQLI_ORDER);
  if (quote) concludeQuoted(truncated);
  else concludeBare(truncated);
}
