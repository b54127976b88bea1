/** The measurement of propagation measures: a short one, whose figures are printed and not judged. */
import { expect, test } from "vitest";
import { fleetLine, measureFleet, quantile } from "./fleet.ts";

test("every change reaches every host", async () => {
  const figures = await measureFleet({ hosts: 12, processes: 2, changes: 3, exceptions: 20 });
  process.stdout.write(`${fleetLine(figures)}\n`);
  expect(figures.lastMs).toHaveLength(3);
  expect(figures.lastMs.every((milliseconds) => milliseconds > 0)).toBe(true);
}, 180_000);

test("quantiles are of the sorted values", () => {
  expect([quantile([30, 10, 20], 0.5), quantile([30, 10, 20], 0.99), quantile([1], 0.5)]).toEqual([20, 30, 1]);
});
