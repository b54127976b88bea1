/**
 * Attacks that the core catches stay caught under changes that leave them attacks. Here a sample of our own suites and,
 * where they are, of the request sets; `node test/adversary/main.ts --all` runs everything.
 */
import { describe, expect, test } from "vitest";
import { Engine } from "../../hosts/core/engine.ts";
import { requireOrSkip } from "../tools/component.ts";
import { campaign, KEPT_MIN, total } from "./campaign.ts";
import { OPERATORS } from "./operators.ts";
import { ownAttacks, setAttacks } from "./sources.ts";

const SEED = 16;
/** Fewer are too few for the share: of 7,200 one in two thousand more or less is chance. */
const BUDGET = { seed: SEED, examples: 20, most: 300 };
const MUTATED_MIN = 3000;
const engine = Engine.load();

describe("attacks of our own suites", () => {
  const attacks = ownAttacks(engine);
  const tallies = campaign(engine, attacks, OPERATORS, BUDGET);

  test("stay caught", () => {
    const { mutated, share } = total(tallies);
    const lost = tallies.flatMap(({ operator, losses }) =>
      losses.map(({ attack, seed }) => `${operator}, seed ${seed}: ${attack.where} ${JSON.stringify(attack.value)}`),
    );
    expect(mutated).toBeGreaterThan(MUTATED_MIN);
    expect(share, lost.join("\n")).toBeGreaterThanOrEqual(KEPT_MIN);
  });

  test("give work to every operator", () => {
    expect(tallies.filter(({ mutated }) => mutated === 0).map(({ operator }) => operator)).toEqual([]);
  });

  test("are changed in the same way by the same seed", () => {
    const few = attacks.slice(0, 50);
    const again = { ...BUDGET, most: 5 };
    expect(campaign(engine, few, OPERATORS, again)).toEqual(campaign(engine, few, OPERATORS, again));
  });
});

test.for(["gotestwaf", "vulnbank"])(
  "attacks of the set %s stay caught",
  { timeout: 180_000 },
  async (name, context) => {
    const attacks = await setAttacks(engine, name);
    const found = requireSet(context, name, attacks);
    const { share } = total(campaign(engine, found, OPERATORS, { ...BUDGET, most: 15 }));
    expect(share).toBeGreaterThanOrEqual(KEPT_MIN);
  },
);

function requireSet<T>(context: Parameters<typeof requireOrSkip>[0], name: string, attacks: T | undefined): T {
  return requireOrSkip(
    context,
    attacks === undefined ? { missing: `the set ${name} is not here` } : { found: attacks },
  );
}
