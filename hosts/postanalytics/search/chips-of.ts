/**
 * From an expression back to chips, for those that are a row of plain conditions: so the console can show as chips what
 * was written by hand, or kept by somebody else.
 */
import { isV4 } from "../../policy/expression/address.ts";
import type { Node, Value } from "../../policy/expression/ast.ts";
import type { Network } from "../../policy/network.ts";
import type { Chip, ChipRelation } from "./chip.ts";
import { fieldOf } from "./fields.ts";
import { globOf, type Pattern, patternOfRegex } from "./pattern.ts";

const V4_MASK = 0xffffffffn;
const NANOS_PER_MS = 1_000_000n;

/** @returns the chips that say the same, or null where chips cannot say it */
export function chipsOf(ast: Node): readonly Chip[] | null {
  const conditions = ast.kind === "call" && ast.name === "&&" ? ast.args.map(chipsOf) : [single(ast, false)];
  const chips: Chip[] = [];
  for (const some of conditions) {
    if (some === null) return null;
    if (Array.isArray(some)) chips.push(...some);
    else if ("field" in some) chips.push(some);
  }
  return chips;
}

function single(node: Node, not: boolean): Chip | null {
  if (node.kind === "variable") {
    return fieldOf(node.name)?.type === "bool" ? { field: node.name, not, relation: "is", values: ["true"] } : null;
  }
  if (node.kind === "exists") return element(node, not);
  if (node.kind !== "call") return null;
  const [first, second] = node.args;
  if (node.name === "!" && first !== undefined) return single(first, !not);
  if (node.name === "||") return either(node.args, not);
  if (first === undefined || second === undefined) return null;
  if (first.kind === "literal" && second.kind === "variable" && node.name === "in")
    return is(second.name, not, [first.value]);
  if (first.kind !== "variable") return null;
  if (node.name === "!=") return comparison(first.name, "==", second, !not);
  return comparison(first.name, node.name, second, not);
}

/** Conditions on one field are one chip with several values. */
function either(args: readonly Node[], not: boolean): Chip | null {
  const chips = args.map((arg) => single(arg, false));
  const [first] = chips;
  if (first === undefined || first === null) return null;
  const values: string[] = [];
  for (const chip of chips) {
    if (chip === null || chip.field !== first.field || chip.not || chip.relation !== "is") return null;
    values.push(...chip.values);
  }
  return { field: first.field, not, relation: "is", values };
}

function element({ list, variable, condition }: Node & { kind: "exists" | "all" }, not: boolean): Chip | null {
  if (list.kind !== "variable" || condition.kind !== "call") return null;
  const [subject, known] = condition.args;
  if (subject?.kind !== "variable" || subject.name !== variable || known?.kind !== "literal") return null;
  const pattern = patternOf(condition.name, known.value);
  return pattern === undefined ? null : { field: list.name, not, relation: "is", values: [globOf(pattern)] };
}

function comparison(name: string, call: string, known: Node, not: boolean): Chip | null {
  const field = fieldOf(name);
  if (field === undefined) return null;
  if (field.name === "ts" && call === ">") {
    const span = sinceNow(known);
    if (span !== undefined) return { field: "last", not, relation: "is", values: [span] };
  }
  if (known.kind !== "literal") return null;
  const { value } = known;
  if (call === "==" && field.type !== "time") return field.type === "bool" ? null : is(name, not, [value]);
  if (call === "in") return is(name, not, Array.isArray(value) ? value : [value]);
  const relation = relationOf(call);
  if (relation !== undefined && (field.type === "int" || field.type === "time")) {
    const text = textOf(field.type === "time" ? "time" : "plain", value);
    return text === undefined ? null : { field: name, not, relation, values: [text] };
  }
  const pattern = field.type === "string" ? patternOf(call, value) : undefined;
  return pattern === undefined ? null : { field: name, not, relation: "is", values: [globOf(pattern)] };
}

function relationOf(call: string): ChipRelation | undefined {
  return ([">", ">=", "<", "<="] as const).find((one) => one === call);
}

/** `now - duration("24h")`: `24h`. */
function sinceNow(node: Node): string | undefined {
  if (node.kind !== "call" || node.name !== "-") return undefined;
  const [now, span] = node.args;
  if (now?.kind !== "variable" || now.name !== "now" || span?.kind !== "literal" || typeof span.value !== "bigint") {
    return undefined;
  }
  const ms = span.value / NANOS_PER_MS;
  if (ms <= 0n || ms * NANOS_PER_MS !== span.value) return undefined;
  for (const [unit, size] of [
    ["h", 3_600_000n],
    ["m", 60_000n],
    ["s", 1000n],
  ] as const) {
    if (ms % size === 0n) return `${ms / size}${unit}`;
  }
  return `${ms}ms`;
}

function is(field: string, not: boolean, values: readonly Value[]): Chip | null {
  const { type } = fieldOf(field) ?? {};
  const sort = type === "ip" ? "ip" : type === "int" ? "plain" : "text";
  const texts = values.map((value) => textOf(sort, value));
  if (texts.length === 0 || texts.includes(undefined)) return null;
  return { field, not, relation: "is", values: texts.map((text) => text ?? "") };
}

function textOf(sort: "ip" | "plain" | "text" | "time", value: Value): string | undefined {
  if (sort === "text") return typeof value === "string" ? globOf([{ text: value }]) : undefined;
  if (sort === "ip") return typeof value === "bigint" ? addressText(value) : networkText(value);
  if (typeof value !== "bigint" || value < 0n) return undefined;
  return sort === "time" ? new Date(Number(value / NANOS_PER_MS)).toISOString() : value.toString();
}

function networkText(value: Value): string | undefined {
  if (typeof value !== "object" || value === null || !("prefix" in value)) return undefined;
  const { address, prefix }: Network = value;
  if (prefix === 128) return addressText(address);
  return isV4(address) && prefix >= 96 ? `${addressText(address)}/${prefix - 96}` : `${addressText(address)}/${prefix}`;
}

function addressText(address: bigint): string {
  if (isV4(address)) {
    const bits = address & V4_MASK;
    return [24n, 16n, 8n, 0n].map((shift) => ((bits >> shift) & 255n).toString()).join(".");
  }
  const groups = Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16));
  // The shortest form, RFC 5952, as every URL has it.
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

function patternOf(call: string, value: Value): Pattern | undefined {
  if (typeof value !== "string") return undefined;
  switch (call) {
    case "==":
      return [{ text: value }];
    case "startsWith":
      return [{ text: value }, "any"];
    case "endsWith":
      return ["any", { text: value }];
    case "contains":
      return ["any", { text: value }, "any"];
    case "matches":
      return patternOfRegex(value);
    default:
      return undefined;
  }
}
