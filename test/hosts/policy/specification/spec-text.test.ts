/** Texts of specifications: faults name the line in the policy or in the file beside it. */
import { expect, test } from "vitest";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";

const policy = (spec: string, name = "shop"): string =>
  `apiVersion: merlon.dev/v1alpha1
kind: WafPolicy
spec: {}
---
apiVersion: merlon.dev/v1alpha1
kind: WafApiSpec
metadata: { name: ${name} }
spec:
${spec.replace(/^/gm, "  ")}
`;
const FILE = `openapi: 3.0.0
paths:
  /a:
    get:
      parameters:
        - { in: query, name: p, schema: { type: integer } }
        - { in: nowhere, name: q }
`;
const files = (text: string) => (): string => text;

test("a specification of a file or of the policy is the same", () => {
  const good = FILE.replace("nowhere", "query");
  const [beside] = parsePolicy(policy("file: shop.yaml"), "p", files(good)).apiSpecs ?? [];
  const [inline] = parsePolicy(policy(`openapi:\n${good.replace(/^/gm, "  ")}`), "p").apiSpecs ?? [];
  expect(beside?.document).toEqual(inline?.document);
  expect([beside?.name, beside?.document.operations.length]).toEqual(["shop", 1]);
});

test.each([
  ["file: shop.yaml", FILE, 'shop.yaml:7: "paths./a.get.parameters.1" is no parameter'],
  ["file: shop.yaml", "a: [", "shop.yaml:1: no valid YAML or JSON"],
  ["file: shop.yaml", "{}", "shop.yaml:1: the document has no openapi"],
  [`openapi:\n${FILE.replace(/^/gm, "  ")}`, "", 'p:16:15: "paths./a.get.parameters.1" is no parameter'],
  ["file: shop.yaml\nbase: /v1", FILE, '"base" is no field of spec'],
])("%j is told with its line", (spec, text, where) => {
  expect(() => parsePolicy(policy(spec), "p", files(text))).toThrow(where);
});

test("a file needs a folder, aliases an end, and names are told apart", () => {
  expect(() => parsePolicy(policy("file: shop.yaml"), "p")).toThrow("p:9:9: file has no meaning");
  const levels = Array.from(
    { length: 20 },
    (_, at) => `a${at}: &a${at} [${at === 0 ? "x" : `*a${at - 1},*a${at - 1}`}]`,
  );
  expect(() => parsePolicy(policy("file: shop.yaml"), "p", files(levels.join("\n")))).toThrow(
    "its aliases are too many",
  );
  const good = FILE.replace("nowhere", "query");
  const two = `${policy("file: a")}---\n${policy("file: a").split("---\n")[1]}`;
  expect(() => parsePolicy(two, "p", files(good))).toThrow("a second WafApiSpec shop begins");
});
