/** What schemas that hold together ask of types, texts and numbers. */
import { expect, test } from "vitest";
import { Piece, SpecFault } from "../../../../hosts/policy/specification/references.ts";
import { count, type Facet, facetOf, mayOverlap } from "../../../../hosts/policy/specification/schema-facet.ts";
import { MachineReader } from "../../../../hosts/policy/specification/text-machines.ts";

function pieces(...schemas: readonly unknown[]): Piece[] {
  return schemas.map((schema, index) => new Piece(schema, schema, [index]));
}

function facet(...schemas: readonly unknown[]): Facet & { notes: string[] } {
  const notes: string[] = [];
  const note = (_at: Piece, what: string): number => notes.push(what);
  return { ...facetOf(pieces(...schemas), new MachineReader(note), note), notes };
}

test.each<[schemas: readonly unknown[], types: number]>([
  [[{}], 127],
  [[{ type: "boolean" }], 6],
  [[{ type: ["string", "null"] }, { type: ["string", "object"] }], 16],
  [[{ type: "string", nullable: true }], 17],
  [[{ enum: [null, true, 1, "a"] }], 27],
  [[{ type: "string", enum: [1, "a"], const: "b" }], 0],
  [[{ const: false }], 4],
])("the types of %j", (schemas, types) => {
  expect(facet(...schemas).types).toBe(types);
});

test("texts of schemas together keep all that they ask", () => {
  const { texts } = facet({ minLength: 2, pattern: "a" }, { maxLength: 5, enum: ["ab", "abc"] }, { minLength: 3 });
  expect(texts).toEqual([{ machines: ['one of ["ab","abc"]', "pattern a"], least: 3, most: 5 }]);
});

test("numbers together have the closer bounds and the coarser grain", () => {
  const { numbers } = facet(
    { minimum: 1, maximum: 9, multipleOf: 0.1 },
    { exclusiveMinimum: 1, type: "integer", maximum: 12 },
  );
  expect(numbers).toHaveLength(1);
  expect(numbers?.[0]).toMatchObject({
    grain: 0,
    least: { isOpen: true, value: { at: 0 } },
    most: { value: { at: 0 } },
  });
});

test.each([
  [{ multipleOf: 3 }, "multipleOf"],
  [{ maximum: 2 ** 60 }, "more than 53 bits"],
  [{ const: -Infinity }, "more than 53 bits"],
  [{ enum: [1, 2 ** 53] }, "numbers of more than 53 bits among the values"],
  [{ enum: Array.from({ length: 65 }, (_, index) => index) }, "more than 64 numbers"],
  [{ enum: [{ a: 1 }] }, "objects and lists"],
  [{ pattern: "(a)\\1" }, "a pattern is not asked"],
  [{ enum: Array.from({ length: 1001 }, (_, index) => `v${index}`) }, "more than 1000 values"],
])("%j is noted", (schema, note) => {
  expect(facet(schema).notes.join()).toContain(note);
});

test("a type that there is not is refused", () => {
  expect(() => facet({ type: "text" })).toThrow(SpecFault);
});

test.each([
  [{ type: "string" }, { type: "integer" }, false],
  [{ type: "integer" }, { type: "number" }, true],
  [{ enum: [1, 2] }, { enum: [3] }, false],
  [{ enum: [1, 2] }, { const: 2 }, true],
  [{ enum: ["a"] }, { minLength: 1 }, true],
])("%j and %j: %j", (one, other, may) => {
  expect(mayOverlap(pieces(one), pieces(other))).toBe(may);
});

test("counts are those that the core holds", () => {
  expect([count(undefined, 7), count(-3, 0), count(2.9, 0), count(1e300, 0)]).toEqual([7, 0, 2, 0xffff_ffff]);
});
