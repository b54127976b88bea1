/** Paths that real resolvers lead out of their folder are caught; those that stay inside mostly pass. */
import { expect, test } from "vitest";
import { createRandom } from "../../bench/random.ts";
import { requireOrSkip } from "../../tools/component.ts";
import { Detection } from "../detection.ts";
import { makeInnerPath, makeTraversal } from "./grammar.ts";
import { findGo, findPython, judgePaths, type Resolver, resolveInNode } from "./resolver.ts";

const VALUES = 600;
const SEED = 41;
/** Near misses that may be flagged, of a hundred: the grammar makes some that only a person could tell apart. */
const FLAGGED_MAX = 0.01;

function missedBy(resolvers: readonly Resolver[], posixOnly: boolean): string[] {
  const random = createRandom(SEED);
  const values = Array.from({ length: VALUES }, () => makeTraversal(random));
  const attacks = judgePaths(resolvers, values, posixOnly);
  expect(attacks.filter(Boolean).length).toBeGreaterThan(VALUES / 2);
  const detection = new Detection();
  return values.filter((value, index) => attacks[index] === true && !detection.flags(value));
}

test("what Node's resolvers lead out of a folder is caught", () => {
  expect(missedBy([resolveInNode], false)).toEqual([]);
});

test("what Python's resolvers lead out of a folder is caught", (context) => {
  expect(missedBy([requireOrSkip(context, findPython())], false)).toEqual([]);
});

test("what Go's resolver leads out of a folder is caught", (context) => {
  expect(missedBy([requireOrSkip(context, findGo())], true)).toEqual([]);
});

test("paths that stay inside mostly pass", () => {
  const random = createRandom(SEED);
  const values = Array.from({ length: VALUES }, () => makeInnerPath(random));
  const attacks = judgePaths([resolveInNode], values, false);
  const detection = new Detection();
  const inner = values.filter((_, index) => attacks[index] === false);
  const flagged = inner.filter((value) => detection.flags(value));
  expect(flagged.length, flagged.slice(0, 20).join("\n")).toBeLessThanOrEqual(inner.length * FLAGGED_MAX);
});
