/**
 * Requests held against specifications in the core: the same violations as a plain validator finds, for random
 * documents and requests; and the cases that a reader asks about first.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../../fuzz/property.ts";
import { compilePolicy } from "../../../../hosts/policy/image.ts";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { checksOf } from "../../../../hosts/policy/specification/checks.ts";
import { Core, type Pair } from "../../../assembly/core.ts";
import { NOW } from "../../../assembly/policy-image.ts";
import { type Document, type Request, type Schema, violationsOf } from "./validator.ts";

const RUNS = 250;
const REQUESTS = 8;
// The checked build traps on any access beyond what a request or an image owns.
const core = new Core("checked");

const REPORT_ALL = Object.fromEntries(
  [
    "undefinedEndpoint",
    "undefinedParameter",
    "missingParameter",
    "invalidParameter",
    "missingAuth",
    "invalidRequest",
  ].map((name) => [name, "block"]),
);

function policyText(openapi: unknown, violations: object = REPORT_ALL): string {
  const head = { apiVersion: "merlon.dev/v1alpha1" };
  const documents = [
    { ...head, kind: "WafPolicy", spec: { defaults: { mode: "block" } } },
    { ...head, kind: "WafApiSpec", metadata: { name: "shop" }, spec: { openapi, violations } },
  ];
  return documents.map((document) => JSON.stringify(document)).join("\n---\n");
}

function load(openapi: unknown): void {
  expect(core.loadPolicy("active", compilePolicy(parsePolicy(policyText(openapi), "p")))).toBe(0);
}

/** Every other character is escaped, so that both forms are read. */
function escaped(text: string): string {
  return [...Buffer.from(text)]
    .map((byte, index) => {
      const char = String.fromCharCode(byte);
      return index % 2 === 0 && /[A-Za-z0-9-]/.test(char) ? char : `%${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

function stampsOf(asked: Request): string[] {
  const handle = core.begin("192.0.2.7", NOW);
  const query = asked.query.map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join("&");
  const path = asked.path.split("/").map(escaped).join("/");
  const head: Pair[] = [
    [":method", asked.method],
    [":path", asked.query.length === 0 ? path : `${path}?${query}`],
    [":authority", "a.example"],
    ...Object.entries(asked.headers),
  ];
  if (asked.cookie !== undefined) head.push(["cookie", `c=${asked.cookie}`]);
  core.pairs("tx_head", handle, head);
  core.end(handle);
  const line = core.line(handle);
  core.free(handle);
  return [...new Set([...line.matchAll(/api-[a-z-]+(?=@)/g)].map(([stamp]) => stamp))].sort();
}

const schema: fc.Arbitrary<Schema> = fc.oneof(
  fc.constant<Schema>({ type: "string" }),
  fc.constant<Schema>({ type: "boolean" }),
  fc.tuple(fc.integer({ min: -120, max: 120 }), fc.nat(150)).map(([minimum, width]) => {
    return { type: "integer" as const, minimum, maximum: minimum + width };
  }),
  fc.tuple(fc.integer({ min: -20, max: 20 }), fc.nat(30)).map(([minimum, width]) => {
    return { type: "number" as const, minimum, maximum: minimum + width };
  }),
  fc.constant<Schema>({ type: "string", enum: ["a", "b.c"] }),
  fc.constant<Schema>({ type: "string", pattern: "^a+b" }),
  fc.constant<Schema>({ type: "string", format: "date" }),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([minLength, more]) => {
    return { type: "string" as const, minLength, maxLength: minLength + more };
  }),
);
const listed: fc.Arbitrary<Schema> = fc.oneof(
  schema,
  fc
    .tuple(fc.constantFrom<Schema>({ type: "integer" }, { type: "string", enum: ["a", "b.c"] }), fc.nat(2), fc.nat(2))
    .map(([items, minItems, more]) => ({ type: "array" as const, items, minItems, maxItems: minItems + more })),
);
const operation = fc.record({
  p: fc.option(fc.tuple(listed, fc.boolean()), { nil: undefined }),
  ä: fc.option(fc.tuple(schema, fc.boolean()), { nil: undefined }),
  header: fc.option(fc.tuple(schema, fc.boolean()), { nil: undefined }),
  cookie: fc.option(fc.tuple(schema, fc.boolean()), { nil: undefined }),
  pathSchema: fc.option(schema, { nil: undefined }),
  security: fc.constantFrom(
    [],
    [{ key: [] }],
    [{ inQuery: [] }, { login: [] }],
    [{ key: [], login: [] }],
    [{}, { key: [] }],
  ),
  body: fc.constantFrom(
    undefined,
    { required: true, types: ["application/json"] },
    { required: false, types: ["text/*"] },
  ),
});
const PATHS = ["/a", "/a/{x}", "/a/b", "/a/{x}/c", "/{x}/b", "/f-{x}.txt"];
const document: fc.Arbitrary<Document> = fc.record({
  base: fc.constantFrom("", "/v1"),
  operations: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom("GET", "POST", "HEAD"), operation), {
      minLength: 1,
      maxLength: 6,
      selector: ([path, method]) => `${method} ${path}`,
    })
    .map((all) => all.map(([path, method, said]) => ({ path, method, ...said }))),
});
const value = fc.oneof(
  fc.constantFrom("", "a", "b.c", "aab", "true", "2026-02-30", "2026-13-01", "a,b.c", "1,2", "-0", "007", "1.5", "ä"),
  fc.integer({ min: -150, max: 300 }).map(String),
  fc.tuple(fc.integer({ min: -25, max: 55 }), fc.nat(99)).map(([whole, part]) => `${whole}.${part}`),
);
const solid = value.filter((text) => /^[!-~]+$/.test(text));
const request: fc.Arbitrary<Request> = fc.record({
  method: fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "PUT"),
  path: fc
    .tuple(
      fc.constantFrom("", "/v1"),
      fc.constantFrom("/a", "/a/b", "/a/X", "/a/X/c", "/X/b", "/f-X.txt", "/other", "/a/"),
      solid.filter((text) => !text.includes(",")),
    )
    .map(([base, path, text]) => base + path.replace("X", text)),
  query: fc.array(fc.tuple(fc.constantFrom("p", "p", "ä", "k", "q"), value), { maxLength: 3 }),
  headers: fc
    .tuple(
      fc.option(solid, { nil: undefined }),
      fc.option(fc.constantFrom("Bearer x", "Basic x", "bearer"), { nil: undefined }),
      fc.boolean(),
      fc.option(
        fc.constantFrom("application/json", "Application/JSON; charset=utf-8", "text/plain", "application/jsonx"),
        {
          nil: undefined,
        },
      ),
    )
    .map(([own, authorization, hasKey, type]) => ({
      ...(own === undefined ? {} : { "x-t": own }),
      ...(authorization === undefined ? {} : { authorization }),
      ...(hasKey ? { "x-key": "1" } : {}),
      ...(type === undefined ? {} : { "content-type": type }),
    })),
  cookie: fc.option(
    solid.filter((text) => !/[,;]/.test(text)),
    { nil: undefined },
  ),
});

/** The document as OpenAPI writes it. */
function openapiOf({ base, operations }: Document): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const { path, method, p, ä, header, cookie, body, security, pathSchema } of operations) {
    const parameters = [
      ...(p === undefined ? [] : [{ in: "query", name: "p", schema: p[0], required: p[1] }]),
      ...(ä === undefined ? [] : [{ in: "query", name: "ä", schema: ä[0], required: ä[1] }]),
      ...(header === undefined ? [] : [{ in: "header", name: "X-T", schema: header[0], required: header[1] }]),
      ...(cookie === undefined ? [] : [{ in: "cookie", name: "c", schema: cookie[0], required: cookie[1] }]),
      ...(pathSchema === undefined || !path.includes("{x}")
        ? []
        : [{ in: "path", name: "x", schema: pathSchema, required: true }]),
    ];
    const content = body && Object.fromEntries(body.types.map((type) => [type, {}]));
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: {
        parameters,
        security,
        ...(body ? { requestBody: { required: body.required, content } } : {}),
      },
    };
  }
  const securitySchemes = {
    key: { type: "apiKey", in: "header", name: "X-Key" },
    inQuery: { type: "apiKey", in: "query", name: "k" },
    login: { type: "http", scheme: "bearer" },
  };
  return { openapi: "3.1.0", servers: [{ url: `https://a.example${base}` }], components: { securitySchemes }, paths };
}

test("violations are those of a plain validator", () => {
  const seen = new Map<string, number>();
  check(
    fc.property(document, fc.array(request, { minLength: REQUESTS, maxLength: REQUESTS }), (written, requests) => {
      load(openapiOf(written));
      for (const asked of requests) {
        const expected = violationsOf(written, asked);
        expect(stampsOf(asked), JSON.stringify(asked)).toEqual(expected);
        for (const stamp of expected.length === 0 ? ["none"] : expected) seen.set(stamp, (seen.get(stamp) ?? 0) + 1);
      }
    }),
    RUNS,
  );
  // Each kind was seen, and so was a request without any.
  expect([...seen.keys()].sort()).toEqual([
    "api-invalid-parameter",
    "api-invalid-request",
    "api-missing-auth",
    "api-missing-parameter",
    "api-undefined-endpoint",
    "api-undefined-parameter",
    "none",
  ]);
});

const SHOP = {
  openapi: "3.0.3",
  paths: {
    "/users/{id}": {
      get: {
        parameters: [
          { in: "path", name: "id", required: true, schema: { type: "integer", minimum: 1 } },
          { in: "query", name: "a[]", schema: { type: "string" } },
          { in: "query", name: "filter", style: "deepObject", schema: { type: "object" } },
          {
            in: "query",
            name: "tags",
            style: "pipeDelimited",
            explode: false,
            schema: { type: "array", items: { type: "integer" } },
          },
        ],
      },
    },
  },
};
const lineOf = (path: string): string => {
  const handle = core.begin("192.0.2.7", NOW);
  core.pairs("tx_head", handle, [
    [":method", "GET"],
    [":path", path],
    [":authority", "a.example"],
  ]);
  core.end(handle);
  const line = core.line(handle);
  core.free(handle);
  return line;
};

test.each([
  ["/users/7", ""],
  ["/%75sers/7?&a%5b%5D=x&%61[]=y&", ""],
  ["/users/7?filter[name]=x&filter%5Bage%5d=1&tags=1|2", ""],
  ["/users/0", "invalid-parameter"],
  ["/users/7?b=1", "undefined-parameter"],
  ["/users/7?a=1", "undefined-parameter"],
  ["/users/7?filter=1&a[]x=1", "undefined-parameter"],
  ["/users/7?tags=1,2", "invalid-parameter"],
  ["/users/7/x", "undefined-endpoint"],
  ["/users/7%2fx", "undefined-endpoint"],
  ["/users/", "undefined-endpoint"],
  ["/users/../users/7", "undefined-endpoint"],
  ["//users/7", "undefined-endpoint"],
])("GET %s: %s", (path, violation) => {
  load(SHOP);
  const line = lineOf(path);
  if (violation === "") expect(line).not.toContain("api-");
  else expect(line).toContain(`api-${violation}@uri`);
});

test("a finding says of which endpoint it is, and what is ignored is not asked", () => {
  const [first] = checksOf(
    parsePolicy(policyText(SHOP, { undefinedEndpoint: "ignore", undefinedParameter: "block" }), "p").apiSpecs,
  );
  expect(first).toMatchObject({
    stamp: "api-undefined-parameter",
    type: "undefined_parameter",
    isReport: false,
    reason:
      "The request is not as the specification shop says of GET /users/{id}: its query has a name that is not listed",
  });
});

test("a document of two hundred paths is within what a policy holds, and one of thousands is refused", () => {
  const paths = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`/area-${at % 7}/thing-${at}/{id}`, { get: {} }]));
  load({ openapi: "3.1.0", paths: paths(200) });
  expect(lineOf("/area-4/thing-199/7")).toContain("api-undefined-endpoint@uri");
  expect(lineOf("/area-3/thing-101/7?x=1")).toContain("api-undefined-parameter@uri");
  expect(lineOf("/area-3/thing-101/7")).not.toContain("api-");
  expect(() => load({ openapi: "3.1.0", paths: paths(3000) })).toThrow("has 3000 operations, and 400 are taken");
});
