/**
 * The inventory in the database. Shapes are put together by union and calls by the largest count of a line, so the
 * order and number of times in which lines come change nothing.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { type Endpoint, joinedShape, METHODS, NO_SHAPE, type Shape } from "../../records/inventory/endpoint.ts";
import type { Database, Queryable, Row, Value } from "./database.ts";
import { insertRows, queryIn } from "./rows.ts";

/** Endpoints that are kept; further ones are left out until retention has made room. */
export const ENDPOINTS_KEPT_MAX = 20_000;
/** Places that are read at once; attackers choose paths. */
export const PLACES_READ_MAX = 10_000;
const LOCK = 0x6d657269;
const KEY_CHARS = 32;

/** An endpoint as all nodes together know it. */
export interface KnownEndpoint {
  readonly app: string | null;
  readonly host: string;
  readonly method: Endpoint["method"];
  /** A template as nodes sent it. */
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
  /** Requests in the window that was asked for, estimated. */
  readonly calls: number;
  readonly shape: Shape;
}

/** Where records went, with what sampling left out. */
export interface AttackedPlace {
  readonly app: string | null;
  readonly host: string;
  readonly method: string;
  /** The template of the records. */
  readonly path: string;
  readonly records: number;
}

/** What asks for endpoints, and takes them. */
export interface InventoryStore {
  /** Resolves when the lines are on disk. */
  appendEndpoints(batch: readonly Endpoint[]): Promise<void>;
  /**
   * @param tenants applications that the asker may see; null for all
   * @param window of the calls that are counted, milliseconds since 1970; by days, so its ends are not exact
   */
  endpoints(
    tenants: readonly string[] | null,
    window: { readonly from: number; readonly to: number },
  ): Promise<readonly KnownEndpoint[]>;
  /** The places with most records in a window, at most PLACES_READ_MAX. */
  attackedPlaces(
    tenants: readonly string[] | null,
    window: { readonly from: number; readonly to: number },
  ): Promise<readonly AttackedPlace[]>;
}

function keyOf({ app, host, method, path }: Pick<Endpoint, "app" | "host" | "method" | "path">): string {
  return createHash("sha256")
    .update(JSON.stringify([app ?? "", host, method, path]))
    .digest("hex")
    .slice(0, KEY_CHARS);
}

/** Writes lines inside a transaction. */
export async function insertEndpoints(
  inside: Queryable,
  dialect: Database["dialect"],
  lines: readonly Endpoint[],
): Promise<void> {
  if (lines.length === 0) return;
  // Shapes are read, joined and written: one writer at a time.
  if (dialect === "postgres") await inside.query(`select pg_advisory_xact_lock(${LOCK})`);
  const byKey = new Map<string, Endpoint[]>();
  for (const line of lines) {
    const key = keyOf(line);
    byKey.set(key, [...(byKey.get(key) ?? []), line]);
  }
  const known = new Map<string, Row>();
  const select = "select key, first_at, last_at, shape from api_endpoints where key in (in)";
  for (const row of await queryIn(inside, select, [...byKey.keys()])) known.set(String(row["key"]), row);
  const [counted] = await inside.query("select count(*) as n from api_endpoints");
  let room = ENDPOINTS_KEPT_MAX - Number(counted?.["n"] ?? 0);
  const endpoints: Value[][] = [];
  const counts = new Map<string, Value[]>();
  for (const [key, some] of byKey) {
    const row = known.get(key);
    const [first] = some;
    if (first === undefined || (row === undefined && room-- <= 0)) continue;
    const shape = some.reduce((all, one) => joinedShape(all, one.shape), shapeOf(row));
    const firsts = [...some.map((one) => one.first), ...(row === undefined ? [] : [Number(row["first_at"])])];
    const lasts = [...some.map((one) => one.last), ...(row === undefined ? [] : [Number(row["last_at"])])];
    const { app, host, method, path } = first;
    const times = [Math.min(...firsts), Math.max(...lasts)];
    endpoints.push([key, app ?? "", host, method, path, ...times, JSON.stringify(shape)]);
    for (const { id, last, calls } of some) {
      const before = counts.get(id);
      if (before === undefined || Number(before[3]) <= calls) counts.set(id, [id, key, last, calls]);
    }
  }
  await insertRows(
    inside,
    "api_endpoints",
    ["key", "app", "host", "method", "path", "first_at", "last_at", "shape"],
    endpoints,
    `on conflict (key) do update set first_at = excluded.first_at, last_at = excluded.last_at,
     shape = excluded.shape`,
  );
  await insertRows(
    inside,
    "api_counts",
    ["id", "endpoint", "last_at", "calls"],
    [...counts.values()],
    `on conflict (id) do update set last_at = excluded.last_at, calls = excluded.calls
     where excluded.calls >= api_counts.calls`,
  );
}

function shapeOf(row: Row | undefined): Shape {
  const text = row?.["shape"];
  if (typeof text !== "string") return NO_SHAPE;
  const shape: Shape = JSON.parse(text);
  return shape;
}

/** See InventoryStore.endpoints; in the order of host, path and method. */
export async function readEndpoints(
  database: Queryable,
  tenants: readonly string[] | null,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly KnownEndpoint[]> {
  const whose = ownedBy("e.app", tenants);
  const rows = await database.query(
    `select e.app, e.host, e.method, e.path, e.first_at, e.last_at, e.shape,
       (select sum(c.calls) from api_counts c where c.endpoint = e.key and c.last_at >= ? and c.last_at < ?) as calls
     from api_endpoints e where ${whose} order by e.host, e.path, e.method, e.app limit ${ENDPOINTS_KEPT_MAX}`,
    [from, to, ...(tenants ?? [])],
  );
  return rows.map((row) => ({
    app: row["app"] === "" ? null : String(row["app"]),
    host: String(row["host"]),
    method: z.enum(METHODS).parse(row["method"]),
    path: String(row["path"]),
    first: Number(row["first_at"]),
    last: Number(row["last_at"]),
    calls: Number(row["calls"] ?? 0),
    shape: shapeOf(row),
  }));
}

/** See InventoryStore.attackedPlaces. */
export async function readAttacked(
  database: Queryable,
  tenants: readonly string[] | null,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly AttackedPlace[]> {
  const rows = await database.query(
    `select k.app, k.host, k.method, k.path, sum(s.n) as n
     from (select r.kind, sum(r.n) as n from records r where r.at >= ? and r.at < ? group by r.kind) s
     join kinds k on k.id = s.kind where ${ownedBy("k.app", tenants)}
     group by k.app, k.host, k.method, k.path order by n desc limit ${PLACES_READ_MAX}`,
    [from, to, ...(tenants ?? [])],
  );
  return rows.map((row) => ({
    app: row["app"] === "" ? null : String(row["app"]),
    host: String(row["host"]),
    method: String(row["method"]),
    path: String(row["path"]),
    records: Number(row["n"]),
  }));
}

/** @returns a condition with a mark for each application */
function ownedBy(column: string, tenants: readonly string[] | null): string {
  if (tenants === null) return "1 = 1";
  return tenants.length === 0 ? "1 = 0" : `${column} in (${tenants.map(() => "?").join(", ")})`;
}

/** Removes what was last seen before. */
export async function pruneEndpoints(database: Database, before: number): Promise<void> {
  await database.query("delete from api_counts where last_at < ?", [before]);
  await database.query("delete from api_endpoints where last_at < ?", [before]);
}
