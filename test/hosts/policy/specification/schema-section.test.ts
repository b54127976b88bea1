/** The section of bodies: sizes first, equal machines once, and nodes of a document beside those of others. */
import { expect, test } from "vitest";
import { Texts } from "../../../../hosts/policy/routes.ts";
import { type ApiDocument, readDocument } from "../../../../hosts/policy/specification/document.ts";
import { SchemaTables } from "../../../../hosts/policy/specification/schema-section.ts";
import { openapiOf } from "../../../assembly/policy/schema/held.ts";

const SIZES = ["bodies", "nodes", "fields", "texts", "numbers", "machines"] as const;

function documentOf(schema: unknown): ApiDocument {
  return readDocument(openapiOf(schema));
}

function sizesOf(tables: SchemaTables): Record<string, number> {
  const { content } = tables;
  return Object.fromEntries(SIZES.map((name, index) => [name, content.readUInt32LE(index * 4)]));
}

test("without a body there is no section", () => {
  expect(new SchemaTables(new Texts(), () => 0).content).toHaveLength(0);
});

test("a document's nodes are written once, whatever refers to them", () => {
  const places: unknown[] = [];
  const tables = new SchemaTables(new Texts(), (machine) => places.push(machine) * 4);
  const document = documentOf({
    type: "object",
    properties: { a: { pattern: "x" }, b: { type: "integer" }, c: { $ref: "#/components/schemas/root" } },
  });
  const root = document.operations[0]?.bodies[0]?.root ?? 0;
  expect(tables.add({ document, root, isRequired: true }, [1, undefined, 2, 3])).toBe(0);
  expect(tables.add({ document, root, isRequired: false }, [])).toBe(1);
  expect(sizesOf(tables)).toEqual({ bodies: 2, nodes: 4, fields: 3, texts: 1, numbers: 1, machines: 1 });
  const rows = Array.from({ length: 12 }, (_, index) => tables.content.readUInt32LE(24 + index * 4));
  const none = 0xffff_ffff;
  expect(rows).toEqual([root, 1, 1, none, 2, 3, root, 0, none, none, none, none]);
  const other = documentOf({ type: "array" });
  tables.add({ document: other, root: 1, isRequired: true }, []);
  expect(sizesOf(tables)["nodes"]).toBe(5);
  expect(tables.content.readUInt32LE(24 + 12 * 4)).toBe(4);
});
