/** Blocks of states against a plain refinement, on random machines. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { blocksOf } from "../../../../hosts/policy/regex/partition.ts";

const CLASSES = 2;

/** Splits by what states lead to until nothing changes; slow and plain. */
function refined(kinds: Uint8Array, next: Uint16Array): number[] {
  let blocks = [...kinds];
  for (let round = 0; round < kinds.length; round++) {
    const numbers = new Map<string, number>();
    blocks = blocks.map((block, state) => {
      const row = [...next.subarray(state * CLASSES, (state + 1) * CLASSES)].map((to) => blocks[to]);
      const key = [block, ...row].join(" ");
      numbers.set(key, numbers.get(key) ?? numbers.size);
      return numbers.get(key) ?? 0;
    });
  }
  return blocks;
}

test("states are in one block exactly where no text tells them apart", () => {
  const machine = fc
    .integer({ min: 1, max: 12 })
    .chain((states) =>
      fc.tuple(
        fc.array(fc.nat(2), { minLength: states, maxLength: states }),
        fc.array(fc.nat(states - 1), { minLength: states * CLASSES, maxLength: states * CLASSES }),
      ),
    );
  fc.assert(
    fc.property(machine, ([kinds, next]) => {
      const given = blocksOf(Uint8Array.from(kinds), CLASSES, Uint16Array.from(next));
      const plain = refined(Uint8Array.from(kinds), Uint16Array.from(next));
      const same = (blocks: ArrayLike<number>): boolean[] =>
        kinds.flatMap((_kind, a) => kinds.map((_other, b) => blocks[a] === blocks[b]));
      expect(same(given)).toEqual(same(plain));
    }),
    { numRuns: 1000 },
  );
});
