/** Single bytes against the same questions in TypeScript, for all 256 of them. */
import { beforeEach, describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { bytesOf, put, room } from "../scratch.ts";

const core = new Core("test");
const BYTES = Array.from({ length: 256 }, (_, byte) => byte);

beforeEach(() => void core.call("arenaReset")());

const CLASSES: readonly { readonly name: string; readonly expression: RegExp }[] = [
  { name: "isAlpha", expression: /^[A-Za-z]$/ },
  { name: "isDigit", expression: /^[0-9]$/ },
  { name: "isWord", expression: /^[A-Za-z0-9_]$/ },
  { name: "isSpace", expression: /^[ \t\n\v\f\r]$/ },
];

test.each(CLASSES)("$name", ({ name, expression }) => {
  for (const byte of BYTES) {
    expect(core.call(name)(byte) !== 0, `byte ${byte}`).toBe(expression.test(String.fromCharCode(byte)));
  }
});

test("letters lose their case, other bytes stay", () => {
  for (const byte of BYTES) {
    const letter = String.fromCharCode(byte);
    const expected = byte < 128 ? letter.toLowerCase().charCodeAt(0) : byte;
    expect(core.call("lower")(byte)).toBe(expected);
  }
});

test("hexadecimal digits have their values, others 255", () => {
  for (const byte of BYTES) {
    const value = Number.parseInt(String.fromCharCode(byte), 16);
    expect(core.call("hexValue")(byte)).toBe(Number.isNaN(value) ? 255 : value);
  }
});

describe("numbers are written in decimal", () => {
  test.each([0, 9, 10, 99, 100, 65535, 4294967295])("%i", (value) => {
    const to = room(core, 16);
    const size = core.call("writeNumber")(to, value);
    expect(core.bytes.toString("latin1", to, to + size)).toBe(String(value));
  });
});

/** A literal of the module: the names of limits, ASCII in UTF-16. */
function literal(): { readonly at: number; readonly text: string } {
  return { at: core.call("text_at")(1), text: core.text(1) };
}

test("literals are found whatever the case of the bytes", () => {
  const { at, text } = literal();
  const same = put(core, bytesOf(text.toUpperCase()));
  expect(core.call("equalsLower")(same, text.length, at)).toBe(1);
  expect(core.call("equalsLower")(same, text.length - 1, at)).toBe(0);
  const longer = put(core, bytesOf(`${text}x`));
  expect(core.call("equalsLower")(longer, text.length + 1, at)).toBe(0);
  expect(core.call("startsLower")(longer, text.length + 1, at)).toBe(1);
  const other = put(core, bytesOf(text.replace("pairs", "pairz")));
  expect(core.call("startsLower")(other, text.length, at)).toBe(0);
  const behind = put(core, bytesOf(`x${text}`));
  expect(core.call("endsLower")(behind, text.length + 1, at)).toBe(1);
  expect(core.call("endsLower")(other, text.length, at)).toBe(0);
  expect(core.call("endsLower")(other, text.length - 1, at)).toBe(0);
});

test("literals are written byte for byte", () => {
  const { at, text } = literal();
  const to = room(core, text.length);
  expect(core.call("writeLiteral")(to, at)).toBe(text.length);
  expect(core.bytes.toString("latin1", to, to + text.length)).toBe(text);
});
