/** The checks of single calls: which form fits the arguments, and texts that stand for addresses and networks. */
import { parseNetwork } from "../network.ts";
import { patternFault } from "../regex/regex.ts";
import { parseAddress } from "./address.ts";
import { CALLS, type CallName, type Node, sameType, type Type, typeText, type Value } from "./ast.ts";
import type { Checker, Written } from "./checker.ts";
import { FORMS, type Form } from "./operations.ts";
import { BOOL, CIDR, DURATION, IP, listOf, TIMESTAMP } from "./schema.ts";
import { parseDuration, parseTimestamp } from "./time.ts";

const NO_ADDRESS = "is no address — write one such as 192.0.2.1 or 2001:db8::1";

/** Whether a node is a text that was written out. */
function isText(node: Node | undefined): node is Node & { readonly kind: "literal"; readonly value: string } {
  return node?.kind === "literal" && typeof node.value === "string";
}

function literal(at: number, type: Type, value: Value): Node {
  return { kind: "literal", at, type, value };
}

/** A text that is written where an address or a network is expected becomes one; everything else stays. */
export function coerce(checker: Checker, node: Node, type: Type): Node {
  if (!isText(node)) return node;
  if (type.kind === "ip") return literal(node.at, IP, parseAddress(node.value) ?? checker.fail(node.at, NO_ADDRESS));
  if (type.kind !== "cidr") return node;
  const network = parseNetwork(node.value);
  const fix = "write one such as 10.0.0.0/8";
  return literal(node.at, CIDR, typeof network === "string" ? checker.fail(node.at, `${network} — ${fix}`) : network);
}

/** `ip("…")` and the like: computed at once, so that what is wrong shows when the expression is read. */
export function checkMaker(checker: Checker, { name, at, args, isMember }: Written): Node {
  const [arg] = args;
  if (isMember || args.length !== 1 || arg === undefined) checker.fail(at, `takes one text — write ${name}("…")`);
  if (arg.type.kind === name) return arg;
  if (!isText(arg)) checker.fail(arg.at, `is ${typeText(arg.type)} — ${name} takes a text in quotes, known beforehand`);
  const { value } = arg;
  switch (name) {
    case "isIP":
      return literal(at, BOOL, parseAddress(value) !== undefined);
    case "duration": {
      const nanos = parseDuration(value) ?? checker.fail(arg.at, "is no duration — write one such as 24h, 90m or 1.5s");
      return literal(at, DURATION, nanos);
    }
    case "timestamp": {
      const fix = "write one such as 2027-02-01T00:00:00Z";
      return literal(at, TIMESTAMP, parseTimestamp(value) ?? checker.fail(arg.at, `is no time — ${fix}`));
    }
    default:
      return { ...coerce(checker, arg, name === "ip" ? IP : CIDR), at };
  }
}

/** A call whose result depends on its arguments' types alone. */
export function checkForms(checker: Checker, written: Written): Node {
  const { at, isMember } = written;
  const name = CALLS.find((one) => one === written.name);
  const forms = (name === undefined ? undefined : FORMS[name]) ?? [];
  if (name === undefined || forms.length === 0) checker.fail(at, `takes other arguments — see docs/expressions.md`);
  const fitting = forms.find((form) => fits(checker, form, written.args));
  if (fitting === undefined) return noForm(checker, written, forms);
  const isMisplaced = fitting.written === "member" ? !isMember : fitting.written === undefined && isMember;
  if (isMisplaced) checker.fail(at, `is written behind what it asks about — value.${name}(…)`);
  const args = written.args.map((arg, index) => checker.coerced(arg, fitting.takes[index] ?? arg.type));
  if (name === "matches") checkPattern(checker, args[1]);
  return { kind: "call", at, type: fitting.gives, name, args };
}

function fits(checker: Checker, form: Form, args: readonly Node[]): boolean {
  return (
    form.takes.length === args.length &&
    args.every((arg, index) => {
      const type = form.takes[index];
      if (type === undefined) return false;
      // The receiver is never a text that is meant as a network.
      const isMeant = index > 0 && isText(arg) && (type.kind === "ip" || type.kind === "cidr");
      return sameType(arg.type, type) || (isMeant && checker.coerced(arg, type).type.kind === type.kind);
    })
  );
}

function checkPattern(checker: Checker, pattern: Node | undefined): void {
  if (!isText(pattern)) {
    const why = "its machine is built when the expression is read";
    checker.fail(pattern?.at ?? 0, `is no pattern in quotes — ${why}; write it out`);
  }
  const fault = patternFault(pattern.value);
  if (fault === undefined) return;
  const place = pattern.value === "" ? "" : ` at its character ${fault.at + 1}`;
  checker.fail(pattern.at, `is no pattern that can be matched${place}: ${fault.message}`);
}

const HINTS: readonly (readonly [one: string, other: string, fix: string])[] = [
  ["timestamp", "string", `write timestamp("2027-02-01T00:00:00Z")`],
  ["timestamp", "duration", "compare with now minus the duration"],
  ["duration", "string", `write duration("24h")`],
  ["duration", "int", `write duration("24h")`],
  ["int", "string", "write the number without quotes"],
  ["list", "string", "ask exists(one, …) of the list"],
  ["map", "string", `say which: header["accept"]`],
  ["ip", "string", `write ip in cidr("10.0.0.0/8")`],
];

/** @returns what to write where these types meet, or "" */
function hintOf(args: readonly Node[]): string {
  const kinds: readonly string[] = args.map(({ type }) => type.kind);
  const hint = HINTS.find(([one, other]) => kinds.includes(one) && kinds.includes(other));
  return hint?.[2] ?? "";
}

function noForm(checker: Checker, { name, at, args }: Written, forms: readonly Form[]): never {
  const given = args.map(({ type }) => typeText(type)).join(" and ") || "nothing";
  const taken = forms.map((form) => form.takes.map(typeText).join(" and ")).join(", or ");
  const fix = hintOf(args) || "compare values of one type";
  const shown = name === "negate" ? "-" : name;
  return checker.fail(at, `"${shown}" does not take ${given} — it takes ${taken}; ${fix}`);
}

/** Two values that are compared, or of which one is chosen: of one type, or one a text that stands for the other. */
export function sameOrFail(checker: Checker, at: number, sign: string, left: Node, right: Node): [Node, Node] {
  const pair: [Node, Node] = [checker.coerced(left, right.type), checker.coerced(right, left.type)];
  if (sameType(pair[0].type, pair[1].type)) return pair;
  const fix = hintOf([left, right]) || "compare values of one type";
  return checker.fail(at, `"${sign}" compares ${typeText(left.type)} with ${typeText(right.type)} — ${fix}`);
}

/**
 * `==` and `!=`. Of a list and one value, as in `type == "sqli"` of a record with several types: whether the list has
 * it.
 */
export function checkEqual(checker: Checker, at: number, name: "==" | "!=", left: Node, right: Node): Node {
  const isList = (node: Node): boolean => node.type.kind === "list";
  if (isList(left) !== isList(right)) {
    const [whole, value] = isList(left) ? [left, right] : [right, left];
    const found = checkIn(checker, at, value, whole);
    return name === "==" ? found : { kind: "call", at, type: BOOL, name: "!", args: [found] };
  }
  return { kind: "call", at, type: BOOL, name, args: sameOrFail(checker, at, name, left, right) };
}

/** `value in whole`. */
export function checkIn(checker: Checker, at: number, value: Node, whole: Node): Node {
  const name: CallName = "in";
  const given = whole.kind === "literal" && Array.isArray(whole.value) ? textItems(whole) : undefined;
  if (value.type.kind === "ip") {
    const network = checker.coerced(whole, CIDR);
    const list = given?.map((item) => checker.coerced(item, CIDR));
    if (network.type.kind === "cidr") return { kind: "call", at, type: BOOL, name, args: [value, network] };
    if (list !== undefined) {
      const networks = literal(whole.at, listOf(CIDR), list.map(valueIn));
      return { kind: "call", at, type: BOOL, name, args: [value, networks] };
    }
  }
  const { type } = whole;
  const isElement = type.kind === "list" && sameType(type.of, value.type);
  const isName = type.kind === "map" && value.type.kind === "string";
  const isAddress = type.kind === "list" && type.of.kind === "cidr" && value.type.kind === "ip";
  if (isElement || isName || isAddress) return { kind: "call", at, type: BOOL, name, args: [value, whole] };
  const fix = type.kind === "string" ? "write contains for a part of a text" : "write a list of one type";
  return checker.fail(at, `"in" does not take ${typeText(value.type)} and ${typeText(type)} — ${fix}`);
}

function textItems(list: Node & { readonly kind: "literal" }): Node[] | undefined {
  const { value, at, type } = list;
  if (!Array.isArray(value) || type.kind !== "list" || type.of.kind !== "string") return undefined;
  return value.map((item: Value) => literal(at, type.of, item));
}

function valueIn(node: Node): Value {
  return node.kind === "literal" ? node.value : null;
}
