/**
 * XPath and XQuery injection (XPath 1.0 to 3.1).
 *
 * What an attack IS: a value that leaves its string or its predicate and goes on with an operator of the language, and
 * behind that asks for nodes that the author did not: by an axis (`child::`), a path (`//user`, `/*[`), a test of node
 * kinds (`text()`), a function of names, positions or counts, or by loading a document; or a union with a path of its
 * own. Plain conditions, `' or '1'='1`, are SQL too (sqli/). What is none: a path as the whole value, as test tools,
 * scrapers and telemetry send it. It opens its strings and brackets before it closes them.
 */
import { equalsLower, isAlpha, isDigit, isRow, isWord, startsLower } from "../bytes/ascii";
import { layer } from "../decode/layer";
import { Has } from "../decode/profile";
import { spend } from "../decode/value";
import { Signature } from "../tables/signatures.gen";
import { QUERY_SHIFT, QueryWord } from "../tables/words.gen";
import { behindPlain, behindQuote, breakCloses, skipSpace, stringEnd, valueStart, wordEnd } from "./break";
import { report } from "./match";

/** Bytes behind a break in which its effect must show, and what is left of them in values that are longer. */
const REACH_MAX: u32 = 2048;
const REACH_FAR: u32 = 256;

/** Axes (XPath 3.1, 3.3.2.1). */
const AXES: string = `child
parent
self
ancestor
ancestor-or-self
descendant
descendant-or-self
following
following-sibling
preceding
preceding-sibling
attribute
namespace
`;
/** Tests of node kinds and functions of the context, called with nothing (XPath 1.0, 2.3 and 4). */
const EMPTY: string = `text
node
comment
processing-instruction
position
last
name
local-name
namespace-uri
current
`;
/** Functions that no other language has under these names; `name` and its kind take a path. */
const FUNCTIONS: string = `name
local-name
namespace-uri
string-length
normalize-space
starts-with
substring-before
substring-after
generate-id
system-property
string-to-codepoints
codepoints-to-string
`;
/** Functions that load (XPath Functions 3.1, 14.6; XSLT 1.0, 12.1). */
const LOADERS: string = `doc
doc-available
document
unparsed-text
unparsed-text-available
collection
json-doc
`;

/** Whether the current layer can hold such an attack. */
export function xpathGate(): bool {
  if (!(layer.has & (Has.OPEN | Has.SLASH | Has.COLON))) return false;
  if (!(layer.has & (Has.SINGLE | Has.DOUBLE | Has.BRACKET | Has.CLOSE))) return false;
  if ((layer.has & (Has.PIPE | Has.SLASH)) == (Has.PIPE | Has.SLASH)) return true;
  return ((layer.words >> QUERY_SHIFT) & QueryWord.TREE) != 0 || (layer.has & (Has.SLASH | Has.STAR)) == PATHS;
}

/** What `//*` has, which needs no word. */
const PATHS: u32 = Has.SLASH | Has.STAR;

/** End of a name with dashes, as functions and axes have them. */
function nameEnd(at: usize, end: usize): usize {
  while (at < end && (isWord(load<u8>(at)) || load<u8>(at) == 0x2d)) at++;
  return at;
}

function next(at: usize, end: usize): u32 {
  at = skipSpace(at, end);
  return at < end ? <u32>load<u8>(at) : 0;
}

/** Whether a location path begins at a slash: `//name`, `/*[`, `/name/`, and no comment or address. */
function isPath(at: usize, end: usize): bool {
  if (at + 1 >= end) return false;
  let c = <u32>load<u8>(at + 1);
  if (c == 0x2f) {
    c = at + 2 < end ? <u32>load<u8>(at + 2) : 0;
    return isAlpha(c) || c == 0x2a || c == 0x40 || c == 0x2e;
  }
  if (c == 0x2a) {
    c = next(at + 2, end);
    return !c || c == 0x5b || c == 0x2f || c == 0x29 || c == 0x5d || c == 0x7c || c == 0x3d;
  }
  return false;
}

/** Whether behind `()` comes what an expression has there, and no word of a sentence. */
function goesOn(open: usize, end: usize): bool {
  const at = skipSpace(skipSpace(open + 1, end) + 1, end);
  if (at >= end || !isWord(load<u8>(at))) return true;
  const size = <u32>(wordEnd(at, end) - at);
  return equalsLower(at, size, "or") || equalsLower(at, size, "and") || equalsLower(at, size, "mod");
}

/** What a name at `at` does, with what stands behind it; 0 for nothing. */
function judgeName(at: usize, stop: usize, end: usize): Signature {
  const size = <u32>(stop - at);
  const open = skipSpace(stop, end);
  if (open + 1 >= end) return <Signature>0;
  if (load<u8>(open) == 0x3a && load<u8>(open + 1) == 0x3a) {
    return isRow(AXES, at, size) ? Signature.XPATH_CONDITION : <Signature>0;
  }
  if (load<u8>(open) != 0x28) return <Signature>0;
  const c = next(open + 1, end);
  if (c == 0x29 && isRow(EMPTY, at, size)) return goesOn(open, end) ? Signature.XPATH_CONDITION : <Signature>0;
  if (isRow(LOADERS, at, size)) return c == 0x27 || c == 0x22 || isAlpha(c) ? Signature.XPATH_FETCH : <Signature>0;
  return isRow(FUNCTIONS, at, size) ? Signature.XPATH_CONDITION : <Signature>0;
}

/** Reads on behind an operator for what asks for nodes. @returns whether something was reported */
function readEffects(from: usize, at: usize, end: usize): bool {
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (c == 0x27 || c == 0x22) {
      at = stringEnd(at, end);
    } else if (isAlpha(c)) {
      const stop = nameEnd(at, end);
      const found = judgeName(at, stop, end);
      if (found) {
        report(found, from, stop);
        return true;
      }
      at = stop;
    } else if (c == 0x3a && at + 2 < end && load<u8>(at + 1) == 0x2f && load<u8>(at + 2) == 0x2f) {
      /* An address: no step begins behind a colon. */
      at += 3;
    } else if (c == 0x2f && isPath(at, end)) {
      report(Signature.XPATH_CONDITION, from, at + 2);
      return true;
    } else at++;
  }
  return false;
}

/** End of an operator that joins conditions or compares, at `at`; 0 if there is none. */
function operatorEnd(at: usize, end: usize): usize {
  const c = <u32>load<u8>(at);
  if (c == 0x3d || c == 0x3c || c == 0x3e || c == 0x2b) return at + 1;
  if (c == 0x21) return at + 1 < end && load<u8>(at + 1) == 0x3d ? at + 2 : 0;
  const stop = wordEnd(at, end);
  const size = <u32>(stop - at);
  if (equalsLower(at, size, "or") || equalsLower(at, size, "and") || equalsLower(at, size, "div")) return stop;
  return 0;
}

/** A union with a path: `| //user`, `| /*`, `|child::node()`. @returns where the path begins, or 0 */
function unionPath(at: usize, end: usize, quoted: bool): usize {
  if (load<u8>(at) != 0x7c) return 0;
  at = skipSpace(at + 1, end);
  if (at + 1 >= end || load<u8>(at) == 0x7c) return 0;
  if (load<u8>(at) == 0x2f) return isPath(at, end) || (quoted && isAlpha(load<u8>(at + 1))) ? at : 0;
  const stop = nameEnd(at, end);
  return startsLower(stop, <u32>(end - stop), "::") && isRow(AXES, at, <u32>(stop - at)) ? at : 0;
}

/** What a byte costs behind an operator, in units. */
const BYTE_UNITS: u32 = 4;

/** Bytes behind `at` that are read: in a long text, which may be source, only what stands near belongs together. */
function reachOf(at: usize, end: usize): u32 {
  const most = layer.size > REACH_MAX ? REACH_FAR : REACH_MAX;
  const left = <u32>(end - at);
  return left < most ? left : most;
}

/** Reads on behind a break. @returns whether something was reported */
function readOn(at: usize, end: usize, quoted: bool): bool {
  const path = unionPath(at, end, quoted);
  if (path) {
    report(Signature.XPATH_UNION, at, path + 1);
    return true;
  }
  const stop = operatorEnd(at, end);
  if (!stop) return false;
  const reach = reachOf(stop, end);
  return spend(reach * BYTE_UNITS) && readEffects(at, stop, stop + <usize>reach);
}

/** Whether the value begins with a number, or leaves brackets that it did not open. */
function beginsNumber(): bool {
  const end = layer.at + <usize>layer.size;
  const start = skipSpace(valueStart(), end);
  let at = start;
  while (at < end && isDigit(load<u8>(at))) at++;
  return at > start;
}

/** Looks for such attacks in the current layer. */
export function xpathLex(): void {
  if (!xpathGate() || !spend(layer.size >> 2)) return;
  const end = layer.at + <usize>layer.size;
  for (let quote: u32 = 0x22; quote <= 0x27; quote += 5) {
    const at = behindQuote(quote);
    if (!at) continue;
    if (readOn(at, end, true)) return;
  }
  const at = behindPlain();
  if (!at || !(breakCloses || beginsNumber())) return;
  readOn(at, end, false);
}
