/**
 * Expressions: a part of CEL, the same in rules, search and alerts. This is the one door of the room;
 * docs/expressions.md says for people what the language has.
 */
import { MerlonError } from "../../core/error.ts";
import { type Node, type Type, typeText, type Value } from "./ast.ts";
import { Checker } from "./checker.ts";
import { COST_MAX, costOf } from "./cost.ts";
import { EvaluationFault, evaluate } from "./evaluator.ts";
import { ExpressionFault } from "./fault.ts";
import { parseExpression } from "./parser.ts";
import { BOOL, type Schema } from "./schema.ts";
import { type Plain, toValue } from "./value.ts";

export {
  CALLS,
  type Call,
  type CallName,
  type List,
  type Literal,
  type Node,
  type Quantifier,
  type Type,
  type Value,
  type Variable,
} from "./ast.ts";
export { ExpressionFault } from "./fault.ts";
export type { Schema, VariableInfo } from "./schema.ts";
export type { Plain } from "./value.ts";

/** An expression that was checked against a schema. */
export interface Expression {
  readonly text: string;
  readonly ast: Node;
  readonly type: Type;
  /** Characters that evaluating it visits at most. */
  readonly cost: number;
  /**
   * @param values of the schema's variables; one that is missing has its type's empty value
   * @throws MerlonError MERLON_EXPRESSION where it has no value: a division by zero, a number of more than 64 bits
   */
  evaluate(values: Readonly<Record<string, Plain>>): Value;
}

/**
 * Reads and checks a condition.
 * @param text of the expression, which must be true or false
 * @throws ExpressionFault MERLON_EXPRESSION with the column, what was meant and the fix
 */
export function compileExpression(text: string, schema: Schema): Expression {
  const expression = compileValue(text, schema);
  if (expression.type.kind !== BOOL.kind) {
    const why = `it is ${typeText(expression.type)}, and what is asked for is true or false`;
    throw new ExpressionFault(text, expression.ast.at, `is no condition — ${why}; compare it with something`);
  }
  return expression;
}

/**
 * Reads and checks an expression of any type.
 * @throws ExpressionFault MERLON_EXPRESSION, as `compileExpression`
 */
export function compileValue(text: string, schema: Schema): Expression {
  const ast = new Checker(text, schema).check(parseExpression(text));
  const cost = costOf(ast, schema);
  if (cost > COST_MAX) {
    const why = "it could visit more than a thousand million characters";
    throw new ExpressionFault(text, ast.at, `costs too much — ${why}; do not put exists or all inside another`);
  }
  return { text, ast, type: ast.type, cost, evaluate: (values) => run(text, ast, schema, values) };
}

function run(text: string, ast: Node, schema: Schema, values: Readonly<Record<string, Plain>>): Value {
  const known = new Map<string, Value>();
  const value = evaluate(ast, (name) => {
    const found = known.get(name) ?? toValue(schema[name]?.type ?? BOOL, values[name]);
    known.set(name, found);
    return found;
  });
  if (!(value instanceof EvaluationFault)) return value;
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  throw new MerlonError("MERLON_EXPRESSION", `the expression has no value — ${value.why}; mend it: ${shown}`);
}
