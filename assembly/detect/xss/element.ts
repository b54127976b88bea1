/** Names of HTML elements and attributes that matter, and how they are read off a tag. */
import { isAlpha, isWord, lower } from "../../bytes/ascii";
import { wordPayload } from "../../decode/profile";
import { HTML_MASK, HTML_SHIFT, HtmlWord } from "../../tables/words.gen";

/** The elements that are more than text, by what they do. */
export enum Element {
  OTHER = 0,
  SCRIPT = 1,
  /** Embeds a document or a program: `object`, `embed`. */
  FRAME = 2,
  LINK = 3,
  META = 4,
  BASE = 5,
  STYLE = 6,
  /** `<?xml-stylesheet`, `<?import`, `<import>`. */
  IMPORT = 7,
  /** Tells an object what to load. */
  PARAM = 8,
  /** Embeds a document: `iframe`. */
  IFRAME = 9,
}

const NAME_MAX: u32 = 32;
/** The last name read, in lower case and without the NULs that old browsers skipped. */
const name: usize = memory.data(NAME_MAX, 16);
let nameSize: u32 = 0;

function isNamePart(c: u32): bool {
  return isWord(c) || c == 0x3a || c == 0x2d || c == 0x2e || !c;
}

/** @returns address behind the name at `at` */
export function readName(at: usize, end: usize): usize {
  nameSize = 0;
  while (at < end) {
    const c = <u32>load<u8>(at);
    if (!isNamePart(c)) break;
    if (c) {
      if (nameSize < NAME_MAX) store<u8>(name + <usize>nameSize, lower(c));
      nameSize++;
    }
    at++;
  }
  return at;
}

/** Whether the last name read is the lower-case literal. */
export function named(literal: string): bool {
  const n = <u32>literal.length;
  if (nameSize != n) return false;
  for (let i: u32 = 0; i < n; i++) {
    if (<u32>load<u8>(name + <usize>i) != <u32>load<u16>(changetype<usize>(literal) + ((<usize>i) << 1))) return false;
  }
  return true;
}

/** Drops the namespace prefix of the last name read: `x:script`. */
function dropPrefix(): void {
  if (nameSize > NAME_MAX) return;
  let local: u32 = 0;
  for (let i: u32 = 0; i < nameSize; i++) if (load<u8>(name + <usize>i) == 0x3a) local = i + 1;
  if (!local || local == nameSize) return;
  memory.copy(name, name + <usize>local, nameSize - local);
  nameSize -= local;
}

/** @returns which element the name just read is; `declared` for a name behind `<?` */
export function elementOf(declared: bool): Element {
  dropPrefix();
  if (declared) return named("xml-stylesheet") || named("import") ? Element.IMPORT : Element.OTHER;
  switch (nameSize) {
    case 4:
      if (named("link")) return Element.LINK;
      if (named("meta")) return Element.META;
      return named("base") ? Element.BASE : Element.OTHER;
    case 5:
      if (named("style")) return Element.STYLE;
      if (named("param")) return Element.PARAM;
      return named("frame") || named("embed") || named("layer") ? Element.FRAME : Element.OTHER;
    case 6:
      if (named("script")) return Element.SCRIPT;
      if (named("import")) return Element.IMPORT;
      if (named("iframe")) return Element.IFRAME;
      return named("object") || named("applet") || named("portal") || named("ilayer") ? Element.FRAME : Element.OTHER;
    case 11:
      return named("fencedframe") ? Element.FRAME : Element.OTHER;
    default:
      return Element.OTHER;
  }
}

/** Whether the last name read is of an element whose content is text, so that only its own end tag ends it. */
export function isTextName(): bool {
  switch (nameSize) {
    case 3:
      return named("xmp");
    case 5:
      return named("title") || named("style");
    case 6:
      return named("script") || named("iframe");
    case 7:
      return named("noembed");
    case 8:
      return named("textarea") || named("noscript") || named("noframes");
    default:
      return false;
  }
}

/** Whether the last name read can be an event handler's: `on` and at least three letters. */
export function isHandlerName(): bool {
  if (nameSize < 5 || nameSize > NAME_MAX) return false;
  if (load<u8>(name) != 0x6f || load<u8>(name + 1) != 0x6e) return false;
  for (let i: u32 = 2; i < nameSize; i++) if (!isAlpha(load<u8>(name + <usize>i))) return false;
  return true;
}

/** Whether [at, end) is the name of an event handler of the standard, as the pass over the layer has seen it. */
export function isEventName(at: usize, end: usize): bool {
  return ((wordPayload(at, <u32>(end - at)) >> HTML_SHIFT) & HTML_MASK) == HtmlWord.EVENT;
}

/** How directives begin, whose values a page's framework runs: those of AngularJS, Vue, Alpine, htmx, Knockout. */
const DIRECTIVES: string = `@
:
v-
x-
ng-
ng:
hx-on
data-ng-
data-x-
data-hx-on
data-bind
`;
/** Bytes of a directive's name in front of its last part, as `v-on:` and `click.` in `v-on:click.once`. */
const DIRECTIVE_MAX: usize = 40;

function isSeparator(c: u32): bool {
  return c <= 32 || c == 0x22 || c == 0x27 || c == 0x2f || c - 0x3c < 3 || c == 0x60;
}

/** Whether the attribute whose name ends with the part at `part`, behind `first`, is a directive of a framework. */
export function isDirective(first: usize, part: usize, end: usize): bool {
  let at = part;
  while (at > first && part - at < DIRECTIVE_MAX && !isSeparator(load<u8>(at - 1))) at--;
  const size = <u32>(end - at);
  let row = changetype<usize>(DIRECTIVES);
  const stop = row + ((<usize>DIRECTIVES.length) << 1);
  while (row < stop) {
    let i: u32 = 0;
    while (i < size && load<u16>(row) != 0x0a && <u32>load<u16>(row) == <u32>lower(load<u8>(at + <usize>i))) {
      i++;
      row += 2;
    }
    if (load<u16>(row) == 0x0a) return i < size || i > 3;
    while (load<u16>(row) != 0x0a) row += 2;
    row += 2;
  }
  return false;
}

/** Whether the last name read is of an attribute that binds an element to foreign data (Internet Explorer). */
export function isBindingName(): bool {
  return named("datasrc") || named("dataformatas");
}

/** Whether the last name read is of an attribute that names what its element loads. */
export function isSourceName(): bool {
  dropPrefix();
  switch (nameSize) {
    case 3:
      return named("src");
    case 4:
      return named("href") || named("data") || named("code");
    case 5:
      return named("movie");
    case 6:
      return named("srcdoc");
    case 7:
      return named("archive");
    case 8:
      return named("codebase");
    default:
      return false;
  }
}
