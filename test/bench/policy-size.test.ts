/** The measurement of large policies measures, on a small one; its figures are printed and not judged. */
import { expect, test } from "vitest";
import { measurePolicy, policyLines } from "./policy-size.ts";

test("a change sends what has changed, and every figure is there", () => {
  const figures = measurePolicy({ routes: 200, applications: 20, exceptions: 4000, networks: 5000 });
  expect(figures.exceptionBytes).toBeLessThan(figures.imageBytes);
  expect(figures.listBytes).toBeLessThan(10_000);
  expect(figures.bundleBytes).toBeGreaterThan(figures.imageBytes);
  expect(figures.lookupNs).toBeGreaterThan(0);
  expect(policyLines(figures)).not.toContain("NaN");
});
