/** The API as an OpenAPI 3.1 document, made of the tables that the server's routes are made of. */
import { z } from "zod";
import { CSRF_HEADER, OPERATIONS, type Operation, type OperationName } from "./operations.ts";
import { SHAPES, type Shapes } from "./routes.ts";
import { problemSchema } from "./schema.ts";

type Json = Record<string, unknown>;

/** A schema as JSON Schema 2020-12, which is what OpenAPI 3.1 takes, without the marks of a document of its own. */
function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _dialect, "~standard": _standard, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

function parametersOf({ path, method, access }: Operation, { query }: Shapes): Json[] {
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    return { name, in: "path", required: true, schema: { type: "string" } };
  });
  const schema = query === undefined ? {} : jsonSchema(query, "input");
  const properties = Object(schema["properties"] ?? {});
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const asked = Object.entries(properties).map(([name, one]) => {
    return { name, in: "query", required: required.includes(name), schema: one };
  });
  const isChange = method !== "GET" && access !== "anyone";
  const csrf = {
    name: CSRF_HEADER,
    in: "header",
    required: false,
    description: "Needed with a session's cookie; any value. Not with a token.",
    schema: { type: "string" },
  };
  return [...named, ...asked, ...(isChange ? [csrf] : [])];
}

function operationOf(name: OperationName): Json {
  const operation: Operation = OPERATIONS[name];
  const shapes: Shapes = SHAPES[name];
  const { access, summary, media, wholeSite } = operation;
  const content =
    shapes.answer === undefined
      ? { [media ?? "application/octet-stream"]: {} }
      : { "application/json": { schema: jsonSchema(shapes.answer, "output") } };
  const who = access === "anyone" ? "Anyone." : access === "user" ? "Any user." : `Role ${access} or stronger.`;
  return {
    operationId: name,
    summary,
    description: `${who}${wholeSite === true ? " Only for those who may see all applications." : ""}`,
    parameters: parametersOf(operation, shapes),
    ...(shapes.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { "application/json": { schema: jsonSchema(shapes.body, "input") } },
          },
        }),
    responses: {
      [name === "oidcStart" ? "302" : "200"]: { description: summary, content },
      default: {
        description: "What was wrong",
        content: { "application/problem+json": { schema: { $ref: PROBLEM } } },
      },
    },
    security: access === "anyone" ? [] : [{ token: [] }, { session: [] }],
  };
}

const PROBLEM = "#/components/schemas/Problem";

/** @returns the document */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const name of operationNames()) {
    const { path, method }: Operation = OPERATIONS[name];
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(name) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Merlon console", version, description: "Attacks, records, policy and users of one installation." },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema, "output") },
      securitySchemes: {
        token: { type: "http", scheme: "bearer", description: "An API token" },
        session: { type: "apiKey", in: "cookie", name: "merlon", description: "__Host-merlon over TLS" },
      },
    },
  };
}

/** Names of all operations, in the table's order. */
export function operationNames(): OperationName[] {
  return Object.keys(OPERATIONS).filter((name): name is OperationName => Object.hasOwn(OPERATIONS, name));
}
