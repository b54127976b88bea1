/** What a value looks like, and what it or its name gives away. Nothing of the value is kept. */
import type { Sensitivity, ValueType } from "./endpoint.ts";

/** Characters of a value that are looked at. */
const VALUE_CHARS_MAX = 256;

const SHAPES: readonly (readonly [ValueType, RegExp])[] = [
  ["integer", /^-?(?:0|[1-9]\d{0,17})$/],
  ["number", /^-?\d{1,18}\.\d{1,18}(?:[eE][+-]?\d{1,3})?$/],
  ["boolean", /^(?:true|false)$/],
  ["uuid", /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i],
  ["date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/i],
  ["email", /^[^\s@]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+$/],
];

/** @returns the type of a value that is written as text */
export function typeOfText(text: string): ValueType {
  if (text.length > VALUE_CHARS_MAX) return "string";
  return SHAPES.find(([, shape]) => shape.test(text))?.[0] ?? "string";
}

/** @returns the type of a value of JSON; numbers in quotes stay strings, since a specification says so too */
export function typeOfJson(value: unknown): ValueType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  if (typeof value === "boolean") return "boolean";
  if (typeof value !== "string") return "object";
  const type = typeOfText(value);
  return type === "integer" || type === "number" || type === "boolean" ? "string" : type;
}

/** @see ISO/IEC 7812-1 annex B: the check digit of payment cards */
function isCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, "");
  if (!/^\d{13,19}$/.test(digits) || /^(\d)\1*$/.test(digits)) return false;
  let sum = 0;
  for (const [index, digit] of [...digits].reverse().entries()) {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** @returns what a value gives away by its shape */
export function sensitivityOfValue(value: string): Sensitivity | null {
  if (value.length > 4096) return null;
  // RFC 7519 §3: three parts of base64url, the first of which begins with {" in it.
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]*$/.test(value)) return "token";
  if (isCard(value)) return "card";
  return typeOfText(value) === "email" ? "email" : null;
}

/** @returns what a name says of its values, whatever they look like */
export function sensitivityOfName(name: string): Sensitivity | null {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (words.some((word) => word === "email" || word === "mail")) return "email";
  return words.some((word) => word === "phone" || word === "mobile" || word === "msisdn") ? "phone" : null;
}

/** @returns which sort of secret a name means that the core masks */
export function secretOfName(name: string): Sensitivity {
  if (/pass|pwd|pin\b/i.test(name)) return "password";
  if (/token|jwt|session|sid|csrf|bearer|auth/i.test(name)) return "token";
  return /key/i.test(name) ? "key" : "secret";
}
