/** Random schemas of bodies, and values that they may take. */
import fc from "fast-check";
import type { BodySchema } from "./body-validator.ts";

const VALUES = 8;
const KEYS = ["a", "b", "ä", 'a"b', ""];
const plain: fc.Arbitrary<BodySchema> = fc.oneof(
  fc.constantFrom<BodySchema[]>(
    { type: "null" },
    { type: "boolean" },
    { type: ["string", "null"] },
    { type: "integer", nullable: true },
    { enum: ["a", "ä", 7, null] },
    { const: "b" },
    { const: 1.5 },
    { type: "string", pattern: "^a+b?$" },
    { type: "string", pattern: "ä|\\n", maxLength: 4 },
    { type: "string", format: "date" },
    { type: "number", multipleOf: 0.01 },
    { type: "number", exclusiveMinimum: 0, maximum: 1.5 },
    { type: "number", minimum: -1.5, exclusiveMinimum: true },
    {},
  ),
  fc.tuple(fc.integer({ min: -20, max: 20 }), fc.nat(30)).map(([minimum, width]) => {
    return { type: "integer", minimum, maximum: minimum + width };
  }),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([minLength, more]) => {
    return { type: "string", minLength, maxLength: minLength + more };
  }),
);

const schemas = fc.letrec<{ simple: BodySchema; joined: BodySchema }>((tie) => ({
  simple: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: plain },
    { weight: 1, arbitrary: fc.constant<BodySchema>({ $ref: "#/components/schemas/root" }) },
    { weight: 2, arbitrary: listOf(tie("simple")) },
    { weight: 4, arbitrary: objectOf(tie("simple")) },
  ),
  joined: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: plain },
    { weight: 2, arbitrary: listOf(tie("joined")) },
    { weight: 3, arbitrary: objectOf(tie("joined")) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom("allOf", "anyOf", "oneOf"), fc.array(tie("joined"), { minLength: 1, maxLength: 3 }))
        .map(([word, of]): BodySchema => ({ [word]: of })),
    },
  ),
}));

/** Schemas of words that join nothing, and of all that are asked. */
export const { simple, joined } = schemas;

function listOf(items: fc.Arbitrary<BodySchema>): fc.Arbitrary<BodySchema> {
  return fc.tuple(items, fc.nat(2), fc.nat(2)).map(([one, minItems, more]) => {
    return { type: "array", items: one, minItems, maxItems: minItems + more };
  });
}

function objectOf(member: fc.Arbitrary<BodySchema>): fc.Arbitrary<BodySchema> {
  return fc
    .record({
      properties: fc.dictionary(fc.constantFrom(...KEYS), member, { maxKeys: 3 }),
      required: fc.subarray(KEYS, { maxLength: 2 }),
      additionalProperties: fc.oneof(fc.boolean(), member),
      more: fc.constantFrom({}, { maxProperties: 2 }, { minProperties: 1 }),
    })
    .map(({ more, ...rest }) => ({ type: "object", ...rest, ...more }));
}

const value: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown[]>(null, true, false, "", "a", "aab", "b", "ä", "😀a", "\n", "2026-12-01", "2026-13-01"),
    fc.constantFrom<unknown[]>(0, 7, -1.5, 1.5, 0.25, 1.255, 30),
    fc.integer({ min: -30, max: 60 }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS, "other"), tie("value"), { maxKeys: 3 }),
  ),
})).value;

/** A value that may well fit: what a schema asks is guessed. */
function likely(schema: unknown, root: unknown, depth = 0): fc.Arbitrary<unknown> {
  const words: BodySchema = typeof schema === "object" && schema !== null ? { ...schema } : {};
  if (depth > 3) return value;
  if (words["$ref"] !== undefined) return likely(root, root, depth + 1);
  for (const word of ["allOf", "anyOf", "oneOf"]) {
    const of = words[word];
    if (Array.isArray(of)) return fc.oneof(...of.map((one) => likely(one, root, depth + 1)));
  }
  if (words["type"] === "array") return fc.array(likely(words["items"], root, depth + 1), { maxLength: 4 });
  if (words["type"] === "object") {
    const members = Object.entries(Object(words["properties"]));
    const needed = Object.fromEntries(
      KEYS.filter((key) => String(words["required"]).includes(key)).map((key) => [key, {}]),
    );
    const model = Object.fromEntries(
      [...Object.entries(needed), ...members].map(([key, one]) => [key, likely(one, root, depth + 1)]),
    );
    return fc.record(model, { requiredKeys: [] });
  }
  return fc.oneof(value, fc.constantFrom("a", "b", 7, null, 1, true));
}

/** Ways to write a value. */
export const JSON_FORMS = [
  (text: string) => text,
  // Other ways to write the same.
  (text: string) => ` ${text.replace(/ä/g, "\\u00e4").replace(/😀/g, "\\uD83D\\ude00")}\n`,
  (text: string) => `\u{feff}${text.replace(/([:[,])(-?\d+)(?=[\],}]|$)/g, "$1 $2.0e0 ")}`,
];

/** A schema, values to hold against it, and one of the ways to write them. */
export const asked = (of: fc.Arbitrary<BodySchema>): fc.Arbitrary<[BodySchema, unknown[], number]> =>
  of
    .filter((schema) => schema["$ref"] === undefined)
    .chain((schema) =>
      fc.tuple(
        fc.constant(schema),
        fc.array(fc.oneof(value, likely(schema, schema), likely(schema, schema)), {
          minLength: VALUES,
          maxLength: VALUES,
        }),
        fc.nat(JSON_FORMS.length - 1),
      ),
    );
