/**
 * The endpoints of one host as an OpenAPI 3.1 document: what clients sent and servers answered, as a beginning for the
 * specification that nobody has written. What was not seen is not in it, and what is in it is not promised by anybody.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
import { createHash } from "node:crypto";
import {
  type Authentication,
  joinedShape,
  type Parameter,
  type Shape,
  type ValueType,
} from "../../records/inventory/endpoint.ts";
import type { ListedEndpoint } from "./endpoint-list.ts";

/** A part of the document. */
export interface Json {
  readonly [key: string]: unknown;
}

const SCHEMES: Readonly<Record<Exclude<Authentication, "none">, Json>> = {
  basic: { type: "http", scheme: "basic" },
  bearer: { type: "http", scheme: "bearer" },
  cookie: { type: "apiKey", in: "cookie", name: "session", description: "A session's cookie; its name is not kept" },
  key: { type: "apiKey", in: "header", name: "x-api-key", description: "A key; write the name that it really has" },
};
const FORMATS: Readonly<Partial<Record<ValueType, string>>> = {
  uuid: "uuid",
  "date-time": "date-time",
  email: "email",
};

/** @param title of the document; @param now milliseconds since 1970 */
export function openApiOf(host: string, endpoints: readonly ListedEndpoint[], title: string, now: number): Json {
  const paths = new Map<string, Map<string, Shape>>();
  const used = new Set<Exclude<Authentication, "none">>();
  for (const { path, method, shape } of endpoints) {
    // Two templates that differ in the names of their variables alone are one to OpenAPI.
    const template = numbered(path);
    const methods = paths.get(template) ?? new Map<string, Shape>();
    paths.set(template, methods);
    const known = methods.get(method);
    methods.set(method, known === undefined ? shape : joinedShape(known, shape));
    for (const one of shape.auth) if (one !== "none") used.add(one);
  }
  const items = [...paths].map(([template, methods]) => {
    const operations = [...methods].map(([method, shape]) => {
      return [method.toLowerCase(), operationOf(template, method, shape)] as const;
    });
    return [template, { ...variablesOf(template), ...Object.fromEntries(operations) }] as const;
  });
  const schemes = Object.fromEntries([...used].sort().map((name) => [name, SCHEMES[name]]));
  return {
    openapi: "3.1.0",
    info: {
      title,
      version: new Date(now).toISOString().slice(0, 10),
      description: "Made by Merlon from sampled traffic. It says what was seen, not what is meant.",
    },
    servers: [{ url: `https://${host}` }],
    paths: Object.fromEntries(items),
    ...(used.size === 0 ? {} : { components: { securitySchemes: schemes } }),
  };
}

/** Gives each variable of a path a name of its own. */
function numbered(path: string): string {
  let count = 0;
  return path.replace(/\{[^}]*\}/g, () => {
    count++;
    return count === 1 ? "{id}" : `{id${count}}`;
  });
}

function variablesOf(template: string): Json {
  const names = [...template.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name);
  if (names.length === 0) return {};
  return { parameters: names.map((name) => ({ name, in: "path", required: true, schema: { type: "string" } })) };
}

function operationOf(template: string, method: string, { params, auth, media, statuses }: Shape): Json {
  const hash = createHash("sha256").update(`${method} ${template}`).digest("hex").slice(0, 8);
  const words = template.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  const parameters = params.filter((one) => one.in !== "body").map(parameterOf);
  const body = params.filter((one) => one.in === "body");
  const answers = statuses.filter((one) => one !== "unseen");
  const ways = auth.map((one) => (one === "none" ? {} : { [one]: [] }));
  return {
    operationId: `${method.toLowerCase()}_${words.slice(0, 60)}_${hash}`,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(media.length === 0
      ? {}
      : {
          requestBody: { content: Object.fromEntries(media.map((one) => [one, { schema: schemaOf(treeOf(body)) }])) },
        }),
    responses:
      answers.length === 0
        ? { default: { description: "Not seen" } }
        : Object.fromEntries(answers.map((one) => [one.toUpperCase(), { description: `Seen: ${one}` }])),
    ...(ways.some((one) => Object.keys(one).length > 0) ? { security: ways } : {}),
  };
}

function parameterOf({ in: where, name, types, sensitive, optional }: Parameter): Json {
  return {
    name: name[0] ?? "",
    in: where,
    ...(optional ? {} : { required: true }),
    schema: typeSchema(types, sensitive),
  };
}

function typeSchema(types: readonly ValueType[], sensitive: readonly string[]): Json {
  const formats = new Set(types.map((type) => FORMATS[type] ?? (type === "string" ? "" : null)));
  formats.delete(null);
  const [format = ""] = formats.size === 1 ? [...formats] : [];
  const base = new Set(types.map((type) => (type in FORMATS ? "string" : type)));
  if (base.has("number")) base.delete("integer");
  const type = base.size === 1 ? [...base][0] : [...base];
  return {
    ...(base.size === 0 ? {} : { type }),
    ...(format === "" || format === null ? {} : { format }),
    ...(sensitive.length === 0 ? {} : { "x-merlon-sensitive": [...sensitive] }),
  };
}

/** A value in a body, with what is in it. */
interface Branch {
  readonly below: Map<string, Branch>;
  self: Parameter | null;
  /** Every body that was seen had it. */
  isRequired: boolean;
}

function treeOf(params: readonly Parameter[]): Branch {
  const root: Branch = { below: new Map(), self: null, isRequired: true };
  for (const one of params) {
    let at = root;
    for (const name of one.name) {
      const next = at.below.get(name) ?? { below: new Map(), self: null, isRequired: false };
      at.below.set(name, next);
      next.isRequired ||= !one.optional;
      at = next;
    }
    at.self = one;
  }
  return root;
}

/** @param isSure false below an array, whose items need not be alike */
function schemaOf({ below, self }: Branch, isSure = true): Json {
  const own = self === null ? {} : typeSchema(self.types, self.sensitive);
  const items = below.get("[]");
  const properties = [...below].filter(([name]) => name !== "[]");
  if (items === undefined && properties.length === 0) return own;
  const types = new Set(self?.types ?? []);
  const kinds = [
    ...(properties.length > 0 ? ["object"] : []),
    ...(items === undefined ? [] : ["array"]),
    ...[...types].map((type) => (type in FORMATS ? "string" : type)),
  ];
  const kind = [...new Set(kinds)];
  const required = isSure ? properties.filter(([, one]) => one.isRequired).map(([name]) => name) : [];
  const shown = properties.map(([name, one]) => [name, schemaOf(one, isSure)] as const);
  return {
    type: kind.length === 1 ? kind[0] : kind,
    ...(items === undefined ? {} : { items: schemaOf(items, false) }),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(shown) }),
    ...(required.length === 0 ? {} : { required }),
  };
}
