/**
 * Bytes to SQL tokens with one of look-ahead, in the union of the dialects: what any server would read as a token is
 * one here. The reader never goes back: at most two visits a byte, and what is no SQL ends after a token or two.
 *
 * What serves an attacker is taken: comments are white space and so are the marks of versioned ones (MySQL 8.4 §11.7:
 * the code inside runs), numbers end where keywords begin (`1.union`), comments inside keywords are thought away.
 */
import { isAlpha, isDigit, isWord } from "../../bytes/ascii";
import { layer } from "../../decode/layer";
import { joinedWordPayload, wordPayload } from "../../decode/profile";
import { SQL_MASK, SQL_SHIFT, SqlWord } from "../../tables/words.gen";
import { isPlusBlank, mayFollowBraced } from "./blank";
import { familyKind } from "./family";
import { Token } from "./kind";

/** How comments are read that are none everywhere. */
export enum Dialect {
  /** What serves an attacker: the content of versioned ones runs, two dashes begin one whatever follows. */
  ANY = 0,
  /** Two dashes need a blank behind them, and only a line feed ends the line. */
  MYSQL = 1,
  /** The content of versioned ones is thought away, comments nest, and a hash is an operator (PostgreSQL). */
  OTHER = 2,
  /** As ANY, but a carriage return alone ends no line (SQLite). */
  LINES = 3,
}

/** Longest `[name]` of T-SQL: identifiers have at most 128 characters. */
const BRACKETED_BYTES_MAX: u32 = 128;
/** Longest word behind an opening brace, blanks included. */
const BRACED_BYTES_MAX: u32 = 24;
/** Longest comment that is thought away inside a word. */
const SPLIT_BYTES_MAX: u32 = 32;

let cursor: usize = 0;
/** From here on the bytes were not counted by `tokensPassed`. */
let counted: usize = 0;
let limit: usize = 0;
/** Whether a comment was met: the end of one that stands alone closes a versioned one, or one inside another. */
export let commented: bool = false;
let braces: u32 = 0;
/** Whether each quote of the code stands twice. */
let doubled: bool = false;
/** How comments are read that are none everywhere. */
let dialect: Dialect = Dialect.ANY;

/** The current token. */
export let kind: u32 = Token.END;
export let from: usize = 0;
export let to: usize = 0;
/** For a string: the quote that it lacks at the end, 0 if it is whole. */
export let unclosed: u32 = 0;
/** The token after it. */
export let nextKind: u32 = Token.END;
export let nextFrom: usize = 0;
export let nextTo: usize = 0;
let nextUnclosed: u32 = 0;
/** Where a truncating comment's text begins. */
export let commentFrom: usize = 0;
/** Whether a comment of the versioned kind, whose content runs, was met. */
export let versioned: bool = false;
/** A comment was met that MySQL reads in another way: two dashes without a blank, a line that ends in a bare CR. */
export let dashed: bool = false;
/** Met, too: a line's end that is none in SQLite, a comment inside another, a hash that is one in MySQL alone. */
export let returned: bool = false;
export let nested: bool = false;
export let hashed: bool = false;
/** A comment that ends, or a brace, was met in the code: prose and search syntaxes have neither between words. */
export let remarked: bool = false;
/** A line comment was met and a line behind it; one that stands right behind a token. */
export let lined: bool = false;
export let gluedLine: bool = false;
/** A number was met whose power is zero: it says the same without one, so only who hides it writes it. */
export let powered: bool = false;

/** Chooses a dialect for the readings that follow, and forgets what was met. */
export function chooseDialect(chosen: Dialect): void {
  dialect = chosen;
  versioned = false;
  dashed = false;
  hashed = false;
  returned = false;
  nested = false;
}

/**
 * Starts to read at `at`, in code; the first token is current afterwards.
 * @param twice whether a quote of the code is written as two
 */
export function tokensBegin(at: usize, end: usize, twice: bool): void {
  cursor = at;
  counted = at;
  doubled = twice;
  limit = end;
  commented = false;
  remarked = false;
  lined = false;
  gluedLine = false;
  powered = false;
  braces = 0;
  nextKind = Token.END;
  commentFrom = end;
  scan();
  advance();
}

/** @returns bytes passed since it was asked last, or since `tokensBegin` */
export function tokensPassed(): u32 {
  const before = counted;
  counted = cursor;
  return <u32>(cursor - before);
}

/** Whether what swallows the rest is a comment that never ends. */
export function isOpenComment(): bool {
  return commentFrom > layer.at && load<u8>(commentFrom - 1) == 0x2a;
}

/** Makes the next token current. */
export function advance(): void {
  kind = nextKind;
  from = nextFrom;
  to = nextTo;
  unclosed = nextUnclosed;
  if (kind != Token.TRUNCATE && kind != Token.END) scan();
}

function byteAt(at: usize): u32 {
  return at < limit ? <u32>load<u8>(at) : 0;
}

/** White space of any dialect, no-break spaces in Latin-1 and UTF-8 among it (MySQL, T-SQL). @returns its bytes or 0 */
function blankSize(at: usize): u32 {
  const c = <u32>load<u8>(at);
  if (c <= 32 || c == 0xa0) return 1;
  return c == 0xc2 && byteAt(at + 1) == 0xa0 ? 2 : 0;
}

/** Behind a carriage return: whether it ends the line by itself; it does not in MySQL. */
function endsLine(): bool {
  if (byteAt(cursor) == 10) return false;
  dashed = true;
  returned = true;
  return dialect != Dialect.MYSQL && dialect != Dialect.LINES;
}

/** Skips to behind the next line break. @returns false if there is none */
function skipLine(): bool {
  const start = cursor;
  while (cursor < limit) {
    const c = <u32>load<u8>(cursor++);
    if (c == 10 || (c == 13 && endsLine())) {
      passQuickly(start);
      return true;
    }
  }
  passQuickly(start);
  commentFrom = start;
  return false;
}

/** The version of a comment whose content runs has five or six digits; fewer belong to the content. */
function skipVersion(): void {
  let at = cursor;
  while (at < cursor + 6 && isDigit(byteAt(at))) at++;
  if (at > cursor + 4) cursor = at;
}

/** At a slash and a star. @returns false if the comment swallows the rest */
function skipComment(): bool {
  const start = cursor;
  commented = true;
  cursor += 2;
  let mark = byteAt(cursor);
  if (mark == 0x4d && byteAt(cursor + 1) == 0x21) {
    cursor++;
    mark = 0x21;
  }
  if (mark == 0x21) {
    versioned = true;
    if (dialect != Dialect.OTHER) {
      cursor++;
      remarked = true;
      skipVersion();
      return true;
    }
  }
  let inner: u32 = 0;
  while (cursor + 1 < limit) {
    const c = <u32>load<u8>(cursor);
    const next = <u32>load<u8>(cursor + 1);
    if (c == 0x2a && next == 0x2f) {
      cursor += 2;
      remarked = true;
      if (!inner) {
        passQuickly(start);
        return true;
      }
      inner--;
    } else if (c == 0x2f && next == 0x2a) {
      cursor += 2;
      nested = true;
      if (dialect == Dialect.OTHER) inner++;
      else cursor--;
    } else cursor++;
  }
  commentFrom = start + 2 < limit ? start + 2 : limit;
  cursor = limit;
  passQuickly(start);
  return false;
}

/**
 * ODBC's `{word operand}` means the operand; MySQL reads it as one, and takes any name in backticks as the word. Skips
 * an opening brace and its word. @returns whether it was one
 */
function skipBrace(): bool {
  let at = cursor + 1;
  const stop = at + <usize>BRACED_BYTES_MAX;
  while (at < stop && at < limit && load<u8>(at) <= 32) at++;
  const word = at;
  if (byteAt(at) == 0x60) {
    at++;
    while (at < stop && at < limit && load<u8>(at) != 0x60) at++;
    if (byteAt(at++) != 0x60) return false;
  } else {
    while (at < stop && at < limit && isWord(load<u8>(at))) at++;
    if (at == word || !mayFollowBraced(byteAt(at))) return false;
  }
  if (at >= limit) return false;
  cursor = at;
  braces++;
  remarked = true;
  return true;
}

/** `::type` of PostgreSQL changes nothing that counts here. */
function skipCast(): void {
  cursor += 2;
  while (cursor < limit && load<u8>(cursor) == 32) cursor++;
  while (cursor < limit && isWord(load<u8>(cursor))) cursor++;
}

/** At a hash: whether it begins a comment; it does in MySQL alone. */
function isHashComment(): bool {
  hashed = true;
  return dialect != Dialect.OTHER;
}

/** At two dashes: whether they begin a comment. */
function isDashComment(): bool {
  if (byteAt(cursor + 2) <= 32) return true;
  dashed = true;
  return dialect != Dialect.MYSQL;
}

/** Skips what separates tokens. @returns false if a comment swallowed the rest */
function skipBlank(): bool {
  /** Where the text of a comment begins behind whose line nothing stands: an author's next line may. */
  let line: usize = 0;
  while (cursor < limit) {
    const blank = blankSize(cursor);
    if (blank) {
      cursor += <usize>blank;
      continue;
    }
    const c = <u32>load<u8>(cursor);
    const next = byteAt(cursor + 1);
    if ((c == 0x23 && isHashComment()) || (c == 0x2d && next == 0x2d && isDashComment())) {
      const glued = cursor > layer.at && load<u8>(cursor - 1) > 32;
      cursor += c == 0x23 ? 1 : 2;
      line = cursor;
      if (!skipLine()) return false;
      lined = true;
      if (glued) gluedLine = true;
    } else if (c == 0x2f && next == 0x2a) {
      if (!skipComment()) return false;
    } else if (c == 0x2a && next == 0x2f && commented && (versioned || byteAt(cursor + 2) != 0x2a)) {
      cursor += 2;
    } else if (c == 0x3a && next == 0x3a) skipCast();
    else if (c == 0x2b && isPlusBlank(nextKind)) cursor++;
    else if (c == 0x7d && braces) {
      cursor++;
      braces--;
    } else if (c != 0x7b || !skipBrace()) return true;
  }
  if (!line) return true;
  commentFrom = line;
  return false;
}

function take(found: u32, size: u32): void {
  nextKind = found;
  nextFrom = cursor;
  cursor += <usize>size;
  if (cursor > limit) cursor = limit;
  nextTo = cursor;
}

/** Reads the next token into the look-ahead. */
function scan(): void {
  nextUnclosed = 0;
  if (!skipBlank()) {
    nextKind = Token.TRUNCATE;
    nextFrom = commentFrom;
    nextTo = limit;
    cursor = limit;
    return;
  }
  if (cursor >= limit) {
    take(Token.END, 0);
    return;
  }
  const c = <u32>load<u8>(cursor);
  if (isAlpha(c) || c == 0x5f || c >= 0x80) scanWord();
  else if (isDigit(c) || (c == 0x2e && isDigit(byteAt(cursor + 1)))) scanNumber();
  else if (c == 0x27 || c == 0x22 || c == 0x60) scanString(cursor, c);
  else scanSymbol(c);
}

/** A string from its quote on; `at` may lie after `cursor` when a prefix belongs to the token. */
function scanString(at: usize, quote: u32): void {
  nextKind = quote == 0x60 ? <u32>Token.NAME : <u32>Token.STRING;
  nextFrom = cursor;
  nextUnclosed = quote;
  at++;
  if (doubled && byteAt(at) == quote) at++;
  while (at < limit) {
    const c = <u32>load<u8>(at);
    if (c == 0x5c) at++;
    else if (c == quote) {
      if (doubled || byteAt(at + 1) != quote) {
        if (doubled && byteAt(at + 1) == quote) at++;
        nextUnclosed = 0;
        at++;
        break;
      }
      at++;
    }
    at++;
  }
  const from = cursor;
  cursor = at < limit ? at : limit;
  nextTo = cursor;
  passQuickly(from);
}

/** Literals and comments are passed in few steps a byte: a quarter of their bytes counts as read. */
function passQuickly(from: usize): void {
  counted += ((cursor - from) >> 2) * 3;
}

function isNamePart(at: usize): bool {
  const c = <u32>load<u8>(at);
  if (isWord(c) || c == 0x24) return true;
  if (c < 0x80) return false;
  if (c == 0xa0) return load<u8>(at - 1) >= 0x80;
  return c != 0xc2 || byteAt(at + 1) != 0xa0;
}

function wordKind(at: usize, size: u32): u32 {
  return (wordPayload(at, size) >> SQL_SHIFT) & SQL_MASK;
}

/** A comment right after the first half of a keyword and before its second. @returns the kind, with `cursor` moved */
function splitWord(end: usize): u32 {
  let at = end + 2;
  const stop = at + <usize>SPLIT_BYTES_MAX;
  while (at < stop && !(byteAt(at) == 0x2a && byteAt(at + 1) == 0x2f)) at++;
  at += 2;
  if (at >= limit || at > stop || !isAlpha(load<u8>(at))) return 0;
  const second = at;
  const last = at + <usize>SPLIT_BYTES_MAX;
  while (at < limit && at < last && isWord(load<u8>(at))) at++;
  const payload = joinedWordPayload(cursor, <u32>(end - cursor), second, <u32>(at - second));
  const found = (payload >> SQL_SHIFT) & SQL_MASK;
  if (found != SqlWord.UNION && found != SqlWord.SELECT) return 0;
  take(found, <u32>(at - cursor));
  return found;
}

function scanWord(): void {
  let at = cursor + 1;
  while (at < limit && isNamePart(at)) at++;
  const size = <u32>(at - cursor);
  const c = byteAt(at);
  let found = size > 1 ? wordKind(cursor, size) : 0;
  if (!found) {
    const quoted = c == 0x27 || c == 0x22;
    if (quoted && (size == 1 || load<u8>(cursor) == 0x5f)) {
      scanString(at, c);
      return;
    }
    if (c == 0x2f && byteAt(at + 1) == 0x2a && splitWord(at)) return;
    found = size > 3 ? familyKind(cursor, size) : 0;
    if (!found) found = Token.NAME;
  }
  take(found, size);
}

/** A number, up to where a keyword begins; digits that run into other letters are a name. */
function scanNumber(): void {
  let at = cursor;
  const mark = byteAt(at + 1) | 32;
  if (load<u8>(at) == 0x30 && (mark == 0x78 || mark == 0x62) && isWord(byteAt(at + 2))) {
    at += 2;
    while (at < limit && isWord(load<u8>(at))) at++;
    take(Token.NUMBER, <u32>(at - cursor));
    return;
  }
  while (at < limit && isDigit(load<u8>(at))) at++;
  if (byteAt(at) == 0x2e) {
    at++;
    while (at < limit && isDigit(load<u8>(at))) at++;
  }
  let signed = false;
  if ((byteAt(at) | 32) == 0x65) {
    let power = at + 1;
    /* `1.e(`: MySQL forgives the missing power. */
    if (load<u8>(at - 1) == 0x2e && (power >= limit || !isNamePart(power))) at = power;
    const sign = byteAt(power) == 0x2b || byteAt(power) == 0x2d;
    if (sign) power++;
    if (isDigit(byteAt(power))) {
      at = power;
      signed = sign;
      while (at < limit && load<u8>(at) == 0x30) at++;
      if (!isDigit(byteAt(at))) powered = true;
      while (at < limit && isDigit(load<u8>(at))) at++;
    }
  }
  /* Behind a signed power letters are no part of the number: a second name follows without a blank. */
  if (at < limit && !signed && isNamePart(at)) {
    let end = at;
    while (end < limit && isNamePart(end)) end++;
    /* Oracle's literals may end in a letter of their type: `1d`, `1f`. */
    const suffix = byteAt(at) | 32;
    if ((suffix == 0x64 || suffix == 0x66) && end - at > 1 && wordKind(at + 1, <u32>(end - at - 1))) at++;
    if (!wordKind(at, <u32>(end - at))) {
      take(Token.NAME, <u32>(end - cursor));
      return;
    }
  }
  take(Token.NUMBER, <u32>(at - cursor));
}

/** `@name`, `@@name`, `@'name'`. */
function scanVariable(): void {
  let at = cursor + 1;
  const system = byteAt(at) == 0x40;
  if (system) at++;
  const quote = byteAt(at);
  const name = at;
  while (at < limit && isNamePart(at)) at++;
  if (at > name) take(system ? <u32>Token.SYSTEM_VARIABLE : <u32>Token.VARIABLE, <u32>(at - cursor));
  else if (quote == 0x27 || quote == 0x22 || quote == 0x60) {
    scanString(at, quote);
    nextKind = system ? <u32>Token.SYSTEM_VARIABLE : <u32>Token.VARIABLE;
  } else take(at == limit || !system ? <u32>Token.VARIABLE : <u32>Token.BAD, <u32>(at - cursor));
}

/** A name between marks, of which the second is at `end`: the server's own tables are so in them too. */
function takeName(end: usize): void {
  const system = wordKind(cursor + 1, <u32>(end - cursor - 1)) == SqlWord.SYSTEM;
  take(system ? <u32>SqlWord.SYSTEM : <u32>Token.NAME, <u32>(end + 1 - cursor));
}

/** Whether a byte may stand in a name in brackets; SQLite takes all, but lists have commas. */
function isBracketed(at: usize): bool {
  const c = <u32>load<u8>(at);
  return isNamePart(at) || c == 32 || c == 0x2e || c == 0x22 || c == 0x27;
}

/** `[name]` of T-SQL and SQLite. */
function scanBracket(): void {
  let at = cursor + 1;
  const stop = at + <usize>BRACKETED_BYTES_MAX;
  while (at < limit && at < stop && isBracketed(at)) at++;
  if (byteAt(at) == 0x5d && at > cursor + 1) takeName(at);
  else take(Token.BAD, 1);
}

/** `$$text$$`, `$tag$text$tag$` and `$name`. */
function scanDollar(): void {
  let at = cursor + 1;
  if (byteAt(at) == 0x24) {
    at++;
    while (at + 1 < limit && !(load<u8>(at) == 0x24 && load<u8>(at + 1) == 0x24)) at++;
    take(Token.STRING, <u32>(at + 2 - cursor));
    return;
  }
  while (at < limit && isNamePart(at) && load<u8>(at) != 0x24) at++;
  if (byteAt(at) == 0x24 && at > cursor + 1) scanTagged(<u32>(at + 1 - cursor));
  else take(at > cursor + 1 ? <u32>Token.NAME : <u32>Token.BAD, <u32>(at - cursor));
}

/** `$tag$text$tag$`; without its end everything is text. */
function scanTagged(tagSize: u32): void {
  const size = <usize>tagSize;
  let at = cursor + size;
  while (at < limit) {
    if (load<u8>(at) == 0x24 && at + size <= limit && load<u8>(at + size - 1) == 0x24) {
      let same: usize = 1;
      while (same < size && load<u8>(at + same) == load<u8>(cursor + same)) same++;
      if (same == size) {
        take(Token.STRING, <u32>(at + size - cursor));
        return;
      }
    }
    at++;
  }
  take(Token.STRING, <u32>(limit - cursor));
}

/** `<`, `>`, `=`, `!` and what they are followed by. */
function scanCompare(c: u32): void {
  const next = byteAt(cursor + 1);
  if (c == 0x21) {
    if (next == 0x7e) take(Token.COMPARE, 2);
    else if (next == 0x3d || next == 0x3c || next == 0x3e) take(Token.COMPARE, byteAt(cursor + 2) == 0x3d ? 3 : 2);
    else take(SqlWord.NOT, 1);
  } else if ((c == 0x3c || c == 0x3e) && next == c) take(Token.ARITHMETIC, 2);
  else if (c == 0x3c && next == 0x3d && byteAt(cursor + 2) == 0x3e) take(Token.COMPARE, 3);
  else if (next == 0x3d || (c == 0x3c && next == 0x3e)) take(Token.COMPARE, byteAt(cursor + 2) == 0x3d ? 3 : 2);
  else take(Token.COMPARE, 1);
}

/** `~`, or `~*`, which compares, but for a comment's end. */
function scanTilde(next: u32): void {
  if (next == 0x2a && byteAt(cursor + 2) != 0x2f) take(Token.COMPARE, 2);
  else take(Token.TILDE, 1);
}

/** Kind of a sign that is a token by itself whatever follows, 0 if it is none. */
function singleKind(c: u32): u32 {
  if (c == 0x28) return Token.OPEN;
  if (c == 0x29) return Token.CLOSE;
  if (c == 0x2c) return Token.COMMA;
  if (c == 0x2e) return Token.DOT;
  if (c == 0x3b) return Token.SEMICOLON;
  if (c == 0x2a) return Token.STAR;
  if (c == 0x5d) return Token.BRACKET_CLOSE;
  if (c == 0x2b) return Token.SIGN;
  if (c == 0x3f) return Token.VARIABLE;
  return c == 0x23 || c == 0x2f || c == 0x25 || c == 0x5e ? <u32>Token.ARITHMETIC : 0;
}

function scanSymbol(c: u32): void {
  const single = singleKind(c);
  if (single) {
    take(single, 1);
    return;
  }
  const next = byteAt(cursor + 1);
  switch (c) {
    case 0x2d:
      if (next == 0x3e) take(Token.ARITHMETIC, byteAt(cursor + 2) == 0x3e ? 3 : 2);
      else take(Token.SIGN, 1);
      return;
    case 0x7e:
      scanTilde(next);
      return;
    case 0x7c:
    case 0x26:
      take(next == c ? <u32>SqlWord.LOGIC : <u32>Token.ARITHMETIC, next == c ? 2 : 1);
      return;
    case 0x21:
    case 0x3c:
    case 0x3d:
    case 0x3e:
      scanCompare(c);
      return;
    case 0x3a:
      take(next == 0x3d ? <u32>Token.COMPARE : <u32>Token.BAD, next == 0x3d ? 2 : 1);
      return;
    case 0x40:
      scanVariable();
      return;
    case 0x5b:
      scanBracket();
      return;
    case 0x24:
      scanDollar();
      return;
    case 0x5c:
      if (next == 0x4e) take(SqlWord.CONSTANT, 2);
      else take(Token.BAD, 1);
      return;
    default:
      take(Token.BAD, 1);
  }
}
