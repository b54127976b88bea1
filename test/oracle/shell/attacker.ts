/**
 * An attacker who adapts: makes attacks that real shells run, keeps those that the detector misses, and changes those
 * that it catches until they are missed or the rounds are used up. A value counts only where a shell ran it.
 */
import { createRandom } from "../../bench/random.ts";
import type { Detection } from "../detection.ts";
import { isList, makeAttack, mutateAttack } from "./grammar.ts";
import type { Jail } from "./jail.ts";
import { judgeValues } from "./template.ts";

/** What an attacker reached. */
export interface Campaign {
  /** Different values that started a program in at least one template. */
  readonly attacks: number;
  /** Those of them that the detector did not see. */
  readonly bypasses: readonly string[];
}

/** Runs a campaign of `values` new attacks and as many changes of them in each round. */
export function runCampaign(jail: Jail, detection: Detection, seed: number, values: number, rounds: number): Campaign {
  const random = createRandom(seed);
  const known = new Set<string>();
  const bypasses: string[] = [];
  let attacks = 0;
  let pool = Array.from({ length: values }, () => makeAttack(random));
  for (let round = 0; round <= rounds; round++) {
    const fresh = [...new Set(pool)].filter((value) => !known.has(value) && !isList(value));
    for (const value of fresh) known.add(value);
    const started = judgeValues(jail, fresh);
    const working = fresh.filter((_, index) => (started[index]?.size ?? 0) > 0);
    attacks += working.length;
    const caught = working.filter((value) => detection.flags(value));
    bypasses.push(...working.filter((value) => !detection.flags(value)));
    pool = caught.map((value) => mutateAttack(random, value));
  }
  return { attacks, bypasses };
}
