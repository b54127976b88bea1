/** Machines of bodies' texts: one for equal questions, and together bounded. */
import { expect, test } from "vitest";
import { runAutomaton } from "../../../../hosts/policy/regex/regex.ts";
import { Piece, SpecFault } from "../../../../hosts/policy/specification/references.ts";
import { MachineReader } from "../../../../hosts/policy/specification/text-machines.ts";

const pieceOf = (schema: unknown): Piece => new Piece(schema, schema, []);

function fits(reader: MachineReader, name: string | undefined, text: string): boolean {
  const machine = reader.get(name ?? "");
  return machine !== undefined && runAutomaton(machine, Buffer.from(text, "utf8"));
}

test("patterns are found anywhere, formats and values are whole", () => {
  const reader = new MachineReader(() => {});
  const pattern = reader.pattern(pieceOf({ pattern: "b+" }));
  const format = reader.format(pieceOf({ format: "ipv4" }));
  const values = reader.literals(pieceOf({}), ["a.b", "ä"]);
  expect([fits(reader, pattern, "abc"), fits(reader, pattern, "ac")]).toEqual([true, false]);
  expect([fits(reader, format, "192.0.2.1"), fits(reader, format, "x192.0.2.1")]).toEqual([true, false]);
  expect(["a.b", "ä", "axb", "a.b\n", ""].map((text) => fits(reader, values, text))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(reader.literals(pieceOf({}), ["ä", "a.b", "ä"])).toBe(values);
  expect([reader.pattern(pieceOf({})), reader.format(pieceOf({ format: "password" }))]).toEqual([undefined, undefined]);
});

test("a pattern that is not taken is noted, and has no machine", () => {
  const notes: string[] = [];
  const reader = new MachineReader((_at, what) => notes.push(what));
  expect(reader.pattern(pieceOf({ pattern: "(?=a)" }))).toBeUndefined();
  expect(notes).toEqual([expect.stringContaining("a pattern is not asked: it ")]);
});

test("patterns that are too large together are refused", () => {
  const reader = new MachineReader(() => {});
  const ask = (): void => {
    for (let index = 0; index < 2000; index++) reader.pattern(pieceOf({ pattern: `^[a-z]{200}x${index}` }));
  };
  expect(ask).toThrow(SpecFault);
});
