/**
 * Makes template attacks and near misses from a grammar: expressions that compute with constants or walk to the runtime
 * in every spelling that the engines accept, and what users of the same languages write all day. Whether a text is an
 * attack is not said here but by the engines (render.py).
 */
import { pick, type Random } from "../../bench/random.ts";

/** A text, and what its constants give where it computes with any. */
export interface TemplateCase {
  readonly text: string;
  readonly sentinel: string | null;
}

type Rule = (random: Random) => TemplateCase;

const TOKEN_NAME = "MERLON_ORACLE";
const BEFORE = ["", "", "", "Hello ", "a=1&b=", "x' ", '"> ', "Ann\n", "{{ name }} ", "100% "];
const BEHIND = ["", "", "", " and more", "'", "\n", " {{ count }}"];
const FUNCTIONS = ["lipsum", "cycler.__init__", "joiner.__init__", "namespace.__init__"];
/** Objects whose classes have no keys of their own: `list['x']` is a type, not a step. */
const OBJECTS = ["''", '""', "user", "label", "name", "5", "True"];

function space(random: Random): string {
  return pick(random, ["", "", " ", "  "]);
}

function quoted(random: Random, text: string): string {
  const quote = pick(random, ["'", '"']);
  return `${quote}${text}${quote}`;
}

/** A step to an attribute, in one of its spellings. */
function step(random: Random, from: string, name: string): string {
  const cut = 3 + random(name.length - 4);
  const pieces = [name.slice(0, cut), name.slice(cut)].map((piece) => quoted(random, piece));
  const escaped = name.replaceAll("_", "\\x5f");
  switch (random(6)) {
    case 0:
      return `(${from})|attr(${quoted(random, name)})`;
    case 1:
      return `(${from})[${quoted(random, name)}]`;
    case 2:
      return `(${from})[${pieces.join(pick(random, ["+", "~", " + "]))}]`;
    case 3:
      return `(${from})[${quoted(random, escaped)}]`;
    default:
      return `(${from}).${name}`;
  }
}

function walk(random: Random, from: string, names: readonly string[]): string {
  return names.reduce((value, name) => step(random, value, name), from);
}

/** An expression of Jinja2 that reaches the runtime. */
function jinjaReach(random: Random): string {
  const globals = walk(random, pick(random, FUNCTIONS), ["__globals__"]);
  switch (random(6)) {
    case 0:
      return `((${globals})['os']).environ['${TOKEN_NAME}']`;
    case 1:
      return `((${globals}).os).popen('printenv ${TOKEN_NAME}').read()`;
    case 2:
      return `(${walk(random, pick(random, OBJECTS), ["__class__", "__mro__"])})[-1]`;
    case 3:
      return `(${walk(random, pick(random, OBJECTS), ["__class__", "__base__", "__subclasses__"])})()`;
    case 4:
      return pick(random, ["config.SECRET_KEY", "config['SECRET_KEY']"]);
    default:
      return walk(random, pick(random, OBJECTS), ["__class__"]);
  }
}

function around(random: Random, text: string): string {
  return `${pick(random, BEFORE)}${text}${pick(random, BEHIND)}`;
}

function jinjaFrame(random: Random, expression: string): string {
  const s = space(random);
  switch (random(6)) {
    case 0:
      return `{%${s}set x = ${expression}${s}%}{{ x }}`;
    case 1:
      return `{%-${s}print(${expression})${s}-%}`;
    case 2:
      return `{%${s}for x in [${expression}]${s}%}{{ x }}{% endfor %}`;
    case 3:
      return `{{-${s}${expression}${s}-}}`;
    default:
      return `{{${s}${expression}${s}}}`;
  }
}

function reaching(random: Random): TemplateCase {
  switch (random(7)) {
    case 3:
      return { text: around(random, `{{${space(random)}config.items()${space(random)}}}`), sentinel: null };
    case 0:
      return { text: around(random, `{% import os %}{{ os.environ['${TOKEN_NAME}'] }}`), sentinel: null };
    case 1:
      return { text: around(random, `<%${space(random)} import os %>\${os.environ['${TOKEN_NAME}']}`), sentinel: null };
    case 2:
      return { text: around(random, `\${self.module.cache.util.os.environ['${TOKEN_NAME}']}`), sentinel: null };
    default:
      return { text: around(random, jinjaFrame(random, jinjaReach(random))), sentinel: null };
  }
}

/** Constants, and what they give. */
function constants(random: Random): { readonly text: string; readonly value: string } {
  const a = 101 + random(8_999);
  const b = 101 + random(899);
  const s = space(random);
  switch (random(5)) {
    case 0:
      return { text: `${a}${s}+${s}${b}`, value: String(a + b) };
    case 1:
      return { text: `(${a}${s}*${s}${b})`, value: String(a * b) };
    case 2:
      return { text: `3*${quoted(random, `z${b}`)}`, value: `z${b}z${b}z${b}` };
    case 3:
      return { text: `${a}*${s}${b}-${s}1`, value: String(a * b - 1) };
    default:
      return { text: `${a}${s}*${s}${b}`, value: String(a * b) };
  }
}

function computing(random: Random): TemplateCase {
  const { text, value } = constants(random);
  const s = space(random);
  const a = 1_000 + random(8_999);
  switch (random(7)) {
    case 0:
      return { text: around(random, `\${${s}${text}${s}}`), sentinel: value };
    case 1:
      return { text: around(random, `{%${s}print(${text})${s}%}`), sentinel: value };
    case 2:
      return { text: around(random, `{{${a}|add:7000}}`), sentinel: String(a + 7_000) };
    case 3:
      return { text: around(random, `{{${quoted(random, "Zq")}.upper()${s}}}`), sentinel: "ZQ" };
    default:
      return { text: around(random, `{{${s}${text}${s}}}`), sentinel: value };
  }
}

const READS = [
  ...["name", "user.name", "user.first_name", "user.id", "count", "price * count", "(price + count) * 2", "items[0]"],
  ...["items | join(', ')", "name | upper", "label | default('none')", "count + 1", "price / 4", "config.title"],
  ...["'yes' if count else 'no'", "user.first_name | lower", "items | length", "count == 3", "not count", "'a.key'"],
  ...["name ~ '!'", "config['title']", "range(3) | list", "items | first", "loop.index", "label.upper()"],
];
const TEXTS = [
  ...["Dear {{ name }}, you owe us {{ price }} for {{ count }} things.", "{% if count %}yes{% else %}no{% endif %}"],
  ...["{% for i in items %}{{ i }}, {% endfor %}", "{# 7*7 #} a comment", "{% raw %}{{ name }}{% endraw %}"],
  ...["${name} and ${user.name}", "% if count:\nyes\n% endif\n", "${count * 2} of ${price}", "{% set n = 60 * 60 %}"],
  ...["{{2024-01-31}}", "{ 7*7 }", "a {7*7} b", "{{ 7*7 }", "7*7", "{{ 7*7", "[[7*7]]", "$ {7*7}", "{{}}", "{{ }}"],
  ...["The method __init__ and the class __class__.", "x.__class__.__name__", "os.environ['HOME']", "import os"],
  ...["{{ name | truncate:3 }}", "{{ count | plus: 1 }}", "{% include 'a.html' %}", "{% extends 'a.html' %}"],
  ...["${VAR:-x}", "{{ .Values.image }}", "{{ $labels.instance }}", "${{ github.sha }}", "<%= user.name %>"],
];

function harmless(random: Random): TemplateCase {
  const s = space(random);
  const read = pick(random, READS);
  switch (random(4)) {
    case 0:
      return { text: around(random, pick(random, TEXTS)), sentinel: null };
    case 1:
      return { text: around(random, `\${${s}${read.replaceAll(" | ", " + ")}${s}}`), sentinel: null };
    default:
      return { text: around(random, `{{${s}${read}${s}}}`), sentinel: null };
  }
}

const RULES: readonly Rule[] = [reaching, computing, harmless, harmless];

/** One text; the same for the same state of the generator. */
export function makeTemplate(random: Random): TemplateCase {
  return pick(random, RULES)(random);
}
