/** Small changes of a value that runs code, most of which leave it running: the adaptive attacker's moves. */
import { attackOf, type Walk } from "./grammar.ts";

const SPACES = [" ", "\t", "\n", "\f", "\r", "/", "  ", " / "];
const FRONTS = [
  "",
  "x ",
  "<b>hi</b>",
  "</p>",
  "<svg>",
  "<math>",
  "<select>",
  "<!-- -->",
  "1 < 2 ",
  "<p title='",
  '<a b="">',
  "]]>",
];
const BACKS = ["", " x", "//", "<!--", "</p>", " y='", "\n", ";", "<b>", " -- "];
const SIGNS = [
  "'",
  '"',
  "`",
  "<",
  ">",
  "/",
  "=",
  "&",
  "\\",
  ";",
  "\u0000",
  "\u0001",
  "\u00a0",
  "\u2028",
  "(",
  ")",
  "#",
  "%",
  "{",
  "}",
  "-",
  "!",
  "*",
];
const EVENTS = ["onclick", "onfocus", "onwheel", "onscrollend", "onpointerdown", "onbeforetoggle", "onerror", "onload"];
const TAGS = ["img", "svg", "x-y", "p", "a", "details", "q", "input", "custom", "video", "nav", "s"];
const ROOTS = ["window", "self", "globalThis", "this", "top", "parent", "frames"];

/** Applies `change` to one place, chosen at random, where the expression matches. */
function atOne(walk: Walk, value: string, expression: RegExp, change: (found: string) => string): string {
  const found = [...value.matchAll(expression)];
  if (found.length === 0) return value;
  const { 0: text, index } = walk.pick(found);
  return value.slice(0, index) + change(text) + value.slice(index + text.length);
}

function insert(walk: Walk, value: string, text: string): string {
  const at = walk.below(value.length + 1);
  return value.slice(0, at) + text + value.slice(at);
}

function split(walk: Walk, word: string): string {
  if (word.length < 3) return word;
  const cut = 1 + walk.below(word.length - 2);
  return walk.pick([
    `${word.slice(0, cut)}'+'${word.slice(cut)}`,
    `${word.slice(0, cut)}"+"${word.slice(cut)}`,
    `${word.slice(0, cut)}\`+\`${word.slice(cut)}`,
    `${word.slice(0, cut)}\\x${word.charCodeAt(cut).toString(16).padStart(2, "0")}${word.slice(cut + 1)}`,
  ]);
}

function referenceOf(walk: Walk, c: string): string {
  const code = c.codePointAt(0) ?? 0;
  return walk.pick([`&#${code};`, `&#x${code.toString(16)};`, `&#0${code}`, `&#x00${code.toString(16)};`]);
}

/** Calls the function in another way. */
function recall(walk: Walk, sink: string): string {
  return walk.pick([
    `(${sink})`,
    `[${sink}][0]`,
    `${walk.pick(ROOTS)}.${sink}`,
    `${walk.pick(ROOTS)}['${split(walk, sink)}']`,
    `${walk.pick(ROOTS)}["${split(walk, sink)}"]`,
    `${walk.pick(ROOTS)}[\`${sink}\`]`,
    `${sink}?.`,
    `(x=>x)(${sink})`,
    `(0,${sink})`,
    `(a=${sink})`,
    `{}[0]||${sink}`,
    `${sink}.bind()`,
    `new Proxy(${sink},{})`,
    `\\u00${sink.charCodeAt(0).toString(16)}${sink.slice(1)}`,
    `\\u{${sink.charCodeAt(0).toString(16)}}${sink.slice(1)}`,
    `${walk.pick(ROOTS)}[atob('${Buffer.from(sink).toString("base64")}')]`,
    `Object.values({${sink}})[0]`,
    `(function(){return ${sink}})()`,
    `window[(${sink}+'').match(/\\w+ (\\w+)/)[1]]`,
  ]);
}

/** @returns the value with one change */
export function mutate(walk: Walk, value: string): string {
  const moves: readonly (() => string)[] = [
    () => atOne(walk, value, /[a-zA-Z]/g, (c) => (walk.chance(50) ? c.toUpperCase() : c.toLowerCase())),
    () => atOne(walk, value, /\s|\//g, () => walk.pick(SPACES)),
    () => atOne(walk, value, /=/g, () => walk.pick([" =", "= ", "\n=\t", "\f=", "=\u0000"])),
    () => atOne(walk, value, /[a-z():;'".]/gi, (c) => referenceOf(walk, c)),
    () => atOne(walk, value, /(?<=<)[a-z][\w-]*/gi, () => walk.pick(TAGS)),
    () =>
      atOne(
        walk,
        value,
        /(?<=<[a-z][\w-]*)(?=[\s/])/gi,
        () => ` ${walk.pick(["a", "b=c", "c='>'", 'd=">"', "e=`", "data-x", "="])}`,
      ),
    () => atOne(walk, value, /\bon[a-z]+(?=\s*=)/gi, () => walk.pick(EVENTS)),
    () => atOne(walk, value, /\b(?:alert|confirm|prompt|print|eval)\b/g, (sink) => recall(walk, sink)),
    () => atOne(walk, value, /\b(?:alert|confirm|prompt|print)\b/g, (sink) => recall(walk, sink)),
    () =>
      atOne(walk, value, /\(1\)/g, () =>
        walk.pick(["`1`", "(1,2)", "(/*x*/1)", "(\n1)", " (1)", "/**/(1)", "?.(1)", ".call(1)", "(...[1])"]),
      ),
    () => atOne(walk, value, /\b[a-z]{4,}\b/gi, (word) => split(walk, word)),
    () => atOne(walk, value, /(?<![\w.])[a-z]/gi, (c) => `\\u00${c.charCodeAt(0).toString(16)}`),
    () => atOne(walk, value, /(?<=javascript:.*)[a-z(]/gi, (c) => `%${c.charCodeAt(0).toString(16)}`),
    () =>
      atOne(walk, value, /(?<=j|a|v|s|c|r|i|p)(?=[avscript])/gi, () =>
        walk.pick(["\t", "\n", "&Tab;", "&NewLine;", "&#10;"]),
      ),
    () =>
      atOne(
        walk,
        value,
        /[(;,+=[{]/g,
        (c) => c + walk.pick([" ", "\n", "/**/", "/*'*/", '/*"*/', "//\n", "\u2028", "\u00a0", "void 0,", "1,", "!"]),
      ),
    () => atOne(walk, value, /["'`]/g, () => walk.pick(["'", '"', "`", "&quot;", "&#39;"])),
    () => walk.pick(FRONTS) + value,
    () => value + walk.pick(BACKS),
    () => insert(walk, value, walk.pick(SIGNS)),
    () => insert(walk, value, walk.pick(SIGNS)),
    () => {
      const at = walk.below(value.length);
      return value.slice(0, at) + value.slice(at + 1 + walk.below(3));
    },
    () => {
      const at = walk.below(value.length);
      return value.slice(0, at) + value.slice(at, at + 1 + walk.below(6)).repeat(2) + value.slice(at + 1);
    },
    () => insert(walk, value, attackOf(walk).value.slice(0, 1 + walk.below(12))),
  ];
  return walk.pick(moves)();
}
