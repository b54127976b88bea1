/**
 * Patterns with `*` for any characters and `?` for one. In the long form they are regular expressions of just that sort,
 * since the language has no other; a backslash takes the meaning from the character behind it.
 */

/** Characters of the longest pattern. */
export const PATTERN_CHARS_MAX = 512;
/** `*` in one pattern; each may cost a walk over the text. */
export const STARS_MAX = 8;

/** A part: characters as they are, any characters, or one character. */
export type PatternPart = { readonly text: string } | "any" | "one";
/** A pattern from its first character to its last. */
export type Pattern = readonly PatternPart[];

function joined(parts: readonly PatternPart[]): Pattern {
  const result: PatternPart[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (part === "any" && last === "any") continue;
    if (typeof part === "object" && typeof last === "object")
      result[result.length - 1] = { text: last.text + part.text };
    else result.push(part);
  }
  return result;
}

/** Reads `/api/*`. */
export function patternOfGlob(glob: string): Pattern {
  const parts: PatternPart[] = [];
  const characters = [...glob];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] ?? "";
    if (character === "*") parts.push("any");
    else if (character === "?") parts.push("one");
    else if (character === "\\" && i + 1 < characters.length) parts.push({ text: characters[++i] ?? "" });
    else parts.push({ text: character });
  }
  return joined(parts);
}

/** Writes `/api/*`. */
export function globOf(pattern: Pattern): string {
  return pattern
    .map((part) => (part === "any" ? "*" : part === "one" ? "?" : part.text.replace(/[\\*?]/g, "\\$&")))
    .join("");
}

/** @returns the characters, where the pattern has no others */
export function literalOf(pattern: Pattern): string | undefined {
  const [first, second] = pattern;
  if (first === undefined) return "";
  return second === undefined && typeof first === "object" ? first.text : undefined;
}

/** Writes `^/api/.*$`. */
export function regexOf(pattern: Pattern): string {
  const parts = pattern.map((part) =>
    part === "any" ? ".*" : part === "one" ? "." : part.text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"),
  );
  return `^${parts.join("")}$`;
}

/** @returns the pattern of a regular expression that has nothing but text, `.` and `.*`; undefined for any other */
export function patternOfRegex(regex: string): Pattern | undefined {
  const parts: PatternPart[] = [];
  const characters = [...regex];
  const isStart = characters[0] === "^";
  let isEnd = false;
  for (let i = isStart ? 1 : 0; i < characters.length; i++) {
    const character = characters[i] ?? "";
    if (character === "$" && i === characters.length - 1) isEnd = true;
    else if (character === ".") {
      const isAny = characters[i + 1] === "*";
      parts.push(isAny ? "any" : "one");
      if (isAny) i++;
    } else if (character === "\\") {
      const next = characters[++i] ?? "";
      // Letters and digits behind a backslash are classes and controls.
      if (next === "" || /[A-Za-z0-9]/.test(next)) return undefined;
      parts.push({ text: next });
    } else if (/[\^$*+?()[\]{}|]/.test(character)) return undefined;
    else parts.push({ text: character });
    // `a*` repeats a character, which no pattern here says.
    if (character !== "." && /[*+?{]/.test(characters[i + 1] ?? "")) return undefined;
    if (character === "." && /[*+?{]/.test(characters[i + 1] ?? "")) return undefined;
  }
  return joined([...(isStart ? [] : ["any" as const]), ...parts, ...(isEnd ? [] : ["any" as const])]);
}

/** @returns why a pattern would cost too much, as the end of a sentence, or undefined */
export function patternCost(pattern: Pattern): string | undefined {
  const stars = pattern.filter((part) => part === "any").length;
  if (stars > STARS_MAX) return `has ${stars} times *, and ${STARS_MAX} are taken`;
  const size = globOf(pattern).length;
  return size > PATTERN_CHARS_MAX ? `has ${size} characters, and ${PATTERN_CHARS_MAX} are taken` : undefined;
}
