/** Character references of HTML: rows with their reasons, and all code points. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { decode, rowsOf } from "./encodings.ts";
import { codePoint } from "./references.ts";

const core = new Core("test");

test.each(rowsOf("htmlentity"))("$why", ({ encoded, decoded }) => {
  expect(decode(core, "htmlentity", encoded)).toEqual({ text: decoded, changed: encoded !== decoded });
});

test("every code point by its number", () => {
  for (let code = 1; code < 0x110000; code += code < 0x3000 ? 1 : 0x111) {
    if (code >= 0xd800 && code < 0xe000) continue;
    expect(decode(core, "htmlentity", `&#${code};`).text).toBe(codePoint(code));
    expect(decode(core, "htmlentity", `&#x${code.toString(16)};`).text).toBe(codePoint(code));
  }
});

test("numbers beyond Unicode are a mark, however long", () => {
  expect(decode(core, "htmlentity", "&#x110000;&#999999999999;").text).toBe("??");
});
