/** The export, judged by a validator that is not ours: from traffic through the core, and from anything at all. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { listEndpoints } from "../../../../hosts/postanalytics/inventory/endpoint-list.ts";
import { openApiOf } from "../../../../hosts/postanalytics/inventory/openapi-export.ts";
import {
  AUTHENTICATIONS,
  type Endpoint,
  LOCATIONS,
  METHODS,
  SENSITIVITIES,
  STATUS_CLASSES,
  VALUE_TYPES,
} from "../../../../hosts/records/inventory/endpoint.ts";
import { openApiValidator } from "../../../oracle/openapi/validator.ts";
import { requireOrSkip } from "../../../tools/component.ts";
import { json, NOON, Traffic } from "../../records/inventory/stage.ts";

const SEED = Number(process.env["MERLON_SEED"] ?? "7");

function documentOf(lines: readonly Endpoint[], host = "shop.example"): Record<string, unknown> {
  return { ...openApiOf(host, listEndpoints(lines, []), "Shop, as seen", NOON) };
}

test("says what was sent: paths, parameters, bodies, ways to sign in; and is valid", {
  timeout: 300_000,
}, async (context) => {
  const validate = requireOrSkip(context, await openApiValidator());
  const traffic = new Traffic();
  const bearer = ["Authorization", "Bearer a"];
  traffic.send({ target: "/articles/17?page=1&q=x", headers: bearer });
  traffic.send({ target: "/articles/18?page=2", headers: bearer, status: 304 });
  const order = { items: [{ sku: "a", count: 1 }], customer: { email: "ada@shop.example" }, note: "x" };
  traffic.send({ target: "/orders/17/lines/18", ...json(order) });
  traffic.send({ target: "/orders/19/lines/20", ...json({ ...order, note: null }), status: 201 });
  const document = documentOf(traffic.lines());
  expect(await validate([document])).toEqual([""]);
  expect(document).toMatchObject({
    openapi: "3.1.0",
    servers: [{ url: "https://shop.example" }],
    paths: {
      "/articles/{id}": {
        parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
        get: {
          parameters: [
            { name: "page", in: "query", required: true, schema: { type: "integer" } },
            { name: "q", in: "query", schema: { type: "string" } },
          ],
          responses: { "2XX": {}, "3XX": {} },
          security: [{ bearer: [] }],
        },
      },
      "/orders/{id}/lines/{id2}": {
        post: {
          requestBody: {
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  required: ["items", "customer", "note"],
                  properties: {
                    items: {
                      type: "array",
                      items: {
                        type: "object",
                        properties: { sku: { type: "string" }, count: { type: "integer" } },
                      },
                    },
                    customer: { properties: { email: { format: "email", "x-merlon-sensitive": ["email"] } } },
                    note: { type: ["string", "null"] },
                  },
                },
              },
            },
          },
        },
      },
    },
    components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
  });
});

test("the validator notices what is wrong", { timeout: 300_000 }, async (context) => {
  const validate = requireOrSkip(context, await openApiValidator());
  const document = documentOf([]);
  expect(await validate([document])).toEqual([""]);
  expect(await validate([{ ...document, paths: { "/a/{id}": { get: { responses: {} } } } }])).not.toEqual([""]);
});

test("any inventory gives a valid document", { timeout: 300_000 }, async (context) => {
  const validate = requireOrSkip(context, await openApiValidator());
  const segment = fc.constantFrom("a", "{id}", "{name}", "{rest}", "", "%2f", "b c", "ü", "\\x00", "$ref", "~1");
  const name = fc.oneof(
    fc.constantFrom("a", "[]", "b", "__proto__", "$ref", "{id}"),
    fc.string({ minLength: 1, maxLength: 9 }),
  );
  const parameter = fc.record({
    in: fc.constantFrom(...LOCATIONS),
    name: fc.array(name, { minLength: 1, maxLength: 4 }),
    types: fc.subarray([...VALUE_TYPES]),
    sensitive: fc.subarray([...SENSITIVITIES]),
    optional: fc.boolean(),
  });
  const shape = fc.record({
    statuses: fc.subarray([...STATUS_CLASSES]),
    auth: fc.subarray([...AUTHENTICATIONS]),
    media: fc.subarray(["application/json", "text/xml"]),
    params: fc.uniqueArray(parameter, {
      // Names of a query and of headers are single, and each once.
      selector: ({ in: where, name: names }) => JSON.stringify(where === "body" ? [where, names] : [where, names[0]]),
      maxLength: 6,
    }),
    more: fc.boolean(),
  });
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`);
  const line = fc.record({ method: fc.constantFrom(...METHODS), path, shape });
  const rest = {
    v: 1,
    id: "01JD3Z8K6Q4T0000000000000A",
    node: "n",
    app: null,
    host: "h",
    first: 1,
    last: 2,
    calls: 3,
  } as const;
  // One start of Python judges many.
  const documents = fc.sample(fc.array(line, { maxLength: 6 }), { numRuns: 60, seed: SEED }).map((lines) => {
    return documentOf(
      lines.map((one) => ({ ...rest, ...one })),
      "h",
    );
  });
  const said = await validate(documents);
  const wrong = documents.flatMap((document, at) => (said[at] === "" ? [] : [{ document, said: said[at] }]));
  expect(wrong, `seed ${SEED}`).toEqual([]);
});
