/** WafApiSpec: what it takes, and what it says where nothing is written. */
import { expect, test } from "vitest";
import { apiSpecOf, apiSpecSchema, VIOLATIONS } from "../../../../hosts/policy/specification/specification.ts";

const OPENAPI = {
  openapi: "3.1.0",
  servers: [{ url: "/v1" }],
  paths: { "/a": { get: { requestBody: { content: { a: { schema: {} } } } } } },
};

test("violations are reported, unless it says otherwise", () => {
  const said = apiSpecSchema.parse({ openapi: OPENAPI, violations: { missingAuth: "block" } });
  const spec = apiSpecOf("shop", said, said.openapi, (path) => path.join("/"));
  expect(Object.keys(spec.violations)).toEqual(Object.keys(VIOLATIONS));
  expect([spec.violations.undefinedEndpoint, spec.violations.missingAuth]).toEqual(["report", "block"]);
  expect([spec.document.basePaths, spec.unasked]).toEqual([
    ["/v1"],
    ["paths//a/get/requestBody/content/a: what a body of a holds is not asked, only its type"],
  ]);
  expect(apiSpecOf("shop", { ...said, basePath: "/v2/" }, said.openapi, String).document.basePaths).toEqual(["/v2"]);
});

test.each([
  [{}, "takes one document"],
  [{ file: "a.yaml", openapi: OPENAPI }, "takes one document"],
  [{ file: "https://x.example/openapi.yaml" }, "nothing is fetched"],
  [{ openapi: OPENAPI, violations: { missingAuth: "loud" } }, "Invalid option"],
  [{ openapi: OPENAPI, match: { path: "/a" } }, "Unrecognized key"],
])("%j is refused", (spec, why) => {
  expect(apiSpecSchema.safeParse(spec).error?.message).toContain(why);
});
