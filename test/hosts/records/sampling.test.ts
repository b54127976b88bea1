/** Sampling: the first ones of an hour whole, the others counted, and not one lost between the two. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { type AttackRecord, recordSchema } from "../../../hosts/records/record.ts";
import { type Counted, REFS_MAX, Sampling } from "../../../hosts/records/sampling.ts";
import { sampleRecord } from "./sample.ts";

const HOUR_MS = 3_600_000;

function stage(whole = 2, groupsMax = 3) {
  const out: AttackRecord[] = [];
  const sampling = new Sampling((record) => out.push(record), whole, groupsMax);
  let made = 0;
  const refs: string[] = [];
  const add = (key: string, atMs: number): void => {
    const record = sampleRecord({ sampled: { kept: true, group: key, count_since_last: 1 } });
    const counted: Counted = { id: record.id, ref: record.ref, ts: record.ts, client: { ip: "198.51.100.1" } };
    refs.push(record.ref);
    sampling.add(key, atMs, counted, () => {
      made++;
      return record;
    });
  };
  return { out, sampling, add, made: () => made, refs: () => refs };
}

function total(records: readonly AttackRecord[]): number {
  return records.reduce((sum, { sampled }) => sum + sampled.count_since_last, 0);
}

describe("records of one group", () => {
  test("go out whole at first, then as a count", () => {
    const { out, sampling, add, made } = stage();
    for (let i = 0; i < 10; i++) add("a", i);
    expect(out.map(({ sampled }) => [sampled.kept, sampled.count_since_last])).toEqual([
      [true, 1],
      [true, 1],
    ]);
    expect(made()).toBe(2);
    sampling.flush();
    sampling.flush();
    expect(out).toHaveLength(3);
    expect(out[2]).toMatchObject({ sampled: { kept: false, group: "a", count_since_last: 8 } });
    expect(out[2]).toMatchObject({ client: { ip: "198.51.100.1" }, request: { query: "", headers: [] } });
    expect(recordSchema.safeParse(out[2]).error).toBeUndefined();
    expect(new Set(out.map(({ id }) => id)).size).toBe(3);
  });

  test("leave the references of the latest that were only counted", () => {
    const { out, sampling, add, refs } = stage();
    for (let i = 0; i < 100; i++) add("a", i);
    sampling.flush();
    expect(out[2]?.sampled["refs"]).toEqual(refs().slice(-REFS_MAX));
    add("a", 200);
    sampling.flush();
    expect(out[3]?.sampled["refs"]).toEqual(refs().slice(-1));
  });

  test("go out whole again in the next hour, after the count of the last", () => {
    const { out, add } = stage();
    for (let i = 0; i < 5; i++) add("a", i);
    for (let i = 0; i < 5; i++) add("a", HOUR_MS + i);
    expect(out.map(({ sampled }) => sampled.count_since_last)).toEqual([1, 1, 3, 1, 1]);
  });
});

test("the same requests at the same times give the same records, and groups do not mix", () => {
  const runs = [stage(), stage()].map(({ out, sampling, add }) => {
    for (let i = 0; i < 40; i++) add(`${i % 3}`, i * 60_000);
    sampling.flush();
    return out.map(({ sampled: { refs: _refs, ...sampled } }) => sampled);
  });
  expect(runs[0]).toEqual(runs[1]);
  for (const group of ["0", "1", "2"]) {
    const of = runs[0]?.filter((sampled) => sampled.group === group) ?? [];
    expect(of.reduce((sum, sampled) => sum + sampled.count_since_last, 0)).toBe(group === "0" ? 14 : 13);
  }
});

test("sums are what came in, whatever the clock does and however many groups there are", () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 12, arbitrary: fc.tuple(fc.constantFrom("a", "b", "c", "d", "e"), fc.nat(4 * HOUR_MS)) },
      { weight: 1, arbitrary: fc.constant("flush" as const) },
    ),
    { maxLength: 120 },
  );
  check(
    fc.property(steps, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (all, whole, groupsMax) => {
      const { out, sampling, add } = stage(whole, groupsMax);
      let came = 0;
      for (const step of all) {
        if (step === "flush") sampling.flush();
        else {
          add(...step);
          came++;
        }
      }
      sampling.flush();
      expect(total(out)).toBe(came);
    }),
    500,
  );
});
