/** The schema for editors: every kind and field that the policy file has, and none that it has not. */
import { expect, test } from "vitest";
import { z } from "zod";
import { policyJsonSchema } from "../../../hosts/policy/json-schema.ts";
import { defaultPolicy, documentSchemas } from "../../../hosts/policy/schema.ts";

const node = z.looseObject({
  properties: z.record(z.string(), z.unknown()).optional(),
  additionalProperties: z.boolean().optional(),
});
const SCHEMA = z.object({ $schema: z.url(), oneOf: z.array(node) }).parse(policyJsonSchema());

/** The part of a kind's schema at a path of fields. */
function partOf(kind: number, ...fields: string[]): z.output<typeof node> {
  let part = SCHEMA.oneOf[kind] ?? {};
  for (const field of fields) part = node.parse(part.properties?.[field]);
  return part;
}

test("has every kind", () => {
  const kinds = SCHEMA.oneOf.map((_, at) => partOf(at, "kind")["const"]);
  expect(kinds).toEqual(Object.keys(documentSchemas));
});

test("has every field of the settings, and refuses others", () => {
  const { properties = {}, additionalProperties } = partOf(0, "spec", "defaults");
  expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(defaultPolicy)));
  expect(additionalProperties).toBe(false);
  expect(partOf(0, "spec", "defaults", "mode")["enum"]).toEqual(["off", "monitoring", "safe_blocking", "block"]);
});

test("asks for what an exception must say", () => {
  expect(partOf(1, "spec")["required"]).toEqual(["ignore", "reason", "expiresAt"]);
});
