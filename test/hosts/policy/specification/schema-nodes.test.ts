/**
 * Bodies held against schemas in the core: what a plain validator finds wrong is found, in random schemas and values
 * and wherever the body is cut; where `lint` says that something is not asked, nothing that is right is found wrong.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../../fuzz/property.ts";
import { Core } from "../../../assembly/core.ts";
import { found, hold } from "../../../assembly/policy/schema/held.ts";
import { asked, JSON_FORMS, joined, simple } from "./body-schemas.ts";
import { faultsOf } from "./body-validator.ts";

const RUNS = 40;
// The checked build traps on any access beyond what a request or an image owns.
const core = new Core("checked");

function whole(text: string): string[] {
  return found(core, text);
}

/** The kinds in the words of the plain validator. */
function kindsOf(all: readonly string[]): string[] {
  return [...new Set(all.map((what) => what.replace(/-(?:field|body)@.*$/, "")))].sort();
}

test("faults are those of a plain validator, each of its kind, wherever the body is cut", () => {
  const seen = new Map<string, number>();
  check(
    fc.property(asked(simple), ([schema, values, form]) => {
      expect(hold(core, schema)).toEqual([]);
      for (const [index, one] of values.entries()) {
        const text = JSON_FORMS[form]?.(JSON.stringify(one)) ?? "";
        const expected = [...new Set(faultsOf(schema, one, schema))].sort();
        const given = whole(text);
        expect(kindsOf(given), text).toEqual(expected);
        for (const kind of expected.length === 0 ? ["none"] : expected) seen.set(kind, (seen.get(kind) ?? 0) + 1);
        const bytes = Buffer.from(text, "utf8");
        if (index > 0) continue;
        // All cuts of short bodies, and of long ones some.
        for (let cut = 1; cut < bytes.length; cut += 1 + (bytes.length >> 6)) {
          expect(found(core, [bytes.subarray(0, cut), bytes.subarray(cut)]), `${text} cut at ${cut}`).toEqual(given);
        }
        expect(
          found(
            core,
            [...bytes].map((byte) => Uint8Array.of(byte)),
          ),
          text,
        ).toEqual(given);
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
      const isExact = hold(core, schema).length === 0;
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

const NODES: readonly (readonly [schema: object, note: string | undefined])[] = [
  [{ unevaluatedProperties: false }, "unevaluatedProperties is not asked"],
  [{ items: { not: {} } }, "not is not asked"],
  [{ uniqueItems: false }, undefined],
  [{ anyOf: [{ type: "object" }, { type: "array" }, { type: "string" }] }, undefined],
  [{ anyOf: [{ type: "object", required: ["a"] }, { type: "object" }] }, "alternatives that are objects"],
  [{ properties: { ["n".repeat(129)]: {} } }, "names of more than 128 bytes"],
  [{ required: Array.from({ length: 65 }, (_, index) => `f${index}`) }, "more than 64 required fields"],
  [{ anyOf: Array.from({ length: 9 }, (_, index) => ({ pattern: `^${index}` })) }, "so many patterns"],
];

test.each(NODES)("%j is asked, but for what is noted", (schema, note) => {
  const notes = hold(core, schema).join();
  if (note === undefined) expect(notes).toBe("");
  else expect(notes).toContain(note);
});

test("what only responses have may be missing", () => {
  hold(core, {
    properties: {
      id: { type: "integer", readOnly: true },
      at: { $ref: "#/components/schemas/root", readOnly: true },
      n: {},
    },
    required: ["id", "at", "n"],
  });
  expect(found(core, '{"n":1}')).toEqual([]);
  expect(found(core, '{"id":1}')).toEqual(["missing-field@post.json_doc.hash.n"]);
});

test("schemas that multiply are refused, and name the place", () => {
  const ways = (level: number): object[] =>
    Array.from({ length: 4 }, (_, index) => ({
      type: "object",
      properties: {
        [`k${index}`]: { $ref: `#/components/schemas/root/$defs/l${level}` },
        [`o${index}`]: { maxLength: level },
      },
    }));
  const $defs = Object.fromEntries(
    Array.from({ length: 40 }, (_, level) => [`l${level}`, { anyOf: ways((level * 7 + 1) % 40) }]),
  );
  const many = Array.from({ length: 5000 }, (_, index) => [`p${index}`, { minLength: index }]);
  expect(hold(core, { $defs, allOf: ways(0) }).length).toBeGreaterThan(0);
  expect(() => hold(core, { properties: Object.fromEntries(many) })).toThrow(/one schema too many/);
});
