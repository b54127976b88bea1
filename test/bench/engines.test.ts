/** The turn-taking with a real engine at the other end of the pipes: Merlon's own process. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { measureEngines, median, quantile } from "./engines.ts";
import { loadMix } from "./mix.ts";

const silent = (): void => {};

test("measures Merlon in its process over every request of the mix", async () => {
  const mix = await loadMix("/nowhere", 16);
  const args = [join(import.meta.dirname, "merlon-process.ts")];
  const [figures] = await measureEngines(mix, [{ id: "merlon", file: process.execPath, args }], 1, 0, silent);
  expect(figures?.name).toBe("Merlon");
  expect(figures?.roundMeansUs).toHaveLength(1);
  expect(figures?.meanUs).toBeGreaterThan(0);
  expect(figures?.meanUs).toBeLessThan(1e6);
});

test("gives the reason of an engine that ends", async () => {
  const mix = await loadMix("/nowhere", 16);
  const command = { id: "coraza", file: process.execPath, args: ["-e", "throw new Error('no rules')"] } as const;
  await expect(measureEngines(mix, [command], 1, 0, silent)).rejects.toThrow(/coraza ended: .*no rules/);
});

test.each([
  { values: [], half: 0, most: 0 },
  { values: [3], half: 3, most: 3 },
  { values: [4, 1, 2, 3], half: 2.5, most: 3.97 },
])("takes the middle and the 99th percentile of $values", ({ values, half, most }) => {
  expect(median(values)).toBe(half);
  expect(quantile(values, 0.99)).toBeCloseTo(most);
});
