/** The worst-case search: its inputs are valid, its walk repeats, and it climbs. */
import { describe, expect, test } from "vitest";
import { genomeSchema, KINDS, makeGenome, mutate, render } from "./genome.ts";
import { createRandom } from "./random.ts";
import { type Cost, climb } from "./worst.ts";

const TRIES = 3000;

describe("a genome", () => {
  test("stays within its schema through a thousand mutations", () => {
    const random = createRandom(7);
    let genome = makeGenome(random, "query");
    for (let step = 0; step < 1000; step++) {
      genome = mutate(random, genome, makeGenome(random, "text"));
      expect(genomeSchema.safeParse(genome).success).toBe(true);
    }
  });

  test.each(KINDS)("of kind %s renders to a request that a proxy would pass on", (kind) => {
    const random = createRandom(KINDS.indexOf(kind));
    for (let round = 0; round < 20; round++) {
      const request = render(makeGenome(random, kind));
      expect(request.target).toMatch(/^\/[!-~]*$/);
      for (const part of request.rawHeaders) expect(part).not.toMatch(/[\r\n\0]/);
      if (!kind.startsWith("json")) continue;
      const text = Buffer.from(request.body).toString("latin1");
      expect(() => JSON.parse(text)).not.toThrow();
    }
  });
});

describe("the climb", () => {
  // Stands for a core in which one fragment is dear: the more of it, the dearer.
  const cost: Cost = ({ tokens }) => tokens.filter((token) => token.includes("../")).length / tokens.length;

  test("repeats its walk for the same seed", () => {
    const walk = (seed: number) => climb(cost, [], seed, 60_000, 500);
    expect(walk(3)).toEqual(walk(3));
    expect(walk(4)).not.toEqual(walk(3));
  });

  test("finds more of what is dear than random inputs hold", () => {
    const random = createRandom(5);
    const chance = Math.max(...Array.from({ length: TRIES }, () => cost(makeGenome(random, "text"))));
    const { best, tried } = climb(
      ({ tokens }) => Math.min(30, tokens.join("").split("../").length),
      [],
      5,
      60_000,
      TRIES,
    );
    expect(tried).toBe(TRIES);
    expect(chance).toBeLessThanOrEqual(1);
    expect(Math.max(...best.map(({ nsPerByte }) => nsPerByte))).toBeGreaterThan(12);
  });

  test("begins with what was kept", () => {
    const kept = { kind: "xml" as const, tokens: ["kept"], wraps: [], size: 2048 as const };
    const { best } = climb(({ tokens }) => (tokens[0] === "kept" ? 1 : 0), [kept], 1, 60_000, 1);
    expect(best.find(({ genome }) => genome === kept)?.nsPerByte).toBe(1);
  });
});
