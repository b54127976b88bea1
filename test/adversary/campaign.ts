/** Applies every operator to attacks, and counts what the core still catches. */
import type { Engine } from "../../hosts/core/engine.ts";
import { createRandom } from "../bench/random.ts";
import { type Attack, ask } from "./attack.ts";
import { isFor, type Operator } from "./operator.ts";

/** Part of all changed attacks that must be caught. */
export const KEPT_MIN = 0.995;

/** A changed attack that passed; with its seed it can be made again. */
export interface Loss {
  readonly attack: Attack;
  readonly seed: number;
  /** The request line and the body's begin. */
  readonly shown: string;
}

/** What became of the attacks under one operator. */
export interface Tally {
  readonly operator: string;
  mutated: number;
  kept: number;
  readonly losses: Loss[];
}

/** How much is tried. */
export interface Budget {
  readonly seed: number;
  /** Losses that are kept of each operator. */
  readonly examples: number;
  /** Requests that each operator makes at most; the attacks are taken at random. */
  readonly most: number;
}

const SHOWN_BYTES = 300;

/** Runs operators over attacks; equal seeds give equal requests. */
export function campaign(
  engine: Engine,
  attacks: readonly Attack[],
  operators: readonly Operator[],
  { seed, examples, most }: Budget,
): Tally[] {
  return operators.map((operator, number) => {
    const tally: Tally = { operator: operator.name, mutated: 0, kept: 0, losses: [] };
    const random = createRandom(seed * 1009 + number);
    const fitting = attacks.filter((attack) => isFor(operator, attack));
    const wanted = Math.min(most, Math.max(1, Math.ceil(fitting.length * (operator.share ?? 1))));
    for (const attack of shuffled(fitting, random)) {
      if (tally.mutated >= wanted) break;
      const own = random(0x7fff_ffff);
      const mutant = operator.apply(attack, createRandom(own));
      if (mutant === undefined) continue;
      tally.mutated++;
      if (ask(engine, mutant).blocked) tally.kept++;
      else if (tally.losses.length < examples) {
        const { target, body } = mutant.message;
        tally.losses.push({ attack, seed: own, shown: `${target} ${body.toString("latin1", 0, SHOWN_BYTES)}` });
      }
    }
    return tally;
  });
}

function shuffled<T>(items: readonly T[], random: (below: number) => number): T[] {
  const all = [...items];
  for (let at = all.length - 1; at > 0; at--) {
    const other = random(at + 1);
    [all[at], all[other]] = [all[other] as T, all[at] as T];
  }
  return all;
}

/** All tallies together. */
export function total(tallies: readonly Tally[]): { mutated: number; kept: number; share: number } {
  const mutated = tallies.reduce((sum, one) => sum + one.mutated, 0);
  const kept = tallies.reduce((sum, one) => sum + one.kept, 0);
  return { mutated, kept, share: mutated === 0 ? 0 : kept / mutated };
}
