/** Faults of patterns carry their place. */
import { expect, test } from "vitest";
import { PatternFault } from "../../../../hosts/policy/regex/fault.ts";

test("a fault is told from other errors and has its place", () => {
  expect(new PatternFault(3, "is wrong")).toMatchObject({ at: 3, name: "PatternFault", message: "is wrong" });
});
