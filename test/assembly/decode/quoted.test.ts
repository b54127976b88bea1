/** Quoted-printable: rows with their reasons, and what a writer of it wrote. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { decode, rowsOf } from "./encodings.ts";

const core = new Core("test");

test.each(rowsOf("quoted-printable"))("$why", ({ encoded, decoded }) => {
  expect(decode(core, "quoted_printable", encoded)).toEqual({ text: decoded, changed: encoded !== decoded });
});

test("what was written is read back", () => {
  const byte = fc.integer({ min: 0, max: 255 });
  check(
    fc.property(fc.array(byte, { maxLength: 40 }), fc.nat(20), (bytes, width) => {
      const written = bytes.map((one) => `=${one.toString(16).toUpperCase().padStart(2, "0")}`);
      const text = written.map((one, index) => (index % (width + 1) === width ? `${one}=\r\n` : one)).join("");
      expect(decode(core, "quoted_printable", text).text).toBe(String.fromCharCode(...bytes));
    }),
    300,
  );
});
