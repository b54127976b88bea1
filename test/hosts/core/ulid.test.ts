/** Ids: order, uniqueness of the visible part, alphabet, time. */
import { expect, test } from "vitest";
import { createUlidSource, REF_LENGTH, refOf, ULID_LENGTH } from "../../../hosts/core/ulid.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

function timeOf(id: string): number {
  return [...id.slice(0, 10)].reduce((sum, digit) => sum * 32 + ALPHABET.indexOf(digit), 0);
}

test("an id has 26 characters of Crockford's alphabet and begins with the time", () => {
  const id = createUlidSource(() => 1469918176385)();
  expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(id).toHaveLength(ULID_LENGTH);
  // The example of the specification: 1469918176385 is 01ARYZ6S41.
  expect(id.slice(0, 10)).toBe("01ARYZ6S41");
  expect(refOf(id)).toBe(id.slice(0, REF_LENGTH));
});

test("ids and references grow strictly within one millisecond", () => {
  const source = createUlidSource(() => 1700000000000);
  let last = source();
  for (let i = 0; i < 20000; i++) {
    const next = source();
    if (!(next > last) || !(refOf(next) > refOf(last))) expect.fail(`${next} does not come after ${last}`);
    last = next;
  }
  expect(timeOf(last)).toBe(1700000000000);
});

test("ids grow when the clock goes back", () => {
  const clock = [5000, 4000, 3000, 5001];
  const source = createUlidSource(() => clock.shift() ?? 0);
  const ids = [source(), source(), source(), source()];
  expect([...ids].sort()).toEqual(ids);
  expect(ids.map(timeOf)).toEqual([5000, 5000, 5000, 5001]);
});

test("a full millisecond goes on in the next one", () => {
  // All bits set: the upper part starts at 2^29 - 1 and each step is 256, so it is full after 2^21 + 1 steps.
  const source = createUlidSource(
    () => 1000,
    (pool) => pool.fill(0xff),
  );
  let last = source();
  for (let i = 0; i < 2 ** 21; i++) source();
  const next = source();
  expect(next > last).toBe(true);
  last = source();
  expect(last > next).toBe(true);
  expect(timeOf(last)).toBe(1001);
});

test("two sources do not agree on the random part", () => {
  const one = createUlidSource(() => 1000);
  const two = createUlidSource(() => 1000);
  const parts = new Set<string>();
  for (let i = 0; i < 500; i++) parts.add(one().slice(16)).add(two().slice(16));
  expect(parts.size).toBe(1000);
});
