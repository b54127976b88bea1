/**
 * Which scopes a request fits: one walk through the tree of paths, on all branches at once, in time linear in the
 * target. The compiler counts the branches and refuses what would not fit, so that the bounds here are never reached
 * but by an image that somebody else made.
 */
import { BRANCHES_MAX, PATH_SEGMENTS_MAX, SCOPES_FIT_MAX } from "../abi/limits";
import { lower } from "../bytes/ascii";
import { HASH_SEED, hashEnd, hashStep } from "../bytes/hash";
import { sameBytes } from "../bytes/scan";
import { authorityAt, authoritySize, hostBytes, methodAt, methodSize } from "../decode/head";
import { Segment, segmentIn, segments } from "./path";
import { Edge, Node, Route, Section, sectionOf, sectionSize } from "./tables";

const now: usize = memory.data(BRANCHES_MAX * 4, 16);
const next: usize = memory.data(BRANCHES_MAX * 4, 16);
const fitting: usize = memory.data(SCOPES_FIT_MAX * 4, 16);
let branches: u32 = 0;

/** Scopes that the request fits, in ascending order: the closest last. The one of every request is not among them. */
export let fit: u32 = 0;

let texts: usize = 0;
let nodes: usize = 0;
let edges: usize = 0;
let routes: usize = 0;

/** Number of a scope that fits. */
export function fittingScope(index: u32): u32 {
  return load<u32>(fitting + ((<usize>index) << 2));
}

function nodeIn(index: u32): Node {
  return changetype<Node>(nodes + <usize>(index * offsetof<Node>()));
}

function edgeIn(rows: usize, index: u32): Edge {
  return changetype<Edge>(rows + <usize>(index * offsetof<Edge>()));
}

function addBranch(room: usize, node: u32): void {
  if (branches == BRANCHES_MAX) return;
  store<u32>(room + ((<usize>branches) << 2), node);
  branches++;
}

/** First of `count` rows in ascending order whose hash is not below; rows in no order lead nowhere, and end. */
function firstWith(rows: usize, count: u32, hash: u32): u32 {
  let low: u32 = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edgeIn(rows, middle).hash < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rows with one hash that are compared: more have no honest image. */
const TWINS_MAX: u32 = 4;

/** @returns number of the host whose name these bytes are, case folded; `count` where none is */
function findHost(rows: usize, count: u32, hash: u32, at: usize, size: u32): u32 {
  const first = firstWith(rows, count, hash);
  for (let i = first; i < count && i - first < TWINS_MAX; i++) {
    const row = edgeIn(rows, i);
    if (row.hash != hash) break;
    if (row.size == size && sameLower(at, texts + <usize>row.text, size)) return i;
  }
  return count;
}

function sameLower(at: usize, text: usize, size: u32): bool {
  for (let i: usize = 0; i < <usize>size; i++) if (lower(load<u8>(at + i)) != load<u8>(text + i)) return false;
  return true;
}

/** Puts the roots of all hosts that the authority fits into `now`: every host's, `.b.c`, `.a.b.c`, and its own. */
function enterRoots(image: usize): void {
  branches = 0;
  addBranch(now, 0);
  const hosts = sectionOf(image, Section.HOSTS);
  const count = sectionSize / offsetof<Edge>();
  if (!count) return;
  let size = hostBytes(authorityAt, authoritySize);
  if (size && load<u8>(authorityAt + <usize>(size - 1)) == 0x2e) size--;
  const end = authorityAt + <usize>size;
  let hash = HASH_SEED;
  for (let at = end; at > authorityAt; ) {
    at--;
    const c = lower(load<u8>(at));
    hash = hashStep(hash, c);
    if (c != 0x2e && at != authorityAt) continue;
    const found = findHost(hosts, count, hashEnd(hash), at, <u32>(end - at));
    if (found < count) addBranch(now, edgeIn(hosts, found).node);
  }
}

/** Adds the scopes of routes whose method is the request's. */
function addRoutes(first: u32, count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const route = changetype<Route>(routes + <usize>((first + i) * offsetof<Route>()));
    const size = route.methodSize;
    if (size && (size != methodSize || !sameBytes(methodAt, texts + <usize>route.method, size))) continue;
    addScope(route.scope);
  }
}

/** Puts a scope into its place in the order. */
function addScope(scope: u32): void {
  let at = fit;
  while (at && fittingScope(at - 1) > scope) at--;
  if ((at && fittingScope(at - 1) == scope) || fit == SCOPES_FIT_MAX) return;
  for (let i = fit; i > at; i--) store<u32>(fitting + ((<usize>i) << 2), fittingScope(i - 1));
  store<u32>(fitting + ((<usize>at) << 2), scope);
  fit++;
}

/** The child by a literal segment; 0 for none, since the first node is nobody's child. */
function childOf(node: Node, segment: Segment): u32 {
  const rows = edges + <usize>(node.edges * offsetof<Edge>());
  const first = firstWith(rows, node.edgeCount, segment.hash);
  for (let i = first; i < node.edgeCount && i - first < TWINS_MAX; i++) {
    const edge = edgeIn(rows, i);
    if (edge.hash != segment.hash) break;
    if (edge.size == segment.size && sameBytes(segment.at, texts + <usize>edge.text, edge.size)) return edge.node;
  }
  return 0;
}

/** Goes one segment on, from the branches of `from` to those of `to`. */
function advance(from: usize, to: usize, segment: Segment): void {
  const before = branches;
  branches = 0;
  for (let i: u32 = 0; i < before; i++) {
    const node = nodeIn(load<u32>(from + ((<usize>i) << 2)));
    const child = childOf(node, segment);
    if (child) addBranch(to, child);
    if (node.star && segment.size) addBranch(to, node.star);
  }
}

/** Forgets the scopes of the request before. */
export function routeBegin(): void {
  fit = 0;
}

/** Adds the scopes of an image that the request fits by the segments read last; its routes are asked for once. */
export function routeWalk(image: usize): void {
  nodes = sectionOf(image, Section.NODES);
  if (!nodes) return;
  edges = sectionOf(image, Section.EDGES);
  routes = sectionOf(image, Section.ROUTES);
  texts = sectionOf(image, Section.TEXTS);
  enterRoots(image);
  let from = now;
  let to = next;
  for (let depth: u32 = 0; branches; depth++) {
    const left = segments - depth;
    for (let i: u32 = 0; i < branches; i++) {
      const node = nodeIn(load<u32>(from + ((<usize>i) << 2)));
      addRoutes(node.below, node.belowCount);
      if (left) addRoutes(node.inside, node.insideCount);
      else addRoutes(node.exact, node.exactCount);
    }
    if (!left || depth == PATH_SEGMENTS_MAX) return;
    advance(from, to, segmentIn(depth));
    const other = from;
    from = to;
    to = other;
  }
}
