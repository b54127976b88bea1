/**
 * Chips: what a search in the short form consists of, as the console shows it, one condition each, all of which must
 * hold. They are written in the short form and in the long one.
 */
import { SEARCH_FIELDS, type SearchField } from "./fields.ts";
import { literalOf, type Pattern, patternOfGlob, regexOf } from "./pattern.ts";

/** How a value is compared; `is` of several values is any of them. */
export const CHIP_RELATIONS = ["is", ">", ">=", "<", "<="] as const;
/** One of them. */
export type ChipRelation = (typeof CHIP_RELATIONS)[number];

/** One condition. */
export interface Chip {
  /** Name of the field in the long form, or `last` for a time until now. */
  readonly field: string;
  readonly not: boolean;
  readonly relation: ChipRelation;
  /** As they are written in the short form without quotes: patterns with `*` and `?` for texts. */
  readonly values: readonly string[];
}

/** Words for states that stand alone in the short form. */
export const CHIP_WORDS: Readonly<Record<string, readonly [field: string, value: string]>> = {
  blocked: ["action", "blocked"],
  monitored: ["action", "monitored"],
  partially_blocked: ["action", "partially_blocked"],
  passed_fail_open: ["action", "passed_fail_open"],
  incident: ["incident", "true"],
  falsepositive: ["label", "false_positive"],
  trueattack: ["label", "true_attack"],
};

/** @returns the chip as it is typed: `!url:/api/*` */
export function shortOf({ field, not, relation, values }: Chip): string {
  const word = Object.entries(CHIP_WORDS).find(
    ([, [of, value]]) => of === field && values.length === 1 && values[0] === value,
  );
  const sign = not ? "!" : "";
  if (word !== undefined && relation === "is") return `${sign}${word[0]}`;
  const name = field === "last" ? "last" : (SEARCH_FIELDS.find((one) => one.name === field)?.short[0] ?? field);
  return `${sign}${name}:${relation === "is" ? "" : relation}${values.map(quoted).join(",")}`;
}

function quoted(value: string): string {
  return /^[^\s",!<>=][^\s",]*$/u.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}

/** @returns the chip as an expression: `!path.startsWith("/api/")` */
export function longOf(chip: Chip, field: SearchField | undefined): string {
  const condition = conditionOf(chip, field);
  if (!chip.not) return condition;
  return /^[\w.]+$|^[\w.]+\("(?:[^"\\]|\\.)*"\)$/.test(condition) ? `!${condition}` : `!(${condition})`;
}

function conditionOf({ relation, values, field: name }: Chip, field: SearchField | undefined): string {
  const [first = ""] = values;
  if (field === undefined) return `ts > now - duration(${literal(first)})`;
  if (relation !== "is") return `${name} ${relation} ${field.type === "time" ? time(first) : first}`;
  switch (field.type) {
    case "bool":
      return name;
    case "int":
      return values.length === 1 && !first.includes("-")
        ? `${name} == ${first}`
        : anyOf(values.map((value) => range(name, value)));
    case "ip":
      if (values.length === 1) return first.includes("/") ? `ip in ${literal(first)}` : `ip == ${literal(first)}`;
      return `ip in [${values.map(literal).join(", ")}]`;
    case "time":
      return anyOf(values.map((value) => `${name} >= ${time(value)}`));
    default:
      return textCondition(field, values.map(patternOfGlob));
  }
}

function textCondition({ name, type }: SearchField, patterns: readonly Pattern[]): string {
  const texts = patterns.map(literalOf);
  const isPlain = texts.every((text) => text !== undefined);
  if (type === "list") {
    const [letter = "v"] = name;
    const one = (pattern: Pattern): string => {
      const text = literalOf(pattern);
      return text === undefined
        ? `${name}.exists(${letter}, ${patternTest(letter, pattern)})`
        : `${name} == ${literal(text)}`;
    };
    return anyOf(patterns.map(one));
  }
  if (isPlain && texts.length > 1) return `${name} in [${texts.map((text) => literal(text ?? "")).join(", ")}]`;
  return anyOf(patterns.map((pattern) => patternTest(name, pattern)));
}

function patternTest(subject: string, pattern: Pattern): string {
  const text = literalOf(pattern);
  if (text !== undefined) return `${subject} == ${literal(text)}`;
  const [first, second, third] = pattern;
  if (pattern.length === 2 && typeof first === "object" && second === "any")
    return `${subject}.startsWith(${literal(first.text)})`;
  if (pattern.length === 2 && first === "any" && typeof second === "object")
    return `${subject}.endsWith(${literal(second.text)})`;
  if (pattern.length === 3 && first === "any" && typeof second === "object" && third === "any") {
    return `${subject}.contains(${literal(second.text)})`;
  }
  return `${subject}.matches(${literal(regexOf(pattern))})`;
}

function range(name: string, value: string): string {
  const [from, to] = value.split("-");
  return to === undefined ? `${name} == ${from}` : `(${name} >= ${from} && ${name} <= ${to})`;
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 1 ? (conditions[0] ?? "") : `(${conditions.join(" || ")})`;
}

function time(value: string): string {
  return `timestamp(${literal(value)})`;
}

/** Text in quotes as expressions have it. */
function literal(value: string): string {
  return JSON.stringify(value);
}
