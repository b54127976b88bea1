/** Base64 in both alphabets, and what is taken for it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { bytesOf, dropAll, put } from "../scratch.ts";
import { decode, rowsOf } from "./encodings.ts";

const core = new Core("test");

test.each(rowsOf("base64"))("$why", ({ encoded, decoded }) => {
  expect(decode(core, "base64", encoded)).toEqual({ text: decoded, changed: encoded !== decoded });
});

test("what Node wrote in either alphabet is read back, with and without padding", () => {
  check(
    fc.property(fc.uint8Array({ maxLength: 100 }), (content) => {
      const bytes = Buffer.from(content);
      for (const text of [
        bytes.toString("base64"),
        bytes.toString("base64url"),
        bytes.toString("base64").replace(/=/g, ""),
      ]) {
        expect(decode(core, "base64", text).text).toBe(bytes.toString("latin1"));
      }
    }),
    300,
  );
});

const LOOKS: readonly (readonly [text: string, looks: boolean, why: string])[] = [
  ["Zm9vYmFy", true, "eight digits"],
  ["Zm9vYmF", false, "seven"],
  ["Zm9vYmFyZ", false, "a length that no bytes give"],
  ["Zm9vYg==", false, "six digits and padding"],
  ["Zm9vYmFyYg==", true, "padding at the end"],
  ["Zm9v=YmFyYmF6", false, "padding inside"],
  ["Zm9vYmFyYmF6===", false, "too much of it"],
  ["Zm9v YmFy", false, "another character"],
  ["Zm9v\r\nYmFy", true, "line breaks"],
];

test.each(LOOKS)("%j looks like base64: %s, %s", (text, looks) => {
  expect(core.call("looksBase64")(put(core, bytesOf(text)), text.length) === 1).toBe(looks);
  dropAll(core);
});

const READS: readonly (readonly [text: string, reads: boolean])[] = [
  ["abc", false],
  ["abcd", true],
  ["abcdefg\x00\x01\x02", true],
  ["abcdef\x00\x01\x02\x03", false],
  [`${"\xff\x00".repeat(60)}<script>alert(1)</script>`, true],
  ["\t\r\n ", true],
];

test("whether a text stands behind the digits is told without writing it down", () => {
  const text = fc.string({ unit: fc.constantFrom(..."abc <>;'\u0000\u00ff\u0080".split("")), maxLength: 60 });
  check(
    fc.property(text, fc.boolean(), (content, padded) => {
      const encoded = bytesOf(content).toString("base64");
      const digits = padded ? encoded : encoded.replace(/=/g, "");
      const decoded = core.call("readsAsText")(put(core, bytesOf(content)), content.length);
      expect(core.call("hidesText")(put(core, bytesOf(digits)), digits.length)).toBe(decoded);
      dropAll(core);
    }),
    500,
  );
});

test.each(READS)("%j reads as text: %s", (text, reads) => {
  expect(core.call("readsAsText")(put(core, bytesOf(text)), text.length) === 1).toBe(reads);
  dropAll(core);
});
