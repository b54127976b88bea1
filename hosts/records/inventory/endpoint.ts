/**
 * What a node learns of one endpoint in one day: the line that it sends, and the store keeps. Names, types and counts,
 * never a value; docs/records.md tells each field. Sent again it says the same or more, so whoever takes it may take it
 * twice.
 */
import { z } from "zod";
import { recordId } from "../record.ts";

/** Version of the shape. */
export const ENDPOINT_VERSION = 1;
/** An endpoint in JSON is never longer. */
export const ENDPOINT_BYTES_MAX = 32 * 1024;
/** Parameters of an endpoint; further ones are counted. */
export const PARAMETERS_MAX = 64;
/** Names from a body's root to a value. */
export const NAMES_MAX = 8;
/** Characters of a name. */
export const NAME_CHARS_MAX = 64;
/** Media types of bodies. */
export const MEDIA_MAX = 4;

/** Methods that are endpoints; HEAD and OPTIONS are about one. */
export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
/** Where a parameter is. */
export const LOCATIONS = ["query", "header", "body"] as const;
/** What values look like. */
export const VALUE_TYPES = [
  ...["integer", "number", "boolean", "uuid", "date-time", "email", "string", "array", "object", "null"],
] as const;
/** What a name or a value gives away of whom it is about. */
export const SENSITIVITIES = ["password", "token", "key", "secret", "card", "email", "phone"] as const;
/** How clients say who they are. */
export const AUTHENTICATIONS = ["none", "basic", "bearer", "cookie", "key"] as const;
/** Classes of answers; `unseen` where the node is not shown them. */
export const STATUS_CLASSES = ["2xx", "3xx", "4xx", "5xx", "unseen"] as const;

/** See LOCATIONS. */
export type Location = (typeof LOCATIONS)[number];
/** See VALUE_TYPES. */
export type ValueType = (typeof VALUE_TYPES)[number];
/** See SENSITIVITIES. */
export type Sensitivity = (typeof SENSITIVITIES)[number];
/** See AUTHENTICATIONS. */
export type Authentication = (typeof AUTHENTICATIONS)[number];
/** See STATUS_CLASSES. */
export type StatusClass = (typeof STATUS_CLASSES)[number];

/** Whole characters, and none that a database cannot hold. */
const text = (most: number): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(/^[^\0\p{Cs}]*$/u, "holds half a character");
const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const timeMs = z.int().min(0).max(8.64e15);

/** A parameter. `name` is one name, or the names from a body's root on, `[]` for each item of an array. */
export const parameterSchema = z.object({
  in: z.enum(LOCATIONS),
  name: z.array(text(NAME_CHARS_MAX)).min(1).max(NAMES_MAX),
  types: z.array(z.enum(VALUE_TYPES)).max(VALUE_TYPES.length),
  sensitive: z.array(z.enum(SENSITIVITIES)).max(SENSITIVITIES.length),
  /** Some request came without it. */
  optional: z.boolean(),
});
export type Parameter = z.output<typeof parameterSchema>;

/** What only grows: the parts of two such lines are put together by `joinedShape`. */
export const shapeSchema = z.object({
  statuses: z.array(z.enum(STATUS_CLASSES)).max(STATUS_CLASSES.length),
  auth: z.array(z.enum(AUTHENTICATIONS)).max(AUTHENTICATIONS.length),
  media: z.array(text(127)).max(MEDIA_MAX),
  params: z.array(parameterSchema).max(PARAMETERS_MAX),
  /** Parameters beyond PARAMETERS_MAX were seen. */
  more: z.boolean(),
});
export type Shape = z.output<typeof shapeSchema>;

/** A line. */
export const endpointSchema = z.object({
  v: z.literal(ENDPOINT_VERSION),
  /** A ULID, of this endpoint at this node on this day. */
  id: recordId,
  node: text(253).min(1),
  app: text(64).nullable(),
  /** In lower case, with the port where the client wrote one, as in records. */
  host: text(253),
  method: z.enum(METHODS),
  /** A template: `{id}` for what varies by its shape, `{name}` for what took too many values, `{rest}` for an end. */
  path: text(1024).startsWith("/"),
  first: timeMs,
  last: timeMs,
  /** Requests, estimated from those that were sampled. */
  calls: count,
  shape: shapeSchema,
});
export type Endpoint = z.output<typeof endpointSchema>;

/** A shape of which nothing is known. */
export const NO_SHAPE: Shape = { statuses: [], auth: [], media: [], params: [], more: false };

/** Values in the order of `all`, each once. */
function union<T extends string>(all: readonly T[], a: readonly T[], b: readonly T[]): T[] {
  return all.filter((one) => a.includes(one) || b.includes(one));
}

/** @returns what tells parameters of an endpoint apart */
export function parameterKey({ in: where, name }: Pick<Parameter, "in" | "name">): string {
  return JSON.stringify([where, ...name]);
}

/**
 * Puts two shapes together. Order and repetition change nothing, so lines may come twice and in any order.
 * A parameter that only one of them has is optional, as long as the other has seen its place at all.
 */
export function joinedShape(a: Shape, b: Shape): Shape {
  const params = new Map<string, Parameter>(a.params.map((one) => [parameterKey(one), one]));
  const seen = (shape: Shape): boolean => shape.statuses.length > 0;
  const others = new Set(b.params.map(parameterKey));
  if (seen(b)) {
    for (const [key, one] of params) if (!others.has(key)) params.set(key, { ...one, optional: true });
  }
  let more = a.more || b.more;
  for (const one of b.params) {
    const key = parameterKey(one);
    const known = params.get(key);
    if (known === undefined && params.size >= PARAMETERS_MAX) more = true;
    else if (known === undefined) params.set(key, seen(a) ? { ...one, optional: true } : one);
    else {
      const types = union(VALUE_TYPES, known.types, one.types);
      const sensitive = union(SENSITIVITIES, known.sensitive, one.sensitive);
      params.set(key, { ...known, types, sensitive, optional: known.optional || one.optional });
    }
  }
  return {
    statuses: union(STATUS_CLASSES, a.statuses, b.statuses),
    auth: union(AUTHENTICATIONS, a.auth, b.auth),
    media: [...new Set([...a.media, ...b.media])].sort().slice(0, MEDIA_MAX),
    params: [...params.values()],
    more,
  };
}
