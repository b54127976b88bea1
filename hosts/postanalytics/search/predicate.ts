/**
 * From a checked expression to SQL: a condition on a record, `r`, whose values are parameters and never part of the
 * text. What asks about a kind, a client or a path is asked of those small tables, once, and the records are filtered
 * by number.
 */
import type { Call, Node, Quantifier, Value } from "../../policy/expression/ast.ts";
import { EvaluationFault, evaluate } from "../../policy/expression/evaluator.ts";
import type { Network } from "../../policy/network.ts";
import type { Database, Value as SqlValue } from "../store/database.ts";
import { ipKeyOf } from "../store/record-columns.ts";
import { fieldOf, type SearchField } from "./fields.ts";
import { type Pattern, patternCost, patternOfRegex } from "./pattern.ts";
import { SearchFault } from "./search-fault.ts";

/** A part of SQL with its values, in the order of its question marks. */
export interface Predicate {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** Numbers of a record's row that stand for rows of the small tables. */
export type DimensionColumn = "finding" | "kind" | "client" | "path";

/**
 * A condition as a tree, for whoever does not ask a database about every record: what a small table answers stands
 * apart from what is asked of the record's own row.
 */
export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  /** The column's number is among those that `ids` selects. */
  | { readonly kind: "dimension"; readonly column: DimensionColumn; readonly ids: Predicate }
  /** A number of the row is compared; `in` with several, the others with one. */
  | {
      readonly kind: "number";
      readonly column: "at" | "n";
      readonly sign: string;
      readonly values: readonly number[];
    }
  /** Anything else that is asked of a row. */
  | { readonly kind: "row"; readonly predicate: Predicate };

/** What is true of every record. */
export const EVERYTHING: Predicate = { sql: "1 = 1", values: [] };
/** What is true of none. */
export const NOTHING: Predicate = { sql: "1 = 0", values: [] };

const NANOS_PER_MS = 1_000_000n;
const ADDRESS_BITS = 128n;
/** Numbers of records fit these; a larger one in a search is never equal to any of them. */
const INT_MAX = 2n ** 31n - 1n;
const ASN_MAX = 2n ** 53n - 1n;
const MIRRORED: Readonly<Record<string, string>> = {
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "==": "==",
  "!=": "!=",
};
const SIGNS: Readonly<Record<string, string>> = { "<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "=", "!=": "<>" };

/** @returns both, or either, in brackets */
export function join(word: "and" | "or", parts: readonly Predicate[]): Predicate {
  if (parts.length === 0) return word === "and" ? EVERYTHING : NOTHING;
  return { sql: `(${parts.map(({ sql }) => sql).join(` ${word} `)})`, values: parts.flatMap(({ values }) => values) };
}

/**
 * Compiles a condition.
 * @param nowMs what `now` is
 * @throws SearchFault MERLON_SEARCH for what the store cannot be asked, with the column and what to write
 */
export function conditionTree(ast: Node, dialect: Database["dialect"], nowMs: number): Condition {
  return new Compiler(dialect, BigInt(nowMs) * NANOS_PER_MS).condition(ast);
}

/** See conditionTree; as SQL. */
export function predicateOf(ast: Node, dialect: Database["dialect"], nowMs: number): Predicate {
  return predicateOfTree(conditionTree(ast, dialect, nowMs));
}

/** @returns the SQL of a condition on a record `r` */
export function predicateOfTree(condition: Condition): Predicate {
  switch (condition.kind) {
    case "and":
    case "or":
      return join(condition.kind, condition.parts.map(predicateOfTree));
    case "not":
      return not(predicateOfTree(condition.part));
    case "dimension":
      return { sql: `r.${condition.column} in (${condition.ids.sql})`, values: condition.ids.values };
    case "number": {
      const { column, sign, values } = condition;
      const [value = 0] = values;
      const test = sign === "in" ? within(values) : { sql: `@ ${sign} ?`, values: [value] };
      return { sql: onColumn(`r.${column}`, test.sql), values: test.values };
    }
    default:
      return condition.predicate;
  }
}

/** A text that is compared: a column, or the value of a mark. */
type Subject = (column: string, test: Predicate) => Condition;

const ALWAYS: Condition = { kind: "and", parts: [] };
const NEVER: Condition = { kind: "or", parts: [] };

function opposite(part: Condition): Condition {
  return { kind: "not", part };
}

function row(sql: string, values: readonly SqlValue[]): Condition {
  return { kind: "row", predicate: { sql, values } };
}

class Compiler {
  readonly #dialect: Database["dialect"];
  readonly #now: bigint;

  constructor(dialect: Database["dialect"], now: bigint) {
    this.#dialect = dialect;
    this.#now = now;
  }

  condition(node: Node): Condition {
    if (node.kind === "literal") return node.value === true ? ALWAYS : NEVER;
    if (node.kind === "variable") return this.#flag(node);
    if (node.kind === "list") return this.#refuse(node);
    if (node.kind !== "call") return this.#quantifier(node);
    switch (node.name) {
      case "&&":
        return { kind: "and", parts: node.args.map((arg) => this.condition(arg)) };
      case "||":
        return { kind: "or", parts: node.args.map((arg) => this.condition(arg)) };
      case "!":
        return opposite({ kind: "and", parts: node.args.map((arg) => this.condition(arg)) });
      default:
        return this.#test(node);
    }
  }

  #refuse(node: Node, why = "is more than the store can be asked"): never {
    throw new SearchFault(node.at, `this ${why} — it takes a field, a comparison and a value; see docs/search.md`);
  }

  #flag(node: Node & { kind: "variable" }): Condition {
    const field = fieldOf(node.name);
    if (field?.type !== "bool") this.#refuse(node);
    return subjectOf(field)("incident", { sql: "@ <> 0", values: [] });
  }

  /** A comparison of a field with a value that is known. */
  #test(node: Call): Condition {
    const [first, second] = node.args;
    if (first === undefined || second === undefined) this.#refuse(node);
    const isMirrored = first.kind !== "variable" || first.name === "now";
    // `"sqli" in type` asks about the list, which stands behind.
    const [subject, known] = isMirrored ? [second, first] : [first, second];
    if (subject.kind !== "variable") this.#refuse(node);
    const field = fieldOf(subject.name);
    if (field === undefined) this.#refuse(subject);
    const value = this.#valueOf(known);
    const name = isMirrored ? (MIRRORED[node.name] ?? node.name) : node.name;
    if (isMirrored && node.name !== "in" && MIRRORED[node.name] === undefined) this.#refuse(node);
    switch (field.type) {
      case "string":
        return this.#text(node, field, name, value);
      case "list":
        if (!isMirrored || name !== "in" || typeof value !== "string") this.#refuse(node);
        return subjectOf(field)("value", { sql: "@ = ?", values: [value] });
      case "ip":
        return this.#address(node, field, name, value);
      case "time":
        return this.#rowNumber(node, "at", name, [milliseconds(value, name)]);
      case "int":
        return this.#number(node, field, name, value);
      default:
        return this.#equalFlag(node, field, name, value);
    }
  }

  /** What does not depend on the record: literals, and what is counted from now. */
  #valueOf(node: Node): Value {
    if (!isKnown(node)) this.#refuse(node, "compares two fields");
    const value = evaluate(node, (name) => (name === "now" ? this.#now : null));
    if (value instanceof EvaluationFault) this.#refuse(node, `has no value, since ${value.why}`);
    return value;
  }

  #equalFlag(node: Call, field: SearchField, name: string, value: Value): Condition {
    if (typeof value !== "boolean" || (name !== "==" && name !== "!=")) this.#refuse(node);
    const flag = subjectOf(field)("incident", { sql: "@ <> 0", values: [] });
    return (name === "==") === value ? flag : opposite(flag);
  }

  #number(node: Call, field: SearchField, name: string, value: Value): Condition {
    const most = field.name === "asn" ? ASN_MAX : INT_MAX;
    const column = "column" in field.place ? field.place.column : "";
    if (name === "in" && Array.isArray(value)) {
      const items = value.map((item: Value) => Number(clamped(item, most)));
      return column === "n" ? this.#rowNumber(node, column, name, items) : subjectOf(field)(column, within(items));
    }
    if (typeof value !== "bigint") this.#refuse(node);
    if (column === "n") return this.#rowNumber(node, column, name, [Number(clamped(value, most))]);
    return subjectOf(field)(column, compare(name, Number(clamped(value, most))) ?? this.#refuse(node));
  }

  #rowNumber(node: Call, column: "at" | "n", name: string, values: readonly number[]): Condition {
    const sign = name === "in" ? name : (SIGNS[name] ?? this.#refuse(node));
    return { kind: "number", column, sign, values };
  }

  #address(node: Call, field: SearchField, name: string, value: Value): Condition {
    if (name === "==" || name === "!=") {
      const key = typeof value === "bigint" ? ipKeyOf(value) : "";
      return subjectOf(field)("ip_key", compare(name, key) ?? this.#refuse(node));
    }
    const networks = Array.isArray(value) ? value : [value];
    if (name !== "in" || !networks.every(isNetwork)) this.#refuse(node);
    const ranges = networks.map(rangeOf);
    return subjectOf(field)("ip_key", {
      sql: ranges.length === 0 ? "@ is null" : `(${ranges.map(() => "@ between ? and ?").join(" or ")})`,
      values: ranges.flat(),
    });
  }

  #text(node: Call, field: SearchField, name: string, value: Value): Condition {
    if (field.name === "ref") return this.#ref(node, name, value);
    if (field.name === "label" || field.name === "request_id") return this.#linked(node, field, name, value);
    return subjectOf(field)(columnOf(field), this.#textTest(node, name, value));
  }

  /** A reference is the beginning of an id, so that the index on ids answers. */
  #ref(node: Call, name: string, value: Value): Condition {
    const refs = Array.isArray(value) ? value : [value];
    const texts = refs.filter((one): one is string => typeof one === "string");
    if (!["==", "!=", "in"].includes(name) || texts.length !== refs.length) this.#refuse(node, "is no whole reference");
    const each = texts.map((one): Condition => {
      return one.length === 16 ? row("(r.id >= ? and r.id < ?)", [one, `${one}~`]) : NEVER;
    });
    const any: Condition = { kind: "or", parts: each };
    return name === "!=" ? opposite(any) : any;
  }

  /** Tables that have rows for some records only: what is not there is the empty text. */
  #linked(node: Call, field: SearchField, name: string, value: Value): Condition {
    const isLabel = field.name === "label";
    const there = isLabel ? "select id from labels where verdict is not null" : "select id from request_ids";
    const absent = row(`r.id not in (${there})`, []);
    if (value === "" && (name === "==" || name === "!=")) return name === "==" ? absent : opposite(absent);
    if (name === "!=") return opposite(this.#linked(node, field, "==", value));
    const test = this.#textTest(node, name, value);
    const sql = onColumn(isLabel ? "verdict" : "request_id", test.sql);
    return row(`r.id in (${there} ${isLabel ? "and" : "where"} ${sql})`, test.values);
  }

  /** A test of a column, which is written `@`. */
  #textTest(node: Call, name: string, value: Value): Predicate {
    if (name === "in" && Array.isArray(value)) return within(value.map(String));
    if (typeof value !== "string") this.#refuse(node);
    const size = [...value].length;
    switch (name) {
      case "startsWith":
        return { sql: `substr(@, 1, ${size}) = ?`, values: [value] };
      case "endsWith":
        if (size === 0) return { sql: "@ is not null", values: [] };
        return {
          sql: this.#dialect === "sqlite" ? `substr(@, -${size}) = ?` : `right(@, ${size}) = ?`,
          values: [value],
        };
      case "contains":
        return { sql: this.#dialect === "sqlite" ? "instr(@, ?) > 0" : "strpos(@, ?) > 0", values: [value] };
      case "matches":
        return this.#pattern(node, value);
      default:
        return compare(name, value) ?? this.#refuse(node);
    }
  }

  #pattern(node: Call, regex: string): Predicate {
    const pattern = patternOfRegex(regex);
    if (pattern === undefined) {
      const why = "the store looks for text with . and .* in it, and no more of regular expressions";
      throw new SearchFault(node.at, `is no pattern for a search — ${why}; use contains, startsWith, or split it`);
    }
    const cost = patternCost(pattern);
    if (cost !== undefined) throw new SearchFault(node.at, `the pattern ${cost} — make it shorter`);
    return this.#dialect === "sqlite"
      ? { sql: "@ glob ?", values: [sqliteGlob(pattern)] }
      : { sql: "@ like ? escape '\\'", values: [like(pattern)] };
  }

  /** `type.exists(t, t.startsWith("sql"))`: one mark of the field that passes; `all`: none that does not. */
  #quantifier(node: Quantifier): Condition {
    const { list, condition, variable, kind } = node;
    const field = list.kind === "variable" ? fieldOf(list.name) : undefined;
    if (field?.type !== "list") this.#refuse(list, "is no list of the record");
    const inner = this.#element(condition, variable, field);
    const test = kind === "exists" ? inner : not(inner);
    const found = subjectOf(field)("value", test);
    return kind === "exists" ? found : opposite(found);
  }

  /** A condition on an element of a list, which is a row's value. */
  #element(node: Node, variable: string, field: SearchField): Predicate {
    if (node.kind === "literal") return node.value === true ? EVERYTHING : NOTHING;
    if (node.kind !== "call") this.#refuse(node);
    if (node.name === "&&" || node.name === "||") {
      return join(
        node.name === "&&" ? "and" : "or",
        node.args.map((arg) => this.#element(arg, variable, field)),
      );
    }
    if (node.name === "!")
      return not(
        join(
          "and",
          node.args.map((arg) => this.#element(arg, variable, field)),
        ),
      );
    const [first, second] = node.args;
    if (first === undefined || second === undefined) this.#refuse(node);
    const isMirrored = first.kind !== "variable";
    const [subject, known] = isMirrored ? [second, first] : [first, second];
    if (subject.kind !== "variable" || subject.name !== variable) this.#refuse(node);
    const name = isMirrored ? (MIRRORED[node.name] ?? this.#refuse(node)) : node.name;
    const test = this.#textTest(node, name, this.#valueOf(known));
    return { sql: onColumn("value", test.sql), values: test.values };
  }
}

function not({ sql, values }: Predicate): Predicate {
  return { sql: `not (${sql})`, values };
}

function isKnown(node: Node): boolean {
  if (node.kind === "variable") return node.name === "now";
  if (node.kind === "call") return node.args.every(isKnown);
  return node.kind === "literal" || (node.kind === "list" && node.items.every(isKnown));
}

function isNetwork(value: Value): value is Network {
  return typeof value === "object" && value !== null && "prefix" in value;
}

function rangeOf({ address, prefix }: Network): [string, string] {
  const hosts = (1n << (ADDRESS_BITS - BigInt(prefix))) - 1n;
  // `::/0` holds no IPv4, as expressions have it; keys of IPv4 lie inside it, but a prefix that short is rare and wide.
  return [ipKeyOf(address), ipKeyOf(address | hosts)];
}

function clamped(value: Value, most: bigint): bigint {
  const number = typeof value === "bigint" ? value : 0n;
  return number > most ? most : number < -most ? -most : number;
}

/** Records are told to the millisecond: `at <= 5.7 ms` is `at <= 5`, and `at < 5.7 ms` is that too. */
function milliseconds(value: Value, name: string): number {
  const nanos = typeof value === "bigint" ? value : 0n;
  const down = nanos / NANOS_PER_MS;
  const isExact = down * NANOS_PER_MS === nanos;
  return Number(isExact || name === "<=" || name === ">" ? down : down + 1n);
}

function compare(name: string, value: SqlValue): Predicate | undefined {
  const sign = SIGNS[name];
  return sign === undefined ? undefined : { sql: `@ ${sign} ?`, values: [value] };
}

function within(values: readonly SqlValue[]): Predicate {
  if (values.length === 0) return { sql: "@ is null", values: [] };
  return { sql: `@ in (${values.map(() => "?").join(", ")})`, values };
}

/** Writes the column where a test has `@`; what people wrote is in the values and never here. */
function onColumn(column: string, test: string): string {
  return test.replaceAll("@", column);
}

function columnOf({ place }: SearchField): string {
  return "column" in place ? place.column : "value";
}

/** Where a field is asked about. */
function subjectOf({ place }: SearchField): Subject {
  const dimension = (column: DimensionColumn, sql: string, values: readonly SqlValue[]): Condition => {
    return { kind: "dimension", column, ids: { sql, values } };
  };
  return (column, { sql, values }) => {
    const test = onColumn(place.table === "records" ? `r.${column}` : column, sql);
    switch (place.table) {
      case "findings":
        return dimension("finding", `select id from findings where ${test}`, values);
      case "kinds":
        return dimension("kind", `select id from kinds where ${test}`, values);
      case "clients":
        return dimension("client", `select id from clients where ${test}`, values);
      case "paths":
        return dimension("path", `select id from paths where ${test}`, values);
      case "finding_marks": {
        const all = "select finding from finding_marks where field";
        return dimension("finding", `${all} = '${place.field}' and ${test}`, values);
      }
      default:
        return row(test, values);
    }
  };
}

function sqliteGlob(pattern: Pattern): string {
  const mark = (part: Pattern[number]): string =>
    part === "any" ? "*" : part === "one" ? "?" : part.text.replace(/[*?[]/g, "[$&]");
  return pattern.map(mark).join("");
}

function like(pattern: Pattern): string {
  const mark = (part: Pattern[number]): string =>
    part === "any" ? "%" : part === "one" ? "_" : part.text.replace(/[\\%_]/g, "\\$&");
  return pattern.map(mark).join("");
}
