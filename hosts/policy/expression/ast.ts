/**
 * What an expression is once it is checked: a small tree with types, which the evaluator walks, the compiler of rules
 * turns into bytecode, and search turns into SQL. Its form is stable: a new kind of node or name of a call is a change
 * that every reader of it has to follow.
 */
import type { Network } from "../network.ts";

/** Types of values. `list` and `map` have the type of what they hold; names of maps are texts. */
export type Type =
  | { readonly kind: "bool" | "int" | "string" | "timestamp" | "duration" | "ip" | "cidr" | "any" }
  | { readonly kind: "list" | "map"; readonly of: Type };

/**
 * A value: texts as they are; `int` has 64 bits; `timestamp` is nanoseconds since 1970, `duration` nanoseconds; `ip` is
 * 128 bits with IPv4 mapped into IPv6, or null where the address is not known; `cidr` a network of the same form.
 */
export type Value = boolean | bigint | string | null | Network | readonly Value[] | ReadonlyMap<string, Value>;

/** Calls of operators and functions, by name; `args` are in the order of writing, the receiver first. */
export const CALLS = [
  "&&",
  "||",
  "!",
  "?:",
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "+",
  "-",
  "*",
  "/",
  "%",
  "negate",
  /** Member of a list, name of a map, or an address in a network or in one of a list of networks. */
  "in",
  /** `map["name"]`: the empty value of its type where the name is not there; `list[0]`: an error where it is not. */
  "index",
  /** `has(map.name)`, `has(map["name"])`: whether the name is there. */
  "has",
  "size",
  "startsWith",
  "endsWith",
  "contains",
  "matches",
  "lowerAscii",
  "family",
  "containsIP",
  "containsCIDR",
  "prefixLength",
] as const;
export type CallName = (typeof CALLS)[number];

interface Place {
  /** Characters of the text in front of it. */
  readonly at: number;
  readonly type: Type;
}

/** A value that was written, or that was computed from such ones: `timestamp("…")`, `cidr("…")`. */
export interface Literal extends Place {
  readonly kind: "literal";
  readonly value: Value;
}

/** A variable of the schema, or the name that an `exists` or `all` gives to an element. */
export interface Variable extends Place {
  readonly kind: "variable";
  readonly name: string;
}

/** A list of nodes that are not all literals; those that are make one literal. */
export interface List extends Place {
  readonly kind: "list";
  readonly items: readonly Node[];
}

/** An operator or a function. */
export interface Call extends Place {
  readonly kind: "call";
  readonly name: CallName;
  readonly args: readonly Node[];
}

/** `list.exists(name, condition)` or `list.all(name, condition)`; the names of a map are its list. */
export interface Quantifier extends Place {
  readonly kind: "exists" | "all";
  readonly variable: string;
  readonly list: Node;
  readonly condition: Node;
}

/** One node of a checked expression. */
export type Node = Literal | Variable | List | Call | Quantifier;

/** A type as people write it. */
export function typeText(type: Type): string {
  return "of" in type ? `${type.kind} of ${typeText(type.of)}` : type.kind;
}

/** Whether two types are one; what is empty has elements of any type. */
export function sameType(a: Type, b: Type): boolean {
  if (a.kind === "any" || b.kind === "any") return true;
  if ("of" in a && "of" in b) return a.kind === b.kind && sameType(a.of, b.of);
  return a.kind === b.kind;
}
