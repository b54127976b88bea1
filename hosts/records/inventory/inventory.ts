/**
 * What a node knows of the interfaces behind it, learned from a share of the harmless requests: endpoints, names and
 * types of their parameters, never a value. Everything is bounded: requests a second, hosts, endpoints, names, bytes;
 * what does not fit is counted. An endpoint begins with an answer that only something real gives, so scans for what is
 * not there leave nothing behind.
 */
import type { SampleEnd, TrafficSample } from "../../core/inspection.ts";
import { createUlidSource, type UlidSource } from "../../core/ulid.ts";
import type { RequestHead } from "../../core/verdict.ts";
import { pathTemplate } from "../path-template.ts";
import { safeText } from "../safe-text.ts";
import {
  type Authentication,
  ENDPOINT_VERSION,
  type Endpoint,
  joinedShape,
  METHODS,
  NO_SHAPE,
  PARAMETERS_MAX,
  type Parameter,
  parameterKey,
  type Shape,
  STATUS_CLASSES,
} from "./endpoint.ts";
import {
  authenticationOf,
  bodyIn,
  type Found,
  headersIn,
  isReadable,
  pairsIn,
  SAMPLE_BYTES_MAX,
  type Seen,
} from "./parameters.ts";
import { PathTree } from "./path-tree.ts";
import { secretOfName } from "./value-shape.ts";

/** Requests that are looked at in a second where nobody says otherwise. */
export const SAMPLES_PER_SECOND = 10;
/** Endpoints that are remembered; the one that was quiet for longest goes first. */
export const ENDPOINTS_MAX = 1_000;
/** Hosts that are remembered; clients choose names, so the one that was quiet for longest goes, with its endpoints. */
export const HOSTS_MAX = 50;
/** Lines of days that are over and not sent yet. */
const ENDED_MAX = 2_000;
/** Paths whose answers nobody sees, and that are no endpoints yet. */
const CANDIDATES_MAX = 2_000;
/** So often must such a path be asked for, by more than one client, before it is one. */
const CANDIDATE_CALLS = 3;
/** Requests that one sample stands for at most. */
const WEIGHT_MAX = 1_000_000;

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const PATH_CHARS_MAX = 1024;
/** Answers that a server also gives to what it does not have. */
const UNKNOWN_THERE = new Set([400, 404, 405, 410, 414, 421, 431, 501]);
const HOST = /^(?:[a-z0-9_](?:[a-z0-9_.-]{0,239}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Whose inventory it is. */
export interface InventoryOptions {
  readonly node: string;
  /** Names of applications by their numbers, as the policy in force has them. */
  readonly applications: () => ReadonlyMap<number, string>;
  readonly perSecond?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What it counts. */
export interface InventoryCounters {
  /** Requests that were looked at. */
  sampled: number;
  /** Requests, hosts and endpoints for which there was no room. */
  dropped: number;
}

/** An endpoint as it is in memory. */
interface Known {
  line: Endpoint;
  /** Something was learned that the last line sent does not say. */
  isNews: boolean;
  sentCalls: number;
  sentAt: number;
}

/** A path that might be an endpoint. */
interface Candidate {
  calls: number;
  readonly client: string;
  hasOthers: boolean;
}

interface Request {
  readonly host: string;
  readonly method: Endpoint["method"];
  readonly path: string;
  readonly app: string | null;
  readonly weight: number;
  readonly at: number;
}

/** The inventory of one process. */
export class Inventory {
  readonly counters: InventoryCounters = { sampled: 0, dropped: 0 };
  readonly #options: InventoryOptions;
  readonly #now: () => number;
  readonly #perSecond: number;
  readonly #nextId: UlidSource;
  /** Those that were quiet for longest come first. */
  readonly #hosts = new Set<string>();
  readonly #trees = new Map<string, PathTree>();
  /** Those that were quiet for longest come first. */
  readonly #endpoints = new Map<string, Known>();
  readonly #ended = new Map<string, Endpoint>();
  readonly #candidates = new Map<string, Candidate>();
  #left: number;
  #filledAt: number;
  #passedBy = 0;

  constructor(options: InventoryOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#perSecond = options.perSecond ?? SAMPLES_PER_SECOND;
    this.#nextId = createUlidSource(this.#now);
    this.#left = this.#perSecond;
    this.#filledAt = this.#now();
  }

  /** Decides at the head of a request whether it is looked at. @returns what takes it, or null */
  sample(head: RequestHead): TrafficSample | null {
    const method = METHODS.find((name) => name === head.method);
    if (method === undefined || !this.#mayTake()) return null;
    const weight = Math.min(1 + this.#passedBy, WEIGHT_MAX);
    this.#passedBy = 0;
    const media = mediaOf(head.rawHeaders);
    const body: Buffer[] = [];
    let size = 0;
    return {
      body: (chunk) => {
        size += chunk.length;
        if (size <= SAMPLE_BYTES_MAX && isReadable(media)) body.push(Buffer.from(chunk));
        else body.length = 0;
      },
      end: (seen) => {
        const whole = size > 0 && size <= SAMPLE_BYTES_MAX ? bodyIn(Buffer.concat(body), media) : unread(size === 0);
        this.#take(head, method, weight, media, whole, seen);
      },
    };
  }

  /** @param all every line that says more than the one before, not only those that are due */
  due(most: number, all: boolean): Endpoint[] {
    const lines = [...this.#ended.values()].slice(0, most);
    const now = this.#now();
    for (const { line, isNews, sentCalls, sentAt } of this.#endpoints.values()) {
      if (lines.length >= most) break;
      // Counts go out when they have doubled, or have grown for an hour: a busy endpoint is no flood of lines.
      const hasGrown = line.calls > sentCalls && (all || line.calls >= 2 * sentCalls || now - sentAt >= HOUR_MS);
      if (isNews || hasGrown) lines.push(line);
    }
    return lines;
  }

  /** Notes that lines are kept by the store. */
  sent(lines: readonly Endpoint[]): void {
    const byId = new Map(lines.map((line) => [line.id, line]));
    for (const { id } of lines) this.#ended.delete(id);
    for (const known of this.#endpoints.values()) {
      const line = byId.get(known.line.id);
      if (line === undefined) continue;
      known.sentCalls = line.calls;
      known.sentAt = this.#now();
      // What was learned while the line was on its way is still to be told.
      known.isNews = known.isNews && line.shape !== known.line.shape;
    }
  }

  #mayTake(): boolean {
    const now = this.#now();
    const grown = (Math.max(0, now - this.#filledAt) * this.#perSecond) / 1000;
    this.#left = Math.min(Math.max(1, this.#perSecond), this.#left + grown);
    this.#filledAt = now;
    if (this.#perSecond <= 0 || this.#left < 1) {
      this.#passedBy++;
      return false;
    }
    this.#left--;
    return true;
  }

  #take(
    head: RequestHead,
    method: Endpoint["method"],
    weight: number,
    media: string,
    body: Found,
    seen: SampleEnd,
  ): void {
    this.counters.sampled++;
    const host = head.authority.toLowerCase();
    const queryAt = head.target.indexOf("?");
    const query = queryAt < 0 ? "" : head.target.slice(queryAt + 1);
    const asked = pairsIn(query, "query");
    const found: readonly Found[] = [asked, headersIn(head.rawHeaders), body];
    const masked = maskedBy(seen, head, found);
    // Without the core's masks nothing of a request may be kept.
    if (masked === null || !HOST.test(host)) {
      this.counters.dropped++;
      return;
    }
    const app = this.#options.applications().get(seen.application) ?? null;
    const path = templateOf(masked.path);
    const shape = {
      statuses: [classOf(seen.status)].filter((one) => one !== undefined),
      auth: [authenticationOf(head.rawHeaders, asked.params)],
      media: media === "" ? [] : [media],
    };
    this.#learn({ host, method, path, app, weight, at: seen.at }, shape, found, masked.names, seen);
  }

  #learn(
    request: Request,
    said: Pick<Shape, "statuses" | "media"> & { readonly auth: readonly Authentication[] },
    found: readonly Found[],
    secrets: ReadonlySet<string>,
    { status, client }: Pick<SampleEnd, "status" | "client">,
  ): void {
    const { host, method, app, at, weight } = request;
    const treeKey = `${method} ${host}`;
    const tree = this.#trees.get(treeKey) ?? new PathTree();
    // A place in the tree is only for what is there.
    const keyOf = (template: string): string => JSON.stringify([app, host, method, template]);
    let known = this.#endpoints.get(keyOf(request.path));
    let path = request.path;
    if (known === undefined && !this.#isThere(keyOf(request.path), status, client)) return;
    this.#remember(host);
    if (known === undefined) {
      this.#trees.set(treeKey, tree);
      const folds = tree.folds;
      path = tree.place(request.path);
      if (tree.folds !== folds) this.#foldAgain(host, method, tree);
      known = this.#endpoints.get(keyOf(path));
    }
    if (known === undefined) known = this.#begin({ ...request, path });
    else if (dayOf(known.line.first) !== dayOf(at)) this.#nextDay(known, at);
    const before = known.line.shape;
    const shape = observed(before, { ...said, auth: [...said.auth] }, found, secrets);
    if (shape !== before) known.isNews = true;
    const { line } = known;
    known.line = { ...line, shape, calls: line.calls + weight, last: Math.max(line.last, at) };
    const key = keyOf(known.line.path);
    this.#endpoints.delete(key);
    this.#endpoints.set(key, known);
  }

  /** Whether an answer, or where none is seen several clients, speak for an endpoint. */
  #isThere(key: string, status: number, client: string): boolean {
    if (status !== 0) return !UNKNOWN_THERE.has(status) && status < 500;
    const known = this.#candidates.get(key) ?? { calls: 0, client, hasOthers: false };
    known.calls++;
    known.hasOthers ||= known.client !== client;
    this.#candidates.delete(key);
    if (known.calls >= CANDIDATE_CALLS && known.hasOthers) return true;
    this.#candidates.set(key, known);
    const [oldest] = this.#candidates.keys();
    if (this.#candidates.size > CANDIDATES_MAX && oldest !== undefined) this.#candidates.delete(oldest);
    return false;
  }

  #begin({ host, method, path, app, at }: Request): Known {
    const [oldest] = this.#endpoints;
    if (this.#endpoints.size >= ENDPOINTS_MAX && oldest !== undefined) {
      this.counters.dropped++;
      this.#end(oldest[1]);
      this.#endpoints.delete(oldest[0]);
    }
    const line: Endpoint = {
      ...{ v: ENDPOINT_VERSION, id: this.#nextId(), node: this.#options.node, app, host, method, path },
      ...{ first: at, last: at, calls: 0, shape: NO_SHAPE },
    };
    return { line, isNews: true, sentCalls: 0, sentAt: this.#now() };
  }

  /** The line of a day that is over says what it says; the next day begins with what is known. */
  #nextDay(known: Known, at: number): void {
    this.#end(known);
    known.line = { ...known.line, id: this.#nextId(), first: at, last: at, calls: 0 };
    known.sentCalls = 0;
    known.isNews = true;
  }

  #end({ line, isNews, sentCalls }: Known): void {
    if (!isNews && line.calls === sentCalls) return;
    this.#ended.set(line.id, line);
    for (const id of this.#ended.keys()) {
      if (this.#ended.size <= ENDED_MAX) break;
      this.#ended.delete(id);
      this.counters.dropped++;
    }
  }

  /** Puts together what has become one endpoint. Lines that were sent for the parts stay true: the store folds too. */
  #foldAgain(host: string, method: string, tree: PathTree): void {
    for (const [key, known] of [...this.#endpoints]) {
      const { line } = known;
      if (line.host !== host || line.method !== method) continue;
      const path = tree.place(line.path);
      if (path === line.path) continue;
      this.#endpoints.delete(key);
      this.#end(known);
      const into = JSON.stringify([line.app, host, method, path]);
      const other = this.#endpoints.get(into);
      if (other === undefined) {
        const moved = { ...line, id: this.#nextId(), path, calls: 0 };
        this.#endpoints.set(into, { line: moved, isNews: true, sentCalls: 0, sentAt: this.#now() });
      } else {
        other.isNews = true;
        other.line = { ...other.line, shape: joinedShape(other.line.shape, line.shape) };
      }
    }
  }

  #remember(host: string): void {
    this.#hosts.delete(host);
    this.#hosts.add(host);
    const [oldest] = this.#hosts;
    if (this.#hosts.size <= HOSTS_MAX || oldest === undefined) return;
    this.counters.dropped++;
    this.#hosts.delete(oldest);
    for (const method of METHODS) this.#trees.delete(`${method} ${oldest}`);
    for (const [key, known] of [...this.#endpoints]) {
      if (known.line.host !== oldest) continue;
      this.#end(known);
      this.#endpoints.delete(key);
    }
  }
}

function classOf(status: number): (typeof STATUS_CLASSES)[number] | undefined {
  return status === 0 ? "unseen" : STATUS_CLASSES.find((one) => one.startsWith(String(Math.floor(status / 100))));
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

function unread(isWhole: boolean): Found {
  return { params: [], isWhole };
}

/** @returns the media type of a body that may be read; empty where it is coded or absent */
function mediaOf(rawHeaders: readonly string[]): string {
  let media = "";
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase();
    const value = (rawHeaders[i + 1] ?? "").toLowerCase();
    if (name === "content-type") media = value.split(";", 1)[0]?.trim() ?? "";
    if (name === "content-encoding" && value !== "identity") return "";
  }
  return /^[\w.+-]{1,63}\/[\w.+-]{1,63}$/.test(media) ? media : "";
}

/** Braces are ours: what a client writes into them is a value. */
function templateOf(path: string): string {
  const clean = safeText(path.replace(/[^/]*[{}][^/]*/g, "0"), PATH_CHARS_MAX);
  return pathTemplate(clean.startsWith("/") ? clean : `/${clean}`);
}

/**
 * Asks the core what it would hide: of the path, and which of the names speak of secrets, by its own words and by the
 * policy's.
 * @returns null where the core does not answer
 */
function maskedBy(
  { masked }: SampleEnd,
  head: RequestHead,
  found: readonly Found[],
): { readonly path: string; readonly names: ReadonlySet<string> } | null {
  const asked = [...new Set(found.flatMap(({ params }) => params.map(({ name }) => name.at(-1) ?? "")))].slice(
    0,
    PARAMETERS_MAX,
  );
  const path = head.target.split("?", 1)[0] ?? "/";
  const probe = asked.map((name) => `${encodeURIComponent(name.toWellFormed())}=v`).join("&");
  const answer = masked({ ...head, target: `${path}?${probe}`, rawHeaders: [] });
  if (answer === null) return null;
  const queryAt = answer.target.indexOf("?");
  const shown = answer.target.slice(queryAt + 1).split("&");
  const names = asked.filter((_, index) => shown[index]?.endsWith("*") === true);
  return { path: answer.target.slice(0, queryAt), names: new Set(names) };
}

/** @returns what is known with one more request; the same object where that says nothing new */
function observed(
  before: Shape,
  said: Pick<Shape, "statuses" | "auth" | "media">,
  found: readonly Found[],
  secrets: ReadonlySet<string>,
): Shape {
  const isFirst = before.statuses.length === 0;
  const there = found.flatMap(({ params }) => params).map((one) => parameterOf(one, secrets, !isFirst));
  const keys = new Set(there.map(parameterKey));
  // A place that could not be read says nothing of what is missing there.
  const whole = new Set((["query", "header", "body"] as const).filter((_, index) => found[index]?.isWhole === true));
  const known = before.params.map((one) => {
    return whole.has(one.in) && !keys.has(parameterKey(one)) ? { ...one, optional: true } : one;
  });
  const knownKeys = new Set(known.map(parameterKey));
  const news = there.map((one) => (knownKeys.has(parameterKey(one)) ? { ...one, optional: false } : one));
  // Neither side has a status here, so that only the two rules above make a parameter optional.
  const params = joinedShape({ ...NO_SHAPE, params: known }, { ...NO_SHAPE, params: news });
  const rest = joinedShape({ ...before, params: [] }, { ...said, params: [], more: false });
  const next = { ...rest, params: params.params, more: before.more || params.more };
  return JSON.stringify(next) === JSON.stringify(before) ? before : next;
}

function parameterOf(
  { in: where, name, type, sensitive }: Seen,
  secrets: ReadonlySet<string>,
  optional: boolean,
): Parameter {
  const last = name.at(-1) ?? "";
  const kind = secrets.has(last) ? (sensitive === "card" ? "card" : secretOfName(last)) : sensitive;
  return { in: where, name: [...name], types: [type], sensitive: kind === null ? [] : [kind], optional };
}
