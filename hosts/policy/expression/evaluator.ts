/**
 * Evaluates a checked expression on plain values: in hosts, for search, alerts and simulation. The core does not come
 * here; what it does is held against this by test/hosts/policy/rule.
 *
 * Errors are values on their way up, so that `false && 1/0 > 0` is false in either order (CEL, "Logical operators").
 */
import { matchesPattern } from "../regex/regex.ts";
import { isInside, isV4, networkOf, prefixLength } from "./address.ts";
import type { Call, Node, Quantifier, Value } from "./ast.ts";
import { isDuration, isTimestamp } from "./time.ts";

/** Why there is no value. */
export class EvaluationFault {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

type Outcome = Value | EvaluationFault;

/** Looks up a variable. */
export type Scope = (name: string) => Value;

const INT_MAX = (1n << 63n) - 1n;
const INT_MIN = -(1n << 63n);
const OVERFLOW = new EvaluationFault("the number has more than 64 bits");

/** @returns the expression's value, or why it has none */
export function evaluate(node: Node, scope: Scope): Outcome {
  switch (node.kind) {
    case "literal":
      return node.value;
    case "variable":
      return scope(node.name);
    case "list": {
      const items = node.items.map((item) => evaluate(item, scope));
      const values = items.filter((item): item is Value => !(item instanceof EvaluationFault));
      return values.length === items.length
        ? values
        : (items.find((item) => item instanceof EvaluationFault) ?? values);
    }
    case "call":
      return call(node, scope);
    default:
      return quantify(node, scope);
  }
}

/** `&&` and `||` of two outcomes: what decides alone counts, whatever the other one is. */
function join(decisive: boolean, left: Outcome, right: () => Outcome): Outcome {
  if (left === decisive) return decisive;
  const other = right();
  if (other === decisive) return decisive;
  return left instanceof EvaluationFault ? left : other;
}

function quantify(node: Quantifier, scope: Scope): Outcome {
  const list = evaluate(node.list, scope);
  if (list instanceof EvaluationFault) return list;
  const decisive = node.kind === "exists";
  let outcome: Outcome = !decisive;
  for (const element of elementsOf(list)) {
    const inner: Scope = (name) => (name === node.variable ? element : scope(name));
    outcome = join(decisive, outcome, () => evaluate(node.condition, inner));
    if (outcome === decisive) return outcome;
  }
  return outcome;
}

function elementsOf(value: Value): readonly Value[] {
  if (isList(value)) return value;
  return isMap(value) ? [...value.keys()] : [];
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function isMap(value: Value): value is ReadonlyMap<string, Value> {
  return value instanceof Map;
}

function call(node: Call, scope: Scope): Outcome {
  const [first, second, third] = node.args;
  if (first === undefined) return false;
  if (node.name === "&&" || node.name === "||") {
    return join(node.name === "||", evaluate(first, scope), () => (second ? evaluate(second, scope) : false));
  }
  const left = evaluate(first, scope);
  if (left instanceof EvaluationFault) return left;
  if (node.name === "?:") {
    const taken = left === true ? second : third;
    return taken === undefined ? false : evaluate(taken, scope);
  }
  if (second === undefined) return unary(node, left);
  const right = evaluate(second, scope);
  if (right instanceof EvaluationFault) return right;
  return binary(node, left, right);
}

function unary({ name }: Call, value: Value): Outcome {
  switch (name) {
    case "!":
      return value !== true;
    case "negate":
      return bounded(typeof value === "bigint" ? -value : 0n);
    case "size":
      return sizeOf(value);
    case "lowerAscii":
      return typeof value === "string" ? value.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()) : "";
    case "family":
      return typeof value !== "bigint" ? 0n : isV4(value) ? 4n : 6n;
    default:
      return isNetwork(value) ? BigInt(prefixLength(value)) : 0n;
  }
}

function sizeOf(value: Value): bigint {
  if (typeof value === "string") {
    let count = 0;
    for (const _character of value) count++;
    return BigInt(count);
  }
  return BigInt(isList(value) ? value.length : isMap(value) ? value.size : 0);
}

function bounded(value: bigint): Outcome {
  return value > INT_MAX || value < INT_MIN ? OVERFLOW : value;
}

function binary(node: Call, left: Value, right: Value): Outcome {
  switch (node.name) {
    case "==":
      return isEqual(left, right);
    case "!=":
      return !isEqual(left, right);
    case "<":
      return compare(left, right) < 0;
    case "<=":
      return compare(left, right) <= 0;
    case ">":
      return compare(left, right) > 0;
    case ">=":
      return compare(left, right) >= 0;
    case "in":
      return isIn(left, right);
    case "index":
      return elementAt(node, left, right);
    case "has":
      return isMap(left) && typeof right === "string" && left.has(right);
    case "containsIP":
    case "containsCIDR":
      return isNetwork(left) && isIn(right, left);
    default:
      return typeof left === "string" && typeof right === "string"
        ? textCall(node, left, right)
        : arithmetic(node, left, right);
  }
}

function textCall({ name }: Call, left: string, right: string): Outcome {
  switch (name) {
    case "startsWith":
      return left.startsWith(right);
    case "endsWith":
      return left.endsWith(right);
    case "contains":
      return left.includes(right);
    case "matches":
      return matchesPattern(right, left);
    default:
      return left + right;
  }
}

function arithmetic({ name, type }: Call, left: Value, right: Value): Outcome {
  if (typeof left !== "bigint" || typeof right !== "bigint") return false;
  const result = (): bigint => {
    if (name === "+") return left + right;
    if (name === "-") return left - right;
    if (name === "*") return left * right;
    return name === "/" ? left / right : left % right;
  };
  if ((name === "/" || name === "%") && right === 0n) return new EvaluationFault("it divides by zero");
  if (type.kind === "int") return bounded(result());
  const isTime = type.kind === "timestamp" ? isTimestamp : isDuration;
  return isTime(result()) ? result() : new EvaluationFault("the time is out of range");
}

/** Code points in order, which for texts is the order of their UTF-8 bytes. */
function compare(left: Value, right: Value): number {
  if (typeof left === "string" && typeof right === "string")
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  if (typeof left !== "bigint" || typeof right !== "bigint") return 0;
  return left < right ? -1 : left > right ? 1 : 0;
}

function isNetwork(value: Value): value is Extract<Value, { prefix: number }> {
  return typeof value === "object" && value !== null && "prefix" in value;
}

function isEqual(left: Value, right: Value): boolean {
  if (isNetwork(left) && isNetwork(right)) return left.address === right.address && left.prefix === right.prefix;
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((item, index) => isEqual(item, right[index] ?? null));
  }
  return left === right && left !== null;
}

function isIn(value: Value, whole: Value): boolean {
  if (isMap(whole)) return typeof value === "string" && whole.has(value);
  if (isList(whole))
    return whole.some((item) => (isNetwork(item) && !isNetwork(value) ? isIn(value, item) : isEqual(value, item)));
  if (!isNetwork(whole)) return false;
  if (typeof value === "bigint") return isInside(networkOf(value), whole);
  return isNetwork(value) && isInside(value, whole);
}

function elementAt({ type }: Call, whole: Value, key: Value): Outcome {
  if (isMap(whole) && typeof key === "string") return whole.get(key) ?? (type.kind === "list" ? [] : "");
  const element = isList(whole) && typeof key === "bigint" && key >= 0n ? whole[Number(key)] : undefined;
  return element ?? new EvaluationFault("the list has no element of this number");
}
