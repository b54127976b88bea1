/** What the API takes and answers about the inventory of interfaces; see schema.ts. */
import { z } from "zod";
import { METHODS, shapeSchema } from "../../records/inventory/endpoint.ts";

const count = z.int().min(0);
const timeMs = z.int().min(0).max(8.64e15);
/** A whole number as a query writes it. */
const queryCount = z.coerce.number<number>().int().min(0);
const queryTime = queryCount.max(8.64e15).optional();
const quietDays = queryCount.min(1).max(365).default(30);

const windowFields = {
  /** Calls and attacks since then are counted; the last week where it is left out. */
  from: queryTime,
  to: queryTime,
};
/** How far back calls and attacks are counted where nobody says. */
export const INVENTORY_MS_DEFAULT = 7 * 86_400_000;

/** A part of the inventory. */
export const endpointsQuery = z.strictObject({
  ...windowFields,
  host: z.string().max(260).optional(),
  /** Part of a path, a method or an application. */
  find: z.string().max(256).default(""),
  /** `new` since yesterday, `quiet` for some days, with `attacks`, with `sensitive` names, asking for no `auth`. */
  show: z.enum(["all", "new", "quiet", "attacked", "sensitive", "open"]).default("all"),
  /** Days without a call after which an endpoint is quiet. */
  quietDays,
  limit: queryCount.min(1).max(1000).default(200),
  /** Number of the first endpoint, as `next` said. */
  cursor: queryCount.max(1_000_000).default(0),
});

const summary = {
  id: z.string(),
  app: z.string().nullable(),
  host: z.string(),
  method: z.enum(METHODS),
  /** A template: `{id}` for what varies, `{name}` for what took too many values. */
  path: z.string(),
  first: timeMs,
  last: timeMs,
  /** Requests in the window, estimated from those that were sampled. */
  calls: count,
  /** Requests in the window that held an attack. */
  attacks: count,
  /** First seen since yesterday, where anything is known for longer. */
  isNew: z.boolean(),
  isQuiet: z.boolean(),
  /** A search that finds the attacks. */
  where: z.string(),
};

/** Endpoints, and what the whole inventory has. */
export const endpointsPage = z.object({
  items: z.array(
    z.object({
      ...summary,
      params: count,
      sensitive: shapeSchema.shape.params.element.shape.sensitive,
      auth: shapeSchema.shape.auth,
      statuses: shapeSchema.shape.statuses,
    }),
  ),
  next: z.string().nullable(),
  /** Endpoints that fit, on all pages. */
  total: count,
  hosts: z.array(z.object({ host: z.string(), endpoints: count })),
  counts: z.object({ all: count, new: count, quiet: count, attacked: count, sensitive: count, open: count }),
  /** When the first of them was seen; null where nothing is known yet. */
  since: timeMs.nullable(),
});
/** One endpoint. */
export const endpointQuery = z.strictObject({ ...windowFields, quietDays });
/** One endpoint, with its parameters. */
export const endpointDetail = z.object({ ...summary, shape: shapeSchema });
/** Whose document is wanted. */
export const openApiQuery = z.strictObject({
  /** May be left out where there is only one. */
  host: z.string().max(260).optional(),
  app: z.string().max(64).optional(),
});
