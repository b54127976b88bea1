/** An attack stays one whatever ordinary parameters stand around it: adding one never clears a match. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Core, type Pair } from "../test/assembly/core.ts";
import { deliverParts } from "../test/conformance/delivery.ts";
import { FRAGMENTS } from "./fragments.ts";
import { type PlaceName, place } from "./placement.ts";
import { anyValue, check } from "./property.ts";

const RUNS = 1500;
const core = new Core("release");
const words = fc.constantFrom(
  "2",
  "en",
  "price",
  "red shoes",
  "2024-05-06",
  "O'Neill",
  "a@b.example",
  "50%",
  "",
  "x=y",
);
const benign: fc.Arbitrary<Pair[]> = fc.array(fc.tuple(fc.constantFrom("page", "lang", "sort", "name", "d"), words), {
  maxLength: 6,
});

/** Stamps with their points; spans in a joined value would move. */
function matchesOf(where: PlaceName, value: string, others: readonly Pair[]): Set<string> {
  const { line } = deliverParts(core, place(where, value, others), []);
  return new Set([...line.matchAll(/[ ]([a-z0-9-]+@\S+) raw\[/g)].map(([, match = ""]) => match));
}

test("parameters behind it", () => {
  check(
    fc.property(fc.constantFrom("query", "form", "json"), anyValue(FRAGMENTS), benign, (where, value, others) => {
      const alone = matchesOf(where, value, []);
      expect([...alone].filter((match) => !matchesOf(where, value, others).has(match))).toEqual([]);
    }),
    RUNS,
  );
});

test("fields of the head", () => {
  check(
    fc.property(fc.constantFrom("query", "form", "json"), anyValue(FRAGMENTS), benign, (where, value, others) => {
      const message = place(where, value);
      const alone = deliverParts(core, message, []).line;
      const fields = [...message.fields, ...others.map(([name, text]): Pair => [`x-${name}`, text])];
      const line = deliverParts(core, { ...message, fields }, []).line;
      expect(line.startsWith("block") || alone.startsWith("pass")).toBe(true);
    }),
    RUNS,
  );
});
