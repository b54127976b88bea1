/**
 * An attacker who sees Merlon's answers and learns from them. It begins with an attack that an engine confirms and
 * rewrites it again and again; a rewriting is kept only if the engine still says attack. What then passes is a bypass.
 * `node test/oracle/main.ts` runs it with all engines that can be had.
 */
import { createRandom, pick, type Random } from "../bench/random.ts";
import type { Merlon } from "./merlon.ts";
import { type Effect, effectIn, type SqlEngine } from "./sql/engine.ts";
import { makeAttack } from "./sql/grammar.ts";
import { mutate } from "./sql/mutations.ts";
import { TEMPLATES } from "./sql/templates.ts";

/** Tries to find a confirmed attack of one dialect and template before another pair is taken. */
const SEED_TRIES = 40;
/** Values longer than this are dropped, so that rewriting does not drown in padding. */
const VALUE_CHARACTERS_MAX = 400;
/**
 * What anybody may write, and Merlon lets pass although it changes a statement that is careless enough: sums of plain
 * numbers, `3 = abs(-3)`, with a remark or none, `2+2=4 -- as agreed`; words or numbers and connectives between them,
 * `2 or 3`, `5-0 and (name)`; a filter, which begins with a name.
 */
const ANYBODYS = [
  /^(?:[\d\s.,()+*/%<>=|&^~!-]|0x[\da-f]+\b|(?:abs|pi)\s*\()*(?:(?:--|#) ?(?!-)[^\n\r]*)?$/i,
  /^[\s(]*@?[-\w.]+(?:[\s)]+(?:and|or|xor)\b\s*(?:not\s+)*(?:\(?[-+\w."']+(?:\s*[-+]\s*[\w.]+)?\)?|[a-z]+\(.*\)))+$/i,
  /^[\s(]*(?:@?[a-z]\w*[^'"]*|null)(?:\s|\)|\b)(?:and|or|xor|like|in|is|&&?|\|\|?|[=<>!])[^;]*$/i,
];
/** Attacks that the attacker goes on from. */
const POOL_MAX = 12;

/** What the attacker may spend. */
export interface Budget {
  readonly cases: number;
  /** Requests to Merlon for one case. */
  readonly queries: number;
  readonly seed: number;
}

/** An attack that passed. */
export interface Bypass {
  readonly value: string;
  readonly effect: Effect;
  /** Requests that it took. */
  readonly queries: number;
}

/** Runs all cases. @returns the bypasses, at most one a case */
export async function attackAdaptively(
  merlon: Merlon,
  engines: readonly SqlEngine[],
  budget: Budget,
): Promise<{ cases: number; queries: number; bypasses: Bypass[] }> {
  const random = createRandom(budget.seed);
  const bypasses: Bypass[] = [];
  let queries = 0;
  for (let index = 0; index < budget.cases; index++) {
    const engine = pick(random, engines);
    const outcome = await attackOnce(merlon, engine, random, budget.queries);
    queries += outcome.queries;
    if (outcome.bypass) bypasses.push(outcome.bypass);
  }
  return { cases: budget.cases, queries, bypasses };
}

async function attackOnce(
  merlon: Merlon,
  engine: SqlEngine,
  random: Random,
  queriesMax: number,
): Promise<{ queries: number; bypass?: Bypass }> {
  const first = await confirmedAttack(engine, random);
  const { template } = first.effect;
  const pool = [first.value];
  for (let queries = 1; queries <= queriesMax; queries++) {
    const value = queries === 1 ? first.value : mutate(pick(random, pool), random);
    if (value.length > VALUE_CHARACTERS_MAX || value.includes("\0")) continue;
    if (ANYBODYS.some((form) => form.test(value.trimEnd())) && template.quote === "") continue;
    const passes = !stops(merlon, value);
    // Only what passes, or may become a new beginning, is worth the engine's time.
    if (!passes && random(4) !== 0) continue;
    const effect = await effectIn(engine, template, value);
    if (!effect) continue;
    if (passes) return { queries, bypass: { value, effect, queries } };
    if (pool.length < POOL_MAX) pool.push(value);
    else pool[1 + random(POOL_MAX - 1)] = value;
  }
  return { queries: queriesMax };
}

/** Asks Merlon, with the value in one parameter, or in two where a server joins those of one name by a comma. */
function stops(merlon: Merlon, value: string): boolean {
  const parts = value.split("/*,*/").map((part) => encodeURIComponent(part.toWellFormed()));
  return merlon.stopsQuery(
    parts.map((part, at) => `q=${at > 0 ? "*/" : ""}${part}${at < parts.length - 1 ? "/*" : ""}`).join("&"),
  );
}

/** Makes attacks until an engine confirms one. */
export async function confirmedAttack(engine: SqlEngine, random: Random): Promise<{ value: string; effect: Effect }> {
  const templates = TEMPLATES.filter(({ dialects }) => dialects.includes(engine.dialect));
  for (;;) {
    const template = pick(random, templates);
    for (let tries = 0; tries < SEED_TRIES; tries++) {
      const value = makeAttack(random, engine.dialect, template.quote);
      const effect = await effectIn(engine, template, value);
      if (effect) return { value, effect };
    }
  }
}
