/**
 * LDAP injection (RFC 4515, the string form of search filters).
 *
 * What an attack IS: a value for an assertion, `(uid=VALUE)`, that
 *   - closes the author's filter and goes on as filters do, to the value's end, with a test of its own: of an attribute
 *     that directories have, for presence (`=*`), of a constant, or the absolute `(&)`; the author's closing brackets
 *     end what it leaves open,
 *   - closes it and ends in a NUL byte, which cuts off the rest,
 *   - or opens a list behind a wildcard: `*(|(mail=*))`, which lenient readers take.
 * What is none: brackets in prose, formulas, code and smileys: an opening one comes first there, or what follows is no
 * filter. A complete filter is what a directory's tools send; only one that tests a stored password or a constant is
 * told apart.
 */
import { endsLower, isAlpha, isDigit, isRow, isSpace } from "../bytes/ascii";
import { findByte, findEither } from "../bytes/scan";
import { layer } from "../decode/layer";
import { Has } from "../decode/profile";
import { spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { QUERY_SHIFT, QueryWord } from "../tables/words.gen";
import { skipSpace, valueStart } from "./break";
import { report } from "./match";

/** Longest text in front of a list that opens. What closes a filter may stand behind a text of any length. */
const ASSERTION_MAX: usize = 256;

/** Attributes that no text names by chance (RFC 4519, 2798, 2307; Active Directory schema). */
const ATTRIBUTES: string = `objectclass
objectcategory
uid
cn
dn
samaccountname
userprincipalname
serviceprincipalname
useraccountcontrol
givenname
memberof
uniquemember
distinguishedname
entrydn
uidnumber
gidnumber
homedirectory
loginshell
mail
telephonenumber
userid
password
`;
/** Attributes that hold passwords. */
const SECRETS: string = `userpassword
unicodepwd
dbcspwd
ntpwdhistory
lmpwdhistory
sambantpassword
sambalmpassword
krbprincipalkey
ms-mcs-admpwd
pwdhistory
`;

/** Whether the current layer can hold such an attack. */
export function ldapiGate(): bool {
  if (layer.has & Has.CLOSE) return (layer.has & SIGNS) != 0;
  return (layer.has & Has.COLON) != 0 && ((layer.words >> QUERY_SHIFT) & QueryWord.SECRET) == QueryWord.SECRET;
}

/** Signs without which a bracket closes no filter: a test's, a list's, the end of a text in C. */
const SIGNS: u32 = Has.EQUALS | Has.AMPERSAND | Has.PIPE | Has.CONTROL;

/** What the filters that were read test. */
let effect: bool = false;
let secret: bool = false;
let truncated: bool = false;
/** Where reading ended. */
let readTo: usize = 0;

/** Whether the bytes are digits and a letter at most: no attribute, so a constant. */
function isConstant(at: usize, end: usize): bool {
  if (at == end) return false;
  while (at < end) if (!isDigit(load<u8>(at++))) return false;
  return true;
}

function isAttributeByte(c: u32): bool {
  return isAlpha(c) || isDigit(c) || c == 0x2d || c == 0x2e || c == 0x3b;
}

/** Weighs the test of an attribute for the assertion [at, stop). */
function weigh(attribute: usize, size: u32, at: usize, stop: usize): void {
  if (isRow(SECRETS, attribute, size)) {
    secret = true;
    effect = true;
  } else if (isConstant(attribute, attribute + <usize>size) && isConstant(at, stop)) {
    secret = true;
    effect = true;
  } else if (isRow(ATTRIBUTES, attribute, size) || endsLower(attribute, size, "password")) effect = true;
  else if (stop - at < 64 && isAlpha(load<u8>(attribute)) && findByte(at, stop, 0x2a) < stop) effect = true;
}

/** Reads `attribute OP assertion`. @returns where it ends: at a bracket, a NUL or the end; 0 if it is none */
function testEnd(at: usize, end: usize): usize {
  const attribute = at;
  while (at < end && isAttributeByte(load<u8>(at))) at++;
  const size = <u32>(at - attribute);
  if (at == end) return end;
  let c = <u32>load<u8>(at);
  if (c == 0x3a) {
    /* A matching rule: `attribute:rule:=`, `attribute:dn:rule:=`. */
    while (at < end && (load<u8>(at) == 0x3a || isAttributeByte(load<u8>(at)))) at++;
    c = at < end ? <u32>load<u8>(at) : 0;
  } else if (c == 0x3e || c == 0x3c || c == 0x7e) c = ++at < end ? <u32>load<u8>(at) : 0;
  if (!size || c != 0x3d) return 0;
  const value = ++at;
  while (at < end && load<u8>(at) && load<u8>(at) != 0x28 && load<u8>(at) != 0x29) at++;
  weigh(attribute, size, value, at);
  return at;
}

/** What `readFilters` gives where the bytes are no filters. */
const UNREADABLE: i32 = -1000000;

/**
 * Reads filters from `at` to the end or to a NUL.
 * @returns brackets open at the end, which may be below 0; or UNREADABLE
 */
function readFilters(at: usize, end: usize): i32 {
  const depth = countBrackets(at, end);
  /* Most texts end it at the first sign behind their first bracket. */
  return spend(<u32>(readTo - at) * 4) ? depth : UNREADABLE;
}

function countBrackets(at: usize, end: usize): i32 {
  let depth: i32 = 0;
  effect = false;
  secret = false;
  truncated = false;
  while (at < end) {
    readTo = at;
    const c = <u32>load<u8>(at++);
    if (c == 0) {
      truncated = true;
      return depth;
    }
    if (c == 0x29) {
      depth--;
      continue;
    }
    if (isSpace(c)) continue;
    if (c == 0x28) {
      depth++;
      at = skipSpace(at, end);
    } else at--;
    const sign = at < end ? <u32>load<u8>(at) : 0;
    if (sign == 0x26 || sign == 0x7c || sign == 0x21) {
      at++;
      /* An empty list, which the author's bracket may close; or a test right behind, which lenient readers take. */
      if (c == 0x28 && sign != 0x21 && (at == end || load<u8>(at) == 0x29)) effect = true;
      if (c != 0x28 || at == end || !isAlpha(load<u8>(at))) continue;
    }
    if (c != 0x28) return UNREADABLE;
    if (at == end || load<u8>(at) == 0x28 || load<u8>(at) == 0x29) continue;
    at = testEnd(at, end);
    if (!at) return UNREADABLE;
  }
  readTo = end;
  return depth;
}

/** The value behind its first bracket, which closes the author's filter. */
function readBroken(first: usize, end: usize): void {
  const depth = readFilters(first, end);
  if (depth == UNREADABLE) return;
  if (effect) report(Signature.LDAPI_FILTER, first, end);
  else if (truncated && layer.opaque < 3) report(Signature.LDAPI_TRUNCATE, first, end);
}

/** Whether a list of filters opens behind a wildcard or a word: `*(|(`. */
function opensList(first: usize, end: usize): bool {
  if (first - layer.at > ASSERTION_MAX || first + 3 > end) return false;
  for (let at = layer.at; at < first; at++) if (isSpace(load<u8>(at))) return false;
  const sign = <u32>load<u8>(first + 1);
  return (sign == 0x7c || sign == 0x26) && load<u8>(first + 2) == 0x28;
}

/** Looks for such attacks in the current layer. */
export function ldapiLex(): void {
  if (!ldapiGate() || !spend(layer.size >> 2)) return;
  const end = layer.at + <usize>layer.size;
  const start = skipSpace(valueStart(), end);
  const first = findEither(start, end, 0x28, 0x29);
  if (first == end) {
    /* A test without brackets, as a filter's only part: `userPassword:2.5.13.18:=x`. */
    effect = false;
    secret = false;
    const colon = findByte(start, end, 0x3a);
    if (colon < end && isRow(SECRETS, start, <u32>(colon - start)) && testEnd(start, end) && secret) {
      report(Signature.LDAPI_SECRET, start, end);
    }
    return;
  }
  if (load<u8>(first) == 0x29) {
    readBroken(first, end);
    return;
  }
  if (first == start) {
    if (readFilters(first, end) == 0 && secret) report(Signature.LDAPI_SECRET, start, end);
  } else if (opensList(first, end) && readFilters(first, end) != UNREADABLE && effect) {
    report(Signature.LDAPI_FILTER, first, end);
  }
}
