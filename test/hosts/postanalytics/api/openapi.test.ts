/** The OpenAPI document: every operation, every reference resolved, and the same names as the server's routes. */
import { expect, test } from "vitest";
import { openApiDocument, operationNames } from "../../../../hosts/postanalytics/api/openapi.ts";
import { OPERATIONS } from "../../../../hosts/postanalytics/api/operations.ts";

const DOCUMENT = openApiDocument("1.2.3");
const TEXT = JSON.stringify(DOCUMENT);

function at(path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => Object(value)[key], DOCUMENT);
}

test("every operation is there once, with its answer and its errors", () => {
  for (const name of operationNames()) {
    const { path, method } = OPERATIONS[name];
    const operation = at(["paths", path, method.toLowerCase()]);
    expect(operation).toMatchObject({ operationId: name, responses: { default: expect.anything() } });
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, one]) => one);
    const parameters: unknown = Object(operation)["parameters"];
    const inPath = Array.isArray(parameters)
      ? parameters.filter((one) => one.in === "path").map((one) => one.name)
      : [];
    expect(inPath).toEqual(named);
  }
  const ids = [...TEXT.matchAll(/"operationId":"(\w+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(operationNames().length);
});

test("it is OpenAPI 3.1 whose references lead somewhere", () => {
  expect(at(["openapi"])).toBe("3.1.0");
  const references = new Set([...TEXT.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = ""]) => path));
  expect([...references]).toEqual(["components/schemas/Problem"]);
  for (const path of references) expect(at(path.split("/"))).toBeTypeOf("object");
  expect(TEXT).not.toContain('"$schema"');
  expect(TEXT).not.toMatch(/"~standard"/);
});

test("what is needed and what is free stands in its parameters", () => {
  const parameters: unknown = at(["paths", "/api/v1/records", "get", "parameters"]);
  expect(parameters).toContainEqual(expect.objectContaining({ name: "limit", in: "query", required: false }));
  const check: unknown = at(["paths", "/api/v1/search/check", "get", "parameters"]);
  expect(check).toContainEqual(expect.objectContaining({ name: "where", required: true }));
  expect(at(["paths", "/api/v1/session", "post", "security"])).toEqual([]);
});
