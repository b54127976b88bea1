/** From the schema of a parameter to questions about its text: patterns and lengths, joined. */
import { patternFault } from "../regex/regex.ts";
import { type Bound, decimalPattern, integerPattern } from "./number-range.ts";
import type { Piece } from "./references.ts";

/** What must hold of a text; nothing in it takes any text. */
export type Value = readonly Part[];

/** One thing that must hold. */
export type Part =
  /** The pattern fits the whole text, or is found in it. */
  | { readonly kind: "whole" | "found"; readonly pattern: string }
  /** Characters, both within. */
  | { readonly kind: "size"; readonly least: number; readonly most: number }
  | { readonly kind: "either"; readonly of: readonly Value[] };

/** What reading schemas needs. */
export interface Reading {
  /** Told what of a schema is not asked. */
  readonly note: (piece: Piece, what: string) => void;
  /** Schemas that may still be read: those that hold each other would never end. */
  left: number;
}

const DEPTH_MAX = 12;
const CHOICES_MAX = 256;
const SIZE_MAX = 0xffff_fff0;
const PATTERN_CHARS_MAX = 1900;
const ITEMS_MAX = 200;
const COUNTED_MAX = 64;

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
/** Formats of texts that have one form, as patterns of all of it. RFC 3339 §5.6, RFC 9562 §4, RFC 4291 is left out. */
export const FORMATS: Readonly<Record<string, string>> = {
  date: "\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])",
  "date-time":
    "\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])[Tt ](?:[01]\\d|2[0-3]):[0-5]\\d:(?:[0-5]\\d|60)(?:\\.\\d+)?" +
    "(?:[Zz]|[-+](?:[01]\\d|2[0-3]):[0-5]\\d)",
  uuid: "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
  ipv4: `${OCTET}(?:\\.${OCTET}){3}`,
};
const INTEGERS: Readonly<Record<string, number>> = { int32: 31, int64: 63 };

/** @returns what must hold of a text that the schema takes; what is not asked is noted */
export function readValue(schema: Piece, reading: Reading, separator = ",", depth = 0): Value {
  if (schema.value === true || depth > DEPTH_MAX) return [];
  if (--reading.left < 0) return schema.fail("is one schema too many; let fewer of them hold each other");
  if (schema.value === false) return [{ kind: "either", of: [] }];
  const parts: Part[] = [];
  const types = typesOf(schema);
  const isNullable = schema.flag("nullable") || types.includes("null");
  const plain = types.filter((type) => type !== "null");
  const choices = plain.map((type) => typedValue(type, schema, reading, separator, depth));
  if (plain.length > 0) parts.push(...eitherOf(isNullable ? [...choices, NULL] : choices));
  const literals = [...schema.list("enum"), ...[schema.at("const")].filter((one) => one !== undefined)];
  if (literals.length > 0) parts.push(...oneOfTexts(schema, literals, isNullable));
  if (plain.length === 0) parts.push(...textParts(schema, reading));
  for (const name of ["anyOf", "oneOf"]) {
    const of = schema.list(name).slice(0, CHOICES_MAX);
    if (of.length > 0) parts.push(...eitherOf(of.map((one) => readValue(one, reading, separator, depth + 1))));
  }
  for (const one of schema.list("allOf").slice(0, CHOICES_MAX))
    parts.push(...readValue(one, reading, separator, depth + 1));
  const not = schema.at("not");
  if (not !== undefined) reading.note(not, "not is not asked of parameters");
  return parts;
}

const NULL: Value = [{ kind: "whole", pattern: "(?:null)?" }];

function typesOf(schema: Piece): string[] {
  const type = schema.at("type");
  if (type === undefined) return [];
  const types = Array.isArray(type.value) ? type.value : [type.value];
  return types.map((one) => (typeof one === "string" ? one : type.fail("is no type; write one such as string")));
}

/** One value is not to be chosen from; where anything is taken, all is. */
function eitherOf(of: readonly Value[]): Part[] {
  const [only] = of;
  if (of.some((one) => one.length === 0)) return [];
  return of.length === 1 && only !== undefined ? [...only] : [{ kind: "either", of }];
}

function typedValue(type: string, schema: Piece, reading: Reading, separator: string, depth: number): Value {
  switch (type) {
    case "string":
      return textParts(schema, reading);
    case "boolean":
      return [{ kind: "whole", pattern: "true|false" }];
    case "integer":
    case "number":
      return numberParts(type, schema, reading);
    case "array":
      return arrayParts(schema, reading, separator, depth);
    case "object":
      reading.note(schema, "an object in a parameter is not asked");
      return [];
    default:
      return schema.at("type")?.fail("is no type of JSON Schema; write one such as string") ?? [];
  }
}

function textParts(schema: Piece, reading: Reading): Part[] {
  const parts: Part[] = [];
  const pattern = schema.text("pattern");
  if (pattern !== undefined) {
    const fault = patternFault(pattern);
    if (fault === undefined) parts.push({ kind: "found", pattern });
    else reading.note(schema.at("pattern") ?? schema, `the pattern is not asked: it ${fault.message}`);
  }
  const format = schema.text("format");
  const form = format !== undefined && Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (form !== undefined) parts.push({ kind: "whole", pattern: form });
  const [least, most] = [schema.number("minLength"), schema.number("maxLength")];
  if (least !== undefined || most !== undefined) {
    const clamp = (size: number): number => Math.max(0, Math.min(SIZE_MAX, Math.floor(size)));
    parts.push({ kind: "size", least: clamp(least ?? 0), most: clamp(most ?? SIZE_MAX) });
  }
  return parts;
}

function numberParts(type: "integer" | "number", schema: Piece, reading: Reading): Part[] {
  const bits = INTEGERS[schema.text("format") ?? ""];
  let least: Bound | undefined;
  let most: Bound | undefined;
  if (type === "integer" && bits !== undefined) {
    least = { value: -(2n ** BigInt(bits)), isOpen: false };
    most = { value: 2n ** BigInt(bits) - 1n, isOpen: false };
  }
  least = boundOf(schema, "minimum", "exclusiveMinimum", reading) ?? least;
  most = boundOf(schema, "maximum", "exclusiveMaximum", reading) ?? most;
  if ((schema.number("multipleOf") ?? 1) !== 1)
    reading.note(schema.at("multipleOf") ?? schema, "multipleOf is not asked");
  if (type === "number" && least === undefined && most === undefined) {
    return [{ kind: "whole", pattern: "-?\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?" }];
  }
  const pattern = type === "integer" ? integerPattern(least, most) : decimalPattern(least, most);
  return pattern === undefined ? [{ kind: "either", of: [] }] : [{ kind: "whole", pattern }];
}

/** A bound; in 3.0 `exclusiveMinimum` is a switch, in 3.1 a bound of its own. */
function boundOf(schema: Piece, name: string, open: string, reading: Reading): Bound | undefined {
  const isSwitch = typeof schema.at(open)?.value === "boolean";
  const strict = isSwitch ? undefined : schema.number(open);
  const value = strict ?? schema.number(name);
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value)) {
    reading.note(schema.at(name) ?? schema, "a bound that is no whole number is not asked");
    return undefined;
  }
  return { value: BigInt(value), isOpen: strict !== undefined || schema.flag(open) };
}

function oneOfTexts(schema: Piece, literals: readonly Piece[], isNullable: boolean): Part[] {
  if (literals.length > CHOICES_MAX) schema.fail(`has more than ${CHOICES_MAX} values; write a pattern`);
  const texts = literals.map(({ value }) => quoted(typeof value === "string" ? value : JSON.stringify(value)));
  const pattern = [...new Set([...texts, ...(isNullable ? ["", "null"] : [])])].join("|");
  if (pattern.length > PATTERN_CHARS_MAX) schema.fail("has values that are too long together; write a pattern");
  return [{ kind: "whole", pattern }];
}

/** Text of a pattern that finds this text. */
export function quoted(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}

function arrayParts(schema: Piece, reading: Reading, separator: string, depth: number): Part[] {
  const items = schema.at("items");
  const value = items === undefined ? [] : readValue(items, reading, ",", depth + 1);
  const item = wholePattern(value, `[^${separator}]*`);
  if (item === undefined) {
    reading.note(items ?? schema, "elements with several conditions are not asked");
    return [];
  }
  const [least, most] = [schema.number("minItems") ?? 0, schema.number("maxItems") ?? ITEMS_MAX];
  if (most > ITEMS_MAX || least > ITEMS_MAX) reading.note(schema, `more than ${ITEMS_MAX} elements are not counted`);
  const one = `(?:${item})`;
  const isOpen = schema.number("maxItems") === undefined || most > ITEMS_MAX;
  const times = `{${Math.max(0, Math.min(least, ITEMS_MAX) - 1)},${isOpen ? "" : Math.max(0, most - 1)}}`;
  const pattern = `${one}(?:${quoted(separator)}${one})${times}`;
  if (!isOpen && most < Math.max(1, least))
    return least === 0 ? [{ kind: "whole", pattern: "" }] : [{ kind: "either", of: [] }];
  const whole = least === 0 ? `(?:${pattern})?` : pattern;
  if (whole.length <= PATTERN_CHARS_MAX && patternFault(whole) === undefined)
    return [{ kind: "whole", pattern: whole }];
  reading.note(schema, "its elements are not asked: the machine would be too large");
  return [];
}

/** @returns one pattern for all of a value, undefined where it takes more than one question; `any` for any text */
export function wholePattern(value: Value, any: string): string | undefined {
  const [part] = value;
  if (part === undefined) return any;
  if (value.length > 1) return undefined;
  if (part.kind === "size") return sizedPattern(part, any);
  if (part.kind !== "either") {
    return part.kind === "whole" ? part.pattern : foundPattern(part.pattern, any.replace(/\+$/, "*"));
  }
  const all = part.of.map((one) => wholePattern(one, any));
  return all.length === 0 || all.includes(undefined) ? undefined : all.map((one) => `(?:${one})`).join("|");
}

/** A pattern that is found somewhere, as one for the whole text; undefined where its ends are not plain to see. */
function foundPattern(pattern: string, around: string): string | undefined {
  const [, begin = "", inner = "", end = ""] = /^(\^?)([\s\S]*?)((?<!\\)\$)?$/.exec(pattern) ?? [];
  if ((begin !== "" || end !== "") && inner.includes("|") && !/^\((?:[^()\\]|\\.)*\)$/.test(inner)) return undefined;
  return `${begin === "" ? around : ""}(?:${inner})${end === "" ? around : ""}`;
}

/** A length as a pattern, where it is short enough to be counted by a machine. */
function sizedPattern(
  { least, most }: { readonly least: number; readonly most: number },
  any: string,
): string | undefined {
  if (least > COUNTED_MAX) return undefined;
  const one = any.replace(/[*+]$/, "");
  return most > COUNTED_MAX ? `${one}{${least},}` : most < least ? undefined : `${one}{${least},${most}}`;
}
