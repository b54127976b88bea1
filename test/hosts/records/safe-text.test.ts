/** What a client wrote, made safe: any bytes give text that databases take, and readable text stays readable. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { cutText, safeText } from "../../../hosts/records/safe-text.ts";

test.each([
  ["plain", "plain"],
  ["grüße 漢字 😀", "grüße 漢字 😀"],
  ["a\0b\r\n\x1b[0m\x7f", "a\\x00b\\x0d\\x0a\\x1b[0m\\x7f"],
  ["\u0085\u2028", "\\xc2\\x85\\xe2\\x80\\xa8"],
  ["..\\..\\", "..\\..\\"],
])("%j becomes %j", (written, shown) => {
  expect(safeText(Buffer.from(written), 100)).toBe(shown);
});

test.each([
  ["ff", "\\xff"],
  ["c080", "\\xc0\\x80"],
  ["eda080", "\\xed\\xa0\\x80"],
  ["f4908080", "\\xf4\\x90\\x80\\x80"],
  ["e282", "\\xe2\\x82"],
  ["61e282ac62ff", "a€b\\xff"],
])("bytes %s that are no UTF-8 stand as %j", (hex, shown) => {
  expect(safeText(Buffer.from(hex, "hex"), 100)).toBe(shown);
});

test("a text of one byte a character is read as bytes", () => {
  expect(safeText(Buffer.from("grün").toString("latin1"), 100)).toBe("grün");
});

test("a cut is marked and goes through no character", () => {
  expect(cutText("abcdef", 4)).toBe("abc…");
  expect(cutText("ab😀cd", 4)).toBe("ab…");
  expect(cutText("abcd", 4)).toBe("abcd");
});

test("any bytes give bounded text without controls that survives JSON and UTF-8", () => {
  check(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 100 }), (bytes, most) => {
      const text = safeText(bytes, most);
      expect(text.length).toBeLessThanOrEqual(most);
      expect(text).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(text.isWellFormed()).toBe(true);
      expect(Buffer.from(text, "utf8").toString("utf8")).toBe(text);
    }),
    1000,
  );
});
