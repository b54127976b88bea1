/** What a decoder's step gives: bytes as they are, or a code point as UTF-8 that never outgrows its escape. */
import { expect, test } from "vitest";
import { Core } from "../core.ts";
import { codePoint } from "./references.ts";

const core = new Core("test");

/** The last step's output, one byte a character. */
function output(): string {
  const bytes = core.big("stepBytes");
  const size = core.number("stepSize");
  let text = "";
  for (let index = 0; index < size; index++) text += String.fromCharCode(Number((bytes >> BigInt(8 * index)) & 255n));
  return text;
}

test("a plain byte is itself", () => {
  for (let byte = 0; byte < 256; byte++) {
    core.call("stepPlain")(byte);
    expect([core.number("stepRead"), output()]).toEqual([1, String.fromCharCode(byte)]);
  }
});

test("a code point is its UTF-8, look-alikes of ASCII folded", () => {
  for (let code = 0; code < 0x110010; code += code < 0x10000 ? 1 : 97) {
    core.call("stepCodePoint")(8, code);
    expect(output(), `U+${code.toString(16)}`).toBe(codePoint(code));
    expect(core.number("stepSize")).toBeLessThanOrEqual(4);
    expect(core.number("stepRead")).toBe(8);
  }
});

test("any step may be set", () => {
  core.call("stepSet")(12, 8, 0x8877665544332211n);
  expect([core.number("stepRead"), output()]).toEqual([12, "\x11\x22\x33\x44\x55\x66\x77\x88"]);
});
