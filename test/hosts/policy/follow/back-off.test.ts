/** Waits between tries: longer each time, spread by chance, and never longer than they must be. */
import { expect, test } from "vitest";
import { BackOff } from "../../../../hosts/policy/follow/back-off.ts";

test("waits double up to five seconds, and begin anew after a success", () => {
  const backOff = new BackOff(() => 1);
  expect(Array.from({ length: 8 }, () => backOff.next())).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(backOff.failures).toBe(8);
  backOff.reset();
  expect(backOff.next()).toBe(100);
});

test("half of a wait is chance", () => {
  expect([new BackOff(() => 0).next(), new BackOff(() => 0.5).next()]).toEqual([50, 75]);
});
