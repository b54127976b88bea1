/** Tries that fail: some are free, then each waits longer, and the memory of them is bounded. */
import { expect, test } from "vitest";
import { Throttle } from "../../../../hosts/postanalytics/access/throttle.ts";
import { Clock } from "./stage.ts";

const OPTIONS = { free: 3, firstWaitMs: 1000, longestWaitMs: 8000, forgetMs: 60_000, keysMax: 3 };

test("waits grow from the first that is not free up to the longest", () => {
  const clock = new Clock();
  const throttle = new Throttle(OPTIONS, clock.now);
  const waits = Array.from({ length: 9 }, () => {
    const wait = throttle.waitMs("a");
    clock.pass(wait);
    expect(throttle.waitMs("a")).toBe(0);
    throttle.count("a");
    return wait;
  });
  expect(waits).toEqual([0, 0, 0, 1000, 2000, 4000, 8000, 8000, 8000]);
});

test("a good try and a long quiet both begin anew", () => {
  const clock = new Clock();
  const throttle = new Throttle(OPTIONS, clock.now);
  for (let i = 0; i < 5; i++) throttle.count("a");
  expect(throttle.waitMs("a")).toBe(4000);
  throttle.forget("a");
  expect(throttle.waitMs("a")).toBe(0);
  for (let i = 0; i < 5; i++) throttle.count("a");
  clock.pass(60_000);
  expect(throttle.waitMs("a")).toBe(0);
  throttle.count("a");
  expect(throttle.waitMs("a")).toBe(0);
});

test("beyond its size it forgets the key that was quiet for longest", () => {
  const throttle = new Throttle(OPTIONS, new Clock().now);
  for (const key of ["a", "b", "c"]) for (let i = 0; i < 4; i++) throttle.count(key);
  throttle.count("a");
  throttle.count("d");
  expect(["a", "b", "c"].map((key) => throttle.waitMs(key) > 0)).toEqual([true, false, true]);
});
