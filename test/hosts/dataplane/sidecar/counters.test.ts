/** Counters start at zero, and a refusal keeps the sum. */
import { expect, test } from "vitest";
import { countRefused, createCounters } from "../../../../hosts/dataplane/sidecar/counters.ts";

test("everything is zero at first, and two sidecars do not share", () => {
  const counters = createCounters();
  const numbers = Object.values(counters).flatMap((value: unknown) =>
    typeof value === "object" && value !== null ? Object.values(value) : [value],
  );
  expect(new Set(numbers)).toEqual(new Set([0]));
  counters.failedOpen.trap++;
  expect(createCounters().failedOpen.trap).toBe(0);
});

test("a refusal is a request that was skipped, with its reason", () => {
  const counters = createCounters();
  countRefused(counters, "framing");
  countRefused(counters, "host");
  expect(counters).toMatchObject({ requests: 2, skipped: 2, inspected: 0 });
  expect(counters.refused).toMatchObject({ framing: 1, host: 1, parse: 0 });
});
