/** Schemas of parameters as questions: texts that are taken, texts that are not, and what is not asked. */
import { expect, test } from "vitest";
import { matchesPattern } from "../../../../hosts/policy/regex/regex.ts";
import { Piece } from "../../../../hosts/policy/specification/references.ts";
import { quoted, readValue, type Value, wholePattern } from "../../../../hosts/policy/specification/value.ts";

function read(schema: unknown): { value: Value; notes: string[] } {
  const notes: string[] = [];
  const value = readValue(new Piece(schema, schema, []), { note: (_piece, what) => notes.push(what), left: 1000 });
  return { value, notes };
}

function holds(value: Value, text: string): boolean {
  return value.every((part) => {
    if (part.kind === "either") return part.of.some((one) => holds(one, text));
    if (part.kind === "size") return [...text].length >= part.least && [...text].length <= part.most;
    return matchesPattern(part.kind === "whole" ? `\\A(?:${part.pattern})\\z` : part.pattern, text);
  });
}

test.each([
  [{ type: "integer", format: "int32" }, ["2147483647", "-5"], ["2147483648", "1.0", ""]],
  [{ type: "integer", minimum: 0, exclusiveMinimum: true }, ["1"], ["0"]],
  [{ type: "integer", exclusiveMaximum: 3 }, ["2"], ["3"]],
  [{ type: "number" }, ["1", "-1.5", "1e9"], ["x", ".5"]],
  [{ type: "boolean" }, ["true"], ["TRUE", "1"]],
  [{ type: "string", format: "uuid" }, ["6F9619FF-8B86-D011-B42D-00CF4FC964FF"], ["6f9619ff"]],
  [{ type: "string", format: "date-time" }, ["2026-01-01T10:00:00Z", "2026-01-01t10:00:00.5+01:00"], ["2026-01-01"]],
  [{ type: "string", format: "ipv4" }, ["192.0.2.1"], ["192.0.2.1.", "256.1.1.1"]],
  [{ type: "string", pattern: "b" }, ["abc"], ["ac"]],
  [{ type: "string", minLength: 2, maxLength: 3 }, ["ää", "abc"], ["ä", "abcd"]],
  [{ type: "string", format: "email" }, ["anything"], []],
  [{ enum: ["a", 1, true] }, ["a", "1", "true"], ["b"]],
  [{ const: "a.b" }, ["a.b"], ["axb"]],
  [{ type: ["integer", "null"] }, ["1", "", "null"], ["x"]],
  [{ type: "integer", nullable: true }, ["1", ""], ["x"]],
  [{ anyOf: [{ type: "integer" }, { enum: ["all"] }] }, ["7", "all"], ["x"]],
  [{ allOf: [{ type: "integer" }, { type: "integer", minimum: 5 }] }, ["5"], ["4"]],
  [{ type: "array", items: { type: "integer" }, maxItems: 2 }, ["", "1", "1,2"], ["1,2,3", "a"]],
  [{ type: "array", items: { type: "integer" }, minItems: 2 }, ["1,2", "1,2,3"], ["", "1"]],
  [{ type: "array", maxItems: 0 }, [""], ["a"]],
  [{ type: "array", minItems: 2, maxItems: 1 }, [], ["", "a", "a,b"]],
  [true, ["a"], []],
  [false, [], ["a"]],
  [{}, ["a"], []],
])("%j", (schema, yes, no) => {
  const { value, notes } = read(schema);
  for (const text of yes) expect([text, holds(value, text)]).toEqual([text, true]);
  for (const text of no) expect([text, holds(value, text)]).toEqual([text, false]);
  expect(notes).toEqual([]);
});

test.each([
  [{ type: "string", pattern: "(?=a)" }, "the pattern is not asked"],
  [{ type: "object" }, "an object in a parameter is not asked"],
  [{ type: "integer", multipleOf: 5 }, "multipleOf is not asked"],
  [{ type: "number", minimum: 0.5 }, "no whole number is not asked"],
  [{ not: { type: "integer" } }, "not is not asked"],
  [{ type: "array", items: { type: "string", pattern: "^a", minLength: 2 } }, "several conditions"],
])("of %j it is told that %s", (schema, what) => {
  expect(read(schema).notes.join()).toContain(what);
});

test.each([
  [{ type: "nothing" }, "is no type of JSON Schema"],
  [{ type: 7 }, "is no type"],
  [{ enum: Array.from({ length: 300 }, (_, at) => `v${at}`) }, "more than 256 values"],
  [{ enum: ["a".repeat(3000)] }, "too long together"],
])("%j is refused", (schema, why) => {
  expect(() => read(schema)).toThrow(why);
});

test("schemas that hold themselves end", () => {
  const root: Record<string, unknown> = {
    anyOf: [{ $ref: "#/anyOf/1" }, { allOf: [{ type: "integer" }, { $ref: "#/loop" }] }],
  };
  root["loop"] = { allOf: [{ $ref: "#/anyOf/1" }] };
  expect(holds(read(root).value, "7")).toBe(true);
  const many = { allOf: Array.from({ length: 200 }, () => ({ $ref: "#/again" })), again: {} };
  many.again = { allOf: many.allOf };
  expect(() => read(many)).toThrow("is one schema too many");
});

test("one pattern is made of what is one question", () => {
  expect(wholePattern([], "[^/]+")).toBe("[^/]+");
  expect(wholePattern([{ kind: "found", pattern: "^a" }], "[^/]+")).toBe("(?:a)[^/]*");
  expect(wholePattern([{ kind: "found", pattern: "^a|b$" }], "[^/]+")).toBeUndefined();
  expect(wholePattern([{ kind: "size", least: 1, most: 3 }], "[^/]+")).toBe("[^/]{1,3}");
  expect(
    wholePattern(
      [
        { kind: "size", least: 1, most: 3 },
        { kind: "whole", pattern: "a" },
      ],
      "x",
    ),
  ).toBeUndefined();
  expect(quoted("a.b")).toBe("a\\.b");
});
