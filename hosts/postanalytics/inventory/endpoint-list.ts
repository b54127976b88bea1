/**
 * The inventory as people see it: what nodes sent, with paths that turned out to be one put together, and how many
 * attacks each endpoint has seen.
 */
import { createHash } from "node:crypto";
import { type Endpoint, joinedShape, type Shape } from "../../records/inventory/endpoint.ts";
import { PathTree } from "../../records/inventory/path-tree.ts";
import type { AttackedPlace, KnownEndpoint } from "../store/inventory-table.ts";

const ID_CHARS = 22;

/** An endpoint of the list. */
export interface ListedEndpoint {
  /** Stable as long as its path is no other. */
  readonly id: string;
  readonly app: string | null;
  readonly host: string;
  readonly method: Endpoint["method"];
  readonly path: string;
  readonly first: number;
  readonly last: number;
  /** Requests in the window, estimated. */
  readonly calls: number;
  /** Records in the window: requests that held an attack. */
  readonly attacks: number;
  readonly shape: Shape;
}

function treeKey({ method, host }: { readonly method: string; readonly host: string }): string {
  return `${method} ${host}`;
}

/** @returns one for each endpoint, in the order of host, path and method */
export function listEndpoints(known: readonly KnownEndpoint[], attacked: readonly AttackedPlace[]): ListedEndpoint[] {
  const trees = new Map<string, PathTree>();
  for (const one of known) {
    const tree = trees.get(treeKey(one)) ?? new PathTree();
    trees.set(treeKey(one), tree);
    tree.place(one.path);
  }
  const listed = new Map<string, ListedEndpoint>();
  for (const { shape, ...one } of known) {
    // What was placed early may have been folded since.
    const path = trees.get(treeKey(one))?.find(one.path) ?? one.path;
    const id = idOf({ ...one, path });
    const other = listed.get(id);
    if (other === undefined) listed.set(id, { ...one, id, path, attacks: 0, shape });
    else {
      const times = { first: Math.min(other.first, one.first), last: Math.max(other.last, one.last) };
      const joined = joinedShape(other.shape, shape);
      listed.set(id, { ...other, ...times, calls: other.calls + one.calls, shape: joined });
    }
  }
  for (const place of attacked) {
    const path = trees.get(treeKey(place))?.find(place.path);
    const id = path === undefined || path === null ? "" : idOf({ ...place, path });
    const one = listed.get(id);
    if (one !== undefined) listed.set(id, { ...one, attacks: one.attacks + place.records });
  }
  return [...listed.values()].sort((a, b) => {
    return compare(a.host, b.host) || compare(a.path, b.path) || compare(a.method, b.method);
  });
}

function idOf({ app, host, method, path }: Pick<AttackedPlace, "app" | "host" | "method" | "path">): string {
  const text = JSON.stringify([app, host, method, path]);
  return createHash("sha256").update(text).digest("base64url").slice(0, ID_CHARS);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
