/** Putting shapes together: the same whatever comes first, and however often. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  AUTHENTICATIONS,
  joinedShape,
  LOCATIONS,
  NO_SHAPE,
  PARAMETERS_MAX,
  SENSITIVITIES,
  type Shape,
  STATUS_CLASSES,
  shapeSchema,
  VALUE_TYPES,
} from "../../../../hosts/records/inventory/endpoint.ts";

const parameter = fc.record({
  in: fc.constantFrom(...LOCATIONS),
  name: fc.array(fc.constantFrom("a", "b", "[]"), { minLength: 1, maxLength: 3 }),
  types: fc.subarray([...VALUE_TYPES], { minLength: 1 }),
  sensitive: fc.subarray([...SENSITIVITIES]),
  optional: fc.boolean(),
});
const shape: fc.Arbitrary<Shape> = fc.record({
  statuses: fc.subarray([...STATUS_CLASSES], { minLength: 1 }),
  auth: fc.subarray([...AUTHENTICATIONS]),
  media: fc.subarray(["application/json", "text/xml"]),
  params: fc.uniqueArray(parameter, { selector: ({ in: where, name }) => JSON.stringify([where, name]), maxLength: 5 }),
  more: fc.boolean(),
});

/** Order of parameters says nothing. */
function sorted(one: Shape): Shape {
  const key = (value: unknown): string => JSON.stringify(value);
  return { ...one, params: [...one.params].sort((a, b) => (key([a.in, a.name]) < key([b.in, b.name]) ? -1 : 1)) };
}

test("in any order, any number of times, in any grouping", () => {
  fc.assert(
    fc.property(shape, shape, shape, (a, b, c) => {
      expect(sorted(joinedShape(a, b))).toEqual(sorted(joinedShape(b, a)));
      expect(sorted(joinedShape(joinedShape(a, b), b))).toEqual(sorted(joinedShape(a, b)));
      expect(sorted(joinedShape(a, joinedShape(b, c)))).toEqual(sorted(joinedShape(joinedShape(a, b), c)));
      expect(shapeSchema.safeParse(joinedShape(a, b)).success).toBe(true);
    }),
  );
});

test("what only one side has is optional, unless the other has seen nothing", () => {
  const q = { in: "query", name: ["q"], types: ["string"], sensitive: [], optional: false } as const;
  const one: Shape = {
    ...NO_SHAPE,
    statuses: ["2xx"],
    params: [{ ...q, name: [...q.name], types: [...q.types], sensitive: [] }],
  };
  const other: Shape = { ...NO_SHAPE, statuses: ["2xx"] };
  expect(joinedShape(one, other).params[0]?.optional).toBe(true);
  expect(joinedShape(one, NO_SHAPE).params[0]?.optional).toBe(false);
  expect(joinedShape(NO_SHAPE, one).params[0]?.optional).toBe(false);
});

test("parameters have a bound, and it is said that there were more", () => {
  const make = (prefix: string): Shape => ({
    ...NO_SHAPE,
    statuses: ["2xx"],
    params: Array.from({ length: PARAMETERS_MAX }, (_, i) => {
      return { in: "query", name: [`${prefix}${i}`], types: ["string"], sensitive: [], optional: false };
    }),
  });
  const both = joinedShape(make("a"), make("b"));
  expect([both.params.length, both.more]).toEqual([PARAMETERS_MAX, true]);
});
