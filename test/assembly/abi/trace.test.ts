/** The ABI of traces: its lists of names are as long as what they name. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Engine } from "../../../hosts/core/engine.ts";

const ROOT = join(import.meta.dirname, "../../..");

function source(path: string): string {
  return readFileSync(join(ROOT, "assembly", path), "utf8");
}

test("every place has its name, in the order of their numbers", () => {
  const [, members = ""] = /export enum Place \{([^}]*)\}/.exec(source("decode/point.ts")) ?? [];
  const places = [...members.matchAll(/^\s*([A-Z_]+) = (\d+),/gm)];
  expect(places.map(([, , number]) => Number(number))).toEqual(places.map((_, index) => index));
  const [, names = ""] = /PLACE_NAMES: string = `([^`]*)`/.exec(source("report/trace.ts")) ?? [];
  expect(names.split(/\s+/)).toEqual(places.map(([, name]) => name?.toLowerCase()));
});

test("every lexer has its bit, its name, its gate and its call", () => {
  const detector = source("detect/detector.ts");
  const [, names = ""] = /LEXER_NAMES: string = `([^`]*)`/.exec(detector) ?? [];
  const bits = [...detector.matchAll(/^ {2}([A-Z]+) = 1 << (\d+),/gm)];
  expect(bits.map(([, , bit]) => Number(bit))).toEqual(bits.map((_, index) => index));
  expect(names.split(/\s+/)).toEqual(bits.map(([, lexer = ""]) => lexer.toLowerCase()));
  for (const [, lexer] of bits) {
    const [, gate] = new RegExp(`bit\\(Lexer\\.${lexer}, (?:ungated \\|\\| )?(\\w+)Gate\\(\\)\\)`).exec(detector) ?? [];
    const [, call] = new RegExp(`if \\(lexed & Lexer\\.${lexer}\\) (\\w+)Lex\\(\\);`).exec(detector) ?? [];
    expect(call, lexer).toBe(gate);
    expect(call, lexer).toBeDefined();
  }
  // A lexer called in another way would be missing in traces.
  expect([...detector.matchAll(/Lex\(\);/g)]).toHaveLength(bits.length);
});

test("a trace that was never begun is nowhere, and entries have room for their heads", () => {
  const engine = Engine.load();
  const head = engine.constant("TRACE_ENTRY_HEAD_BYTES");
  for (const field of ["SIZE", "PLACE", "NEST", "BASE", "LAYER_SIZE", "WORDS", "LEXERS", "FOUND", "WORK"]) {
    expect(engine.constant(`TRACE_ENTRY_${field}`)).toBeLessThan(head);
  }
  const before = engine.usage.reservedBytes;
  engine.trace(() => {});
  const taken = engine.usage.reservedBytes - before;
  expect(taken).toBeGreaterThanOrEqual(engine.constant("TRACE_BYTES_MAX"));
  engine.trace(() => {});
  expect(engine.usage.reservedBytes - before).toBe(taken);
});
