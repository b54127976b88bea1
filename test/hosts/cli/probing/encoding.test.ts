/** Encodings: each is undone by the decoder that an application would use. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ENCODINGS, type Encoding, encode } from "../../../../hosts/cli/probing/encoding.ts";

const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const text = (encoded: string): string => Buffer.from(encoded, "latin1").toString("utf8");

const DECODERS: Readonly<Record<Encoding, (encoded: string) => string>> = {
  plain: text,
  url: decodeURIComponent,
  base64: (encoded) => Buffer.from(encoded, "base64").toString("utf8"),
  "base64-flat": (encoded) => Buffer.from(encoded, "base64").toString("utf8"),
  "js-unicode": (encoded) => JSON.parse(`"${encoded}"`),
  "xml-entity": (encoded) =>
    encoded.replace(/&#x([0-9a-f]+);/g, (_, hex) => String.fromCodePoint(Number.parseInt(hex, 16))),
};

describe.each(ENCODINGS)("%s", (encoding) => {
  test("is undone by its decoder, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (written) => {
        expect(DECODERS[encoding](encode(written, encoding))).toBe(written);
      }),
    );
  });
});

test.each([
  { encoding: "plain" as const, encoded: bytes("<é>") },
  { encoding: "url" as const, encoded: "%3C%C3%A9%3E" },
  { encoding: "base64" as const, encoded: "PMOpPg==" },
  { encoding: "base64-flat" as const, encoded: "PMOpPg" },
  { encoding: "js-unicode" as const, encoded: "\\u003c\\u00e9\\u003e" },
  { encoding: "xml-entity" as const, encoded: "&#x3c;&#xe9;&#x3e;" },
])("<é> in $encoding is $encoded", ({ encoding, encoded }) => {
  expect(encode("<é>", encoding)).toBe(encoded);
});
