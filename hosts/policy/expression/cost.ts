/**
 * What evaluating an expression costs at most, in characters that are visited: known before it runs, by the bounds that
 * the schema gives. It is there to refuse what multiplies (lists of lists of texts), not to foretell a time.
 */
import type { Node, Type } from "./ast.ts";
import type { Schema } from "./schema.ts";

/** Cost of the dearest expression that is taken. */
export const COST_MAX = 1_000_000_000;
/** Bounds of variables that say none. */
const CHARS_MAX = 8192;
const ENTRIES_MAX = 256;

/** What a value holds at most. */
interface Bounds {
  readonly chars: number;
  readonly entries: number;
}

/** @returns the most that the expression may cost */
export function costOf(node: Node, schema: Schema): number {
  return new Estimate(schema).cost(node);
}

class Estimate {
  readonly #schema: Schema;
  readonly #elements = new Map<string, Bounds>();

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  cost(node: Node): number {
    switch (node.kind) {
      case "literal":
      case "variable":
        return 1;
      case "list":
        return node.items.reduce((sum, item) => sum + this.cost(item), 1);
      case "call": {
        const args = node.args.reduce((sum, arg) => sum + this.cost(arg), 1);
        return args + node.args.reduce((sum, arg) => sum + this.#visited(arg), 0);
      }
      default: {
        const bounds = this.#bounds(node.list);
        this.#elements.set(node.variable, { chars: bounds.chars, entries: 1 });
        const condition = this.cost(node.condition);
        this.#elements.delete(node.variable);
        return this.cost(node.list) + bounds.entries * (condition + 1);
      }
    }
  }

  /** Characters that a call looks at in one of its arguments. */
  #visited(arg: Node): number {
    if (arg.kind === "literal" || !holdsText(arg.type)) return 0;
    const { chars, entries } = this.#bounds(arg);
    return arg.type.kind === "string" ? chars : entries;
  }

  #bounds(node: Node): Bounds {
    switch (node.kind) {
      case "literal": {
        const { value } = node;
        const items = Array.isArray(value) ? value : [value];
        const sizes = items.map((item: unknown) => (typeof item === "string" ? item.length : 1));
        return { chars: Math.max(0, ...sizes), entries: items.length };
      }
      case "variable": {
        const { charsMax = CHARS_MAX, entriesMax = ENTRIES_MAX } = this.#schema[node.name] ?? {};
        return this.#elements.get(node.name) ?? { chars: charsMax, entries: entriesMax };
      }
      case "list": {
        const bounds = node.items.map((item) => this.#bounds(item));
        return { chars: Math.max(0, ...bounds.map(({ chars }) => chars)), entries: node.items.length };
      }
      case "call": {
        const bounds = node.args.map((arg) => this.#bounds(arg));
        const sum = (one: (bound: Bounds) => number): number => bounds.reduce((total, bound) => total + one(bound), 0);
        // What is joined is as long as its parts; all else is no longer than the longest.
        if (node.name === "+") return { chars: sum(({ chars }) => chars), entries: sum(({ entries }) => entries) };
        return {
          chars: Math.max(0, ...bounds.map(({ chars }) => chars)),
          entries: Math.max(1, ...bounds.map(({ entries }) => entries)),
        };
      }
      default:
        return { chars: 1, entries: 1 };
    }
  }
}

function holdsText(type: Type): boolean {
  return type.kind === "string" || type.kind === "list" || type.kind === "map";
}
