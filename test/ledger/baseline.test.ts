/** What counts as worse than the committed figures, and the books behind them. */
import { describe, expect, test } from "vitest";
import type { LabelledRequest } from "../../hosts/cli/evaluation/labelled-file.ts";
import type { Match } from "../../hosts/core/verdict.ts";
import { type Baseline, baselineOf, findWorse } from "./baseline.ts";
import { Books, macroRecall } from "./books.ts";

const COMMITTED: Baseline = {
  sets: {
    a: { attacks: 5000, caught: 4900, benign: 100, flagged: 1 },
    b: { attacks: 10, caught: 10, benign: 0, flagged: 0 },
  },
  stamps: { "x-one": { caught: 4900, solo: 9, falseHits: { a: 1 } } },
};

function withSet(name: string, change: Partial<Baseline["sets"][string]>, falseHits = 1): Baseline {
  const set = COMMITTED.sets[name];
  if (set === undefined) throw new Error("no such set");
  return {
    sets: { ...COMMITTED.sets, [name]: { ...set, ...change } },
    stamps: { "x-one": { caught: 4900, solo: 9, falseHits: { a: falseHits } } },
  };
}

describe("worse is", () => {
  test("not the same, nor what is better", () => {
    expect(findWorse(COMMITTED, COMMITTED)).toEqual([]);
    expect(findWorse(COMMITTED, withSet("a", { caught: 5000 }, 0))).toEqual([]);
  });

  test("a fall beyond the margin, which is one attack in a small set", () => {
    expect(findWorse(COMMITTED, withSet("a", { caught: 4895 }))).toEqual([]);
    expect(findWorse(COMMITTED, withSet("a", { caught: 4894 }))).toHaveLength(1);
    expect(findWorse(COMMITTED, withSet("b", { caught: 9 }))).toEqual([]);
    expect(findWorse(COMMITTED, withSet("b", { caught: 8 }))).toHaveLength(1);
  });

  test("one more false hit, by name", () => {
    expect(findWorse(COMMITTED, withSet("a", {}, 2))).toEqual(["false hits rose from 1 to 2: x-one 1 → 2"]);
  });

  test("nothing that is known of a set that is absent or was read in part", () => {
    const { a: _, ...sets } = COMMITTED.sets;
    expect(findWorse(COMMITTED, { sets, stamps: {} })).toEqual([]);
    expect(findWorse(COMMITTED, withSet("a", { attacks: 10, caught: 0 }))).toEqual([]);
  });
});

function row(id: string, attack: boolean, family = id): LabelledRequest {
  return { line: 1, id, set: "s", attack, className: null, family, weak: false, raw: Buffer.alloc(0) };
}

function match(stamp: string, severity = 5): Match {
  return { type: "x", stamp, cwe: [], severity, point: "query.a", reason: "", counts: true, exception: 0, layers: [] };
}

describe("books", () => {
  const books = new Books(new Map([["audited", "holds nothing"]]));
  books.add(row("one", true, "f"), { blocked: true, matches: [match("x-one"), match("x-one"), match("x-two")] });
  books.add(row("two", true, "f"), { blocked: false, matches: [match("x-two", 2)] });
  books.add(row("three", true), { blocked: true, matches: [match("x-two")] });
  books.add(row("audited", true), { blocked: false, matches: [] });
  books.add(row("fine", false), { blocked: false, matches: [match("x-two", 2)] });
  books.add(row("flagged", false), { blocked: true, matches: [match("x-one")] });
  books.add({ ...row("weak", true), weak: true }, { blocked: false, matches: [] });

  test("sum up sets, raw and audited", () => {
    expect(books.sets.get("s")).toMatchObject({
      ...{ attacks: 4, caught: 2, auditedAttacks: 3, auditedCaught: 2, benign: 2, flagged: 1 },
      flaggedRows: new Map([["flagged", ["x-one"]]]),
    });
  });

  test("count a request once for each signature, and say what only one found", () => {
    expect(baselineOf(books).stamps).toEqual({
      "x-one": { caught: 1, solo: 0, falseHits: { s: 1 } },
      "x-two": { caught: 2, solo: 1, falseHits: {} },
    });
    expect(books.stamps.get("x-two")?.quietHits).toEqual(new Map([["s", 1]]));
  });

  test("weigh families alike", () => {
    const set = books.sets.get("s");
    expect(set === undefined ? 0 : macroRecall(set)).toBeCloseTo(0.75);
  });
});
