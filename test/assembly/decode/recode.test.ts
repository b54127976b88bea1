/** Character sets: documents in each are read as the same document in UTF-8. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { deliverParts } from "../../conformance/delivery.ts";
import { Core } from "../core.ts";
import { lookedAt, valuesIn } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");
const inner = new Core("test");
/** Letters of one, two and three bytes and of two units, none of which looks like ASCII to a data base. */
const leaf = fc.stringMatching(/^'[g-z]{1,6} [g-zäжあ😀]{1,20}'$/u);

function wide(text: string, bytes: 2 | 4, low: boolean): Buffer {
  const units = bytes === 2 ? Buffer.from(text, "utf16le") : Buffer.alloc([...text].length * 4);
  if (bytes === 4)
    for (const [index, letter] of [...text].entries()) units.writeUInt32LE(letter.codePointAt(0) ?? 0, index * 4);
  if (low) return units;
  return bytes === 2 ? units.swap16() : units.swap32();
}

/** UTF-7 with all but letters in base64. */
function utf7(text: string): Buffer {
  const coded = text.replace(/[^A-Za-z0-9 ]+/gu, (part) => {
    const units = Buffer.from(part, "utf16le").swap16().toString("base64").replace(/=+$/, "");
    return `+${units}-`;
  });
  return Buffer.from(coded, "latin1");
}

const SETS: readonly (readonly [name: string, type: string, encode: (text: string) => Buffer])[] = [
  ["UTF-16 with a mark, low first", "", (text) => wide(`\ufeff${text}`, 2, true)],
  ["UTF-16 with a mark, high first", "", (text) => wide(`\ufeff${text}`, 2, false)],
  ["UTF-16 low first", "", (text) => wide(text, 2, true)],
  ["UTF-16 high first", "", (text) => wide(text, 2, false)],
  ["UTF-32 low first", "", (text) => wide(text, 4, true)],
  ["UTF-32 high first", "", (text) => wide(text, 4, false)],
  ["UTF-32 with a mark", "", (text) => wide(`\ufeff${text}`, 4, true)],
  ["UTF-16 that the head names", "; charset=utf-16le", (text) => wide(text, 2, true)],
  ["UTF-7", '; charset="UTF-7"', utf7],
];

test.each(SETS)("%s", (_name, parameter, encode) => {
  check(
    fc.property(leaf, (text) => {
      const body = encode(JSON.stringify({ a: text }));
      const looked = lookedAt({ method: "POST", type: `application/json${parameter}`, body });
      const expected = `post.json_doc.hash.a=${Buffer.from(text, "utf8").toString("latin1")}`;
      expect(valuesIn(looked, ["json"], ["raw"])).toContain(expected.slice(0, 149));
    }),
    60,
  );
});

test.each(SETS)("cuts do not show: %s", (_name, parameter, encode) => {
  const body = encode(JSON.stringify({ a: ATTACK, b: "ж😀あ" }));
  const fields = [["content-type", `application/json${parameter}`] as const];
  const message = { method: "POST", target: "/", authority: "shop.example", fields, body, trailers: [] };
  const whole = deliverParts(core, message, []);
  expect(whole.line).toContain("ptrav-target@post.json_doc.hash.a ");
  for (let at = 1; at < body.length; at++) {
    expect(deliverParts(core, message, [at]).record.equals(whole.record)).toBe(true);
  }
  const every = Array.from({ length: body.length - 1 }, (_, index) => index + 1);
  expect(deliverParts(core, message, every).record.equals(whole.record)).toBe(true);
});

test("EBCDIC has every character of ASCII once", () => {
  const codes = Array.from({ length: 256 }, (_, byte) => inner.call("fromEbcdic")(byte));
  expect(new Set(codes).size).toBe(256);
  const text = [0xc1, 0x81, 0xf0, 0x40, 0x7d, 0x6e, 0x4c, 0x61].map((byte) => String.fromCharCode(codes[byte] ?? 0));
  expect(text.join("")).toBe("Aa0 '></");
});

test("sets that nobody needs are odd", () => {
  for (const set of ["ibm037", "utf-7"]) {
    const type = `text/plain; charset=${set}`;
    expect(ask(core, { method: "POST", type, body: "\xc1\xc2\xc3\xc4" }).anomalies).toEqual(["content_type"]);
  }
});

const PLAIN = ["utf-16", "utf-32le", "ibm500"];

test.each(PLAIN)("a body that is ASCII although the head names %s is read", (set) => {
  const body = JSON.stringify({ a: ATTACK });
  expect(ask(core, { method: "POST", type: `application/json; charset=${set}`, body }).points).toEqual([
    "post.json_doc.hash.a",
  ]);
});

test("binary bodies are no text in two bytes", () => {
  for (const body of ["P\0Q\0R\0", "\x01\0\0\0\x02\0\0\0", "\0\0\0\x05hello"]) {
    const looked = lookedAt({ method: "POST", type: "application/octet-stream", body });
    expect(looked.filter(({ point }) => point === "post").map(({ text }) => text)).toEqual([body]);
  }
});
