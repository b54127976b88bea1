/** Shapes of schemas: what joins and what divides, and what is left out where it would grow without end. */
import { expect, test } from "vitest";
import { Piece, SpecFault } from "../../../../hosts/policy/specification/references.ts";
import { type Shape, ShapeReader, shapeKey } from "../../../../hosts/policy/specification/schema-shape.ts";

function read(root: Record<string, unknown>, version = "3.1.0"): { shape: Shape; notes: string[] } {
  const notes: string[] = [];
  const reader = new ShapeReader(version, (_at, what) => notes.push(what));
  const piece = new Piece(root, root, []).at("s");
  if (piece === undefined) throw new Error("the test has no schema s");
  return { shape: reader.shapeOf(piece), notes };
}

/** Names of the schemas of each way. */
function waysOf({ shape }: { shape: Shape }): string[] {
  return shape.map((way) => way.map(({ path }) => path.join(".")).join("+")).sort();
}

const REF = (name: string): object => ({ $ref: `#/${name}` });

test.each<[schema: unknown, ways: readonly string[]]>([
  [true, [""]],
  [{}, [""]],
  [false, []],
  [{ type: "null" }, ["s"]],
  [{ allOf: [REF("a"), REF("b")] }, ["a+b+s"]],
  [{ anyOf: [REF("a"), REF("b"), REF("a")] }, ["a+s", "b+s"]],
  [{ allOf: [{ anyOf: [REF("a"), REF("b")] }], anyOf: [REF("b"), false] }, ["a+b+s.allOf.0+s", "b+s.allOf.0+s"]],
  [{ anyOf: [REF("a"), true] }, ["s"]],
  [{ oneOf: [false] }, []],
])("%j", (schema, ways) => {
  const read1 = read({ s: schema, a: { type: "string" }, b: { type: "object" } });
  expect(waysOf(read1)).toEqual(ways);
  expect(read1.notes).toEqual([]);
});

test.each<[schema: object, note: string]>([
  [{ oneOf: [{ type: "string" }, { minLength: 2 }] }, "only one"],
  [{ oneOf: [{ enum: ["a"] }, { const: "a" }] }, "only one"],
  [{ allOf: [REF("s")] }, "part of itself"],
  [{ anyOf: Array.from({ length: 65 }, (_, index) => ({ maxLength: index })) }, "more than 64 alternatives"],
  [{ allOf: Array.from({ length: 70 }, (_, index) => ({ maxLength: index })) }, "more than 64 schemas"],
  [{ anyOf: [{ $ref: "#/a", minLength: 3 }] }, "beside a $ref"],
])("%j is noted", (schema, note) => {
  expect(read({ s: schema, a: { type: "string" } }).notes.join()).toContain(note);
});

test.each([
  [{ oneOf: [{ type: "string" }, { type: ["integer", "null"] }] }, "3.1.0"],
  [{ oneOf: [{ enum: ["a"] }, { const: "b" }] }, "3.1.0"],
  // References of 3.0 have nothing beside them, and words for people change nothing.
  [{ anyOf: [{ $ref: "#/a", minLength: 3 }] }, "3.0.3"],
  [{ anyOf: [{ $ref: "#/a", description: "a", "x-y": 1 }] }, "3.1.0"],
])("%j of %s is asked whole", (schema, version) => {
  expect(read({ s: schema, a: { type: "string" } }, version).notes).toEqual([]);
});

test("equal shapes have equal keys, whatever their order", () => {
  const of = (...names: string[]): string =>
    shapeKey(read({ s: { anyOf: names.map(REF) }, a: { type: "null" }, b: { type: "string" } }).shape);
  expect(of("a", "b")).toBe(of("b", "a"));
  expect(of("a")).not.toBe(of("b"));
});

test("schemas that would double at every level end, and too many are refused", () => {
  const doubling = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`d${index}`, { allOf: [REF(`d${index + 1}`), REF(`d${index + 1}`)] }]),
  );
  expect(read({ s: REF("d0"), ...doubling, d60: { type: "null" } }).shape).toHaveLength(1);
  const many = { s: { anyOf: Array.from({ length: 60_000 }, () => ({ type: "null" })) } };
  expect(() => read(many)).toThrow(SpecFault);
});
