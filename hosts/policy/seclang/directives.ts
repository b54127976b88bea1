/**
 * The outer form of SecLang, the language of ModSecurity and Coraza: directives with arguments, one a line, lines that
 * go on behind a backslash, quotes, comments and included files. What the arguments mean is read elsewhere.
 */
import { MerlonError } from "../../core/error.ts";

/** One directive: `SecRule ARGS "@rx x" "id:1,deny"` is a name and three arguments. */
export interface Directive {
  readonly file: string;
  /** Of its first line, from 1. */
  readonly line: number;
  readonly name: string;
  readonly args: readonly string[];
}

/** Where texts come from. */
export interface Sources {
  /** @returns the text of a file */
  read(path: string): Promise<string>;
  /** @returns the files that an Include names, as seen from the file that has it; a pattern may fit several */
  find(pattern: string, from: string): Promise<readonly string[]>;
}

const DEPTH_MAX = 16;
const FILES_MAX = 512;
const CHARS_MAX = 32 * 1024 * 1024;
const DIRECTIVES_MAX = 100_000;

/**
 * Reads files and all that they include, in order.
 * @throws MerlonError MERLON_INPUT where a quote never ends, files include each other, or there is too much
 */
export async function readDirectives(paths: readonly string[], sources: Sources): Promise<Directive[]> {
  const reader = new Reader(sources);
  for (const path of paths) await reader.file(path, 0);
  return reader.directives;
}

class Reader {
  readonly directives: Directive[] = [];
  readonly #sources: Sources;
  #files = 0;
  #chars = 0;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  async file(path: string, depth: number): Promise<void> {
    if (depth > DEPTH_MAX || ++this.#files > FILES_MAX) {
      const why =
        depth > DEPTH_MAX ? "files include each other too deeply" : `more than ${FILES_MAX} files are included`;
      throw new MerlonError("MERLON_INPUT", `${path} cannot be read — ${why}; name the files that have the rules`);
    }
    const text = await this.#sources.read(path);
    this.#chars += text.length;
    for (const directive of directivesOf(text, path)) {
      const include = directive.name.toLowerCase() === "include" ? directive.args[0] : undefined;
      if (include === undefined) this.#add(directive);
      else for (const found of await this.#sources.find(include, path)) await this.file(found, depth + 1);
    }
  }

  #add(directive: Directive): void {
    this.directives.push(directive);
    if (this.#chars <= CHARS_MAX && this.directives.length <= DIRECTIVES_MAX) return;
    const why = `there are more than ${DIRECTIVES_MAX} directives or ${CHARS_MAX} characters`;
    throw new MerlonError("MERLON_INPUT", `${directive.file} is too large — ${why}; import it in parts`);
  }
}

/** @returns the directives of one text */
export function directivesOf(text: string, file: string): Directive[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const found: Directive[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1;
    let whole = lines[at] ?? "";
    // A comment goes on behind a backslash, too.
    while (/\\\s*$/.test(whole) && at + 1 < lines.length) {
      at++;
      whole = `${whole.replace(/\\\s*$/, "")}${(lines[at] ?? "").trimStart()}`;
    }
    const trimmed = whole.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const [name = "", ...args] = wordsOf(trimmed, file, line);
    found.push({ file, line, name, args });
  }
  return found;
}

/** Words of a directive: a quote holds blanks, and a backslash before the same quote is none of its own. */
function wordsOf(text: string, file: string, line: number): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    const first = text[at] ?? "";
    if (/\s/.test(first)) {
      at++;
      continue;
    }
    const quote = first === '"' || first === "'" || first === "`" ? first : "";
    let word = "";
    if (quote !== "") at++;
    while (at < text.length) {
      const char = text[at] ?? "";
      if (quote === "" ? /\s/.test(char) : char === quote) break;
      const escapes = quote !== "" && char === "\\" && text[at + 1] === quote;
      word += escapes ? quote : char;
      at += escapes ? 2 : 1;
    }
    if (quote !== "" && at >= text.length) {
      const why = `a quote (${quote}) begins and never ends`;
      throw new MerlonError("MERLON_INPUT", `${file}:${line}: the directive cannot be read — ${why}; close it`);
    }
    if (quote !== "") at++;
    words.push(word);
  }
  return words;
}
