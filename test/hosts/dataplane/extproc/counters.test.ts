/** Counters start at zero, and two servers do not share them. */
import { expect, test } from "vitest";
import { createCounters } from "../../../../hosts/dataplane/extproc/counters.ts";

test("everything is zero at first", () => {
  const counters = createCounters();
  const numbers = Object.values(counters).flatMap((value: unknown) =>
    typeof value === "object" && value !== null ? Object.values(value) : [value],
  );
  expect(new Set(numbers)).toEqual(new Set([0]));
  counters.failedOpen.trap++;
  expect(createCounters().failedOpen.trap).toBe(0);
});
