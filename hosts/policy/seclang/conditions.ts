/** From operators of SecLang to conditions of our expressions. */
import { networkSchema } from "../network.ts";
import { patternFault } from "../regex/regex.ts";
import { type Operator, SecLangFault } from "./rule-text.ts";
import type { Target } from "./targets.ts";

/** What an operator asks of a text that goes by a name in an expression. */
export type Condition = (subject: string) => string;

/** Characters of one pattern of a list of words: what is longer is asked in several. */
const WORDS_CHARS_MAX = 1600;
const WORDS_PARTS_MAX = 4;
const NUMBERS: Readonly<Record<string, string>> = { eq: "==", lt: "<", le: "<=", gt: ">", ge: ">=" };

/** Operators that have their own place here, and why no rule is needed. */
const COVERED: Readonly<Record<string, string>> = {
  detectsqli: "Merlon's signatures of sqli look at every value already; no rule is needed",
  detectxss: "Merlon's signatures of xss look at every value already; no rule is needed",
  validateurlencoding: "malformed escapes are read in every way a back end might, and told as parser_anomaly",
  validateutf8encoding: "overlong and broken UTF-8 is read in every way a back end might",
};
const REASONS: Readonly<Record<string, string>> = {
  rbl: "a request waits for no other server; put what you know into a WafIPList",
  geolookup: "places are asked by lists; write a WafIPList with country or asn",
  inspectfile: "no program is run for a request",
  fuzzyhash: "uploads are not compared with known ones",
  rsub: "a rule changes nothing in a request",
  validateschema: "a request is held against an OpenAPI document instead; see docs/api-specification.md",
  validatedtd: "declarations of documents are looked at by the signatures of xxe",
};

/** @returns whether an operator is one whose work signatures do, and the sentence that says so */
export function coveredBy({ name }: Operator): string | undefined {
  return Object.hasOwn(COVERED, name) ? COVERED[name] : undefined;
}

/**
 * @param isLower the text has its letters made lower first
 * @throws SecLangFault where no expression asks the same
 */
export function conditionOf({ name, argument }: Operator, isLower: boolean, isLength: boolean): Condition {
  if (/%\{[^}]*\}/.test(argument)) {
    throw new SecLangFault(`@${name} ${argument} — a macro has no value here; write out what it stands for`);
  }
  if (isLength) return sizeOf(name, argument);
  const on = (subject: string): string => (isLower ? `${subject}.lowerAscii()` : subject);
  const text = JSON.stringify(argument);
  switch (name) {
    case "rx":
      return matching(`(?sm)${argument}`, on);
    case "contains":
      return (subject) => `${on(subject)}.contains(${text})`;
    case "beginswith":
      return (subject) => `${on(subject)}.startsWith(${text})`;
    case "endswith":
      return (subject) => `${on(subject)}.endsWith(${text})`;
    case "streq":
      return (subject) => `${on(subject)} == ${text}`;
    case "containsword":
      return matching(`\\b${quoted(argument)}\\b`, on);
    case "pm":
    case "pmf":
    case "pmfromfile":
      return anyWord(argument.split(name === "pm" ? /\s+/ : /\n/), on);
    case "within":
      return (subject) => `${on(subject)} in ${JSON.stringify(argument.split(/[\s,|]+/).filter((one) => one !== ""))}`;
    case "validatebyterange":
      return matching(outsideOf(argument), on);
    default:
      throw new SecLangFault(`@${name} — ${REASONS[name] ?? "rules have no such question; see docs/import.md"}`);
  }
}

/** @returns the condition of `@ipMatch` */
export function networksOf(argument: string): string {
  const networks = argument.split(/[\s,]+/).filter((one) => one !== "" && !one.startsWith("#"));
  for (const network of networks) {
    if (!networkSchema.safeParse(network).success) throw new SecLangFault(`@ipMatch ${network} — is no network`);
  }
  return `ip in ${JSON.stringify(networks)}`;
}

/** `&ARGS:x "@eq 0"`: how many there are, as far as "none" and "some" go. */
export function countOf({ name, argument, isNegated }: Operator, targets: readonly Target[]): string {
  const some = targets.map((target) =>
    target.kind === "points" ? `has(point[${JSON.stringify(target.pattern)}])` : (target.has ?? "true"),
  );
  const is = `${isNegated ? "!" : ""}${name} ${argument.trim()}`;
  const any = some.length === 1 ? (some[0] ?? "true") : `(${some.join(" || ")})`;
  if (["eq 0", "lt 1", "le 0", "!gt 0", "!ge 1"].includes(is)) return `!${any}`;
  if (["gt 0", "ge 1", "!eq 0", "!lt 1"].includes(is)) return any;
  throw new SecLangFault(`& with @${is} — rules ask whether there is a value, not how many; write @eq 0 or @gt 0`);
}

function sizeOf(name: string, argument: string): Condition {
  const sign = NUMBERS[name];
  const number = /^\s*(\d{1,9})\s*$/.exec(argument)?.[1];
  if (sign === undefined || number === undefined) {
    throw new SecLangFault(`t:length with @${name} ${argument} — a length is compared with a number; write @gt 64`);
  }
  return (subject) => `size(${subject}) ${sign} ${number}`;
}

function matching(pattern: string, on: Condition): Condition {
  const fault = patternFault(pattern);
  if (fault !== undefined) throw new SecLangFault(`the pattern cannot be asked in linear time: ${fault.message}`);
  return (subject) => `${on(subject)}.matches(${JSON.stringify(pattern)})`;
}

function quoted(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}

/** A list of words, in any case, anywhere. */
function anyWord(words: readonly string[], on: Condition): Condition {
  const kept = words.map((word) => word.trim()).filter((word) => word !== "" && !word.startsWith("#"));
  const groups: string[] = [];
  for (const word of kept) {
    const last = groups.at(-1);
    const next = last === undefined ? quoted(word) : `${last}|${quoted(word)}`;
    if (last === undefined || next.length > WORDS_CHARS_MAX) groups.push(quoted(word));
    else groups[groups.length - 1] = next;
  }
  if (groups.length === 0) throw new SecLangFault("the list of words is empty — delete the rule");
  if (groups.length > WORDS_PARTS_MAX) {
    throw new SecLangFault(`its list has ${kept.length} words, more than one rule asks; keep those that you need`);
  }
  const conditions = groups.map((group) => matching(`(?i)(?:${group})`, on));
  return (subject) => {
    const all = conditions.map((condition) => condition(subject)).join(" || ");
    return conditions.length === 1 ? all : `(${all})`;
  };
}

/** The pattern of a byte that is in none of the ranges. */
function outsideOf(argument: string): string {
  const allowed = new Uint8Array(256);
  for (const part of argument.split(",")) {
    const [, first = "", last = first] = /^\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?\s*$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last || first)];
    if (first === "" || from > to || to > 255) throw new SecLangFault(`@validateByteRange ${part} — is no range`);
    allowed.fill(1, from, to + 1);
  }
  const high = allowed.subarray(128).reduce((sum, one) => sum + one, 0);
  if (high !== 0 && high !== 128) {
    throw new SecLangFault("@validateByteRange takes some bytes above 127 — a rule takes all of them or none");
  }
  const low = [...allowed.subarray(0, 128).entries()].filter(([, one]) => one === 0).map(([byte]) => byte);
  const hex = low.map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  const rest = high === 0 ? "\\x{80}-\\x{10ffff}" : "";
  if (hex + rest === "")
    throw new SecLangFault("@validateByteRange takes every byte — the rule fits nothing; delete it");
  return `[${hex}${rest}]`;
}
