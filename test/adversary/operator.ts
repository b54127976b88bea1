/** What an operator is: a change of an attack that leaves it one, with the types and places of which that is true. */
import { type PlaceName, place } from "../../fuzz/placement.ts";
import type { Random } from "../bench/random.ts";
import { type Attack, fits, type Mutant, VALUE_PLACES } from "./attack.ts";

/** One operator. */
export interface Operator {
  readonly name: string;
  /** Merlon's codes of the attacks that it leaves attacks. */
  readonly types: readonly string[] | "all";
  /** Places in which it can be applied. */
  readonly places: readonly PlaceName[];
  /** How many attacks of a sample it is tried on, as a part of 1: for operators that make long requests. */
  readonly share?: number;
  /** @returns the changed request, or undefined where there is nothing to change */
  readonly apply: (attack: Attack, random: Random) => Mutant | undefined;
}

/**
 * Stamps of what is an attack as a whole value alone: in the middle of a text or of markup it is what people write, or
 * what editors of texts send.
 */
const WHOLE = new Set(["sqli-operator", "sqli-truncate", "sqli-system", "xss-frame", "xss-element", "xss-style"]);

/** Whether a text around the attack leaves it one. */
export function bearsText({ stamps }: Attack): boolean {
  return !stamps.every((stamp) => WHOLE.has(stamp));
}

/** Merlon's codes of attacks whose values mean the same in every kind of document. */
export const MOVABLE = [
  ...["sqli", "xss", "rce", "ptrav", "ssti", "ssrf", "ldapi", "xpath", "ssi", "crlf", "deserialize"],
];
/** Stamps of paths that are attacks where a program opens what a parameter names, and mere text elsewhere. */
const OPENED = new Set(["ptrav-file", "ptrav-system"]);

/** Whether the attack stays one in documents and parts, where nobody undoes percent escapes. */
export function isMovable({ type, stamps, value }: Attack): boolean {
  return MOVABLE.includes(type) && !stamps.every((stamp) => OPENED.has(stamp)) && !value.includes("%");
}

/** Changes a value; what comes back unchanged had nothing to change. */
export type Rewriting = (value: string, random: Random) => string;

/** An operator that changes the value and nothing around it. */
export function rewriting(name: string, types: readonly string[] | "all", rewrite: Rewriting): Operator {
  return {
    name,
    types,
    places: VALUE_PLACES,
    apply: ({ value, where }, random) => {
      const changed = rewrite(value, random);
      return changed === value || !fits(where, changed) ? undefined : { message: place(where, changed) };
    },
  };
}

/** Whether an operator is for an attack. */
export function isFor({ types, places }: Operator, { type, where }: Attack): boolean {
  return (types === "all" || types.includes(type)) && places.includes(where);
}
