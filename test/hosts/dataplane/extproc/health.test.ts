/** gRPC health: serving until the drain, and watchers hear of it. */
import { expect, test } from "vitest";
import { Health } from "../../../../hosts/dataplane/extproc/health.ts";

const [SERVING, NOT_SERVING] = [1, 2].map((state) => Buffer.from([0, 0, 0, 0, 2, 8, state]));

test("says that it serves, until it drains", () => {
  const health = new Health();
  expect(health.message).toEqual(SERVING);
  health.drain();
  expect(health.message).toEqual(NOT_SERVING);
});

test("tells those who watch of the state and of its change, and no one who has left", () => {
  const health = new Health();
  const told: Buffer[] = [];
  const left: Buffer[] = [];
  health.watch((message) => told.push(message));
  health.watch((message) => left.push(message))?.();
  health.drain();
  expect(told).toEqual([SERVING, NOT_SERVING]);
  expect(left).toEqual([SERVING]);
});

test("takes so many watchers and no more", () => {
  const health = new Health();
  const stops = Array.from({ length: 64 }, () => health.watch(() => {}));
  expect(stops.every((stop) => stop !== null)).toBe(true);
  expect(health.watch(() => {})).toBeNull();
});
