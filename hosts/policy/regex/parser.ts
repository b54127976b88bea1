/**
 * Reads patterns in RE2's syntax, which is the part of the usual one that can be matched in linear time: no references
 * to what was matched, no looking ahead or behind, no possessive repetition. Groups do not capture here.
 * @see https://github.com/google/re2/wiki/Syntax
 */
import { suggestion } from "../nearest.ts";
import { foldRanges, POSIX_NAMES, perlSet, posixSet } from "./charset.ts";
import { PatternFault } from "./fault.ts";
import { invertRanges, LAST_CODE_POINT, mergeRanges, type Place, type Range, type Tree } from "./tree.ts";

/** Characters of the longest pattern. */
export const PATTERN_CHARS_MAX = 2048;
/** Groups inside groups. */
const DEPTH_MAX = 100;
/** Highest number in `{n,m}`, RE2's. */
const REPEAT_MAX = 1000;

/** Flags of RE2 that are in force at a place; `U` changes which match is found, never whether there is one. */
interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
  readonly U: boolean;
}

const NO_FLAGS: Flags = { i: false, m: false, s: false, U: false };
const NEWLINE = 0x0a;
const ESCAPED: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const PLACES: Readonly<Record<string, Place>> = { A: "begin", z: "end", b: "word", B: "notWord" };

/**
 * @returns the pattern's tree
 * @throws PatternFault where the pattern is none, or would need backtracking
 */
export function parsePattern(text: string): Tree {
  if (text.length > PATTERN_CHARS_MAX) {
    throw new PatternFault(0, `the pattern has more than ${PATTERN_CHARS_MAX} characters — shorten it`);
  }
  return new PatternParser(text).parse();
}

class PatternParser {
  readonly #text: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = [...text];
  }

  parse(): Tree {
    const tree = this.#either(NO_FLAGS);
    if (this.#at < this.#text.length) this.#fail(this.#at, `")" closes nothing — write \\) for the character`);
    return tree;
  }

  #fail(at: number, message: string): never {
    throw new PatternFault(this.#text.slice(0, at).join("").length, message);
  }

  #next(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? "";
  }

  #takes(text: string): boolean {
    if (![...text].every((character, index) => this.#next(index) === character)) return false;
    this.#at += text.length;
    return true;
  }

  #either(outer: Flags): Tree {
    const parts: Tree[] = [];
    let flags = outer;
    do {
      const [part, after] = this.#sequence(flags);
      parts.push(part);
      // Flags that are set in one branch hold in those behind it, too.
      flags = after;
    } while (this.#takes("|"));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "either", parts };
  }

  #sequence(outer: Flags): [Tree, Flags] {
    const parts: Tree[] = [];
    let flags = outer;
    while (this.#at < this.#text.length && this.#next() !== "|" && this.#next() !== ")") {
      const from = this.#at;
      const part = this.#part(flags);
      if ("kind" in part) parts.push(this.#repeated(part, from));
      else flags = part;
    }
    return [parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "sequence", parts }, flags];
  }

  /** One part, or new flags where `(?i)` and the like stand. */
  #part(flags: Flags): Tree | Flags {
    const from = this.#at;
    const character = this.#next();
    this.#at++;
    switch (character) {
      case "(":
        return this.#group(flags, from);
      case "[":
        return setOf(this.#set(from), flags);
      case ".":
        return { kind: "set", ranges: flags.s ? [[0, LAST_CODE_POINT]] : invertRanges([[NEWLINE, NEWLINE]]) };
      case "^":
        return { kind: "place", place: flags.m ? "lineBegin" : "begin" };
      case "$":
        return { kind: "place", place: flags.m ? "lineEnd" : "end" };
      case "\\":
        return this.#escape(flags, from);
      case "*":
      case "+":
      case "?":
        return this.#fail(from, `"${character}" repeats nothing — write \\${character} for the character`);
      default:
        return setOf([codeOf(character)], flags);
    }
  }

  #group(flags: Flags, from: number): Tree | Flags {
    if (++this.#depth > DEPTH_MAX)
      this.#fail(from, `groups are nested deeper than ${DEPTH_MAX} — write them side by side`);
    let inner = flags;
    if (this.#takes("?")) {
      if (/^(?:P?<[A-Za-z_])/.test(this.#text.slice(this.#at, this.#at + 3).join(""))) {
        while (this.#at < this.#text.length && this.#next() !== ">") this.#at++;
        this.#at++;
      } else {
        const set = this.#flags(flags, from);
        if (this.#takes(")")) {
          this.#depth--;
          return set;
        }
        if (!this.#takes(":")) this.#fail(from, `"(?${this.#next()}" is no group — write (?:…), (?i) or (…)`);
        inner = set;
      }
    }
    const tree = this.#either(inner);
    if (!this.#takes(")")) this.#fail(from, `"(" is never closed — write \\( for the character`);
    this.#depth--;
    return tree;
  }

  #flags(outer: Flags, from: number): Flags {
    const around = this.#next();
    if (around === "=" || around === "!" || around === "<") {
      this.#fail(from, "looks ahead or behind, which no linear matcher can — write the condition as an expression");
    }
    if (around === ">") this.#fail(from, "is an atomic group, which needs backtracking — write (?:…)");
    const flags = { ...outer };
    let on = true;
    for (; ; this.#at++) {
      const letter = this.#next();
      if (letter === "-" && on) on = false;
      else if (letter === "i" || letter === "m" || letter === "s" || letter === "U") flags[letter] = on;
      else return flags;
    }
  }

  #repeated(part: Tree, from: number): Tree {
    let tree = part;
    let stacked = false;
    for (;;) {
      const at = this.#at;
      const counts = this.#counts();
      if (counts === undefined) return tree;
      if (stacked) this.#fail(at, "repeats a repetition — put the first one in a group: (?:a+)*");
      // Lazy or not changes which match is found, never whether there is one.
      if (!this.#takes("?") && this.#next() === "+") {
        this.#fail(this.#at, `"+" behind a repetition is possessive, which needs backtracking — delete it`);
      }
      if (part.kind === "place" && counts[1] > 1) this.#fail(from, "repeats a place and no character — delete it");
      tree = { kind: "repeat", part: tree, least: counts[0], most: counts[1] };
      stacked = true;
    }
  }

  #counts(): readonly [least: number, most: number] | undefined {
    if (this.#takes("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.#takes("+")) return [1, Number.POSITIVE_INFINITY];
    if (this.#takes("?")) return [0, 1];
    const found = /^\{(\d{1,6})(?:(,)(\d{1,6})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 16).join(""));
    if (found === null) return undefined;
    const least = Number(found[1]);
    const most = found[2] === undefined ? least : found[3] === undefined ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (least > REPEAT_MAX || (most !== Number.POSITIVE_INFINITY && most > REPEAT_MAX)) {
      this.#fail(this.#at, `repeats more than ${REPEAT_MAX} times — write fewer, or + or *`);
    }
    if (most < least) this.#fail(this.#at, "has a highest count below its lowest — swap them");
    this.#at += found[0].length;
    return [least, most];
  }

  /** `\` was read. */
  #escape(flags: Flags, from: number): Tree {
    const letter = this.#next();
    if (Object.hasOwn(PLACES, letter)) {
      this.#at++;
      return { kind: "place", place: PLACES[letter] ?? "begin" };
    }
    if (letter === "Q") {
      this.#at++;
      const parts: Tree[] = [];
      while (this.#at < this.#text.length && !this.#takes("\\E"))
        parts.push(setOf([codeOf(this.#text[this.#at++])], flags));
      return { kind: "sequence", parts };
    }
    const set = this.#escapedSet();
    return setOf(set ?? [this.#escapedCode(from)], flags);
  }

  #escapedSet(): readonly Range[] | undefined {
    const set = perlSet(this.#next());
    if (set !== undefined) this.#at++;
    return set;
  }

  /** The code point of an escape whose `\` was read. */
  #escapedCode(from: number): Range {
    const letter = this.#next();
    if (letter === "") this.#fail(from, String.raw`"\" ends the pattern — write \\ for the character`);
    this.#at++;
    if (/[1-9]/.test(letter)) this.#fail(from, `"\\${letter}" refers back, which no linear matcher can — write it out`);
    if (/[pPX]/.test(letter)) this.#fail(from, `"\\${letter}" is not supported — write the characters as a set`);
    if (letter === "C") this.#fail(from, String.raw`"\C" is not supported — write (?s:.) for any character`);
    if (letter === "0") return this.#numbered(/^[0-7]{0,2}/, 8, from);
    if (letter === "x") {
      if (!this.#takes("{")) return this.#numbered(/^[0-9A-Fa-f]{2}/, 16, from);
      const code = this.#numbered(/^[0-9A-Fa-f]{1,6}/, 16, from);
      if (!this.#takes("}")) this.#fail(from, String.raw`"\x{" is never closed — write \x{1F600}`);
      return code;
    }
    if (Object.hasOwn(ESCAPED, letter)) return [ESCAPED[letter] ?? 0, ESCAPED[letter] ?? 0];
    if (/[A-Za-z0-9]/.test(letter)) this.#fail(from, `"\\${letter}" is no escape — write ${letter} for the letter`);
    return codeOf(letter);
  }

  #numbered(digits: RegExp, base: number, from: number): Range {
    const found = digits.exec(this.#text.slice(this.#at, this.#at + 6).join(""))?.[0];
    const code = found === undefined ? Number.NaN : found === "" ? 0 : Number.parseInt(found, base);
    if (!(code <= LAST_CODE_POINT)) this.#fail(from, String.raw`is no code of a character — write \x41 or \x{1F600}`);
    this.#at += found?.length ?? 0;
    return [code, code];
  }

  /** `[` was read. */
  #set(from: number): Range[] {
    const isInverted = this.#takes("^");
    const ranges: Range[] = [];
    for (let first = true; first || this.#next() !== "]"; first = false) {
      if (this.#at >= this.#text.length) this.#fail(from, `"[" is never closed — write \\[ for the character`);
      ranges.push(...this.#setItem());
    }
    this.#at++;
    return isInverted ? invertRanges(ranges) : mergeRanges(ranges);
  }

  #setItem(): readonly Range[] {
    const from = this.#at;
    if (this.#next() === "[" && this.#next(1) === ":") {
      const rest = this.#text.slice(this.#at, this.#at + 16).join("");
      const name = /^\[:(\^?[a-z]*):\]/.exec(rest)?.[1];
      if (name !== undefined) {
        const set = posixSet(name);
        if (set === undefined) {
          this.#fail(
            from,
            `"[:${name}:]" is no set — ${suggestion(name, POSIX_NAMES) || `it takes ${POSIX_NAMES.join(", ")}`}`,
          );
        }
        this.#at += name.length + 4;
        return set;
      }
    }
    const [low, set] = this.#setCode();
    if (set !== undefined) return set;
    if (this.#next() !== "-" || this.#next(1) === "]" || this.#next(1) === "") return [[low, low]];
    this.#at++;
    const [high, other] = this.#setCode();
    if (other !== undefined) this.#fail(from, "is a range up to a set — write the set beside it");
    if (high < low) this.#fail(from, "is a range whose end is before its begin — swap them");
    return [[low, high]];
  }

  /** A character of a set, or the set that an escape names. */
  #setCode(): [code: number, set: readonly Range[] | undefined] {
    const from = this.#at;
    const character = this.#next();
    this.#at++;
    if (character !== "\\") return [codeOf(character)[0], undefined];
    const set = this.#escapedSet();
    return set === undefined ? [this.#escapedCode(from)[0], undefined] : [0, set];
  }
}

function codeOf(character: string | undefined): Range {
  const code = character?.codePointAt(0) ?? 0;
  return [code, code];
}

function setOf(ranges: readonly Range[], flags: Flags): Tree {
  return { kind: "set", ranges: flags.i ? foldRanges(ranges) : ranges };
}
