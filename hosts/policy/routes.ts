/**
 * Scopes as tables that the core walks once a request: a tree of path segments for each host pattern, with sorted
 * edges. The numbers of scopes are their order: of two that fit, the one with the higher number is closer.
 */
import { MerlonError } from "../core/error.ts";
import { hashWord } from "./hash.ts";
import { type Match, matchText, sortMatches } from "./match.ts";

/** Branches that one path can be on at once, and scopes that can fit one request; those of assembly/abi/limits.ts. */
export const BRANCHES_MAX = 64;
/** See BRANCHES_MAX. */
export const SCOPES_FIT_MAX = 64;
/** Scopes with exceptions or masks that one request can fit: transactions remember no more. */
export const SCOPES_KEPT_MAX = 24;
/** Scopes of one image: numbers of them have 16 bits. */
export const SCOPES_MAX = 65_535;

const HOST_BYTES = 16;
const NODE_BYTES = 36;
const EDGE_BYTES = 16;
const ROUTE_BYTES = 12;
const ENDS = ["exact", "below", "inside"] as const;

/** Texts of an image, each once. */
export class Texts {
  readonly #before: Texts | undefined;
  readonly #places = new Map<string, number>();
  readonly #parts: Buffer[] = [];
  #size: number;

  /** @param before texts that these go on behind; nothing is added to them any more */
  constructor(before?: Texts) {
    this.#before = before;
    this.#size = before?.size ?? 0;
  }

  /** Bytes of all texts. */
  get size(): number {
    return this.#size;
  }

  #placeOf(text: string): number | undefined {
    const before = this.#before;
    return before === undefined ? this.#places.get(text) : (before.#placeOf(text) ?? this.#places.get(text));
  }

  /** @param text one byte a character @returns where it begins */
  add(text: string): number {
    const known = this.#placeOf(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text, "latin1");
    const at = this.#size;
    this.#places.set(text, at);
    this.#parts.push(bytes);
    this.#size += bytes.length;
    return at;
  }

  get content(): Buffer {
    return Buffer.concat(this.#before === undefined ? this.#parts : [this.#before.content, ...this.#parts]);
  }
}

interface Route {
  readonly method: string;
  readonly scope: number;
}

interface Node {
  readonly number: number;
  readonly edges: Map<string, Node>;
  star: Node | undefined;
  readonly routes: Readonly<Record<(typeof ENDS)[number], Route[]>>;
}

/** Tables of an image. */
export interface RouteTables {
  readonly hosts: Buffer;
  readonly nodes: Buffer;
  readonly edges: Buffer;
  readonly routes: Buffer;
}

/** Orders different scopes; the first is always the one that fits everything. */
export function orderScopes(matches: readonly Match[]): Match[] {
  const distinct = new Map<string, Match>([[matchText({}), {}]]);
  for (const match of matches) distinct.set(matchText(match), match);
  if (distinct.size > SCOPES_MAX) throw tooMany(`it has ${distinct.size} scopes`, `at most ${SCOPES_MAX}`);
  const ordered = sortMatches([...distinct.values()]);
  checkFit(ordered, SCOPES_FIT_MAX);
  return ordered;
}

function tooMany(what: string, most: string): MerlonError {
  return new MerlonError("MERLON_POLICY", `the policy is too large — ${what}, and the core takes ${most}; merge some`);
}

/** Scopes in their order, and the tables that lead to them. */
export interface RoutedScopes {
  readonly ordered: readonly Match[];
  readonly tables: RouteTables;
  /** Texts that the tables refer to; those of other sections go on behind them. */
  readonly texts: Texts;
}

/** Makes the tables of scopes, and keeps the last ones: most changes of a policy leave its scopes as they are. */
export class RouteCompiler {
  #last: { readonly names: readonly string[]; readonly routed: RoutedScopes } | undefined;

  /** @throws MerlonError MERLON_POLICY when there are more scopes than the core takes */
  route(matches: readonly Match[]): RoutedScopes {
    const names = [...new Set(matches.map(matchText))];
    const last = this.#last;
    if (last?.names.length === names.length && last.names.every((name, index) => name === names[index])) {
      return last.routed;
    }
    const ordered = orderScopes(matches);
    const texts = new Texts();
    const routed = { ordered, tables: buildRoutes(ordered, texts), texts };
    this.#last = { names, routed };
    return routed;
  }
}

/**
 * Refuses scopes of which too many could fit one request.
 *
 * Guarantee: no request is on more branches or fits more scopes than the core has room for. Of all scopes of one class
 * (kind of host, places of wildcards, kind of end) at most one fits a request, so that classes are what is counted.
 */
export function checkFit(matches: readonly Match[], most: number): void {
  const branches = new Map<number, Set<string>>();
  const exact = new Map<number, Set<string>>();
  const open = new Set<string>();
  let deepest = 0;
  for (const { host, method, path } of matches) {
    const kind = host === undefined ? "" : host.startsWith("*.") ? String(host.split(".").length) : "=";
    const mask = (path?.segments ?? []).map((segment) => (segment === null ? "*" : "/")).join("");
    for (let size = 0; size <= mask.length; size++) noteClass(branches, size, `${kind} ${mask.slice(0, size)}`);
    const name = `${kind} ${mask} ${path?.end ?? "below"} ${method === undefined}`;
    if (path?.end === "exact") noteClass(exact, mask.length, name);
    else open.add(`${mask.length} ${name}`);
    deepest = Math.max(deepest, mask.length);
  }
  for (const [depth, classes] of branches) {
    if (classes.size > BRANCHES_MAX) throw tooMany(`its templates branch in ${classes.size} ways`, `${BRANCHES_MAX}`);
    const fit = (exact.get(depth)?.size ?? 0) + [...open].filter((name) => Number.parseInt(name, 10) <= depth).length;
    if (fit > most) throw tooMany(`${fit} of its scopes could fit one request`, `${most}`);
  }
}

function noteClass(classes: Map<number, Set<string>>, depth: number, name: string): void {
  const known = classes.get(depth);
  if (known === undefined) classes.set(depth, new Set([name]));
  else known.add(name);
}

/**
 * Builds the tables.
 * @param scopes in their order, see `orderScopes`; the first has no route, it fits without being looked for
 */
export function buildRoutes(scopes: readonly Match[], texts: Texts): RouteTables {
  const nodes: Node[] = [];
  const makeNode = (): Node => {
    const routes = { exact: [], below: [], inside: [] };
    const node: Node = { number: nodes.length, edges: new Map(), star: undefined, routes };
    nodes.push(node);
    return node;
  };
  const anyHost = makeNode();
  const hosts = new Map<string, Node>();
  for (const [scope, { host, method = "", path }] of scopes.entries()) {
    if (scope === 0) continue;
    let node = anyHost;
    if (host !== undefined) {
      // `*.a` is kept as `.a`: what every name below it ends with.
      const name = host.startsWith("*.") ? host.slice(1) : host;
      node = hosts.get(name) ?? makeNode();
      hosts.set(name, node);
    }
    for (const segment of path?.segments ?? []) node = childOf(node, segment, makeNode);
    node.routes[path?.end ?? "below"].push({ method, scope });
  }
  return { hosts: hostTable(hosts, texts), ...nodeTables(nodes, texts) };
}

function childOf(node: Node, segment: string | null, makeNode: () => Node): Node {
  if (segment === null) {
    node.star ??= makeNode();
    return node.star;
  }
  const child = node.edges.get(segment) ?? makeNode();
  node.edges.set(segment, child);
  return child;
}

/** Names are hashed from their end, so that the core finds all endings of a host in one pass. */
function hostTable(hosts: ReadonlyMap<string, Node>, texts: Texts): Buffer {
  const rows = [...hosts].map(([name, root]) => ({ name, root, hash: hashWord([...name].reverse().join("")) }));
  rows.sort((a, b) => a.hash - b.hash);
  return Buffer.concat(rows.map(({ name, root, hash }) => words([hash, texts.add(name), name.length, root.number])));
}

function nodeTables(nodes: readonly Node[], texts: Texts): Omit<RouteTables, "hosts"> {
  const edges: number[] = [];
  const routes: number[] = [];
  const rows: number[] = [];
  for (const node of nodes) {
    const children = [...node.edges].map(([text, child]) => ({ text, child, hash: latin1Hash(text) }));
    children.sort((a, b) => a.hash - b.hash);
    rows.push(edges.length / (EDGE_BYTES / 4), children.length, node.star?.number ?? 0);
    for (const { text, child, hash } of children) edges.push(hash, texts.add(text), text.length, child.number);
    for (const end of ENDS) {
      rows.push(routes.length / (ROUTE_BYTES / 4), node.routes[end].length);
      for (const { method, scope } of node.routes[end]) routes.push(texts.add(method), method.length, scope);
    }
  }
  return { nodes: words(rows), edges: words(edges), routes: words(routes) };
}

function latin1Hash(text: string): number {
  return hashWord(text, "latin1");
}

/** Numbers of 32 bits, one after another. */
export function words(numbers: readonly number[]): Buffer {
  // Images are little-endian, as is every machine that runs Node.
  const content = Uint32Array.from(numbers);
  return Buffer.from(content.buffer, 0, content.byteLength);
}

/** Bytes of a row of each table, for the tests that hold both sides together. */
export const ROW_BYTES = { hosts: HOST_BYTES, nodes: NODE_BYTES, edges: EDGE_BYTES, routes: ROUTE_BYTES } as const;
