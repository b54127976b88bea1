/**
 * What programs print that visitors should not read: errors of SQL engines with a piece of the statement, keys,
 * credentials, the answer of `id`, listings of folders, source text. Each is found at an anchor, a word that seldom
 * stands in a page, and then judged by what is around it.
 */
import { isAlpha, isDigit, isSpace, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { Signature } from "../../tables/signatures.gen";

/** Four letters with which a message is anchored, and how often each begins words of ordinary pages does not matter. */
const ANCHORS: string = "syntunclunteora-sqlsquotsqlipsqlbegiacceuid=indedirephp php*php-page";
const ANCHOR_COUNT: u32 = 17;

/** In the order of `ANCHORS`. */
enum Anchor {
  SYNTAX = 1,
  UNCLOSED = 2,
  UNTERMINATED = 3,
  ORA = 4,
  SQLSTATE = 5,
  QUOTED = 6,
  SQLITE = 7,
  PSQL = 8,
  BEGIN = 9,
  ACCESS = 10,
  UID = 11,
  INDEX = 12,
  DIRECTORY = 13,
  PHP = 14,
  PHP_LF = 15,
  PHP_CR = 16,
  PAGE = 17,
}

const SLOT_BITS: u32 = 10;
const FACTOR: u32 = 0x9e3779b1;
const FOLD: u32 = 0x20202020;
const slots: usize = memory.data(1 << SLOT_BITS, 16);
let indexed: bool = false;

function slotOf(key: u32): usize {
  return slots + <usize>((key * FACTOR) >> (32 - SLOT_BITS));
}

function keyOf(anchor: u32): u32 {
  const text = changetype<usize>(ANCHORS) + ((<usize>(anchor - 1)) << 3);
  const low = <u32>load<u16>(text) | ((<u32>load<u16>(text + 2)) << 8);
  return low | ((<u32>load<u16>(text + 4)) << 16) | ((<u32>load<u16>(text + 6)) << 24);
}

function indexAnchors(): void {
  indexed = true;
  for (let anchor: u32 = 1; anchor <= ANCHOR_COUNT; anchor++) store<u8>(slotOf(keyOf(anchor)), <u8>anchor);
}

/** Where the last message ends, as `messageAt` found it. */
export let messageEnd: usize = 0;

/** Bytes in front of an anchor, and behind it, that a message may take. */
const NEAR_BYTES: usize = 512;

/** Whether the lower-case text stands right behind `at`. */
function follows(at: usize, end: usize, text: string): bool {
  messageEnd = at + <usize>text.length;
  return at < end && startsLower(at, <u32>(end - at), text);
}

/** Whether the lower-case text stands right in front of `at`. */
function precedes(from: usize, at: usize, text: string): bool {
  const size = <usize>text.length;
  return at - from >= size && startsLower(at - size, <u32>size, text);
}

/** Whether the lower-case text stands within NEAR_BYTES behind `at`. */
function near(at: usize, end: usize, text: string): bool {
  const stop = at + NEAR_BYTES < end ? at + NEAR_BYTES : end;
  const first = <u32>load<u16>(changetype<usize>(text));
  for (; at < stop; at++) if ((<u32>load<u8>(at) | 32) == first && follows(at, end, text)) return true;
  return false;
}

/** MySQL, PostgreSQL, SQL Server and SQLite at the word "syntax". */
function isSyntaxError(from: usize, at: usize, end: usize): bool {
  const behind = at + 6;
  if (follows(behind, end, " error at or near ") || follows(behind, end, " to use near ")) return true;
  if (follows(behind, end, "; check the manual that ") && precedes(from, at, "error in your sql ")) return true;
  if (follows(behind, end, " near ") && precedes(from, at, "incorrect ")) return true;
  return follows(behind, end, " error") && precedes(from, at, '": ');
}

/** Oracle: `ORA-00933: SQL command not properly ended`. */
function isOracleError(at: usize, end: usize): bool {
  for (let i: usize = 4; i < 9; i++) if (at + i >= end || !isDigit(load<u8>(at + i))) return false;
  return follows(at + 9, end, ": ");
}

function isSqlError(anchor: u32, from: usize, at: usize, end: usize): bool {
  switch (anchor) {
    case Anchor.SYNTAX:
      return isSyntaxError(from, at, end);
    case Anchor.UNCLOSED:
      return follows(at, end, "unclosed quotation mark after the character string");
    case Anchor.UNTERMINATED:
      return follows(at, end, "unterminated quoted string at or near");
    case Anchor.ORA:
      return isOracleError(at, end);
    case Anchor.SQLSTATE:
      return follows(at, end, "sqlstate[") && findByte(at + 9, at + 16 < end ? at + 16 : end, 0x5d) == at + 14;
    case Anchor.QUOTED:
      return follows(at, end, "quoted string not properly terminated");
    case Anchor.SQLITE:
      return follows(at, end, "sqlite3.operationalerror:") || follows(at, end, "sqlite3::sqlexception:");
    case Anchor.PSQL:
      return follows(at, end, "psqlexception: error:");
    default:
      return false;
  }
}

/** A private key in PEM (RFC 7468): `-----BEGIN RSA PRIVATE KEY-----` and base64 behind it. */
function isPrivateKey(from: usize, at: usize, end: usize): bool {
  if (!precedes(from, at, "-----")) return false;
  let stop = at + 6;
  while (stop < end && stop < at + 40 && load<u8>(stop) != 0x2d) stop++;
  if (!follows(stop, end, "-----") || !precedes(at, stop, "private key")) return false;
  stop += 5;
  while (stop < end && isSpace(load<u8>(stop))) stop++;
  let digits: u32 = 0;
  while (stop < end && digits < 16 && (isAlpha(load<u8>(stop)) || isDigit(load<u8>(stop)))) {
    stop++;
    digits++;
  }
  messageEnd = stop;
  return digits == 16;
}

/** The answer of id(1): `uid=0(root) gid=0(root)`. */
function isIdentity(at: usize, end: usize): bool {
  let p = at + 4;
  while (p < end && isDigit(load<u8>(p))) p++;
  if (p == at + 4 || p == end || load<u8>(p) != 0x28) return false;
  const close = findByte(p, p + 40 < end ? p + 40 : end, 0x29);
  return follows(close, end, ") gid=") && close + 6 < end && isDigit(load<u8>(close + 6));
}

/** A folder's listing as web servers title it. */
function isListing(from: usize, at: usize, end: usize, text: string): bool {
  return follows(at, end, text) && (precedes(from, at, "<title>") || precedes(from, at, "<h1>"));
}

/**
 * Judges the word at `at` of [from, end).
 * @returns the signature it shows, its end in `messageEnd`, or 0
 */
export function messageAt(from: usize, at: usize, end: usize): u32 {
  if (!indexed) indexAnchors();
  const key = load<u32>(at) | FOLD;
  const anchor = <u32>load<u8>(slotOf(key));
  if (!anchor || keyOf(anchor) != key) return 0;
  if (isSqlError(anchor, from, at, end)) return Signature.INFOLEAK_SQL;
  switch (anchor) {
    case Anchor.BEGIN:
      return isPrivateKey(from, at, end) ? Signature.INFOLEAK_KEY : 0;
    case Anchor.ACCESS:
      return follows(at, end, 'accesskeyid"') && near(at, end, 'secretaccesskey"') ? Signature.INFOLEAK_CREDENTIAL : 0;
    case Anchor.UID:
      return isIdentity(at, end) ? Signature.INFOLEAK_COMMAND : 0;
    case Anchor.INDEX:
      return isListing(from, at, end, "index of /") ? Signature.INFOLEAK_LISTING : 0;
    case Anchor.DIRECTORY:
      return isListing(from, at, end, "directory listing for /") ? Signature.INFOLEAK_LISTING : 0;
    case Anchor.PHP:
    case Anchor.PHP_LF:
    case Anchor.PHP_CR:
      return precedes(from, at, "<?") && follows(at, end, "php") && isSpace(load<u8>(at + 3))
        ? Signature.INFOLEAK_SOURCE
        : 0;
    case Anchor.PAGE:
      return (precedes(from, at, "<%@ ") || precedes(from, at, "<%@")) && near(at, end, "%>")
        ? Signature.INFOLEAK_SOURCE
        : 0;
    default:
      return 0;
  }
}
