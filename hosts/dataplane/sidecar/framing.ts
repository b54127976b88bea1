/**
 * Reads a request head once: is it unambiguous, and what does the proxy need to know of it. Everything that two
 * programs could read differently is refused, because a difference between what was inspected and what the upstream
 * understands is a way around the inspection.
 *
 * Node's parser (llhttp, strict) already refuses Content-Length with Transfer-Encoding, repeated or malformed lengths,
 * codings after `chunked`, folded lines, bare CR or LF, and white space before the colon; the test pins that. What it
 * lets through and this file refuses: codings before `chunked`, chunked in HTTP/1.0, look-alikes of framing headers
 * with an underscore, versions and protocols that are not HTTP/1, several or no Host headers, foreign request targets.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6
 */
import { METHODS } from "node:http";
import type { RequestHead } from "../../core/verdict.ts";
import type { RefusalReason } from "./counters.ts";

/** Header lines of one request; a head with more is answered 431. */
export const HEADERS_MAX = 256;

/** Why a head is refused: the status to answer and the reason to count. */
export interface Refusal {
  readonly status: 400 | 405 | 417 | 431 | 505;
  readonly reason: RefusalReason;
}

/** What the proxy knows of a request after its head. */
export interface HeadFacts {
  /** For the core: without `x-merlon-*`, which clients have no business sending. */
  readonly head: RequestHead;
  /** Not null: answer this and send nothing on. */
  readonly refusal: Refusal | null;
  readonly hasBody: boolean;
  /** Declared size of the body, -1 if none is declared. */
  readonly contentLength: number;
  readonly expectsContinue: boolean;
  readonly accept: string;
  /** Media type in lower case without parameters. */
  readonly mediaType: string;
  /** A WebSocket handshake that may be passed through. */
  readonly websocket: boolean;
  /** An Upgrade header that is not followed. */
  readonly ignoresUpgrade: boolean;
  /** The client will not use the connection again. */
  readonly closes: boolean;
  /** Names in lower case that the Connection header marks as meant for the next hop only. */
  readonly connectionNames: readonly string[];
  /** A `Trailer` header announces fields after the body. */
  readonly announcesTrailers: boolean;
  readonly acceptsTrailers: boolean;
  /** X-Forwarded-For as sent, several lines joined. */
  readonly forwardedFor: string;
  readonly hasForwardedProto: boolean;
  readonly hasForwardedHost: boolean;
  /** Whether another proxy says that it was in between; then the peer is not the person. */
  readonly wasForwarded: boolean;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What the walk over the headers collects and the facts do not show. */
interface Walk {
  facts: Writable<HeadFacts>;
  headers: string[];
  authority: string;
  hosts: number;
  lengths: number;
  codings: number;
  chunked: boolean;
  upgrade: string;
  websocketKey: boolean;
  expectation: string;
  lookAlike: boolean;
}

const METHODS_KNOWN: ReadonlySet<string> = new Set(METHODS);
/** llhttp parses RTSP and ICE too; their methods never come in HTTP. */
const METHODS_FOREIGN: ReadonlySet<string> = new Set([
  "DESCRIBE",
  "ANNOUNCE",
  "SETUP",
  "PLAY",
  "PAUSE",
  "TEARDOWN",
  "GET_PARAMETER",
  "SET_PARAMETER",
  "REDIRECT",
  "RECORD",
  "FLUSH",
  "SOURCE",
]);
const AUTHORITY = /^[A-Za-z0-9._~!$&'()*+,;=:%[\]-]{1,255}$/;
const PATH = /^[\x21-\x7e\x80-\xff]+$/;

const FRAMING: Refusal = { status: 400, reason: "framing" };
const TARGET: Refusal = { status: 400, reason: "target" };
const HOST: Refusal = { status: 400, reason: "host" };
const METHOD: Refusal = { status: 400, reason: "method" };
const METHOD_NOT_ALLOWED: Refusal = { status: 405, reason: "method" };
const VERSION: Refusal = { status: 505, reason: "version" };
const EXPECTATION: Refusal = { status: 417, reason: "expectation" };
const HEAD_SIZE: Refusal = { status: 431, reason: "head_size" };

/**
 * Reads the head of an HTTP/1 request as Node's parser delivers it.
 * @param version `1.0` or `1.1`; everything else is refused
 */
export function readHttp1Head(
  method: string,
  target: string,
  version: string,
  rawHeaders: readonly string[],
  secure: boolean,
): HeadFacts {
  const walk = walkHeaders(rawHeaders, 0);
  const { facts } = walk;
  const framed = walk.codings > 0 || walk.lengths > 0;
  facts.hasBody = walk.chunked || facts.contentLength > 0;
  facts.websocket =
    walk.upgrade.toLowerCase() === "websocket" && walk.websocketKey && method === "GET" && !facts.hasBody;
  facts.ignoresUpgrade = walk.upgrade !== "" && !facts.websocket;
  facts.closes ||= version === "1.0";
  facts.expectsContinue = walk.expectation === "100-continue" && version === "1.1" && facts.hasBody;
  const path = originForm(method, target, walk);
  facts.head = {
    method,
    target: path ?? target,
    authority: walk.authority,
    scheme: secure ? "https" : "http",
    rawHeaders: walk.headers,
  };
  if (rawHeaders.length > 2 * HEADERS_MAX) facts.refusal = HEAD_SIZE;
  else if (version !== "1.1" && version !== "1.0") facts.refusal = VERSION;
  else if (method === "CONNECT") facts.refusal = METHOD_NOT_ALLOWED;
  else if (METHODS_FOREIGN.has(method) || !METHODS_KNOWN.has(method)) facts.refusal = METHOD;
  else if (walk.lookAlike || (framed && !isFramingClear(walk, version))) facts.refusal = FRAMING;
  else if (path === null) facts.refusal = TARGET;
  else if (!isHostClear(walk, version)) facts.refusal = HOST;
  else if (walk.expectation !== "" && version === "1.1" && walk.expectation !== "100-continue") {
    facts.refusal = EXPECTATION;
  }
  return facts;
}

/**
 * Reads the head of an HTTP/2 request. nghttp2 has already refused what RFC 9113 §8 calls malformed: pseudo-headers
 * out of order or repeated, connection-specific headers, upper-case names; and it has left out fields that HTTP/1 could
 * not carry, such as values with CR, LF or NUL, so that neither the core nor the upstream gets to see them.
 * @param headBytesMax names and values together, as for HTTP/1
 */
export function readHttp2Head(
  rawHeaders: readonly string[],
  endsStream: boolean,
  secure: boolean,
  headBytesMax: number,
): HeadFacts {
  let method = "";
  let path = "";
  let authority = "";
  let scheme = "";
  let at = 0;
  while (at < rawHeaders.length && rawHeaders[at]?.startsWith(":")) {
    const value = rawHeaders[at + 1] ?? "";
    if (rawHeaders[at] === ":method") method = value;
    else if (rawHeaders[at] === ":path") path = value;
    else if (rawHeaders[at] === ":authority") authority = value;
    else if (rawHeaders[at] === ":scheme") scheme = value;
    at += 2;
  }
  let size = 0;
  for (let i = 0; i < rawHeaders.length; i++) size += rawHeaders[i]?.length ?? 0;
  const walk = walkHeaders(rawHeaders, at);
  const { facts } = walk;
  facts.hasBody = !endsStream;
  facts.expectsContinue = walk.expectation === "100-continue" && facts.hasBody;
  const disagrees = authority !== "" && walk.hosts > 0 && walk.authority.toLowerCase() !== authority.toLowerCase();
  // The core and HTTP/1 upstreams see the authority as a Host header, wherever the client put it.
  if (authority !== "" && walk.hosts === 0) {
    walk.authority = authority;
    walk.hosts = 1;
    walk.headers.unshift("host", authority);
  }
  const reachable = path.startsWith("/") ? PATH.test(path) : path === "*" && method === "OPTIONS";
  facts.head = {
    method,
    target: path,
    authority: walk.authority,
    scheme: secure ? "https" : "http",
    rawHeaders: joinCookies(walk.headers),
  };
  if (rawHeaders.length > 2 * HEADERS_MAX || size > headBytesMax) facts.refusal = HEAD_SIZE;
  else if (method === "CONNECT") facts.refusal = METHOD_NOT_ALLOWED;
  else if (METHODS_FOREIGN.has(method) || !METHODS_KNOWN.has(method)) facts.refusal = METHOD;
  else if (walk.lookAlike || walk.codings > 0 || walk.lengths > 1) facts.refusal = FRAMING;
  else if (!reachable || (scheme !== "http" && scheme !== "https")) facts.refusal = TARGET;
  else if (disagrees || !isHostClear(walk, "1.1")) facts.refusal = HOST;
  else if (walk.expectation !== "" && walk.expectation !== "100-continue") facts.refusal = EXPECTATION;
  return facts;
}

function walkHeaders(rawHeaders: readonly string[], from: number): Walk {
  const walk: Walk = {
    facts: {
      head: { method: "", target: "", authority: "", scheme: "http", rawHeaders: [] },
      refusal: null,
      hasBody: false,
      contentLength: -1,
      expectsContinue: false,
      accept: "",
      mediaType: "",
      websocket: false,
      ignoresUpgrade: false,
      closes: false,
      connectionNames: [],
      announcesTrailers: false,
      acceptsTrailers: false,
      forwardedFor: "",
      hasForwardedProto: false,
      hasForwardedHost: false,
      wasForwarded: false,
    },
    headers: [],
    authority: "",
    hosts: 0,
    lengths: 0,
    codings: 0,
    chunked: false,
    upgrade: "",
    websocketKey: false,
    expectation: "",
    lookAlike: false,
  };
  for (let i = from; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    const value = rawHeaders[i + 1] ?? "";
    if (noteHeader(walk, name.toLowerCase(), value)) walk.headers.push(name, value);
  }
  return walk;
}

/** Takes one header into account. Returns false for a header that must not go any further. */
function noteHeader(walk: Walk, name: string, value: string): boolean {
  const { facts } = walk;
  switch (name) {
    case "host":
      walk.hosts++;
      walk.authority = value;
      return true;
    case "content-length":
      walk.lengths++;
      facts.contentLength = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      return true;
    case "transfer-encoding":
      walk.codings++;
      walk.chunked = value.toLowerCase() === "chunked";
      return true;
    case "content-type":
      facts.mediaType = (value.split(";", 1)[0] ?? "").trim().toLowerCase();
      return true;
    case "accept":
      facts.accept = facts.accept === "" ? value : `${facts.accept}, ${value}`;
      return true;
    case "connection":
      facts.connectionNames = facts.connectionNames.concat(connectionNames(value));
      facts.closes ||= /(^|[,\s])close([,\s]|$)/i.test(value);
      return true;
    case "upgrade":
      walk.upgrade = walk.upgrade === "" ? value : `${walk.upgrade}, ${value}`;
      return true;
    case "sec-websocket-key":
      walk.websocketKey = true;
      return true;
    case "expect":
      walk.expectation = value.toLowerCase();
      return true;
    case "trailer":
      facts.announcesTrailers = true;
      return true;
    case "te":
      facts.acceptsTrailers ||= /(^|[,\s])trailers([,;\s]|$)/i.test(value);
      return true;
    default:
      return noteRareHeader(walk, name, value);
  }
}

function noteRareHeader(walk: Walk, name: string, value: string): boolean {
  const { facts } = walk;
  if (name.charCodeAt(0) === 0x78 || name === "forwarded") {
    if (name === "x-forwarded-for") {
      facts.forwardedFor = facts.forwardedFor === "" ? value : `${facts.forwardedFor}, ${value}`;
    }
    facts.hasForwardedProto ||= name === "x-forwarded-proto";
    facts.hasForwardedHost ||= name === "x-forwarded-host";
    facts.wasForwarded ||= name.startsWith("x-forwarded") || name === "forwarded" || name === "x-real-ip";
  }
  // CGI-like servers fold `_` into `-`, so a look-alike would reach the application as the real one.
  const folded = name.includes("_") ? name.replaceAll("_", "-") : name;
  if (folded !== name) walk.lookAlike ||= folded === "content-length" || folded === "transfer-encoding";
  return !folded.startsWith("x-merlon-");
}

function connectionNames(value: string): string[] {
  const names: string[] = [];
  for (const part of value.split(",")) {
    const name = part.trim().toLowerCase();
    if (name !== "" && name !== "close" && name !== "keep-alive") names.push(name);
  }
  return names;
}

function isFramingClear(walk: Walk, version: string): boolean {
  if (walk.lengths + walk.codings > 1) return false;
  return walk.codings > 0 ? walk.chunked && version === "1.1" : !Number.isNaN(walk.facts.contentLength);
}

function isHostClear(walk: Walk, version: string): boolean {
  if (walk.hosts === 0) return version === "1.0";
  return walk.hosts === 1 && AUTHORITY.test(walk.authority);
}

/**
 * The target as an origin server reads it: `/path?query`, or `*` for OPTIONS. A whole URL is accepted where it names
 * the host that the Host header names; otherwise it would choose another site than the one inspected.
 */
function originForm(method: string, target: string, walk: Walk): string | null {
  if (target.startsWith("/")) return target;
  if (target === "*") return method === "OPTIONS" ? target : null;
  const match = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  if (!match || match[1]?.toLowerCase() !== walk.authority.toLowerCase()) return null;
  const rest = match[2] ?? "";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** HTTP/2 may split the Cookie header; the pieces belong together (RFC 9113 §8.2.3). */
function joinCookies(headers: string[]): string[] {
  const first = headers.indexOf("cookie");
  if (first < 0 || headers.indexOf("cookie", first + 1) < 0) return headers;
  const joined: string[] = [];
  const crumbs: string[] = [];
  let cookieAt = -1;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? "";
    const value = headers[i + 1] ?? "";
    if (name !== "cookie") joined.push(name, value);
    else {
      crumbs.push(value);
      if (cookieAt < 0) cookieAt = joined.push(name, value) - 1;
    }
  }
  if (cookieAt >= 0) joined[cookieAt] = crumbs.join("; ");
  return joined;
}
