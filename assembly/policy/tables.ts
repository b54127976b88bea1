/**
 * The sections of a policy image: where they lie, and the check that no row refers to anything outside them. After it
 * the tables are read without a look at their bounds.
 */
import { zeroBytes } from "../bytes/guard";
import { MODE_UNSET, Mode, Override } from "./mode";
import { rulesValid } from "./rule/valid";
import { sourcesValid } from "./sources";

/** Bytes of an image's head and of a row of its section table. */
export const IMAGE_HEAD_BYTES: u32 = 32;
export const SECTION_BYTES: u32 = 12;

/** Kinds of sections. One that this core does not know is refused, unless the section says that it may be skipped. */
export enum Section {
  /** Trusted proxies, 20 bytes each: address high, low, prefix length. */
  TRUSTED = 1,
  /** Hashes of lower-case names whose values are masked. */
  MASKS = 3,
  /** Hashes of stamps that do not count. */
  DISABLED = 4,
  /** Bytes that other sections refer to by offset and size. */
  TEXTS = 5,
  /** By ascending hash: hash of the name from its end, text, size, root node. `.a` is every name that ends so. */
  HOSTS = 6,
  /** See `Node`. The first is the root of scopes without a host. */
  NODES = 7,
  /** By ascending hash for each node: hash of the segment, text, size, child. */
  EDGES = 8,
  /** Method's text and size, 0 for every method, and a scope. */
  ROUTES = 9,
  /** See `Scope`. The first is every request's; of two that fit one, the later one is closer. */
  SCOPES = 10,
  /** See `Settings`. */
  SETTINGS = 11,
  /** See `Exception`. */
  EXCEPTIONS = 12,
  /** Hashes of names that scopes mask. */
  SCOPE_MASKS = 13,
  /** See `Page`. The first is that of every request. */
  PAGES = 14,
  /** See `Rule` in rule/rows.ts, and the tables that it stands on. */
  RULES = 15,
  SUBJECTS = 16,
  TERMS = 17,
  /** Bytes of the programs of rules. */
  PROGRAMS = 18,
  AUTOMATA = 19,
  /** Lists of sources, see sources.ts; only in images for hosts that have no lists of their own. */
  SOURCES = 20,
  /** The policy's hash, 32 bytes, by which records name it; only where the host knows no other way. */
  IDENTITY = 21,
  /** What JSON bodies have to be, see schema/rows.ts. */
  SCHEMAS = 22,
}

/** The last of the kinds. */
export const LAST_SECTION: Section = Section.SCHEMAS;

/** A node of the tree of paths: edges to literal segments, the child for any segment, and routes that end here. */
@unmanaged
export class Node {
  edges: u32;
  edgeCount: u32;
  /** 0 for none: the first node is nobody's child. */
  star: u32;
  /** Routes of paths that end here; of those that end here or go on; of those that go on. */
  exact: u32;
  exactCount: u32;
  below: u32;
  belowCount: u32;
  inside: u32;
  insideCount: u32;
}

/** An edge of a node, or a host: what has a hash and leads to a node. */
@unmanaged
export class Edge {
  hash: u32;
  text: u32;
  size: u32;
  node: u32;
}

/** A route that ends in a node. */
@unmanaged
export class Route {
  method: u32;
  methodSize: u32;
  scope: u32;
}

/** What counts for the requests that fit. */
@unmanaged
export class Scope {
  /** Number of its settings from 1 on, 0 for none. */
  settings: u32;
  exceptions: u32;
  exceptionCount: u32;
  masks: u32;
  maskCount: u32;
}

/** Settings of a scope; `has` says which count. */
@unmanaged
export class Settings {
  has: u32;
  mode: u8;
  overrule: u8;
  consoleMode: u8;
  /** Bits of failures that the scope says something of, and of those that it closes. */
  failureSaid: u8;
  failureClosed: u32;
  application: u32;
  inspectBytes: u32;
  holdBytes: u32;
  page: u16;
  parsersOff: u16;
}

/** An exception's row; those of a scope are in ascending order of `ignored`. */
@unmanaged
export class Exception {
  /** Hash of a stamp, hash of `type` and an attack type, or 0 for all. */
  ignored: u32;
  point: u32;
  /** 0 for every point. */
  pointSize: u32;
  /** Second since 1970 from which it no longer counts. */
  expires: u32;
  /** Number of the exception in its policy, from 1 on. */
  number: u32;
}

/** What a blocked client is shown. */
@unmanaged
export class Page {
  status: u32;
  /** Bits of what it is shown for. */
  causes: u32;
  html: u32;
  htmlSize: u32;
  redirect: u32;
  redirectSize: u32;
}

/**
 * Bytes in front of every image, where the places of its sections stand by their kinds: address and size. Requests ask
 * for many, and images have up to a score.
 */
export const INDEX_BYTES: u32 = 192;

/** Size of the section found last. */
export let sectionSize: u32 = 0;

/** @returns address of a section's bytes, their size in `sectionSize`; 0 where the image has none */
export function sectionOf(image: usize, kind: Section): usize {
  const entry = image - <usize>(INDEX_BYTES - ((<u32>kind) << 3));
  sectionSize = load<u32>(entry + 4);
  return load<usize>(entry);
}

/** Notes where the sections of an image lie; of two of one kind the first counts. */
export function indexSections(image: usize): void {
  zeroBytes(image - <usize>INDEX_BYTES, INDEX_BYTES);
  const sections = <u32>load<u16>(image + 6);
  for (let i: u32 = 0; i < sections; i++) {
    const row = image + <usize>(IMAGE_HEAD_BYTES + i * SECTION_BYTES);
    const kind = <u32>load<u16>(row);
    if (kind > <u32>LAST_SECTION || sectionOf(image, <Section>kind)) continue;
    const entry = image - <usize>(INDEX_BYTES - (kind << 3));
    store<usize>(entry, image + <usize>load<u32>(row + 4));
    store<u32>(entry + 4, load<u32>(row + 8));
  }
}

/** Whether a section of 4-byte hashes has this one. */
export function sectionHas(image: usize, kind: Section, hash: u32): bool {
  const at = sectionOf(image, kind);
  return hashesHave(at, sectionSize >> 2, hash);
}

/** Whether a row of hashes has this one. */
export function hashesHave(at: usize, count: u32, hash: u32): bool {
  for (let i: u32 = 0; i < count; i++) if (load<u32>(at + ((<usize>i) << 2)) == hash) return true;
  return false;
}

/** Whether `count` rows from the row `first` on are among `rows`. */
export function within(first: u32, count: u32, rows: u32): bool {
  return first <= rows && count <= rows - first;
}

/** @returns rows of a section; 0xffffffff where its size is no multiple of a row's, or it does not begin at a word */
export function rowsOf(image: usize, kind: Section, rowBytes: u32): u32 {
  const at = sectionOf(image, kind);
  if (at & 3 || sectionSize % rowBytes) return 0xffffffff;
  return sectionSize / rowBytes;
}

let texts: u32 = 0;
let nodes: u32 = 0;
let scopes: u32 = 0;

/** Whether hosts or edges lead to nodes and have their texts. */
function edgesValid(at: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const edge = changetype<Edge>(at + <usize>(i * offsetof<Edge>()));
    if (!within(edge.text, edge.size, texts) || edge.node >= nodes) return false;
  }
  return true;
}

function nodesValid(image: usize, edges: u32, routes: u32): bool {
  const at = sectionOf(image, Section.NODES);
  for (let i: u32 = 0; i < nodes; i++) {
    const node = changetype<Node>(at + <usize>(i * offsetof<Node>()));
    if (!within(node.edges, node.edgeCount, edges) || node.star >= nodes) return false;
    if (!within(node.exact, node.exactCount, routes) || !within(node.below, node.belowCount, routes)) return false;
    if (!within(node.inside, node.insideCount, routes)) return false;
  }
  return true;
}

function routesValid(image: usize, count: u32): bool {
  const at = sectionOf(image, Section.ROUTES);
  for (let i: u32 = 0; i < count; i++) {
    const route = changetype<Route>(at + <usize>(i * offsetof<Route>()));
    if (!within(route.method, route.methodSize, texts) || route.scope >= scopes) return false;
  }
  return true;
}

function scopesValid(image: usize, settings: u32, exceptions: u32, masks: u32): bool {
  const at = sectionOf(image, Section.SCOPES);
  for (let i: u32 = 0; i < scopes; i++) {
    const scope = changetype<Scope>(at + <usize>(i * offsetof<Scope>()));
    if (scope.settings > settings || !within(scope.exceptions, scope.exceptionCount, exceptions)) return false;
    if (!within(scope.masks, scope.maskCount, masks)) return false;
  }
  return true;
}

function settingsValid(image: usize, count: u32, pages: u32): bool {
  const at = sectionOf(image, Section.SETTINGS);
  for (let i: u32 = 0; i < count; i++) {
    const row = changetype<Settings>(at + <usize>(i * offsetof<Settings>()));
    if (row.mode > <u8>Mode.BLOCK || row.overrule > <u8>Override.ON) return false;
    if (row.consoleMode > <u8>Mode.BLOCK && <u32>row.consoleMode != MODE_UNSET) return false;
    if (row.page && <u32>row.page >= pages) return false;
  }
  return true;
}

function exceptionsValid(image: usize, count: u32): bool {
  const at = sectionOf(image, Section.EXCEPTIONS);
  for (let i: u32 = 0; i < count; i++) {
    const row = changetype<Exception>(at + <usize>(i * offsetof<Exception>()));
    if (!within(row.point, row.pointSize, texts)) return false;
  }
  return true;
}

function pagesValid(image: usize, count: u32): bool {
  const at = sectionOf(image, Section.PAGES);
  for (let i: u32 = 0; i < count; i++) {
    const page = changetype<Page>(at + <usize>(i * offsetof<Page>()));
    if (page.status < 300 || page.status > 599) return false;
    if (!within(page.html, page.htmlSize, texts) || !within(page.redirect, page.redirectSize, texts)) return false;
  }
  return true;
}

/** Bytes of a policy's hash, SHA-256. */
export const IDENTITY_BYTES: u32 = 32;

function identityValid(image: usize): bool {
  return !sectionOf(image, Section.IDENTITY) || sectionSize == IDENTITY_BYTES;
}

/** Scopes are kept with transactions as numbers of 16 bits. */
const SCOPES_MAX: u32 = 65535;

/** Whether every row of an image refers to what is there. The section table is known to lie within the image. */
export function tablesValid(image: usize): bool {
  sectionOf(image, Section.TEXTS);
  texts = sectionSize;
  nodes = rowsOf(image, Section.NODES, offsetof<Node>());
  scopes = rowsOf(image, Section.SCOPES, offsetof<Scope>());
  const hosts = rowsOf(image, Section.HOSTS, offsetof<Edge>());
  const edges = rowsOf(image, Section.EDGES, offsetof<Edge>());
  const routes = rowsOf(image, Section.ROUTES, offsetof<Route>());
  const settings = rowsOf(image, Section.SETTINGS, offsetof<Settings>());
  const exceptions = rowsOf(image, Section.EXCEPTIONS, offsetof<Exception>());
  const masks = rowsOf(image, Section.SCOPE_MASKS, 4);
  const pages = rowsOf(image, Section.PAGES, offsetof<Page>());
  if ((nodes | scopes | hosts | edges | routes | settings | exceptions | masks | pages) == 0xffffffff) return false;
  if (scopes > SCOPES_MAX || (nodes != 0) != (scopes != 0) || (exceptions && !scopes)) return false;
  if (!edgesValid(sectionOf(image, Section.HOSTS), hosts)) return false;
  if (!edgesValid(sectionOf(image, Section.EDGES), edges)) return false;
  return (
    nodesValid(image, edges, routes) &&
    routesValid(image, routes) &&
    scopesValid(image, settings, exceptions, masks) &&
    settingsValid(image, settings, pages) &&
    exceptionsValid(image, exceptions) &&
    pagesValid(image, pages) &&
    rulesValid(image, scopes, texts) &&
    sourcesValid(image) &&
    identityValid(image)
  );
}
