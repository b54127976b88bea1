/**
 * Bodies held against schemas in the core: what a plain validator finds wrong is found, in random schemas and values and
 * wherever the body is cut; where `lint` says that something is not asked, nothing that is right is found wrong.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../../fuzz/property.ts";
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { Core } from "../../../assembly/core.ts";
import { NOW } from "../../../assembly/policy-image.ts";
import { type BodySchema, faultsOf } from "./body-validator.ts";

const RUNS = 40;
const VALUES = 8;
// The checked build traps on any access beyond what a request or an image owns.
const core = new Core("checked");

/** Loads a policy whose one endpoint takes such bodies. @returns what is not asked of them */
function load(schema: unknown, isRequired = true): readonly string[] {
  const content = { "application/json": { schema: { $ref: "#/components/schemas/root" } } };
  const openapi = {
    openapi: "3.1.0",
    paths: { "/a": { post: { requestBody: { required: isRequired, content } } } },
    components: { schemas: { root: schema } },
  };
  const kinds = ["undefinedField", "missingField", "invalidField", "invalidBody"];
  const violations = Object.fromEntries(kinds.map((kind) => [kind, "block"]));
  const head = { apiVersion: "merlon.dev/v1alpha1" };
  const documents = [
    { ...head, kind: "WafPolicy", spec: { defaults: { mode: "block" } } },
    { ...head, kind: "WafApiSpec", metadata: { name: "shop" }, spec: { openapi, violations } },
  ];
  const policy = parsePolicy(documents.map((document) => JSON.stringify(document)).join("\n---\n"), "p");
  expect(core.loadPolicy("active", compilePolicy(policy))).toBe(0);
  return policy.apiSpecs?.[0]?.unasked ?? [];
}

/** What is found of a body that comes in such pieces, as `kind@point`. */
function found(pieces: readonly Uint8Array[]): string[] {
  const handle = core.begin("192.0.2.7", NOW);
  core.pairs("tx_head", handle, [
    [":method", "POST"],
    [":path", "/a"],
    [":authority", "a.example"],
    ["content-type", "application/json"],
  ]);
  for (const piece of pieces) core.piece("tx_body", handle, piece);
  core.end(handle);
  const line = core.line(handle);
  core.free(handle);
  return [...line.matchAll(/api-([a-z-]+@\S+)/g)].map(([, what = ""]) => what);
}

function whole(text: string): string[] {
  return found([Buffer.from(text, "utf8")]);
}

/** The kinds in the words of the plain validator. */
function kindsOf(all: readonly string[]): string[] {
  return [...new Set(all.map((what) => what.replace(/-(?:field|body)@.*$/, "")))].sort();
}

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

const { simple, joined } = fc.letrec<{ simple: BodySchema; joined: BodySchema }>((tie) => ({
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
    const needed = Object.fromEntries(KEYS.filter((key) => String(words["required"]).includes(key)).map((key) => [key, {}]));
    const model = Object.fromEntries([...Object.entries(needed), ...members].map(([key, one]) => [key, likely(one, root, depth + 1)]));
    return fc.record(model, { requiredKeys: [] });
  }
  return fc.oneof(value, fc.constantFrom("a", "b", 7, null, 1, true));
}

const JSON_FORMS = [
  (text: string) => text,
  // Other ways to write the same.
  (text: string) => ` ${text.replace(/ä/g, "\\u00e4").replace(/😀/g, "\\uD83D\\ude00")}\n`,
  (text: string) => `\u{feff}${text.replace(/([:[,])(-?\d+)(?=[\],}]|$)/g, "$1 $2.0e0 ")}`,
];

const asked = (schemas: fc.Arbitrary<BodySchema>): fc.Arbitrary<[BodySchema, unknown[], number]> =>
  schemas.filter((schema) => schema["$ref"] === undefined).chain((schema) =>
    fc.tuple(
      fc.constant(schema),
      fc.array(fc.oneof(value, likely(schema, schema), likely(schema, schema)), { minLength: VALUES, maxLength: VALUES }),
      fc.nat(JSON_FORMS.length - 1),
    ),
  );

test("faults are those of a plain validator, each of its kind, wherever the body is cut", () => {
  const seen = new Map<string, number>();
  check(
    fc.property(asked(simple), ([schema, values, form]) => {
      expect(load(schema)).toEqual([]);
      for (const [index, one] of values.entries()) {
        const text = JSON_FORMS[form]?.(JSON.stringify(one)) ?? "";
        const expected = [...new Set(faultsOf(schema, one, schema))].sort();
        const given = whole(text);
        expect(kindsOf(given), text).toEqual(expected);
        for (const kind of expected.length === 0 ? ["none"] : expected) seen.set(kind, (seen.get(kind) ?? 0) + 1);
        const bytes = Buffer.from(text, "utf8");
        if (index > 0) continue;
        for (let cut = 1; cut < bytes.length; cut++) {
          expect(found([bytes.subarray(0, cut), bytes.subarray(cut)]), `${text} cut at ${cut}`).toEqual(given);
        }
        expect(found([...bytes].map((byte) => Uint8Array.of(byte))), text).toEqual(given);
      }
    }),
    RUNS,
  );
  expect([...seen.keys()].sort()).toEqual(["invalid", "missing", "none", "undefined"]);
});

test("alternatives: all that is right passes, and all that is wrong is found unless lint says otherwise", () => {
  const seen = new Map<string, number>();
  check(
    fc.property(asked(joined), ([schema, values]) => {
      const isExact = load(schema).length === 0;
      for (const one of values) {
        const isRight = faultsOf(schema, one, schema).length === 0;
        const isFound = whole(JSON.stringify(one)).length > 0;
        if (isRight || isExact) expect(isFound, JSON.stringify(one)).toBe(!isRight);
        const kind = `${isExact ? "exact" : "wide"} ${isRight ? "right" : "wrong"}`;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    }),
    RUNS,
  );
  expect([...seen.keys()].sort()).toEqual(["exact right", "exact wrong", "wide right", "wide wrong"]);
});
