/**
 * The adaptive attacker: starts from values that run, changes them step by step as long as a browser still runs them,
 * and asks the core after each step. It has found a bypass where a step runs and passes.
 */
import type { Engine } from "../../../hosts/core/engine.ts";
import type { ContextName } from "./contexts.ts";
import { attackOf, Walk } from "./grammar.ts";
import { passesIn } from "./inspection.ts";
import { mutate } from "./mutation.ts";
import { isAttack, type XssOracle } from "./xss-oracle.ts";

/** How long and how wide to search. */
export interface AttackOptions {
  readonly seed: number;
  /** Values to start from that a browser runs. */
  readonly cases: number;
  /** Times that the core is asked for each of them. */
  readonly queries: number;
}

/** One way past the core. */
export interface Bypass {
  readonly value: string;
  readonly context: ContextName;
  readonly start: string;
  readonly passes: readonly string[];
}

/** What came of it. */
export interface AttackReport {
  readonly cases: number;
  readonly queries: number;
  /** Steps that still ran. */
  readonly ran: number;
  /** At most one a case. */
  readonly bypasses: readonly Bypass[];
}

interface Search {
  readonly walk: Walk;
  readonly context: ContextName;
  readonly start: string;
  value: string;
  bypass: Bypass | undefined;
}

const ROUND = 60;
const MOVES_MAX = 3;
const VALUE_CHARACTERS_MAX = 600;

/** @returns searches at values that run, one context each */
async function begin(oracle: XssOracle, { seed, cases }: AttackOptions): Promise<Search[]> {
  const searches: Search[] = [];
  for (let round = 0; searches.length < cases && round < 40; round++) {
    const walk = new Walk(seed + round * 7919);
    const found = Array.from({ length: ROUND }, () => attackOf(walk));
    for (const context of new Set(found.flatMap(({ contexts }) => contexts))) {
      const values = found.filter(({ contexts }) => contexts.includes(context)).map(({ value }) => value);
      const ran = await oracle.judge(values, [context]);
      for (const [index, value] of values.entries()) {
        const result = ran[index];
        if (result === undefined || !isAttack(result)) continue;
        searches.push({
          walk: new Walk(seed * 31 + searches.length),
          context,
          start: value,
          value,
          bypass: undefined,
        });
      }
    }
  }
  return searches.slice(0, cases);
}

/** Makes one step of each search that has not found a way yet. @returns how many steps still ran */
async function step(engine: Engine, oracle: XssOracle, searches: readonly Search[]): Promise<number> {
  let kept = 0;
  for (const context of new Set(searches.map((search) => search.context))) {
    const here = searches.filter((search) => search.context === context);
    const next = here.map(({ walk, value }) => {
      let changed = value;
      for (let move = walk.below(MOVES_MAX); move >= 0; move--) changed = mutate(walk, changed);
      return changed.slice(0, VALUE_CHARACTERS_MAX);
    });
    const ran = await oracle.judge(next, [context]);
    for (const [index, search] of here.entries()) {
      const value = next[index];
      const result = ran[index];
      if (value === undefined || result === undefined || !isAttack(result)) continue;
      kept++;
      search.value = value;
      const passes = passesIn(engine, value);
      if (passes.length > 0) search.bypass = { value, context, start: search.start, passes };
    }
  }
  return kept;
}

/** Runs the search; values and steps depend on the seed alone. */
export async function attack(engine: Engine, oracle: XssOracle, options: AttackOptions): Promise<AttackReport> {
  const searches = await begin(oracle, options);
  for (const search of searches) {
    const passes = passesIn(engine, search.value);
    const { value, context, start } = search;
    if (passes.length > 0) search.bypass = { value, context, start, passes };
  }
  let ran = searches.length;
  let queries = searches.length;
  for (let round = 0; round < options.queries; round++) {
    const open = searches.filter(({ bypass }) => bypass === undefined);
    queries += open.length;
    ran += await step(engine, oracle, open);
  }
  const bypasses = searches.flatMap(({ bypass }) => (bypass === undefined ? [] : [bypass]));
  return { cases: searches.length, queries, ran, bypasses };
}
