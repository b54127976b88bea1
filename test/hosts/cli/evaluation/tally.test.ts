/** The books of a set: every request stands in one of them, and shares are of what they say. */
import { describe, expect, test } from "vitest";
import type { LabelledRequest } from "../../../../hosts/cli/evaluation/labelled-file.ts";
import { SetTally } from "../../../../hosts/cli/evaluation/tally.ts";
import { rawRequest } from "../stage.ts";

const CAUGHT = { blocked: true, failed: false, line: "block sqli-union@query.id raw[0,5]", stamps: ["sqli-union"] };
const PASSED = { blocked: false, failed: false, line: "pass", stamps: [] };

function labelled(change: Partial<LabelledRequest>): LabelledRequest {
  const raw = Buffer.from(rawRequest("/?id=1"));
  return { line: 1, id: "a", set: "mine", attack: true, className: "xss", family: "f", weak: false, raw, ...change };
}

describe("a tally", () => {
  test("counts classes, families, harmless and weak requests apart", () => {
    const tally = new SetTally("mine", { misses: 0, falsePositives: 0 });
    tally.add(labelled({ family: "whole" }), CAUGHT);
    tally.add(labelled({ family: "whole", className: "community-xss" }), CAUGHT);
    tally.add(labelled({ family: "partly" }), CAUGHT);
    tally.add(labelled({ family: "partly" }), PASSED);
    tally.add(labelled({ family: "none", className: "lfi" }), PASSED);
    tally.add(labelled({ attack: false }), PASSED);
    tally.add(labelled({ attack: false }), CAUGHT);
    tally.add(labelled({ weak: true }), CAUGHT);
    tally.add(labelled({ weak: true, attack: false }), CAUGHT);
    expect(tally.report()).toEqual({
      set: "mine",
      attacks: 5,
      caught: 3,
      benign: 2,
      flagged: 1,
      byClass: { ptrav: { attacks: 1, caught: 0 }, xss: { attacks: 4, caught: 3 } },
      cpuMicros: { mean: 0, p99: 0 },
      megabytesPerSecond: 0,
      weak: { attacks: 1, caught: 1, benign: 1, flagged: 1 },
      families: { attacks: 3, caught: 1, partly: 1 },
    });
  });

  test("puts costs together and finds the hundredth that is slowest", () => {
    const tally = new SetTally("mine", { misses: 0, falsePositives: 0 });
    const walls = Float64Array.from({ length: 200 }, (_, at) => 200 - at);
    tally.addCost({ requests: 200, bytes: 100_000, cpuMicros: 1000, wallMicros: walls });
    tally.addCost({ requests: 200, bytes: 100_000, cpuMicros: 3000, wallMicros: walls });
    expect(tally.report()).toMatchObject({ cpuMicros: { mean: 10, p99: 199 }, megabytesPerSecond: 50 });
  });

  test("keeps one sample a family, as many as asked for, escaped and short", () => {
    const tally = new SetTally("mine", { misses: 2, falsePositives: 1 });
    const raw = Buffer.from(`POST /\u001b[2J HTTP/1.1\r\nHost: a\r\n\r\n${"b".repeat(2000)}`);
    for (const family of ["one", "one", "two", "three"]) tally.add(labelled({ family, raw }), PASSED);
    tally.add(labelled({ attack: false, raw }), { ...CAUGHT, line: `block ${"x".repeat(2000)}` });
    tally.add(labelled({ attack: false, family: "other" }), CAUGHT);
    expect(tally.misses).toHaveLength(2);
    expect(tally.falsePositives).toHaveLength(1);
    expect(tally.flaggedBy).toEqual(new Map([["sqli-union", 2]]));
    for (const sample of [...tally.misses, ...tally.falsePositives]) {
      expect(sample).toMatch(/^[\x20-\x7e…\n]+$/);
      expect(sample).toContain("POST /\\x1b[2J HTTP/1.1  |  bbb");
      expect(sample.length).toBeLessThan(1000);
    }
  });
});
