/**
 * Merlon against real template engines: what has an effect in one of them is blocked, and what has none passes. The
 * texts come from a grammar, the decision from the engines.
 */
import { beforeAll, expect, test } from "vitest";
import { place } from "../../../fuzz/placement.ts";
import { Core } from "../../assembly/core.ts";
import { createRandom } from "../../bench/random.ts";
import { deliverParts } from "../../conformance/delivery.ts";
import { type Component, requireOrSkip } from "../../tools/component.ts";
import { type Oracle, templateEngines } from "./engines.ts";
import { makeTemplate, type TemplateCase } from "./grammar.ts";

const SEED = Number(process.env["MERLON_SEED"] ?? 1);
const CASES = 600;
const ATTACKS_MIN = CASES / 5;
const INSTALL_MS = 300_000;

let engines: Component<Oracle>;

beforeAll(async () => {
  engines = await templateEngines();
}, INSTALL_MS);

function makeCases(): TemplateCase[] {
  const random = createRandom(SEED);
  return Array.from({ length: CASES }, () => makeTemplate(random));
}

test(`blocks what has an effect in an engine and nothing else, seed ${SEED}`, async (context) => {
  const oracle = requireOrSkip(context, engines);
  const cases = makeCases();
  const effects = await oracle(cases);
  const core = new Core("release");
  const missed: string[] = [];
  const flagged: string[] = [];
  for (const [index, { text }] of cases.entries()) {
    const blocked = deliverParts(core, place("form", Buffer.from(text).toString("latin1")), []).line.startsWith(
      "block",
    );
    const engine = effects[index]?.join(", ") ?? "";
    if (engine !== "" && !blocked) missed.push(`${engine}: ${text}`);
    if (engine === "" && blocked) flagged.push(text);
  }
  expect(effects.filter(({ length }) => length > 0).length).toBeGreaterThan(ATTACKS_MIN);
  expect({ missed, flagged }).toEqual({ missed: [], flagged: [] });
});
