/** Verdicts of the browser and of the core on generated values, side by side. */
import type { Engine } from "../../../hosts/core/engine.ts";
import { attackOf, type Case, nearMissOf, Walk } from "./grammar.ts";
import { isBlocked, passesIn } from "./inspection.ts";
import { isAttack, type Ran, type XssOracle } from "./xss-oracle.ts";

/** How many values to make. */
export interface ComparisonOptions {
  readonly seed: number;
  readonly attacks: number;
  readonly misses: number;
}

/** What came of it. */
export interface Comparison {
  readonly attacks: number;
  /** Values made as attacks that the browser ran. */
  readonly ran: number;
  /** Values that it ran and that pass somewhere. */
  readonly passed: readonly string[];
  /** Values in which nothing ran in any context. */
  readonly harmless: number;
  /** Those of them that are blocked. */
  readonly blocked: readonly string[];
}

/** Shows each value in its contexts. */
async function show(oracle: XssOracle, cases: readonly Case[]): Promise<Ran[]> {
  const results: Ran[] = cases.map(() => new Map());
  const groups = new Map<string, number[]>();
  for (const [index, { contexts }] of cases.entries()) {
    const group = groups.get(contexts.join()) ?? [];
    groups.set(contexts.join(), [...group, index]);
  }
  for (const indexes of groups.values()) {
    const members = indexes.flatMap((index) => cases[index] ?? []);
    const ran = await oracle.judge(
      members.map(({ value }) => value),
      members[0]?.contexts ?? [],
    );
    for (const [at, index] of indexes.entries()) results[index] = ran[at] ?? new Map();
  }
  return results;
}

/** Makes attacks and near misses from the seed, and asks both. */
export async function compare(engine: Engine, oracle: XssOracle, options: ComparisonOptions): Promise<Comparison> {
  const walk = new Walk(options.seed);
  const attacks = Array.from({ length: options.attacks }, () => attackOf(walk));
  const misses = Array.from({ length: options.misses }, () => nearMissOf(walk));
  const ran = await show(oracle, attacks);
  const still = await show(oracle, misses);
  const running = attacks.filter((_, index) => isAttack(ran[index] ?? new Map()));
  const harmless = misses.filter((_, index) => !isAttack(still[index] ?? new Map()));
  return {
    attacks: attacks.length,
    ran: running.length,
    passed: running.map(({ value }) => value).filter((value) => passesIn(engine, value).length > 0),
    harmless: harmless.length,
    blocked: harmless.map(({ value }) => value).filter((value) => isBlocked(engine, value)),
  };
}
