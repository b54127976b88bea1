/** What a reading that came to its end without a fault shows as a whole. */
import { layer } from "../../decode/layer";
import { Signature } from "../../tables/signatures.gen";
import { SqlWord } from "../../tables/words.gen";
import { conditioned, truth, truthLast } from "./predicate";
import {
  Awaits,
  after,
  awaits,
  calling,
  complete,
  decided,
  finishPredicate,
  isWordlike,
  Leaf,
  last,
  lastButOne,
  lastFrom,
  lastUnclosed,
  leaf,
  leafTo,
  logicFirst,
  nameCount,
  operatorCount,
  ordering,
  Query,
  query,
  quote,
  show,
  showAll,
  tokenCount,
  wordLogic,
} from "./reading";
import { commentFrom, kind, Token, to } from "./token";

/** Words that a scanner leaves behind its comment are no longer than this. */
const TAIL_BYTES_MAX: u32 = 16;
/** Parentheses of the author's that a value closes before it truncates. */
const TOKENS_BEFORE_MAX: u32 = 8;

/** Whether the swallowed text is nothing, or one word set off by a blank: more is prose or code behind a quote. */
function isShortTail(): bool {
  let at = commentFrom;
  let end = to;
  while (at < end && load<u8>(at) <= 32) at++;
  while (end > at && load<u8>(end - 1) <= 32) end--;
  while (end > at && (load<u8>(end - 1) == 0x27 || load<u8>(end - 1) == 0x22)) end--;
  if (at == end) return true;
  if (at == commentFrom || end - at > <usize>TAIL_BYTES_MAX) return false;
  while (at < end) {
    const c = <u32>load<u8>(at++);
    if (!((c | 32) - 97 < 26 || c - 48 < 10)) return false;
  }
  return true;
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

/** The reading left a string of the author's. */
function concludeQuoted(truncated: bool): void {
  const reopened = after && !truncated && last == Token.STRING && lastUnclosed == quote;
  if (truncated && isShortTail()) {
    if (!operatorCount && tokenCount <= TOKENS_BEFORE_MAX) showAll(Signature.SQLI_TRUNCATE);
    else if (after && !nameCount) showAll(Signature.SQLI_OPERATOR);
  }
  if (query == Query.UNION && awaits == Awaits.ITEM && !truncated) showAll(Signature.SQLI_UNION);
  if (truth) showAll(Signature.SQLI_TAUTOLOGY);
  const spoken = wordLogic && after && operatorCount > 1 && isLeafWordlike();
  if (conditioned && (truncated || reopened || last == Token.SEMICOLON || spoken)) showAll(Signature.SQLI_CONDITION);
  if (reopened && operatorCount && !nameCount && isShortText() && !isDash()) showAll(Signature.SQLI_OPERATOR);
}

/** Whether the last token, a constant of the language, is NULL or another that is not simply true or false. */
function isNull(): bool {
  const c = <u32>load<u8>(lastFrom) | 32;
  return c != 0x74 && c != 0x66;
}

function concludeBare(truncated: bool): void {
  /* `2 or 3` may be prose; what follows a constant of the language, a NOT or stands in parentheses is not. */
  if (calling) showAll(Signature.SQLI_CALL);
  const plain = lastButOne != SqlWord.NOT && last != Token.CLOSE && (last != SqlWord.CONSTANT || isNull());
  const bare = truthLast && wordLogic && leaf == Leaf.VALUE && !plain && last != Token.STRING;
  if (bare || (truth && truncated)) showAll(Signature.SQLI_TAUTOLOGY);
  if (conditioned && (truncated || leaf == Leaf.VALUE || (logicFirst && after))) showAll(Signature.SQLI_CONDITION);
}

/** Called once where the tokens end. */
export function conclude(): void {
  const truncated = kind == Token.TRUNCATE;
  finishPredicate();
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
