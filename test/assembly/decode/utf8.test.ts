/** Overlong and full-width UTF-8, and honest text, which stays. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { decode, rowsOf } from "./encodings.ts";
import { codePoint } from "./references.ts";

const core = new Core("test");

test.each(rowsOf("utf8"))("$why", ({ encoded, decoded }) => {
  expect(decode(core, "utf8", encoded)).toEqual({ text: decoded, changed: encoded !== decoded });
});

test("honest text stays byte for byte, full width and look-alikes apart", () => {
  check(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
      const bytes = Buffer.from(text, "utf8").toString("latin1");
      const folded = [...Buffer.from(text, "utf8").toString("utf8")]
        .map((character) => codePoint(character.codePointAt(0) ?? 0))
        .join("");
      expect([bytes, folded]).toContain(decode(core, "utf8", bytes).text);
    }),
    300,
  );
});
