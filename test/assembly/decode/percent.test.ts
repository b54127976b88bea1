/** Percent escapes: rows with their reasons, what browsers write, and malformed ones. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { decode, rowsOf } from "./encodings.ts";
import { form, percent } from "./references.ts";

const core = new Core("test");

test.each(rowsOf("percent"))("$why", ({ encoded, decoded }) => {
  expect(decode(core, "percent", encoded)).toEqual({ text: decoded, changed: encoded !== decoded });
});

test.each(rowsOf("form"))("in forms: $why", ({ encoded, decoded }) => {
  expect(decode(core, "form", encoded)).toEqual({ text: decoded, changed: encoded !== decoded });
});

test("what `encodeURIComponent` wrote is read back", () => {
  check(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
      const bytes = Buffer.from(text, "utf8").toString("latin1");
      expect(decode(core, "percent", encodeURIComponent(text)).text).toBe(bytes);
    }),
    300,
  );
});

test("malformed escapes are read as an independent decoder reads them", () => {
  check(
    fc.property(fc.string({ unit: fc.constantFrom(..."%uU0a9fFgz2"), maxLength: 40 }), (text) => {
      expect(decode(core, "percent", text).text).toBe(percent(text));
      expect(decode(core, "form", `${text}+`).text).toBe(form(`${text}+`));
    }),
    1000,
  );
});
