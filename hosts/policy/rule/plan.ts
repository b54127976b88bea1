/**
 * From a checked expression to what the core can run: questions about parts of a request, each answered by a machine or
 * a comparison, joined by and, or and not. What the core cannot ask is refused here, with its column.
 */
import type { Call, Expression, Node, Quantifier, Value } from "../expression/expression.ts";
import { ExpressionFault } from "../expression/fault.ts";
import { secondsOfNanos } from "../expression/time.ts";
import type { Network } from "../network.ts";
import { type Automaton, automatonOf } from "../regex/automaton.ts";
import { PatternFault } from "../regex/fault.ts";
import { compilePattern } from "../regex/regex.ts";
import { textTree } from "./text-tree.ts";

/** Parts of a request, in the order of `SubjectKind` in assembly/policy/rule/rows.ts. */
export const SUBJECTS = [
  "method",
  "host",
  "path",
  "query",
  "header",
  "cookie",
  /** All of the query as it was sent; no expression asks it, specifications do. */
  "queryText",
  "ip",
  "app",
  "now",
  "body",
  "point",
] as const;

/** A part of a request; the name of a value, or the pattern of a point. */
export interface Subject {
  readonly kind: (typeof SUBJECTS)[number];
  readonly name: string;
}

/** How numbers compare; what is not here is joined from these. */
export type Compare = "equal" | "below" | "above";

/** One question about a subject. */
export type Term =
  | { readonly kind: "automaton"; readonly automaton: Automaton }
  | { readonly kind: "present" }
  | { readonly kind: "size" | "number"; readonly compare: Compare; readonly value: number }
  | { readonly kind: "network"; readonly network: Network }
  | { readonly kind: "v4" | "known" };

/** What a rule asks. */
export type Formula =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "term"; readonly subject: Subject; readonly term: Term }
  /** Whether a reading of a value at these points is so; inside, terms of the same subject ask the reading. */
  | { readonly kind: "exists"; readonly subject: Subject; readonly condition: Formula }
  | { readonly kind: "not"; readonly of: Formula }
  | { readonly kind: "and" | "or"; readonly of: readonly Formula[] };

const TEXTS: ReadonlySet<string> = new Set(["method", "host", "path", "body"]);
const NAMED: ReadonlySet<string> = new Set(["query", "header", "cookie", "point"]);
const FLIPPED: Readonly<Record<string, string>> = {
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "==": "==",
  "!=": "!=",
};
const NUMBER_MAX = 0xffff_ffffn;
/** A name of a query or cookie, and of a header (RFC 9110 §5.1). */
const NAME_BYTES_MAX = 128;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const POINT = /^[!-~]{1,512}$/;
const SECOND_NANOS = 1_000_000_000n;

/**
 * @param applicationOf the number of an application by its name
 * @returns what the expression asks
 * @throws ExpressionFault MERLON_EXPRESSION at what the core cannot ask
 */
export function planOf(expression: Expression, applicationOf: (name: string) => number): Formula {
  return new Planner(expression.text, applicationOf).condition(expression.ast);
}

const YES: Formula = { kind: "constant", value: true };
const NO: Formula = { kind: "constant", value: false };

function not(of: Formula): Formula {
  if (of.kind === "constant") return of.value ? NO : YES;
  return of.kind === "not" ? of.of : { kind: "not", of };
}

function join(kind: "and" | "or", parts: readonly Formula[]): Formula {
  const decisive = kind === "or";
  const kept = parts.filter((part) => part.kind !== "constant" || part.value === decisive);
  const decided = kept.find((part) => part.kind === "constant");
  if (decided !== undefined) return decided;
  const [only] = kept;
  if (only === undefined) return decisive ? NO : YES;
  return kept.length === 1 ? only : { kind, of: kept.flatMap((part) => (part.kind === kind ? part.of : [part])) };
}

function literalOf(node: Node | undefined): Value | undefined {
  return node?.kind === "literal" ? node.value : undefined;
}

class Planner {
  readonly #text: string;
  readonly #applicationOf: (name: string) => number;
  /** The name that the quantifier around gives to a reading, and its points. */
  #element: { readonly name: string; readonly subject: Subject } | undefined;

  constructor(text: string, applicationOf: (name: string) => number) {
    this.#text = text;
    this.#applicationOf = applicationOf;
  }

  #fail(node: Node, message: string): never {
    throw new ExpressionFault(this.#text, node.at, message);
  }

  condition(node: Node): Formula {
    if (node.kind === "literal") return node.value === true ? YES : NO;
    if (node.kind === "exists" || node.kind === "all") return this.#quantifier(node);
    if (node.kind !== "call") return this.#fail(node, "is nothing that a rule can ask — see docs/expressions.md");
    const [first, second, third] = node.args;
    if (first === undefined) return NO;
    if (node.name === "!") return not(this.condition(first));
    if (second === undefined) return this.#fail(node, "is nothing that a rule can ask — see docs/expressions.md");
    switch (node.name) {
      case "&&":
        return join("and", [this.condition(first), this.condition(second)]);
      case "||":
        return join("or", [this.condition(first), this.condition(second)]);
      case "?:": {
        const [asked, yes, no] = [first, second, third ?? second].map((part) => this.condition(part));
        return this.#choice(asked ?? NO, yes ?? NO, no ?? NO);
      }
      case "==":
      case "!=":
        if (first.type.kind === "bool") {
          const [left, right] = [this.condition(first), this.condition(second)];
          const same = this.#choice(left, right, not(right));
          return node.name === "==" ? same : not(same);
        }
        return this.#comparison(node, first, second);
      case "<":
      case "<=":
      case ">":
      case ">=":
        return this.#comparison(node, first, second);
      case "has":
        return this.#has(node, first, second);
      case "in":
        return this.#membership(node, first, second);
      case "containsIP":
        return this.#address(node, second, [first]);
      default:
        return this.#textTest(node, first, second);
    }
  }

  #choice(asked: Formula, yes: Formula, no: Formula): Formula {
    return join("or", [join("and", [asked, yes]), join("and", [not(asked), no])]);
  }

  /** A part of a request that is a text. */
  #subject(node: Node): Subject {
    if (node.kind === "variable") {
      const element = this.#element?.name === node.name ? this.#element.subject : undefined;
      if (element !== undefined) return element;
      const kind = SUBJECTS.find((one) => one === node.name);
      if (kind !== undefined && TEXTS.has(kind)) return this.#allowed(node, { kind, name: "" });
    }
    if (node.kind === "call" && node.name === "index") {
      const [map, key] = node.args;
      if (map !== undefined && key !== undefined) return this.#named(node, map, key);
    }
    const fix = "ask about one part of the request, and compare it with what you write out";
    return this.#fail(node, `is nothing that a rule can ask about — ${fix}`);
  }

  #named(node: Node, map: Node, key: Node): Subject {
    const kind = map.kind === "variable" ? SUBJECTS.find((one) => one === map.name) : undefined;
    const name = literalOf(key);
    if (kind === undefined || !NAMED.has(kind) || typeof name !== "string") {
      return this.#fail(node, 'has no meaning in a rule — write a name in quotes, such as header["accept"]');
    }
    if (kind === "header" && !HEADER_NAME.test(name))
      this.#fail(key, "is no name of a header — write one such as accept");
    if (kind === "header" && name === "host") this.#fail(key, "is read as the host asked for — write host");
    if (kind === "point" && !isPointPattern(name)) {
      this.#fail(key, "is no point — write one as records show it; a segment may be * and one of them **");
    }
    if (Buffer.byteLength(name) > (kind === "point" ? 512 : NAME_BYTES_MAX))
      this.#fail(key, "is too long — shorten it");
    return this.#allowed(node, { kind, name });
  }

  /** Inside of a quantifier the head may be asked, which is known by then; the body and other points may not. */
  #allowed(node: Node, subject: Subject): Subject {
    if (this.#element === undefined || (subject.kind !== "body" && subject.kind !== "point")) return subject;
    return this.#fail(node, "cannot be asked inside exists or all — ask it beside them, joined with &&");
  }

  #term(subject: Subject, term: Term): Formula {
    return { kind: "term", subject, term };
  }

  #automaton(node: Call, subject: Subject, ...texts: readonly string[]): Formula {
    return this.#built(node, subject, node.name === "in" ? "==" : node.name, texts);
  }

  #built(node: Node, subject: Subject, test: string, texts: readonly string[], isLower = false): Formula {
    try {
      // A pattern that is asked of several parts is one machine.
      const isPlain = test === "matches" && !isLower;
      const automaton = isPlain ? compilePattern(texts[0] ?? "") : automatonOf(textTree(test, texts, isLower));
      return this.#term(subject, { kind: "automaton", automaton });
    } catch (error) {
      if (error instanceof PatternFault) return this.#fail(node, error.message);
      throw error;
    }
  }

  /** `subject.contains("…")` and its like, the subject perhaps in lower case. */
  #textTest(node: Call, asked: Node, text: Node): Formula {
    const value = literalOf(text);
    if (typeof value !== "string") return this.#written(text);
    return this.#onText(asked, (subject, isLower) => this.#built(node, subject, node.name, [value], isLower));
  }

  #written(node: Node): never {
    return this.#fail(node, "is not written out — a rule compares a part of the request with a text in quotes");
  }

  #onText(node: Node, ask: (subject: Subject, isLower: boolean) => Formula): Formula {
    const inner = node.kind === "call" && node.name === "lowerAscii" ? node.args[0] : undefined;
    return inner === undefined ? ask(this.#subject(node), false) : ask(this.#subject(inner), true);
  }

  #comparison(node: Call, first: Node, second: Node): Formula {
    const isFlipped = first.kind === "literal";
    const [asked, written] = isFlipped ? [second, first] : [first, second];
    const sign = isFlipped ? (FLIPPED[node.name] ?? node.name) : node.name;
    const value = literalOf(written);
    const isEquality = sign === "==" || sign === "!=";
    if (value === undefined) {
      const hint = asked.type.kind === "timestamp" ? 'compare now with timestamp("…")' : "write the other one out";
      return this.#fail(node, `compares two parts of a request — ${hint}`);
    }
    if (asked.kind === "call" && ["size", "family"].includes(asked.name)) return this.#measured(asked, sign, value);
    if (asked.type.kind === "ip" && typeof value === "bigint" && isEquality) {
      const one: Node = { ...written, kind: "literal", value: { address: value, prefix: 128 } };
      const found = this.#address(node, asked, [one]);
      return sign === "==" ? found : not(found);
    }
    if (asked.kind === "variable" && asked.name === "now" && typeof value === "bigint") return this.#now(sign, value);
    if (typeof value !== "string" || !isEquality) {
      return this.#fail(node, `"${node.name}" cannot be asked of this in a rule — write == or !=, or matches`);
    }
    const found = this.#equalsOne(node, asked, [value]);
    return sign === "==" ? found : not(found);
  }

  /** Whether a text is one of these. */
  #equalsOne(node: Call, asked: Node, texts: readonly string[]): Formula {
    if (asked.kind === "variable" && asked.name === "app") {
      const numbers = texts.map((name) => (/^[1-9]\d{0,9}$/.test(name) ? Number(name) : this.#applicationOf(name)));
      return join(
        "or",
        numbers.map((value) => this.#term({ kind: "app", name: "" }, { kind: "number", compare: "equal", value })),
      );
    }
    return this.#onText(asked, (subject, isLower) => this.#built(node, subject, "==", texts, isLower));
  }

  #measured(node: Call, sign: string, value: Value): Formula {
    const [asked] = node.args;
    if (asked === undefined || typeof value !== "bigint") return this.#fail(node, "compares with no number");
    if (node.name === "family") return this.#family(sign, value);
    if (asked.type.kind !== "string")
      return this.#fail(node, "counts a list or a map — a rule asks exists or has instead");
    const subject = this.#subject(asked);
    if (subject.kind === "body")
      return this.#fail(node, "is not known while the body streams — ask a value of a point");
    return compared(sign, value, (compare, number) => this.#term(subject, { kind: "size", compare, value: number }));
  }

  /** 0, 4 or 6. */
  #family(sign: string, value: bigint): Formula {
    const subject: Subject = { kind: "ip", name: "" };
    const known = this.#term(subject, { kind: "known" });
    const v4 = this.#term(subject, { kind: "v4" });
    const cases: readonly (readonly [bigint, Formula])[] = [
      [0n, not(known)],
      [4n, v4],
      [6n, join("and", [known, not(v4)])],
    ];
    return join(
      "or",
      cases.filter(([family]) => holds(sign, family, value)).map(([, formula]) => formula),
    );
  }

  /** The core's clock has whole seconds. */
  #now(sign: string, nanos: bigint): Formula {
    const second = secondsOfNanos(nanos);
    const isWhole = second * SECOND_NANOS === nanos;
    // Between two seconds nothing is equal; `<` takes the second before, `>` does not.
    if (!isWhole && sign === "==") return NO;
    if (!isWhole && sign === "!=") return YES;
    const asked = isWhole ? sign : sign === "<" ? "<=" : sign === ">=" ? ">" : sign;
    const subject: Subject = { kind: "now", name: "" };
    return compared(asked, second, (compare, value) => this.#term(subject, { kind: "number", compare, value }));
  }

  #address(node: Call, asked: Node, written: readonly Node[]): Formula {
    if (asked.kind !== "variable" || asked.name !== "ip") return this.#fail(node, "asks about no address — write ip");
    const networks = written.flatMap((one): Value[] => {
      const value = literalOf(one);
      return Array.isArray(value) ? value : [value ?? this.#written(one)];
    });
    return join(
      "or",
      networks.map((network) => {
        if (!isNetwork(network)) return this.#fail(node, "holds no network — write one such as 10.0.0.0/8");
        return this.#term({ kind: "ip", name: "" }, { kind: "network", network });
      }),
    );
  }

  #has(node: Call, map: Node, key: Node): Formula {
    const subject = this.#named(node, map, key);
    if (subject.kind === "point") return { kind: "exists", subject, condition: YES };
    return this.#term(subject, { kind: "present" });
  }

  #membership(node: Call, value: Node, whole: Node): Formula {
    if (value.type.kind === "ip") return this.#address(node, value, [whole]);
    if (whole.type.kind === "map") return this.#has(node, whole, value);
    const texts = literalOf(whole);
    if (Array.isArray(texts)) {
      const names = texts.filter((text): text is string => typeof text === "string");
      if (names.length !== texts.length) return this.#fail(node, "asks for no texts — a rule compares texts");
      return names.length === 0 ? NO : this.#equalsOne(node, value, names);
    }
    const text = literalOf(value);
    if (typeof text !== "string") return this.#written(value);
    // A list that is no literal is that of a point's readings.
    const subject = this.#subject(whole);
    if (subject.kind !== "point") return this.#fail(whole, 'is no list that a rule can ask — write point["…"]');
    return { kind: "exists", subject, condition: this.#automaton(node, subject, text) };
  }

  #quantifier(node: Quantifier): Formula {
    if (node.list.kind === "literal") return this.#fail(node, "asks a list that is written out — write value in [...]");
    if (this.#element !== undefined) return this.#fail(node, "is inside another — a rule asks one value at a time");
    const subject = node.list.type.kind === "list" ? this.#subject(node.list) : undefined;
    if (subject?.kind !== "point") return this.#fail(node.list, 'is no list that a rule can ask — write point["…"]');
    this.#element = { name: node.variable, subject };
    const condition = this.condition(node.condition);
    this.#element = undefined;
    if (node.kind === "exists") return { kind: "exists", subject, condition };
    return not({ kind: "exists", subject, condition: not(condition) });
  }
}

function isNetwork(value: Value): value is Network {
  return typeof value === "object" && value !== null && "prefix" in value;
}

function isPointPattern(text: string): boolean {
  const segments = text.split(".");
  const isStarred = segments.some((one) => one.includes("*") && one !== "*" && one !== "**");
  return POINT.test(text) && !isStarred && segments.filter((one) => one === "**").length <= 1;
}

function holds(sign: string, left: bigint, right: bigint): boolean {
  if (sign === "==") return left === right;
  if (sign === "!=") return left !== right;
  if (sign === "<") return left < right;
  if (sign === "<=") return left <= right;
  return sign === ">" ? left > right : left >= right;
}

/** A comparison with a number that may be beyond what the core counts: then it is decided here. */
function compared(sign: string, value: bigint, term: (compare: Compare, value: number) => Formula): Formula {
  if (value < 0n || (value === 0n && (sign === "<" || sign === ">="))) return holds(sign, 0n, value) ? YES : NO;
  if (value > NUMBER_MAX) return holds(sign, NUMBER_MAX, value) ? YES : NO;
  const number = Number(value);
  switch (sign) {
    case "==":
      return term("equal", number);
    case "!=":
      return not(term("equal", number));
    case "<":
      return term("below", number);
    case "<=":
      return not(term("above", number));
    case ">":
      return term("above", number);
    default:
      return not(term("below", number));
  }
}
