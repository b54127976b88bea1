/** Text for terminals: nothing that others wrote does anything there. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { count, layOut, percent, showBytes, showWord } from "../../../hosts/cli/text.ts";

describe("bytes", () => {
  test.each([
    { bytes: "GET /a?b=c", shown: "GET /a?b=c", why: "printable ASCII stays" },
    { bytes: "a\r\n\tb", shown: "a\\r\\n\\tb", why: "line ends have names" },
    { bytes: "\u001b[2J\u0000\u007f", shown: "\\x1b[2J\\x00\\x7f", why: "a terminal would obey them" },
    { bytes: "caf\u00e9", shown: "caf\\xe9", why: "bytes are no text of any encoding" },
    { bytes: "\\x41", shown: "\\\\x41", why: "an escape must not look like one that was written" },
  ])("$shown: $why", ({ bytes, shown }) => {
    expect(showBytes(Buffer.from(bytes, "latin1"), 100)).toBe(shown);
  });

  test("are cut with a mark, never within an escape", () => {
    expect(showBytes(Buffer.from("abcdef"), 3)).toBe("abc…");
    expect(showBytes(Buffer.from("ab\u0000d"), 4)).toBe("ab…");
    expect(showBytes(Buffer.from("abc"), 3)).toBe("abc");
  });

  test("become one line of printable ASCII, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(200), (bytes, most) => {
        const shown = showBytes(bytes, most);
        expect(shown).toMatch(/^[\x20-\x7e]*…?$/);
        expect(shown.length).toBeLessThanOrEqual(most + 1);
      }),
    );
  });
});

test.each([
  { word: "policies/größe.yaml", shown: "policies/größe.yaml" },
  { word: "a\u001b]0;x\u0007", shown: "a\\u{1b}]0;x\\u{7}" },
  { word: "\u202egnp.exe", shown: "\\u{202e}gnp.exe" },
  { word: "a\u2028b", shown: "a\\u{2028}b" },
  { word: "x".repeat(300), shown: `${"x".repeat(200)}…` },
])("a word is shown as $shown", ({ word, shown }) => {
  expect(showWord(word)).toBe(shown);
});

test("a table aligns its columns and leaves no trailing spaces", () => {
  const columns = [{ title: "set" }, { title: "caught", right: true }, { title: "note" }];
  expect(
    layOut(columns, [
      ["a", "10,000", "x"],
      ["longer", "5"],
    ]),
  ).toBe(["set     caught  note", "a       10,000  x", "longer       5", ""].join("\n"));
});

test("numbers are grouped, shares have a sign, and nothing is no share", () => {
  expect(count(1_234_567)).toBe("1,234,567");
  expect(percent(1, 3)).toBe("33.33 %");
  expect(percent(1, 3, 0)).toBe("33 %");
  expect(percent(0, 0)).toBe("–");
});
