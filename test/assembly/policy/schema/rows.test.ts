/** Several specifications in one image: each body is held against the nodes of its own. */
import { expect, test } from "vitest";
import { Core } from "../../core.ts";
import { lineOf, load, openapiOf, policyWith, specOf } from "./held.ts";

const core = new Core("checked");

test("the tables of specifications stand beside each other", () => {
  const schemas = [
    { type: "object", properties: { a: { type: "array", items: { enum: ["x", 1.5] } } }, required: ["a"] },
    { type: "object", properties: { a: { pattern: "^y$" }, b: { $ref: "#/components/schemas/root" } } },
    { type: "object", properties: { a: {}, c: { minimum: 3 } }, additionalProperties: false },
  ];
  const specs = schemas.map((schema, index) => {
    return specOf(`s${index}`, { ...openapiOf(schema), servers: [{ url: `/v${index}` }] });
  });
  load(core, policyWith(specs));
  const faults = (index: number, body: unknown): string[] => {
    const line = lineOf(core, [Buffer.from(JSON.stringify(body))], undefined, `/v${index}/a`);
    return [...line.matchAll(/api-([a-z-]+@\S+)/g)].map(([, what = ""]) => what);
  };
  expect(
    [{ a: ["x", 1.5] }, { a: "y", b: { a: "y" } }, { a: 1, c: 3 }].map((body, index) => faults(index, body)),
  ).toEqual([[], [], []]);
  expect([{ a: ["y"] }, { b: { a: "x" } }, { b: 1, c: 2 }].map((body, index) => faults(index, body))).toEqual([
    ["invalid-field@post.json_doc.hash.a.array"],
    ["invalid-field@post.json_doc.hash.b.hash.a"],
    ["undefined-field@post.json_doc.hash.b", "invalid-field@post.json_doc.hash.c"],
  ]);
});
