/** Backslash escapes of JavaScript and JSON. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { Core } from "../core.ts";
import { decode, rowsOf } from "./encodings.ts";
import { codePoint } from "./references.ts";

const core = new Core("test");

test.each(rowsOf("escape"))("$why", ({ encoded, decoded }) => {
  expect(decode(core, "escape", encoded)).toEqual({ text: decoded, changed: encoded !== decoded });
});

test("what `JSON.stringify` wrote is read back", () => {
  check(
    fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
      const written = Buffer.from(JSON.stringify(text).slice(1, -1), "utf8").toString("latin1");
      const bytes = Buffer.from(text, "utf8").toString("latin1");
      expect(decode(core, "json_string", written).text).toBe(bytes);
      expect(decode(core, "escape", written).text).toBe(bytes);
    }),
    300,
  );
});

test("escapes of code points are read as `JSON.parse` reads them", () => {
  for (let code = 0; code < 0xd800; code++) {
    const written = `\\u${code.toString(16).padStart(4, "0")}`;
    const parsed: unknown = JSON.parse(`"${written}"`);
    expect(decode(core, "json_string", written).text).toBe(codePoint(String(parsed).codePointAt(0) ?? 0));
  }
});

test.each(rowsOf("json-string"))("in JSON: $why", ({ encoded, decoded }) => {
  expect(decode(core, "json_string", encoded)).toEqual({ text: decoded, changed: encoded !== decoded });
});
