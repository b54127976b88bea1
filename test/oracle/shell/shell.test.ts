/** Values by which real shells start a program of their own are caught, also by an attacker who adapts. */
import { expect, test } from "vitest";
import { createRandom } from "../../bench/random.ts";
import { requireOrSkip } from "../../tools/component.ts";
import { Detection } from "../detection.ts";
import { runCampaign } from "./attacker.ts";
import { makeNearMiss } from "./grammar.ts";
import { openJail } from "./jail.ts";
import { judgeValues } from "./template.ts";

const SEED = 23;
const VALUES = 120;
const ROUNDS = 2;
const NEAR_MISSES = 150;
/** Of a hundred attacks, and of a hundred near misses. */
const BYPASSES_MAX = 0.01;
const FLAGGED_MAX = 0.02;

test("an attacker who adapts gets past at most one time in a hundred", (context) => {
  const jail = requireOrSkip(context, openJail());
  try {
    const { attacks, bypasses } = runCampaign(jail, new Detection(), SEED, VALUES, ROUNDS);
    expect(attacks).toBeGreaterThan(VALUES);
    expect(bypasses.length, bypasses.map((value) => JSON.stringify(value)).join("\n")).toBeLessThanOrEqual(
      attacks * BYPASSES_MAX,
    );
  } finally {
    jail.close();
  }
});

test("what starts nothing in a shell mostly passes", (context) => {
  const jail = requireOrSkip(context, openJail());
  try {
    const random = createRandom(SEED);
    const values = Array.from({ length: NEAR_MISSES }, () => makeNearMiss(random));
    const started = judgeValues(jail, values);
    const harmless = values.filter((_, index) => started[index]?.size === 0);
    const detection = new Detection();
    const flagged = harmless.filter((value) => detection.flags(value));
    expect(harmless.length).toBeGreaterThan(NEAR_MISSES / 2);
    expect(flagged.length, flagged.join("\n")).toBeLessThanOrEqual(harmless.length * FLAGGED_MAX);
  } finally {
    jail.close();
  }
});

test("a command that a template alone runs is nobody's attack", (context) => {
  const jail = requireOrSkip(context, openJail());
  try {
    expect(judgeValues(jail, ["report.txt", "x;id", "'x'"]).map((names) => [...names])).toEqual([[], ["id"], []]);
  } finally {
    jail.close();
  }
});
