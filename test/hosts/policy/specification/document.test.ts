/** Documents: base paths, parameters that take each other's place, security, and documents that are refused. */
import { expect, test } from "vitest";
import { readDocument } from "../../../../hosts/policy/specification/document.ts";
import { SpecFault } from "../../../../hosts/policy/specification/references.ts";

const documentOf = (more: object, operation: object = {}): object => ({
  openapi: "3.0.1",
  paths: { "/a/{id}.{type}": { get: operation } },
  ...more,
});

test.each([
  [undefined, [""]],
  [
    [{ url: "https://x.example/v1/" }, { url: "/v1" }, { url: "v2" }],
    ["/v1", "/v2"],
  ],
  [
    [{ url: "{scheme}://x.example/{base}", variables: { scheme: { default: "https" }, base: { default: "b" } } }],
    ["/b"],
  ],
  [[{ url: "https://x.example" }], [""]],
])("servers %j are the base paths %j", (servers, basePaths) => {
  expect(readDocument(documentOf({ servers })).basePaths).toEqual(basePaths);
});

test("an operation is read whole", () => {
  const components = {
    parameters: { Page: { in: "query", name: "page", schema: { type: "integer" } } },
    securitySchemes: { key: { type: "apiKey", in: "header", name: "X-Key" }, open: { type: "openIdConnect" } },
  };
  const get = {
    parameters: [{ $ref: "#/components/parameters/Page" }, { in: "header", name: "Accept", schema: {} }],
    requestBody: {
      required: true,
      content: { "Application/JSON; charset=utf-8": { schema: { type: "null" } }, "text/csv": { schema: {} } },
    },
  };
  const paths = { "/a/{id}.{type}": { parameters: [{ in: "query", name: "page", required: true }], get }, "x-y": 7 };
  const { operations, unasked } = readDocument(documentOf({ components, paths, security: [{ key: [], open: [] }] }));
  expect(operations).toMatchObject([
    {
      method: "GET",
      segments: [["a"], [{ name: "id" }, ".", { name: "type" }]],
      parameters: [{ in: "query", name: "page", isRequired: false }],
      security: [
        [
          { kind: "header", name: "x-key" },
          { kind: "scheme", scheme: "bearer" },
        ],
      ],
      bodyTypes: ["application/json", "text/csv"],
      isBodyRequired: true,
      bodies: [{ types: ["application/json"], root: 1 }],
    },
  ]);
  expect(unasked.map(({ what }) => what)).toEqual(["what a body of text/csv holds is not asked, only its type"]);
});

test.each([
  [{ swagger: "2.0" }, [], "has no openapi"],
  [documentOf({ openapi: "2.0" }), ["openapi"], "is no version of OpenAPI"],
  [documentOf({ paths: {} }), [], "has no paths"],
  [documentOf({ paths: { a: { get: {} } } }), ["paths", "a"], "is no path"],
  [documentOf({ paths: 7 }), ["paths"], "is no map of fields"],
  [documentOf({ servers: [{ url: "/{x}" }] }), ["servers", 0], "a variable without a default"],
  [documentOf({}, { parameters: [{ in: "body", name: "a" }] }), undefined, "in takes path, query, header, cookie"],
  [documentOf({}, { parameters: [{ in: "query" }] }), undefined, "is a parameter without a name"],
  [documentOf({}, { parameters: [{ in: "header", name: "a b" }] }), undefined, "is no header"],
  [documentOf({}, { security: [{ x: [] }] }), undefined, "is no security scheme of components"],
  [documentOf({}, { parameters: { $ref: "other.yaml" } }), undefined, "nothing is fetched"],
  [
    documentOf({}, { parameters: Array.from({ length: 200 }, (_, at) => ({ in: "query", name: `q${at}` })) }),
    undefined,
    "100",
  ],
  ["text", [], "has no openapi"],
  [null, [], "has no openapi"],
])("%j is refused", (root, path, why) => {
  try {
    readDocument(root);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(SpecFault);
    if (!(error instanceof SpecFault)) return;
    expect(error.message).toContain(why);
    if (path !== undefined) expect(error.path).toEqual(path);
  }
});

test("a document with a hundred thousand paths is refused in no time that anyone would notice", () => {
  const paths = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`/p${at}`, { get: {} }]));
  expect(() => readDocument(documentOf({ paths }))).toThrow("400 are taken");
});
