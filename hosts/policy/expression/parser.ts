/**
 * From words to a tree that nobody has checked yet. Depth and size are bounded, so that a text cannot exhaust whoever
 * reads it.
 * @see https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
 */
import { ExpressionFault } from "./fault.ts";
import { type Token, tokensOf } from "./lexer.ts";

/** Characters of the longest expression. */
export const EXPRESSION_CHARS_MAX = 8192;
/** Parts inside parts. CEL asks for 12 at least, and for 32 brackets. */
const DEPTH_MAX = 64;
const NODES_MAX = 2000;

/** A part of an expression as it was written. */
export type Syntax =
  | { readonly kind: "int" | "string" | "name"; readonly at: number; readonly text: string }
  | { readonly kind: "list"; readonly at: number; readonly items: readonly Syntax[] }
  | { readonly kind: "select"; readonly at: number; readonly of: Syntax; readonly name: string }
  | {
      readonly kind: "call";
      readonly at: number;
      readonly name: string;
      /** What stands in front of the dot; undefined for operators and functions. */
      readonly of?: Syntax;
      readonly args: readonly Syntax[];
    };

/** Binary operators by their rank, loosest first. */
const RANKS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["<", "<=", ">", ">=", "==", "!=", "in"],
  ["+", "-"],
  ["*", "/", "%"],
];

/** @throws ExpressionFault MERLON_EXPRESSION where the text is no expression */
export function parseExpression(text: string): Syntax {
  if (text.length > EXPRESSION_CHARS_MAX) {
    const why = `it has ${text.length} characters, and ${EXPRESSION_CHARS_MAX} are taken`;
    throw new ExpressionFault("", 0, `the expression is too long — ${why}; split it`);
  }
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #nodes = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  parse(): Syntax {
    if (this.#next().kind === "end") this.#fail(this.#next(), `is empty — write a condition such as method == "POST"`);
    const whole = this.#expression();
    const rest = this.#next();
    if (rest.kind !== "end") this.#fail(rest, `${shown(rest)} does not go on here — join conditions with && or ||`);
    return whole;
  }

  #next(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", at: this.#text.length, end: this.#text.length, text: "" };
  }

  #fail(token: { readonly at: number }, message: string): never {
    throw new ExpressionFault(this.#text, token.at, message);
  }

  #takes(...signs: readonly string[]): Token | undefined {
    const token = this.#next();
    const isSign = token.kind === "sign" || (token.kind === "name" && token.text === "in");
    if (!isSign || !signs.includes(token.text)) return undefined;
    this.#at++;
    return token;
  }

  #expect(sign: string, opened: Token): void {
    if (this.#takes(sign) !== undefined) return;
    const token = this.#next();
    if (token.kind === "end") this.#fail(opened, `"${opened.text}" is never closed — add "${sign}"`);
    this.#fail(token, `${shown(token)} does not go on here — write "${sign}"`);
  }

  #node<S extends Syntax>(node: S): S {
    if (++this.#nodes > NODES_MAX) this.#fail(node, `has more than ${NODES_MAX} parts — split the expression`);
    return node;
  }

  /** Goes one level deeper for what `read` reads. */
  #deeper<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX) this.#fail(this.#next(), `is nested deeper than ${DEPTH_MAX} — write it flatter`);
    const result = read();
    this.#depth--;
    return result;
  }

  #expression(): Syntax {
    return this.#deeper(() => {
      const condition = this.#binary(0);
      const sign = this.#takes("?");
      if (sign === undefined) return condition;
      const yes = this.#binary(0);
      this.#expect(":", sign);
      return this.#node({ kind: "call", at: sign.at, name: "?:", args: [condition, yes, this.#expression()] });
    });
  }

  #binary(rank: number): Syntax {
    const signs = RANKS[rank];
    if (signs === undefined) return this.#unary();
    let left = this.#binary(rank + 1);
    for (let sign = this.#takes(...signs); sign !== undefined; sign = this.#takes(...signs)) {
      left = this.#node({ kind: "call", at: sign.at, name: sign.text, args: [left, this.#binary(rank + 1)] });
    }
    return left;
  }

  #unary(): Syntax {
    const sign = this.#takes("!", "-");
    if (sign === undefined) return this.#member(this.#primary());
    const digits = this.#next();
    if (sign.text === "-" && digits.kind === "int") {
      this.#at++;
      const literal = this.#node({ kind: "int", at: sign.at, text: `-${digits.text}` });
      return this.#member(literal);
    }
    const name = sign.text === "-" ? "negate" : "!";
    return this.#deeper(() => this.#node({ kind: "call", at: sign.at, name, args: [this.#unary()] }));
  }

  #member(from: Syntax): Syntax {
    let of = from;
    for (;;) {
      const sign = this.#takes(".", "[");
      if (sign === undefined) return of;
      if (sign.text === "[") {
        const key = this.#expression();
        this.#expect("]", sign);
        of = this.#node({ kind: "call", at: sign.at, name: "index", args: [of, key] });
        continue;
      }
      const name = this.#next();
      if (name.kind !== "name") this.#fail(name, `${shown(name)} is no name — write one behind the dot`);
      this.#at++;
      const opened = this.#takes("(");
      of =
        opened === undefined
          ? this.#node({ kind: "select", at: name.at, of, name: name.text })
          : this.#node({ kind: "call", at: name.at, name: name.text, of, args: this.#items(")", opened) });
    }
  }

  #primary(): Syntax {
    const token = this.#next();
    this.#at++;
    if (token.kind === "int" || token.kind === "string") {
      return this.#node({ kind: token.kind, at: token.at, text: token.text });
    }
    if (token.kind === "name" && token.text !== "in") {
      const opened = this.#takes("(");
      if (opened === undefined) return this.#node({ kind: "name", at: token.at, text: token.text });
      return this.#node({ kind: "call", at: token.at, name: token.text, args: this.#items(")", opened) });
    }
    if (token.text === "(" && token.kind === "sign") {
      const inner = this.#expression();
      this.#expect(")", token);
      return inner;
    }
    if (token.text === "[" && token.kind === "sign") {
      return this.#node({ kind: "list", at: token.at, items: this.#items("]", token) });
    }
    if (token.text === "{" && token.kind === "sign")
      this.#fail(token, "maps cannot be written here — compare names one by one");
    return this.#fail(token, `${shown(token)} is no value — write a variable, a number, or a text in quotes`);
  }

  /** What stands between brackets whose first was read. */
  #items(close: string, opened: Token): Syntax[] {
    const items: Syntax[] = [];
    while (this.#takes(close) === undefined) {
      if (items.length > 0) {
        if (this.#takes(",") === undefined) this.#expect(close, opened);
        if (close === "]" && this.#takes(close) !== undefined) break;
      }
      items.push(this.#expression());
    }
    return items;
  }
}

/** A word for a message, safe for a terminal. */
function shown(token: Token): string {
  if (token.kind === "end") return "the end";
  if (token.kind === "string") return "a text";
  return `"${token.text.slice(0, 32)}"`;
}
