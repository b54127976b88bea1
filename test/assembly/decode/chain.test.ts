/** Readings of one value: every plausible one, each once, within bounds of number, depth and work. */
import { describe, expect, test } from "vitest";
import { Core } from "../core.ts";
import { lookedAt } from "../looked.ts";
import { ATTACK, ask } from "../requests.ts";

const core = new Core("checked");

/** Readings of the value in a parameter `a`, in order: `form<percent`. */
function readings(query: string): string[] {
  return lookedAt({ target: `/?a=${query}` })
    .filter(({ place }) => place === "query")
    .map(({ decoders }) => decoders);
}

describe("readings", () => {
  const READINGS: readonly (readonly [query: string, readings: readonly string[], why: string])[] = [
    ["plain", ["raw"], "nothing to undo"],
    ["a%20b", ["raw>form"], "the decoding that the place demands takes the raw one's place"],
    ["a%2520b", ["raw>form", "raw>form>percent"], "escaped twice"],
    ["a%26lt%3Bb", ["raw>form", "raw>form>htmlentity"], "an entity"],
    ["a\\x41b", ["raw", "raw>escape"], "an escape of JavaScript"],
    ["100%25", ["raw>form"], "a percent sign that is none of an escape makes no reading"],
    ["AT%26T", ["raw>form"], "an ampersand that is none of an entity makes none"],
    ["Li4vLi4vLi4v", ["raw", "raw>base64"], "base64"],
    ["AbstractFactoryBean1", ["raw"], "base64 by its letters alone"],
  ];

  test.each(READINGS)("of %j are %j: %s", (query, expected) => {
    expect(readings(query)).toEqual(expected);
  });

  test("of equal bytes are looked at once", () => {
    const all = lookedAt({ target: "/?a=%26amp%3Bamp%3Blt%3Bx%2526lt" }).filter(({ place }) => place === "query");
    expect(new Set(all.map(({ text }) => text)).size).toBe(all.length);
  });
});

describe("limits", () => {
  test("escapes upon escapes end somewhere, and it is said", () => {
    const deep = `${"%25".repeat(1)}${"25".repeat(30)}2e`;
    const { limits } = ask(core, { target: `/?a=${deep}` });
    expect(limits).toEqual(["layers"]);
  });

  test("as deep as is followed an attack is found", () => {
    let value = encodeURIComponent(ATTACK);
    for (let depth = 2; depth <= core.number("CHAIN_MAX"); depth++) value = encodeURIComponent(value);
    expect(ask(core, { target: `/?a=${value}` }).line).toMatch(/^block/);
  });
});

describe("windows of a long value", () => {
  const size = core.number("VALUE_BYTES_MAX");
  const step = size - core.number("VALUE_OVERLAP_BYTES");

  test("begin where the last one has its overlap", () => {
    const looked = lookedAt({ method: "POST", body: `'${"x".repeat(3 * size)}` }).filter(
      ({ place }) => place === "body",
    );
    expect(looked.map(({ offset }) => offset)).toEqual([0, step, 2 * step, 3 * step]);
    expect(looked.map(({ size: bytes }) => bytes)).toEqual([size, size, size, 3 * size + 1 - 3 * step]);
  });

  test("name spans from the value's first byte on", () => {
    const body = `${"x ".repeat(size)} <script>alert(1)</script>`;
    const at = body.indexOf("<script>");
    expect(ask(core, { method: "POST", body }).line).toContain(`raw[${at},`);
  });
});
