/** Quotas of nodes, on a clock of the test's own. */
import { expect, test } from "vitest";
import { Quotas } from "../../../hosts/postanalytics/intake-quota.ts";

test("a burst passes, then what each second gives", () => {
  let now = 0;
  const quotas = new Quotas({ perSecond: 10, burst: 100 }, () => now);
  expect(quotas.take("a", 100)).toBe(0);
  expect(quotas.take("a", 20)).toBe(2);
  now += 1000;
  expect(quotas.take("a", 20)).toBe(1);
  now += 1000;
  expect(quotas.take("a", 20)).toBe(0);
  expect(quotas.take("b", 100)).toBe(0);
});

test("a batch larger than the burst passes a full bucket, and is paid for afterwards", () => {
  let now = 0;
  const quotas = new Quotas({ perSecond: 10, burst: 10 }, () => now);
  expect(quotas.take("a", 50)).toBe(0);
  now += 4000;
  expect(quotas.take("a", 1)).toBe(1);
  now += 1000;
  expect(quotas.take("a", 1)).toBe(0);
});

test("silence fills no more than the burst, and a clock that goes back takes nothing", () => {
  let now = 1e9;
  const quotas = new Quotas({ perSecond: 10, burst: 20 }, () => now);
  expect(quotas.take("a", 20)).toBe(0);
  now += 1e8;
  expect(quotas.take("a", 20)).toBe(0);
  now -= 5e8;
  expect(quotas.take("a", 1)).toBe(1);
});
