/**
 * What names denote in a browser's script: which are global objects, which functions run code, which properties send a
 * page elsewhere. The names stand in tables/source/words/html.tsv.
 */
import { equalsLower, startsLower } from "../../bytes/ascii";
import {
  HTML_MASK,
  HTML_SHIFT,
  HtmlWord,
  JS_MASK,
  JS_SHIFT,
  JsWord,
  MEMBER_MASK,
  MEMBER_SHIFT,
  MemberWord,
} from "../../tables/words.gen";

/** What the operand before the cursor denotes. */
export enum Is {
  NOTHING = 0,
  /** Some operand. */
  OTHER,
  GLOBAL,
  DOCUMENT,
  LOCATION,
  /** A function that runs code or shows a dialog. */
  SINK,
  CODE,
  /** A function that compiles its first argument if that is a string. */
  TIMER,
  /** `x.constructor`, which is Function if x is a function. */
  BUILD,
  /** The Function constructor. */
  FUNCTION,
  /** The prototype that all objects of a kind share, reached by `constructor`, or a member of it. */
  PROTO,
  /** A string of known text. */
  TEXT,
  REGEX,
  SECRET,
  MARKUP,
  HANDLER,
  /** A method that calls its argument. */
  EACH,
  /** An array that holds a sink. */
  BOX,
  /** A member of a global object under a computed name. */
  COMPUTED,
  /** A pattern that takes a function that counts out of what is assigned to it. */
  PATTERN,
  /** A function that makes elements. */
  MAKER,
  /** A script element that the text itself has made. */
  LOADER,
  /** What such an element loads or runs. */
  SOURCE,
}

function jsWord(payload: u32): u32 {
  return (payload >> JS_SHIFT) & JS_MASK;
}

function memberWord(payload: u32): u32 {
  return (payload >> MEMBER_SHIFT) & MEMBER_MASK;
}

function isEvent(payload: u32): bool {
  return ((payload >> HTML_SHIFT) & HTML_MASK) == HtmlWord.EVENT;
}

/** Whether the word is a scheme that runs script. */
export function isScheme(payload: u32): bool {
  return ((payload >> HTML_SHIFT) & HTML_MASK) == HtmlWord.SCHEME;
}

/** What the member that the payload names denotes on `owner`. */
export function memberOf(owner: Is, payload: u32): Is {
  const global = owner == Is.GLOBAL;
  switch (jsWord(payload)) {
    case JsWord.SINK:
      return global ? Is.SINK : Is.OTHER;
    case JsWord.TIMER:
      return global ? Is.TIMER : Is.OTHER;
    case JsWord.CODE:
      return global || owner == Is.DOCUMENT ? Is.CODE : Is.OTHER;
    case JsWord.GLOBAL:
      return global || owner == Is.DOCUMENT ? Is.GLOBAL : Is.OTHER;
    case JsWord.DOCUMENT:
      return global ? Is.DOCUMENT : Is.OTHER;
    case JsWord.LOCATION:
      return global || owner == Is.DOCUMENT ? Is.LOCATION : Is.OTHER;
    case JsWord.BUILD:
      return owner == Is.BUILD || owner == Is.SINK ? Is.FUNCTION : Is.BUILD;
    default:
  }
  switch (memberWord(payload)) {
    case MemberWord.WRITE:
      return owner == Is.DOCUMENT ? Is.SINK : Is.OTHER;
    case MemberWord.SECRET:
      return owner == Is.DOCUMENT ? Is.SECRET : Is.OTHER;
    case MemberWord.MARKUP:
      return Is.MARKUP;
    case MemberWord.PROTO:
      return owner == Is.BUILD || owner == Is.FUNCTION ? Is.PROTO : Is.OTHER;
    case MemberWord.VIA:
      if (owner == Is.SINK || owner == Is.CODE || owner == Is.FUNCTION || owner == Is.COMPUTED) return owner;
      return Is.EACH;
    case MemberWord.EACH:
      return owner == Is.LOCATION ? Is.SINK : Is.EACH;
    case MemberWord.GO:
      return owner == Is.LOCATION ? Is.LOCATION : Is.OTHER;
    default:
  }
  if (owner == Is.PROTO) return Is.PROTO;
  return isEvent(payload) ? Is.HANDLER : Is.OTHER;
}

/** What the member [at, at + size) of `owner` denotes that no word of the table names. */
export function partOf(owner: Is, at: usize, size: u32): Is {
  if (owner == Is.REGEX) return equalsLower(at, size, "source") ? Is.TEXT : Is.OTHER;
  if (isMaker(at, size)) return Is.MAKER;
  if (owner != Is.LOADER) return Is.OTHER;
  return equalsLower(at, size, "src") || equalsLower(at, size, "text") ? Is.SOURCE : Is.OTHER;
}

function isMaker(at: usize, size: u32): bool {
  return size == 13 && equalsLower(at, size, "createelement");
}

/** Whether a member of the page's address holds what the sender of a link has written there. */
export function isSource(at: usize, size: u32): bool {
  return equalsLower(at, size, "hash") || equalsLower(at, size, "search") || equalsLower(at, size, "href");
}

/** Whether the name in [at, end) is that of a function which turns an object into a value (ECMA-262 §7.1.1). */
export function converts(at: usize, end: usize): bool {
  const size = <u32>(end - at);
  return startsLower(at, size, "tostring") || startsLower(at, size, "valueof") || startsLower(at, size, "[symbol.top");
}

/** Whether the text in [at, end) is an address on another site, or one that holds its own content. */
export function isForeign(at: usize, end: usize): bool {
  const size = <u32>(end - at);
  if (startsLower(at, size, "http:") || startsLower(at, size, "https:") || startsLower(at, size, "data:")) return true;
  return size > 2 && isSlash(load<u8>(at)) && isSlash(load<u8>(at + 1));
}

function isSlash(c: u32): bool {
  return c == 0x2f || c == 0x5c;
}

/** What a name that is no member denotes. */
export function nameOf(payload: u32, at: usize, size: u32): Is {
  if (size == 8 && load<u8>(at) == 0x46 && load<u8>(at + 1) == 0x75 && load<u8>(at + 7) == 0x6e) return Is.FUNCTION;
  switch (jsWord(payload)) {
    case JsWord.SINK:
      return Is.SINK;
    case JsWord.TIMER:
      return Is.TIMER;
    case JsWord.CODE:
      return Is.CODE;
    case JsWord.GLOBAL:
      return Is.GLOBAL;
    case JsWord.DOCUMENT:
      return Is.DOCUMENT;
    case JsWord.LOCATION:
      return Is.LOCATION;
    case JsWord.BUILD:
      return Is.BUILD;
    default:
  }
  if (memberWord(payload) == MemberWord.WRITE) return Is.CODE;
  if (isEvent(payload)) return Is.HANDLER;
  return isMaker(at, size) ? Is.MAKER : Is.OTHER;
}
