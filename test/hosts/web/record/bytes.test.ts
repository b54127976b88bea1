/** Bytes as text in which nothing hides, cut at what matched. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBase64, hexLines, markedOf, visible, visibleText } from "../../../../hosts/web/record/bytes.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

test.each([
  ["a <b> & c", "a <b> & c", "markup as it is"],
  ["größer 漢字 ∀ 😀", "größer 漢字 ∀ 😀", "letters of any script"],
  ["a\nb\tc", "a⏎b⇥c", "line breaks and tabs as signs"],
  [
    "a\u202eb\u200bc\u00adz",
    "a\\xe2\\x80\\xaeb\\xe2\\x80\\x8bc\\xc2\\xadz",
    "what reorders or is invisible, by its bytes",
  ],
  ["a\u0000\u007f\u0301", "a\\x00\\x7f\\xcc\\x81", "control characters and marks without a letter"],
  ["\u00a0\u3000\ufeff", "\\xc2\\xa0\\xe3\\x80\\x80\\xef\\xbb\\xbf", "spaces that only look like one"],
])("%j is shown as %j: %s", (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test("bytes that are no UTF-8 are shown one by one, and never swallow what follows", () => {
  expect(visibleText(Uint8Array.of(0xff, 0xc3, 0x61, 0xf0, 0x9f))).toBe("\\xff\\xc3a\\xf0\\x9f");
  expect(visibleText(Uint8Array.of(0xc0, 0xaf, 0xed, 0xa0, 0x80))).toBe("\\xc0\\xaf\\xed\\xa0\\x80");
});

test("whatever the bytes, the text is printable and line breaks come only where they are asked for", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (any) => {
      expect(visibleText(any)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(visibleText(any, true).replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});

test("text that is no base64 is no bytes", () => {
  expect(fromBase64("aGk=")).toEqual(new Uint8Array(bytes("hi")));
  expect(fromBase64("%%%")).toEqual(new Uint8Array());
});

describe("an excerpt is cut at its span", () => {
  test.each([
    [10, [12, 14], "ab|cd|ef", true, false],
    [0, [0, 6], "|abcdef|", false, false],
    [0, [4, 90], "abcd|ef|", false, true],
    [10, [0, 5], "||abcdef", true, false],
    [10, [500, 600], "abcdef||", true, true],
    [10, [14, 2], "abcd||ef", true, false],
  ] as const)("at %i with %j: %s", (at, span, parts, isCutBefore, isCutAfter) => {
    const cut = markedOf(bytes("abcdef"), at, span);
    expect([cut.before, cut.marked, cut.after].map((part) => visibleText(part)).join("|")).toBe(parts);
    expect([cut.isCutBefore, cut.isCutAfter]).toEqual([isCutBefore, isCutAfter]);
  });
});

test("hex lines hold sixteen bytes, say where they are, and mark the span", () => {
  const lines = hexLines(bytes("0123456789abcdefXY<"), 32, [47, 50]);
  expect(lines.map(({ at, cells }) => [at, cells.length])).toEqual([
    [32, 16],
    [48, 3],
  ]);
  expect(lines[1]?.cells.map(({ hex, text, isMarked }) => `${hex}${text}${isMarked}`)).toEqual([
    "58Xtrue",
    "59Ytrue",
    "3c<false",
  ]);
  expect(lines[0]?.cells.filter(({ isMarked }) => isMarked)).toHaveLength(1);
});
