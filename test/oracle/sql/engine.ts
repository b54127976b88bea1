/**
 * What a real SQL engine says of a statement, and what that means for the value that was put into it. A value is an
 * attack if the statement still parses and its shape is another than the author's: more statements, queries or
 * conditions, fewer conditions, or a call that waits, fails on purpose or reaches outside.
 */
import { TEMPLATES, type Template } from "./templates.ts";

/** The dialects whose engines can be asked. */
export type Dialect = "sqlite" | "postgres" | "mariadb";

/** Counts of a statement's parse tree, as its engine built it. */
export interface Shape {
  readonly statements: number;
  readonly selects: number;
  /** Comparisons and Boolean operators. */
  readonly conditions: number;
  /** Names of called functions, in lower case. */
  readonly calls: readonly string[];
}

/** What an engine says: a shape, a syntax error, or nothing, where the schema lacks a name or a type does not fit. */
export type Answer = Shape | "broken" | "unknown";

/** An engine that runs. */
export interface SqlEngine {
  readonly dialect: Dialect;
  /** Reads a statement that may be several; nothing that it does lasts. */
  ask(statement: string): Promise<Answer>;
  close(): Promise<void>;
}

/** The effect that a value has, and where. */
export interface Effect {
  readonly dialect: Dialect;
  readonly template: Template;
  readonly effect: "statement" | "query" | "condition" | "truncation" | "call";
}

/** Functions that no author of a page's query calls. */
const DANGEROUS = new Set([
  ...["sleep", "benchmark", "get_lock", "pg_sleep"],
  ...["extractvalue", "updatexml", "name_const", "query_to_xml", "randomblob", "zeroblob"],
  ...["load_file", "load_extension", "pg_read_file", "pg_ls_dir", "lo_import"],
]);

/** Asks one engine about one value in one template. @returns its effect, if it has one there */
export async function effectIn(engine: SqlEngine, template: Template, value: string): Promise<Effect | undefined> {
  const answer = await engine.ask(template.before + value + template.after);
  if (answer === "broken" || answer === "unknown") return undefined;
  const base = await authorsShape(engine, template);
  const effect = difference(base, answer);
  return effect && { dialect: engine.dialect, template, effect };
}

/** Asks all engines about a value in all templates of their dialects. @returns the first effect */
export async function effectOf(engines: readonly SqlEngine[], value: string): Promise<Effect | undefined> {
  for (const engine of engines) {
    for (const template of TEMPLATES) {
      if (!template.dialects.includes(engine.dialect)) continue;
      const effect = await effectIn(engine, template, value);
      if (effect) return effect;
    }
  }
  return undefined;
}

function difference(base: Shape, found: Shape): Effect["effect"] | undefined {
  if (found.statements > base.statements) return "statement";
  if (found.selects > base.selects) return "query";
  if (found.calls.some((name) => DANGEROUS.has(name))) return "call";
  if (found.conditions > base.conditions) return "condition";
  return found.conditions < base.conditions ? "truncation" : undefined;
}

const shapes = new WeakMap<SqlEngine, Map<Template, Shape>>();

/** The shape that the template's author meant. @throws Error if the engine cannot read it: the template is wrong */
async function authorsShape(engine: SqlEngine, template: Template): Promise<Shape> {
  const known = shapes.get(engine) ?? new Map<Template, Shape>();
  shapes.set(engine, known);
  const kept = known.get(template);
  if (kept) return kept;
  const answer = await engine.ask(template.before + template.literal + template.after);
  if (typeof answer === "string") throw new Error(`${engine.dialect} finds template "${template.name}" ${answer}`);
  known.set(template, answer);
  return answer;
}
