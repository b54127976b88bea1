/** From what hosts hold (records, requests) to values of expressions. Kinds that do not fit count as missing. */
import { parseAddress } from "./address.ts";
import type { Type, Value } from "./ast.ts";
import { nanosOfMs, parseTimestamp } from "./time.ts";

/**
 * What a caller gives for a variable: numbers for `int`; for `timestamp` a Date, milliseconds since 1970 or RFC 3339;
 * for `duration` seconds; for `ip` the address as text. Undefined and null are missing.
 */
export type Plain =
  | boolean
  | number
  | bigint
  | string
  | Date
  | null
  | undefined
  | readonly Plain[]
  | ReadonlyMap<string, Plain>
  | { readonly [name: string]: Plain };

const MS = 1000;

/** @returns the value, or the type's empty one: false, 0, "", 1970, an unknown address, nothing in it */
export function toValue(type: Type, plain: Plain): Value {
  switch (type.kind) {
    case "bool":
      return plain === true;
    case "int":
      return wholeNumber(plain) ?? 0n;
    case "string":
      return typeof plain === "string" ? plain : "";
    case "timestamp":
      return timeOf(plain);
    case "duration":
      return typeof plain === "number" && Number.isFinite(plain) ? nanosOfMs(plain * MS) : 0n;
    case "ip":
      return (typeof plain === "string" ? parseAddress(plain) : undefined) ?? null;
    case "list":
      return isList(plain) ? plain.map((item) => toValue(type.of, item)) : [];
    case "map":
      return new Map(entriesOf(plain).map(([name, item]) => [name, toValue(type.of, item)]));
    default:
      return null;
  }
}

function isList(plain: Plain): plain is readonly Plain[] {
  return Array.isArray(plain);
}

function wholeNumber(plain: Plain): bigint | undefined {
  if (typeof plain === "bigint") return BigInt.asIntN(64, plain);
  return typeof plain === "number" && Number.isSafeInteger(Math.trunc(plain)) ? BigInt(Math.trunc(plain)) : undefined;
}

function timeOf(plain: Plain): bigint {
  if (typeof plain === "string") return parseTimestamp(plain) ?? 0n;
  const ms = plain instanceof Date ? plain.getTime() : plain;
  return typeof ms === "number" && Number.isFinite(ms) ? nanosOfMs(ms) : 0n;
}

function entriesOf(plain: Plain): (readonly [string, Plain])[] {
  if (plain instanceof Map) return [...plain];
  if (typeof plain !== "object" || plain === null || isList(plain) || plain instanceof Date) return [];
  return Object.entries(plain).filter(([, item]) => item !== undefined && item !== null);
}
