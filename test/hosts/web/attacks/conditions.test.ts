/** Searches put together from clicks: whatever the value, it stays one literal. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  allOf,
  condition,
  literal,
  type SearchCheck,
  withCondition,
  withoutChip,
} from "../../../../hosts/web/attacks/conditions.ts";

function checked(...longs: string[]): SearchCheck {
  const chips = longs.map((long) => ({ long, text: long, negated: false }));
  return { valid: true, long: longs.join(" && "), chips, problem: null };
}

test("a literal is read as the text that it stands for, and has no end before its own", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const written = literal(text);
      expect(JSON.parse(written)).toBe(text);
      expect(written.slice(1, -1).replace(/\\./g, "")).not.toContain('"');
      expect(written).not.toMatch(/[\n\r\u2028\u202e\u0085]/);
    }),
  );
});

test("a click adds one condition, and the same one once", () => {
  const [one, two] = [condition("type", "sqli"), condition("ip", "203.0.113.7", true)];
  expect(two).toBe('ip != "203.0.113.7"');
  expect(condition("asn", "64500")).toBe("asn == 64500");
  expect(withCondition("", null, one)).toBe(one);
  expect(withCondition(one, checked(one), two)).toBe(`${one} && ${two}`);
  expect(withCondition(one, checked(one), one)).toBe(one);
});

test("what is not read yet, or is no chain of conditions, is kept whole", () => {
  expect(withCondition("a || b", null, "c")).toBe("(a || b) && c");
  expect(withCondition("a || b", { ...checked(), valid: false }, "c")).toBe("(a || b) && c");
});

test("a chip that is removed leaves the others", () => {
  expect(withoutChip(checked("a", "b", "c"), 1)).toBe("a && c");
  expect(withoutChip(checked("a"), 0)).toBe("");
  expect(allOf(["", "a", ""])).toBe("a");
});
