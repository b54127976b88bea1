/**
 * A command line as POSIX shells split it, for commands that people paste: quotes, backslashes, continued lines and
 * the `$'…'` that browsers write. Nothing is expanded or run: `$HOME` and backquotes stay what they are.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
 */
import { usage } from "../command.ts";

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: "\x07", b: "\b", e: "\x1b", E: "\x1b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" },
  ...{ "\\": "\\", "'": "'", '"': '"', "?": "?" },
};

/**
 * Splits a command line.
 * @returns words with one byte a character: UTF-8 is encoded, so that `\xff` in `$'…'` can stand for itself
 * @throws MerlonError MERLON_USAGE for a quote that is not closed
 */
export function splitWords(command: string): string[] {
  const text = Buffer.from(command, "utf8").toString("latin1");
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (/[ \t\r\n]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
      continue;
    }
    const [part, next] = readPart(text, at);
    // A line that a backslash continues is no part of any word.
    if (part !== undefined) word = (word ?? "") + part;
    at = next;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Reads a quoted part, an escaped character or a plain one. @returns the part and where the rest begins */
function readPart(text: string, at: number): [string | undefined, number] {
  const char = text.charAt(at);
  if (char === "'") return readQuoted(text, at + 1, "'", (_, from) => ["\\", from + 1]);
  if (char === '"') return readQuoted(text, at + 1, '"', readInDouble);
  if (char === "$" && text.charAt(at + 1) === "'") return readQuoted(text, at + 2, "'", readEscape);
  if (char !== "\\") return [char, at + 1];
  const next = text.charAt(at + 1);
  if (next === "\n") return [undefined, at + 2];
  if (next === "\r" && text.charAt(at + 2) === "\n") return [undefined, at + 3];
  return [next, at + 2];
}

function readQuoted(
  text: string,
  from: number,
  quote: string,
  readBackslash: (text: string, at: number) => [string, number],
): [string, number] {
  let part = "";
  let at = from;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === quote) return [part, at + 1];
    if (char !== "\\") {
      part += char;
      at++;
      continue;
    }
    const [escaped, next] = readBackslash(text, at);
    part += escaped;
    at = next;
  }
  throw usage("a quote is not closed", "the command would go on in the shell", `add the missing ${quote}`);
}

/** In double quotes a backslash is one, unless a character follows that would mean something. */
function readInDouble(text: string, at: number): [string, number] {
  const next = text.charAt(at + 1);
  if (next === "\n") return ["", at + 2];
  return /["\\$`]/.test(next) ? [next, at + 2] : ["\\", at + 1];
}

function readEscape(text: string, at: number): [string, number] {
  const rest = text.slice(at + 1, at + 10);
  const hex = /^x([0-9A-Fa-f]{1,2})/.exec(rest);
  if (hex !== null) return [String.fromCharCode(Number.parseInt(hex[1] ?? "", 16)), at + 1 + hex[0].length];
  const octal = /^[0-7]{1,3}/.exec(rest);
  if (octal !== null) return [String.fromCharCode(Number.parseInt(octal[0], 8) & 255), at + 1 + octal[0].length];
  const unicode = /^(?:u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8}))/.exec(rest);
  if (unicode !== null) {
    const code = Math.min(Number.parseInt(unicode[1] ?? unicode[2] ?? "", 16), 0x10ffff);
    return [Buffer.from(String.fromCodePoint(code), "utf8").toString("latin1"), at + 1 + unicode[0].length];
  }
  const known = ESCAPES[rest.charAt(0)];
  return known === undefined ? ["\\", at + 1] : [known, at + 2];
}
