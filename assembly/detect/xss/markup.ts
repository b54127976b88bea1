/**
 * HTML: what a value would add to the page it is put into.
 *
 * The value may land in text, in an attribute of any quoting, in a comment or in raw text, so no single state of the
 * tokenizer (https://html.spec.whatwg.org/#tokenization) is right. One pass keeps two readings of "inside a tag" at
 * once: one honours quoted attribute values, the other ends a tag at any `>` and lets any `<` begin one, which is what
 * every other context amounts to. An attribute is judged at its `=`, wherever it stands; what runs script is an attack:
 * a script element with code or a source, an event handler that does something, a URL that runs script, a style that
 * does, an embedded document, a changed base. Outside tags, an attribute counts only where a value breaks out of one.
 */

import { Limit } from "../../abi/status";
import { isAlpha, isWord, startsLower } from "../../bytes/ascii";
import { findByte } from "../../bytes/scan";
import { layer } from "../../decode/layer";
import { Has } from "../../decode/profile";
import { reachLimit } from "../../decode/transaction";
import { affords, spend } from "../../decode/value";
import { Signature } from "../../tables/signatures.gen";
import { isReported, report } from "../match";
import { effectEnd, findEffect, Read } from "./effect";
import {
  Element,
  elementOf,
  isBindingName,
  isDirective,
  isEventName,
  isHandlerName,
  isSourceName,
  isTextName,
  named,
  readName,
} from "./element";
import { scanLeaving } from "./leaving";
import { marksIn } from "./marks";
import { dereference, referenceAt, referenceEnd } from "./reference";
import { styleRead, styleRuns } from "./style";
import { cursor, forgetScript, TOKEN_UNITS, wasted } from "./token";
import { clearTrail, onTrail, Trail } from "./trail";
import { bodyAt, bodyEnd, compactBody, dataIsPage, dataRuns, dataScheme, scriptScheme } from "./url";

/** Bytes of script or style looked at behind one attribute or tag. */
const WINDOW: usize = 2048;

let end: usize = 0;
/** Inside a tag, by the reading that ends it at any `>`. */
let flat: bool = false;
let flatElement: Element = Element.OTHER;
/** Inside a tag, by the reading that honours quotes. */
let strict: bool = false;
let strictElement: Element = Element.OTHER;
let quote: u32 = 0;
/**
 * Where a comment or an element of plain text ends inside what looks like a quoted value: if the value stands in one,
 * its markup begins there. 0 where there is none.
 */
let restartAt: usize = 0;
/** Whether backticks quote values, as they did in old browsers alone; the rest is read once more without them. */
let ticks: bool = true;
/** Times that the rest is read once more for it. */
const RESTARTS_MAX: u32 = 2;
let tagAt: usize = 0;
let linkRel: bool = false;
let linkHref: bool = false;
/** The tag has a handler; its language is VBScript, in which a handler need not look like a call. */
let handles: bool = false;
let basic: bool = false;
/** So are all scripts of the page. */
let basicPage: bool = false;
/** SVG or MathML began, where comments and sections stand inside scripts. */
let foreign: bool = false;
/** Scripts and styles inside attributes and elements may together cost this many times the layer, and a floor. */
const PASSES: u32 = 3;
const UNITS_FLOOR: u32 = 4096;
/** What a reading costs that ends at once; a mark costs 1. */
const READING_UNITS: i32 = 8;
/** What a byte costs that is passed in search of tags, in units. */
const TAG_UNITS: u32 = 1;
/** Work left for them. */
let budget: i32 = 0;
/** Up to here sheets, and styles of attributes, were read in which nothing was found. */
let sheetEnd: usize = 0;
let styleEnd: usize = 0;
/** The value's first character behind white space: a quote leaves an attribute, a `>` a tag. */
let opener: u32 = 0;

function isQuote(c: u32): bool {
  return c == 0x22 || c == 0x27 || c == 0x60;
}

/** Whether nothing but white space stands in [at, stop). */
function blank(at: usize, stop: usize): bool {
  while (at < stop && load<u8>(at) <= 32) at++;
  return at == stop;
}

function bounded(at: usize, stop: usize): usize {
  return stop - at > WINDOW ? at + WINDOW : stop;
}

/**
 * Whether [at, stop) does something. Where the readings of a layer have cost too much, nothing more is found, and the
 * layer counts as not looked at.
 */
function acts(at: usize, stop: usize, read: u32): bool {
  if (budget < 0) return false;
  if (read & Read.SHARED && !(read & Read.APART)) {
    if (onTrail(Trail.STRONG, at) || (!(read & Read.STRONG) && onTrail(Trail.WEAK, at))) return false;
  }
  const found = findEffect(at, stop, read, stop);
  budget -= <i32>(cursor - at) + wasted + READING_UNITS;
  return found;
}

/** Whether the style [at, stop) runs script; @returns address behind what shows it, or 0 */
function styles(at: usize, stop: usize, sheet: bool): usize {
  if (budget < 0) return 0;
  const found = styleRuns(at, stop, sheet);
  budget -= <i32>(stop - at) + READING_UNITS;
  return found;
}

/** A `<`: the beginning of a tag if a name follows. */
function onLess(at: usize): void {
  let p = at + 1;
  while (p < end && !load<u8>(p)) p++;
  if (p >= end) return;
  const c = <u32>load<u8>(p);
  const declared = c == 0x3f;
  if (declared || c == 0x2f) p++;
  if (p >= end || (!isAlpha(load<u8>(p)) && c != 0x2f)) return;
  const after = readName(p, end);
  if (quote && !restartAt && c == 0x2f && isTextName()) restartAt = at;
  let element = elementOf(declared);
  if (!foreign) foreign = named("svg") || named("math");
  if (after < end) {
    const next = <u32>load<u8>(after);
    if (next > 32 && next < 0x7f && next != 0x2f && next != 0x3e && next != 0x2b) element = Element.OTHER;
  }
  if (c == 0x2f && element != Element.OTHER) element = Element.OTHER;
  if (element == Element.IMPORT) report(Signature.XSS_FRAME, at, after);
  tagAt = at;
  linkRel = false;
  linkHref = false;
  handles = false;
  basic = false;
  flat = true;
  flatElement = element;
  if (quote) return;
  if (!strict || strictElement != Element.SCRIPT) strictElement = element;
  strict = true;
}

/** Bytes of a closed script's one word. */
const PROBE_BYTES_MAX: usize = 64;

/** Whether one word stands between the tags of an element: `<script>1</script>`; @returns where its end tag begins */
function closedElement(at: usize): usize {
  let word = false;
  const stop = end - at > PROBE_BYTES_MAX ? at + PROBE_BYTES_MAX : end;
  while (at < stop) {
    const c = <u32>load<u8>(at);
    if (c <= 32) return 0;
    if (c == 0x3c) break;
    if (isWord(c)) word = true;
    at++;
  }
  if (!word || at + 8 > end) return 0;
  const slash = load<u8>(at + 1) == 0x5c ? at + 2 : at + 1;
  return load<u8>(slash) == 0x2f && (<u32>load<u8>(slash + 1) | 32) == 0x73 ? at : 0;
}

/** @returns address behind the comment or section that pieces a script of SVG together, or 0 */
function piecedScript(at: usize): usize {
  const stop = end - at > PROBE_BYTES_MAX ? at + PROBE_BYTES_MAX : end;
  const less = findByte(at, stop, 0x3c);
  if (less + 2 >= end || less >= stop) return 0;
  const next = <u32>load<u8>(less + 1);
  return next == 0x21 || next == 0x3f ? less + 2 : 0;
}

/** The content of a script or style element begins at `at`. */
function onContent(element: Element, at: usize): void {
  if (element == Element.SCRIPT) {
    if (isReported(Signature.XSS_SCRIPT)) return;
    const piece = foreign ? piecedScript(at) : 0;
    if ((basic || basicPage) && !blank(at, bounded(at, end))) report(Signature.XSS_SCRIPT, tagAt, at);
    else if (piece) report(Signature.XSS_SCRIPT, tagAt, piece);
    else if (acts(at, end, Read.ANY | Read.SHARED | Read.STRONG)) {
      report(Signature.XSS_SCRIPT, tagAt, effectEnd > at ? effectEnd : at);
    } else {
      const close = closedElement(at);
      if (close) report(Signature.XSS_SCRIPT, tagAt, close);
    }
  } else if (element == Element.STYLE && at >= sheetEnd && !isReported(Signature.XSS_STYLE)) {
    const found = styles(at, bounded(at, end), true);
    sheetEnd = styleRead;
    if (found) report(Signature.XSS_STYLE, tagAt, found);
  }
}

/** Whether a comment ends with the `>` at `at`. */
function endsComment(at: usize): bool {
  if (at < layer.at + 3) return false;
  const dash = load<u8>(at - 1) == 0x21 ? at - 2 : at - 1;
  return load<u8>(dash) == 0x2d && load<u8>(dash - 1) == 0x2d;
}

function onGreater(at: usize): void {
  if (quote && !restartAt && endsComment(at)) restartAt = at + 1;
  if (flat) onContent(flatElement, at + 1);
  if (strict && !quote) {
    if (!flat || strictElement != flatElement) onContent(strictElement, at + 1);
    strict = false;
  }
  flat = false;
}

/** A quote: it opens a value where `=` stands before it, and closes the one it opened. */
function onQuote(at: usize, c: u32): void {
  if (quote == c) quote = 0;
  else if (strict && !quote && (c != 0x60 || ticks)) {
    let p = at;
    while (p > layer.at && load<u8>(p - 1) <= 32 && at - p < 16) p--;
    if (p > layer.at && load<u8>(p - 1) == 0x3d && findByte(at + 1, end, c) < end) {
      quote = c;
      if (c == 0x60 && !restartAt) restartAt = tagAt;
    }
  }
}

/** The first `>` that is known to come, to look for each but once. */
let greaterAt: usize = 0;
/** The first white space that is known to come. */
let blankAt: usize = 0;
/** The value behind an `=`. */
let valueAt: usize = 0;
let valueEnd: usize = 0;
let valueQuoted: bool = false;
/** A quote begins it, which closes here or, in the page, further on. */
let valueOpened: bool = false;
/**
 * Another reading of the value, or 0: with its backticks, which only old browsers read as quotes; or up to the end of
 * the tag, where no attribute can begin behind its closing quote, which then was a reference.
 */
let otherAt: usize = 0;
let otherEnd: usize = 0;
let nameAt: usize = 0;
let nameEnd: usize = 0;

/** Finds the name before the `=` at `at`; @returns false where there is none */
function findName(at: usize): bool {
  let p = at;
  while (p > layer.at && load<u8>(p - 1) <= 32 && at - p < 16) p--;
  nameEnd = p;
  while (p > layer.at && nameEnd - p < 40) {
    const c = <u32>load<u8>(p - 1);
    if (!isWord(c) && c != 0x3a && c != 0x2d && c) break;
    p--;
  }
  nameAt = p;
  return p < nameEnd;
}

/** Finds the value behind the `=`; unquoted, it goes on to the end of the tag, whose other attributes do no harm. */
function findValue(at: usize): void {
  let p = at + 1;
  while (p < end && load<u8>(p) <= 32) p++;
  valueQuoted = false;
  valueOpened = false;
  otherEnd = 0;
  if (greaterAt < p) greaterAt = findByte(p, end, 0x3e);
  if (p < end) {
    const c = <u32>load<u8>(p);
    if (isQuote(c)) {
      /* A doubled quote is one that was doubled on its way here, as in CSV. */
      if (p + 2 < end && load<u8>(p + 1) == c && isWord(load<u8>(p + 2))) p++;
      const close = findByte(p + 1, bounded(p, end), c);
      valueOpened = true;
      valueAt = p + 1;
      valueEnd = close;
      valueQuoted = close < end && load<u8>(close) == c;
      if (c == 0x60 || (valueQuoted && close + 1 < end && !endsValue(load<u8>(close + 1)))) {
        otherAt = c == 0x60 ? p : p + 1;
        otherEnd = c == 0x60 ? greaterAt : findByte(close, otherStop(close), 0x3e);
      }
      return;
    }
  }
  valueAt = p;
  valueEnd = greaterAt;
}

/** Whether an attribute, or the end of its tag, can stand behind a closing quote. */
function endsValue(c: u32): bool {
  return c <= 32 || c == 0x2f || c == 0x3e;
}

const OTHER_BYTES_MAX: usize = 256;

function otherStop(close: usize): usize {
  return end - close > OTHER_BYTES_MAX ? close + OTHER_BYTES_MAX : end;
}

function valueHas(literal: string): bool {
  const n = <u32>literal.length;
  let p = valueAt;
  while (p < valueEnd && load<u8>(p) <= 32) p++;
  if (<u32>(valueEnd - p) < n) return false;
  for (let i: u32 = 0; i < n; i++) {
    if ((<u32>load<u8>(p + <usize>i) | 32) != (<u32>load<u16>(changetype<usize>(literal) + ((<usize>i) << 1)) | 32))
      return false;
  }
  return true;
}

/** An attribute by what its element does with it. */
function judgeElement(element: Element): void {
  if (blank(valueAt, valueEnd)) return;
  if (element == Element.SCRIPT) {
    if (isSourceName()) report(Signature.XSS_SCRIPT, tagAt, valueEnd);
  } else if (element == Element.FRAME) {
    if (isSourceName() && !valueHas("about:")) report(Signature.XSS_FRAME, tagAt, valueEnd);
  } else if (element == Element.IFRAME) {
    if (!isSourceName() || valueHas("about:")) return;
    /* As editors write what people embed: quoted, encrypted, in a value that does not begin by leaving something. */
    const plain = valueQuoted && !isQuote(opener) && opener != 0x3e && valueHas("https://");
    report(plain ? Signature.XSS_EMBED : Signature.XSS_FRAME, tagAt, valueEnd);
  } else if (element == Element.BASE) {
    if (isSourceName()) report(Signature.XSS_FRAME, tagAt, valueEnd);
  } else if (element == Element.LINK) {
    if (isSourceName()) linkHref = true;
    if (named("rel") && (valueHas("stylesheet") || valueHas("import"))) linkRel = true;
    if (linkRel && linkHref) report(Signature.XSS_FRAME, tagAt, valueEnd);
  } else if (element == Element.PARAM) {
    const source = valueHas("url") || valueHas("movie") || valueHas("src");
    if (named("name") && source) report(Signature.XSS_FRAME, tagAt, valueEnd);
  } else if (element == Element.META && named("http-equiv")) {
    if (valueHas("refresh") || valueHas("set-cookie") || valueHas("content-security") || valueHas("link"))
      report(Signature.XSS_FRAME, tagAt, valueEnd);
  } else if (element == Element.META && named("charset") && valueMisreads()) {
    report(Signature.XSS_FRAME, tagAt, valueEnd);
  }
}

/** Whether the value is an encoding in which harmless bytes are tags. */
function valueMisreads(): bool {
  return valueHas("utf-7") || valueHas("x-imap4") || valueHas("x-mac-farsi") || valueHas("hz-gb") || valueHas("cp1025");
}

/** Whether the script of the URL that the value is does something without the line ends that the URL parser drops. */
function actsCompact(body: usize, stop: usize, read: u32): bool {
  if (budget < 0 || !compactBody(body, stop, false)) return false;
  budget -= <i32>(bodyEnd - bodyAt);
  return acts(bodyAt, bodyEnd, read);
}

/** Whether the value is a URL that runs script. */
function judgeUrl(read: u32): bool {
  const body = scriptScheme(valueAt, valueEnd);
  if (body) return acts(body, valueEnd, read) || actsCompact(body, valueEnd, read);
  const data = dataScheme(valueAt, valueEnd);
  if (!data || !dataRuns(data, valueEnd)) return false;
  const picture = flatElement == Element.OTHER && (named("src") || named("poster") || named("srcset"));
  return !picture || valueHas("data:text/html");
}

/** Whether the value's other reading is a URL that runs script. */
function otherUrl(): bool {
  const script = scriptScheme(otherAt, otherEnd);
  return script != 0 && acts(script, otherEnd, Read.ANY | Read.LOOSE);
}

/** Bytes of an unquoted value looked at behind the arrow of a function. */
const ARROW_BYTES_MAX: usize = 256;

/**
 * The `>` that ended an unquoted value may be that of an arrow, written as a reference. One of JSX stands in braces and
 * stays cut: there it is no attribute of HTML.
 */
function passArrow(): void {
  if (valueEnd >= end || valueEnd <= valueAt || load<u8>(valueEnd - 1) != 0x3d || load<u8>(valueAt) == 0x7b) return;
  const stop = end - valueEnd > ARROW_BYTES_MAX ? valueEnd + ARROW_BYTES_MAX : end;
  valueEnd = findByte(valueEnd + 1, stop, 0x3e);
}

/** Whether the last name read is of an attribute that says which language scripts are in. */
function namesLanguage(): bool {
  return named("language") || named("type") || named("contentscripttype");
}

/**
 * An expression that a framework runs. Only functions that count by themselves are effects: such expressions call the
 * page's own all the time. It may hold another expression in a string (`orderBy:'...'`).
 */
function judgeDirective(): void {
  if (isReported(Signature.XSS_HANDLER)) return;
  const read: u32 = valueQuoted ? 0 : Read.SHARED | Read.APART;
  if (acts(valueAt, valueEnd, read)) {
    report(Signature.XSS_HANDLER, nameAt, valueEnd);
    return;
  }
  if (!valueQuoted) return;
  let inner = valueAt;
  while (inner < valueEnd && !isQuote(load<u8>(inner))) inner++;
  if (inner + 1 < valueEnd && acts(inner + 1, valueEnd, 0)) report(Signature.XSS_HANDLER, nameAt, valueEnd);
}

/** Where the last value ends whose references were undone: an equals sign inside it begins no attribute. */
let undoneTo: usize = 0;

/** The value as the tokenizer of HTML gives it, its references undone. */
function judgeReferences(): void {
  if (budget < 0 || (valueAt < undoneTo && !isHandlerName())) return;
  let stop = valueEnd - valueAt > WINDOW ? valueAt + WINDOW : valueEnd;
  if (!valueOpened) {
    const most = stop;
    stop = valueAt;
    while (stop < most && load<u8>(stop) > 32) stop++;
  }
  undoneTo = stop;
  budget -= <i32>(stop - valueAt) * 2;
  if (!dereference(valueAt, stop)) return;
  const read: u32 = Read.ANY | Read.LOOSE;
  if (isHandlerName()) {
    if (acts(referenceAt, referenceEnd, read)) report(Signature.XSS_HANDLER, nameAt, valueEnd);
    return;
  }
  const body = scriptScheme(referenceAt, referenceEnd);
  if (body) {
    if (acts(body, referenceEnd, read) || actsCompact(body, referenceEnd, read)) {
      report(Signature.XSS_URL, nameAt, valueEnd);
    }
    return;
  }
  const data = dataScheme(referenceAt, referenceEnd);
  if (data && dataIsPage(data, referenceEnd)) report(Signature.XSS_URL, nameAt, valueEnd);
}

/** An attribute inside a tag; its name was just read. */
function judgeInTag(element: Element): void {
  if (isHandlerName()) {
    if (isReported(Signature.XSS_HANDLER)) return;
    handles = handles || !blank(valueAt, valueEnd);
    if (!valueOpened) passArrow();
    const bare: u32 = Read.ANY | Read.CODE | Read.SHARED;
    if (
      acts(valueAt, valueEnd, valueQuoted ? Read.ANY | Read.LOOSE : bare) ||
      (otherEnd && acts(otherAt, otherEnd, bare)) ||
      (handles && basic)
    ) {
      report(Signature.XSS_HANDLER, nameAt, valueEnd);
    }
    return;
  }
  if (namesLanguage() && (valueHas("vbs") || valueHas("text/vbs"))) {
    basic = true;
    if (named("contentscripttype")) basicPage = true;
    if (handles) report(Signature.XSS_HANDLER, nameAt, valueEnd);
  }
  if (isDirective(tagAt, nameAt, nameEnd)) judgeDirective();
  if (judgeUrl(Read.ANY | Read.LOOSE) || (otherEnd && otherUrl())) {
    report(Signature.XSS_URL, nameAt, valueEnd);
    return;
  }
  if (named("style")) {
    if (isReported(Signature.XSS_STYLE) || (!valueQuoted && valueAt < styleEnd)) return;
    const found = styles(valueAt, valueEnd, false);
    if (!valueQuoted) styleEnd = styleRead;
    if (found) report(Signature.XSS_STYLE, nameAt, found);
  } else if (named("attributename")) {
    if (valueHas("href") || valueHas("xlink:href") || valueHas("on") || valueHas("innerhtml")) {
      report(Signature.XSS_URL, nameAt, valueEnd);
    }
  } else if (named("srcdoc") || isBindingName()) report(Signature.XSS_FRAME, nameAt, valueEnd);
  else judgeElement(element);
}

/** Whether a quote begins the value, or stands before the name with nothing but separators of attributes between. */
function breaksOut(): bool {
  let p = nameAt;
  while (p > layer.at && (load<u8>(p - 1) <= 32 || load<u8>(p - 1) == 0x2f) && nameAt - p < 32) p--;
  return isQuote(opener) || (p > layer.at && isQuote(load<u8>(p - 1)));
}

/** An attribute outside of any tag: the value breaks out of an attribute of the page. */
function judgeBreak(at: usize): void {
  if (nameAt > layer.at) {
    const before = <u32>load<u8>(nameAt - 1);
    if (before > 32 && before < 0x7f && !isQuote(before) && before != 0x2f) return;
  }
  const event = (<u32>load<u8>(nameAt) | 32) == 0x6f && isEventName(nameAt, nameEnd);
  let p = at + 1;
  while (p < end && (load<u8>(p) <= 32 || isQuote(load<u8>(p)))) p++;
  if (p >= end) return;
  const style = !event && startsLower(nameAt, <u32>(nameEnd - nameAt), "style");
  const body: usize = event || style ? 0 : scriptScheme(p, end);
  if (!event && !style && !body) return;
  findValue(at);
  if (style) {
    if (isReported(Signature.XSS_STYLE) || (!valueQuoted && valueAt < styleEnd)) return;
    const found = styles(valueAt, valueEnd, false);
    if (!valueQuoted) styleEnd = styleRead;
    if (found) report(Signature.XSS_STYLE, nameAt, valueEnd);
    return;
  }
  if (isReported(Signature.XSS_ATTRIBUTE_BREAK)) return;
  if (!valueOpened) {
    if (blankAt < valueAt) {
      blankAt = valueAt;
      while (blankAt < end && load<u8>(blankAt) > 32) blankAt++;
    }
    if (blankAt < valueEnd) valueEnd = blankAt;
  }
  if (event) {
    const read = breaksOut() ? Read.ANY | (valueQuoted ? Read.LOOSE : 0) : Read.CODE;
    if (acts(valueAt, valueEnd, read)) report(Signature.XSS_ATTRIBUTE_BREAK, nameAt, valueEnd);
  } else if (body < valueEnd && acts(body, valueEnd, Read.SHARED | Read.APART)) {
    report(Signature.XSS_ATTRIBUTE_BREAK, nameAt, valueEnd);
  }
}

function onEquals(at: usize): void {
  if (!findName(at)) return;
  if (!flat && !strict) {
    judgeBreak(at);
    return;
  }
  findValue(at);
  readName(nameAt, nameEnd);
  judgeInTag(flat ? flatElement : strictElement);
  if (layer.has & Has.AMPERSAND && !(isReported(Signature.XSS_HANDLER) && isReported(Signature.XSS_URL))) {
    readName(nameAt, nameEnd);
    judgeReferences();
  }
  if (strict && flat && strictElement != flatElement) {
    readName(nameAt, nameEnd);
    judgeElement(strictElement);
  }
}

function onMark(at: usize): void {
  const c = <u32>load<u8>(at);
  if (c == 0x3d) onEquals(at);
  else if (c == 0x3c) onLess(at);
  else if (c == 0x3e) onGreater(at);
  else onQuote(at, c);
}

/** Reads the layer as HTML. */
export function scanMarkup(): void {
  const granted = min(<i32>(layer.size * PASSES + UNITS_FLOOR), affords(TOKEN_UNITS));
  budget = granted;
  readTags();
  if (!spend(layer.size * TAG_UNITS + <u32>(granted - budget) * TOKEN_UNITS) || budget < 0) reachLimit(Limit.FUEL);
}

/** Reads tags from `at` to the end. */
function readFrom(at: usize): void {
  flat = false;
  strict = false;
  quote = 0;
  greaterAt = 0;
  blankAt = 0;
  restartAt = 0;
  undoneTo = 0;
  for (let chunk = at; chunk < end; chunk += 16) {
    const left = <u32>(end - chunk);
    let marks = marksIn(chunk);
    if (left < 16) marks &= (1 << left) - 1;
    budget -= popcnt(marks);
    while (marks && budget >= 0) {
      onMark(chunk + <usize>ctz(marks));
      marks &= marks - 1;
    }
  }
}

function readTags(): void {
  end = layer.at + <usize>layer.size;
  foreign = false;
  basicPage = false;
  sheetEnd = 0;
  styleEnd = 0;
  forgetScript();
  clearTrail(Trail.CLOSER);
  clearTrail(Trail.WEAK);
  clearTrail(Trail.STRONG);
  let first = layer.at;
  while (first < end && load<u8>(first) <= 32) first++;
  opener = first < end ? <u32>load<u8>(first) : 0;
  ticks = true;
  readFrom(layer.at);
  ticks = false;
  for (let i: u32 = 0; i < RESTARTS_MAX && restartAt; i++) {
    budget -= <i32>(end - restartAt);
    readFrom(restartAt);
  }
  scanLeaving();
}
