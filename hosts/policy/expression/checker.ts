/**
 * Gives every part of an expression its type, says what does not fit and what was probably meant, and computes what is
 * known without a request. What it lets pass has a value for every input, or an error that CEL has too.
 */
import { suggestion } from "../nearest.ts";
import { type Node, sameType, type Type, typeText } from "./ast.ts";
import { checkEqual, checkForms, checkIn, checkMaker, coerce, sameOrFail } from "./check-call.ts";
import { EvaluationFault, evaluate } from "./evaluator.ts";
import { ExpressionFault } from "./fault.ts";
import { FUNCTION_NAMES, LEFT_OUT, MAKERS } from "./operations.ts";
import type { Syntax } from "./parser.ts";
import { ANY, BOOL, INT, listOf, type Schema, STRING } from "./schema.ts";

/** 64 bits. */
const INT_MAX = 9_223_372_036_854_775_807n;
const NAMES_SHOWN_MAX = 24;

/** A call as it was written, its arguments checked. */
export interface Written {
  readonly name: string;
  readonly at: number;
  readonly isMember: boolean;
  readonly args: readonly Node[];
}

/** Checks one text. */
export class Checker {
  readonly #text: string;
  readonly #schema: Schema;
  /** Names of elements that `exists` and `all` give, the innermost last. */
  readonly #elements: { readonly name: string; readonly type: Type }[] = [];

  constructor(text: string, schema: Schema) {
    this.#text = text;
    this.#schema = schema;
  }

  /** @throws ExpressionFault MERLON_EXPRESSION at the first thing that does not fit */
  check(syntax: Syntax): Node {
    return this.#folded(this.#node(syntax));
  }

  /** Ends with an error at a place. */
  fail(at: number, message: string): never {
    throw new ExpressionFault(this.#text, at, message);
  }

  #node(syntax: Syntax): Node {
    const { at } = syntax;
    switch (syntax.kind) {
      case "string":
        return { kind: "literal", at, type: STRING, value: syntax.text };
      case "int": {
        const value = BigInt(syntax.text);
        if (value > INT_MAX || value < -INT_MAX - 1n) this.fail(at, "has more than 64 bits — write a smaller number");
        return { kind: "literal", at, type: INT, value };
      }
      case "name":
        return this.#name(syntax.text, at);
      case "select":
        return this.#select(syntax.of, syntax.name, at);
      case "list":
        return this.#list(syntax.items, at);
      default:
        return this.#call(syntax);
    }
  }

  #name(name: string, at: number): Node {
    if (name === "true" || name === "false") return { kind: "literal", at, type: BOOL, value: name === "true" };
    if (name === "null") this.fail(at, `is null — nothing is null here; compare with "" or 0, or ask has(…)`);
    const element = this.#elements.findLast((one) => one.name === name);
    if (element !== undefined) return { kind: "variable", at, type: element.type, name };
    const variable = Object.hasOwn(this.#schema, name) ? this.#schema[name] : undefined;
    if (variable !== undefined) return { kind: "variable", at, type: variable.type, name };
    const names = [...this.#elements.map((one) => one.name), ...Object.keys(this.#schema)];
    const listed = names.length > NAMES_SHOWN_MAX ? [...names.slice(0, NAMES_SHOWN_MAX), "…"] : names;
    const fix = suggestion(name, names) || `put text in quotes: "${shown(name)}"`;
    return this.fail(at, `"${shown(name)}" is no variable — it takes ${listed.join(", ")}; ${fix}`);
  }

  #select(of: Syntax, name: string, at: number): Node {
    const whole = this.#node(of);
    if (whole.type.kind !== "map") {
      const why = `${typeText(whole.type)} has no parts`;
      this.fail(at, `".${shown(name)}" has no meaning — ${why}; only maps such as header have names`);
    }
    return this.#element(whole, { kind: "literal", at, type: STRING, value: name }, at);
  }

  #list(items: readonly Syntax[], at: number): Node {
    const checked = items.map((item) => this.#folded(this.#node(item)));
    const type = checked.find((item) => item.type.kind !== "any")?.type ?? ANY;
    for (const item of checked) {
      if (sameType(item.type, type)) continue;
      const why = `the list holds ${typeText(type)}, and this is ${typeText(item.type)}`;
      this.fail(item.at, `does not fit its list — ${why}; write one type`);
    }
    return { kind: "list", at, type: listOf(type), items: checked };
  }

  #call(syntax: Extract<Syntax, { kind: "call" }>): Node {
    const { name, at, of } = syntax;
    if (of !== undefined && (name === "exists" || name === "all")) return this.#quantifier(name, of, syntax.args, at);
    if (name === "has" && of === undefined) return this.#has(syntax.args, at);
    const isFunction = /^[A-Za-z_]/.test(name) && !["in", "index", "negate"].includes(name);
    if (isFunction && !FUNCTION_NAMES.includes(name)) this.#unknownFunction(name, at);
    if (isFunction && (name === "exists" || name === "all" || name === "has")) {
      this.fail(at, name === "has" ? "is written has(…)" : `is written behind a list — list.${name}(one, condition)`);
    }
    const args = [...(of === undefined ? [] : [of]), ...syntax.args].map((arg) => this.#folded(this.#node(arg)));
    const written: Written = { name, at, isMember: of !== undefined, args };
    if (MAKERS.some((maker) => maker === name)) return checkMaker(this, written);
    const [first, second, third] = args;
    if (first === undefined || name === "negate" || name === "!" || second === undefined)
      return checkForms(this, written);
    if (name === "index") return this.#element(first, second, at);
    if (name === "in") return checkIn(this, at, first, second);
    if (name === "==" || name === "!=") return checkEqual(this, at, name, first, second);
    if (name === "?:" && third !== undefined) {
      if (first.type.kind !== "bool")
        this.fail(first.at, `is ${typeText(first.type)} — in front of ? stands a condition`);
      const [yes, no] = sameOrFail(this, at, "? :", second, third);
      return { kind: "call", at, type: yes.type, name, args: [first, yes, no] };
    }
    return checkForms(this, written);
  }

  #unknownFunction(name: string, at: number): never {
    const instead = Object.hasOwn(LEFT_OUT, name) ? LEFT_OUT[name] : undefined;
    if (instead !== undefined) this.fail(at, `${name}() is not supported here — ${instead}`);
    const fix = suggestion(name, FUNCTION_NAMES) || "see docs/expressions.md";
    return this.fail(at, `"${shown(name)}" is no function — it takes ${FUNCTION_NAMES.join(", ")}; ${fix}`);
  }

  #element(whole: Node, key: Node, at: number): Node {
    const { type } = whole;
    if (type.kind === "map") {
      if (key.kind !== "literal" || typeof key.value !== "string") {
        this.fail(key.at, `is no name — a map takes one in quotes, such as header["accept"]`);
      }
      const value = this.#foldsNames(whole) ? key.value.toLowerCase() : key.value;
      return { kind: "call", at, type: type.of, name: "index", args: [whole, { ...key, value }] };
    }
    if (type.kind !== "list") this.fail(at, `has no elements — ${typeText(type)} is no list and no map`);
    if (key.type.kind !== "int") this.fail(key.at, `is ${typeText(key.type)} — elements of a list are told by number`);
    return { kind: "call", at, type: type.of, name: "index", args: [whole, key] };
  }

  #foldsNames(map: Node): boolean {
    return map.kind === "variable" && this.#schema[map.name]?.foldsNames === true;
  }

  #has(args: readonly Syntax[], at: number): Node {
    const [arg] = args;
    const element = arg === undefined || args.length > 1 ? undefined : this.#node(arg);
    const isNamed = element?.kind === "call" && element.name === "index" && element.args[0]?.type.kind === "map";
    if (!isNamed) this.fail(at, `asks for a name of a map — write has(header.accept) or has(header["x-id"])`);
    return { kind: "call", at, type: BOOL, name: "has", args: element.args };
  }

  #quantifier(kind: "exists" | "all", of: Syntax, args: readonly Syntax[], at: number): Node {
    const [element, condition] = args;
    if (element?.kind !== "name" || condition === undefined || args.length !== 2) {
      this.fail(at, `takes a name and a condition — write ${kind}(one, one.contains("x"))`);
    }
    const list = this.#folded(this.#node(of));
    const { type } = list;
    if (type.kind !== "list" && type.kind !== "map") this.fail(at, `asks about elements — ${typeText(type)} has none`);
    const isTaken =
      Object.hasOwn(this.#schema, element.text) || this.#elements.some(({ name }) => name === element.text);
    if (isTaken) this.fail(element.at, `"${shown(element.text)}" means something already — choose another name`);
    this.#elements.push({ name: element.text, type: type.kind === "map" ? STRING : type.of });
    const checked = this.#folded(this.#node(condition));
    this.#elements.pop();
    if (checked.type.kind !== "bool") this.fail(checked.at, `is ${typeText(checked.type)} — ${kind} takes a condition`);
    return { kind, at, type: BOOL, variable: element.text, list, condition: checked };
  }

  /** What has no variable is computed now, unless that is an error: then it is one at run time, as CEL has it. */
  #folded(node: Node): Node {
    const parts = node.kind === "call" ? node.args : node.kind === "list" ? node.items : [];
    if (parts.length === 0 && node.kind !== "list") return node;
    if (parts.some(({ kind }) => kind !== "literal")) return node;
    const value = evaluate(node, () => null);
    return value instanceof EvaluationFault ? node : { kind: "literal", at: node.at, type: node.type, value };
  }

  /** See coerce in check-call.ts. */
  coerced(node: Node, type: Type): Node {
    return coerce(this, node, type);
  }
}

/** A word of the author's for a message; names are ASCII. */
function shown(name: string): string {
  return name.slice(0, 48);
}
