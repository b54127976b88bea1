/**
 * From the text of an expression to its words.
 * @see https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
 */
import { ExpressionFault } from "./fault.ts";

/** A word: where it begins and ends, in characters of the text, and what it means. */
export interface Token {
  readonly kind: "int" | "string" | "name" | "sign" | "end";
  readonly at: number;
  readonly end: number;
  /** The sign or name; the text of a string, escapes undone; the digits of a number, in base ten. */
  readonly text: string;
}

const SIGNS = ["&&", "||", "==", "!=", "<=", ">=", ..."<>!+-*/%?:.,()[]{}"];
const SPACE = /(?:[\t\n\f\r ]|\/\/[^\n]*)*/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /0[xX][0-9A-Fa-f]+|\d+/y;
const FRACTION = /(?:\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)|(?:0[xX][0-9A-Fa-f]+|\d+)[uU]/y;
const OPENING = /([rRbB]{0,2})("""|'''|"|')/y;

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "?": "?",
  '"': '"',
  "'": "'",
  "`": "`",
};
/** Escapes that give a code point: base and digits of each letter. */
const CODED: Readonly<Record<string, readonly [base: number, digits: number]>> = {
  x: [16, 2],
  X: [16, 2],
  u: [16, 4],
  U: [16, 8],
};

/**
 * @returns the words in order, an `end` behind them
 * @throws ExpressionFault MERLON_EXPRESSION at what is no word
 */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    at += matched(SPACE, text, at)?.[0].length ?? 0;
    if (at >= text.length) break;
    const token = stringAt(text, at) ?? numberAt(text, at) ?? nameAt(text, at) ?? signAt(text, at);
    tokens.push(token);
    at = token.end;
  }
  return [...tokens, { kind: "end", at: text.length, end: text.length, text: "" }];
}

function matched(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function nameAt(text: string, at: number): Token | undefined {
  const found = matched(NAME, text, at)?.[0];
  return found === undefined ? undefined : { kind: "name", at, end: at + found.length, text: found };
}

function numberAt(text: string, at: number): Token | undefined {
  if (matched(FRACTION, text, at) !== null) {
    throw new ExpressionFault(
      text,
      at,
      "is no whole number — numbers are whole here; write one without fraction and u",
    );
  }
  const found = matched(NUMBER, text, at)?.[0];
  if (found === undefined) return undefined;
  return { kind: "int", at, end: at + found.length, text: BigInt(found).toString() };
}

function signAt(text: string, at: number): Token {
  const sign = SIGNS.find((one) => text.startsWith(one, at));
  if (sign !== undefined) return { kind: "sign", at, end: at + sign.length, text: sign };
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  const shown = /^[!-~]$/.test(character) ? `"${character}"` : "this character";
  const twice: Readonly<Record<string, string>> = { "&": "&&", "|": "||", "=": "==" };
  const fix = Object.hasOwn(twice, character) ? `write ${twice[character]}` : "put text in quotes";
  throw new ExpressionFault(text, at, `${shown} means nothing here — ${fix}`);
}

function stringAt(text: string, at: number): Token | undefined {
  const found = matched(OPENING, text, at);
  if (found === null) return undefined;
  const [opening, prefix = "", quote = ""] = found;
  if (/b/i.test(prefix)) throw new ExpressionFault(text, at, "holds bytes — values are texts here; delete the b");
  const isRaw = prefix !== "";
  const parts: string[] = [];
  let next = at + opening.length;
  while (!text.startsWith(quote, next)) {
    const character = text[next];
    const isOver = character === undefined || (quote.length === 1 && (character === "\n" || character === "\r"));
    if (isOver) throw new ExpressionFault(text, at, `is never closed — end the text with ${quote}`);
    if (character === "\\" && !isRaw) {
      const [value, size] = escapeAt(text, next);
      parts.push(value);
      next += size;
      continue;
    }
    parts.push(character);
    next++;
  }
  return { kind: "string", at, end: next + quote.length, text: parts.join("") };
}

/** @returns what an escape stands for, and its characters */
function escapeAt(text: string, at: number): [value: string, size: number] {
  const letter = text[at + 1] ?? "";
  if (Object.hasOwn(ESCAPES, letter)) return [ESCAPES[letter] ?? "", 2];
  const [base, digits] = Object.hasOwn(CODED, letter) ? (CODED[letter] ?? [16, 2]) : [8, 3];
  const from = base === 8 ? at + 1 : at + 2;
  const written = text.slice(from, from + digits);
  const isCode = written.length === digits && (base === 8 ? /^[0-3][0-7]{2}$/ : /^[0-9A-Fa-f]+$/).test(written);
  const code = isCode ? Number.parseInt(written, base) : Number.NaN;
  if (code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) {
    return [String.fromCodePoint(code), from + digits - at];
  }
  const fix = String.raw`write \\ for a backslash, or r"…" for a text without escapes`;
  throw new ExpressionFault(text, at, `is no escape — ${fix}`);
}
