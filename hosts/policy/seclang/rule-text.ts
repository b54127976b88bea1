/** The inner form of a SecRule: the variables that it asks, its operator, and its actions. */

/** Something in a rule that has no counterpart: what it is, why, and what to do instead. */
export class SecLangFault extends Error {}

/** One variable: `&ARGS`, `!REQUEST_COOKIES:/__utm/`, `REQUEST_HEADERS:User-Agent`. */
export interface Variable {
  /** In capitals. */
  readonly name: string;
  /** What stands behind the colon. */
  readonly key: string | undefined;
  /** `!`: what the others would take in, and this rule does not. */
  readonly isExcluded: boolean;
  /** `&`: how many there are, not what they hold. */
  readonly isCount: boolean;
}

/** What is asked of the variables. */
export interface Operator {
  /** In lower case, without the `@`. */
  readonly name: string;
  readonly argument: string;
  readonly isNegated: boolean;
}

/** One action, such as `id:1` or `deny`; names in lower case. */
export interface Action {
  readonly name: string;
  readonly value: string;
}

/** @returns the variables of a rule; a bar inside of a key's slashes divides nothing */
export function variablesOf(text: string): Variable[] {
  return splitOutside(text, /[|,]/, "/").map((part) => {
    const isExcluded = part.startsWith("!");
    const isCount = part.startsWith("&");
    const bare = part.slice(isExcluded || isCount ? 1 : 0);
    const colon = bare.indexOf(":");
    const name = (colon < 0 ? bare : bare.slice(0, colon)).toUpperCase();
    return { name, key: colon < 0 ? undefined : unquoted(bare.slice(colon + 1)), isExcluded, isCount };
  });
}

/** @returns the operator; what names none is a pattern */
export function operatorOf(text: string): Operator {
  const [, sign = "", name = "", rest = ""] = /^\s*(!?)\s*(?:@([A-Za-z0-9]+)\s*)?([\s\S]*)$/.exec(text) ?? [];
  return { name: name === "" ? "rx" : name.toLowerCase(), argument: rest, isNegated: sign === "!" };
}

/** @returns the actions; a comma inside of single quotes divides nothing */
export function actionsOf(text: string): Action[] {
  return splitOutside(text, /,/, "'").flatMap((part) => {
    const colon = part.indexOf(":");
    const name = (colon < 0 ? part : part.slice(0, colon)).trim().toLowerCase();
    return name === "" ? [] : [{ name, value: colon < 0 ? "" : unquoted(part.slice(colon + 1).trim()) }];
  });
}

function unquoted(text: string): string {
  return /^'[\s\S]*'$/.test(text) ? text.slice(1, -1).replaceAll("\\'", "'") : text;
}

/** Parts of a text between dividers that stand outside of quotes; a quote begins a part or follows `:` or `=`. */
function splitOutside(text: string, divider: RegExp, quote: string): string[] {
  const parts: string[] = [];
  let part = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === "\\" && isQuoted) {
      part += char + (text[at + 1] ?? "");
      at++;
      continue;
    }
    if (char === quote && (isQuoted || /(?:^|[:='])\s*$/.test(part))) isQuoted = !isQuoted;
    if (!isQuoted && divider.test(char)) {
      parts.push(part.trim());
      part = "";
    } else part += char;
  }
  parts.push(part.trim());
  return parts.filter((one) => one !== "");
}
