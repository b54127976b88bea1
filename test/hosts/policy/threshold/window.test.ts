/** Two buckets against an exact count of what came in the last span. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bounds, Window } from "../../../../hosts/policy/threshold/window.ts";

const MINUTE: Bounds = { most: 10, perMs: 60_000, burst: 0 };

function fill(window: Window, bounds: Bounds, nowMs: number): number {
  let taken = 0;
  while (window.wait(bounds, nowMs) === 0 && taken < 10_000) {
    window.add(bounds, nowMs);
    taken++;
  }
  return taken;
}

describe("a window", () => {
  test("takes as much as it says, and no more", () => {
    const window = new Window(MINUTE, 0);
    expect(fill(window, MINUTE, 0)).toBe(10);
    expect(window.count(MINUTE, 59_999)).toBe(10);
  });

  test("fades what came before", () => {
    const window = new Window(MINUTE, 0);
    fill(window, MINUTE, 0);
    expect(window.count(MINUTE, 90_000)).toBe(5);
    expect(fill(window, MINUTE, 90_000)).toBe(5);
    expect(window.count(MINUTE, 600_000)).toBe(0);
  });

  test("a burst is what may come at once", () => {
    const bounds = { most: 60, perMs: 60_000, burst: 5 };
    const window = new Window(bounds, 0);
    expect(fill(window, bounds, 0)).toBe(5);
    expect(window.wait(bounds, 0)).toBeCloseTo(1000);
    expect(fill(window, bounds, 2000)).toBe(2);
  });
});

const bounds = fc.record({
  most: fc.integer({ min: 1, max: 50 }),
  perMs: fc.integer({ min: 10, max: 5000 }),
  burst: fc.constant(0),
});

test("after its wait one more fits, and not a millisecond or two before", () => {
  fc.assert(
    fc.property(bounds, fc.array(fc.integer({ min: 0, max: 2000 }), { maxLength: 200 }), (limit, gaps) => {
      let now = 0;
      const window = new Window(limit, now);
      for (const gap of gaps) {
        now += gap;
        if (window.wait(limit, now) === 0) window.add(limit, now);
      }
      const wait = window.wait(limit, now);
      if (wait > 2) expect(window.wait(limit, now + wait - 2)).toBeGreaterThan(0);
      expect(window.wait(limit, now + wait + 0.001)).toBe(0);
    }),
  );
});

test("no window lets more than it says begin in one of its own spans, and no span twice as much", () => {
  fc.assert(
    fc.property(bounds, fc.array(fc.integer({ min: 0, max: 800 }), { maxLength: 300 }), (limit, gaps) => {
      let now = 0;
      const window = new Window(limit, now);
      const taken: number[] = [];
      for (const gap of gaps) {
        now += gap;
        if (window.wait(limit, now) > 0) continue;
        window.add(limit, now);
        taken.push(now);
      }
      const perSpan = new Map<number, number>();
      for (const at of taken) {
        const span = Math.floor(at / limit.perMs);
        perSpan.set(span, (perSpan.get(span) ?? 0) + 1);
        const inLast = taken.filter((other) => other > at - limit.perMs && other <= at).length;
        expect(inLast).toBeLessThanOrEqual(limit.most * 2);
      }
      expect(Math.max(0, ...perSpan.values())).toBeLessThanOrEqual(limit.most);
    }),
  );
});
