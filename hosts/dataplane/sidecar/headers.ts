/**
 * Rewrites header lists for the next hop: hop-by-hop headers go, forwarding headers come. Lists are flat, name and
 * value in turn, order and spelling kept, so that what the application sees is what the client sent.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
 */
import type { HeadFacts } from "./framing.ts";

/** Headers of a request that end at this proxy, whatever the Connection header says. */
const REQUEST_DROPPED: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
  "x-forwarded-for",
]);

const RESPONSE_DROPPED: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** Names that a client cannot take away from the upstream by listing them in its Connection header. */
const NEVER_CONNECTION_BOUND: ReadonlySet<string> = new Set(["host", "content-length", "content-type"]);

/** Fields that would change the meaning of a message that is already on its way (RFC 9110 §6.5.1). */
const TRAILERS_DROPPED: ReadonlySet<string> = new Set([
  ...RESPONSE_DROPPED,
  "authorization",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "host",
  "set-cookie",
  "trailer",
  "x-forwarded-for",
]);

/**
 * Headers of a request as they go to the upstream.
 * @param peer address of the client's end of the connection, appended to X-Forwarded-For
 * @param http2 names in lower case, without Host (that is `:authority` there)
 */
export function forwardedHeaders(facts: HeadFacts, peer: string, http2: boolean): string[] {
  const { rawHeaders, authority, scheme } = facts.head;
  const bound = facts.connectionNames;
  const headers: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    const lower = name.toLowerCase();
    if (REQUEST_DROPPED.has(lower)) continue;
    if (bound.length > 0 && bound.includes(lower) && !NEVER_CONNECTION_BOUND.has(lower)) continue;
    if (lower === "content-length" && !facts.hasBody && facts.contentLength !== 0) continue;
    if (http2 && lower === "host") continue;
    headers.push(http2 ? lower : name, rawHeaders[i + 1] ?? "");
  }
  const before = bound.includes("x-forwarded-for") ? "" : facts.forwardedFor;
  headers.push("x-forwarded-for", before === "" ? peer : `${before}, ${peer}`);
  if (!facts.hasForwardedProto || bound.includes("x-forwarded-proto")) headers.push("x-forwarded-proto", scheme);
  if ((!facts.hasForwardedHost || bound.includes("x-forwarded-host")) && authority !== "") {
    headers.push("x-forwarded-host", authority);
  }
  if (http2 && facts.acceptsTrailers) headers.push("te", "trailers");
  return headers;
}

/**
 * Headers of a response as they go to the client.
 * @param http2 names in lower case, because HTTP/2 knows no others
 */
export function returnedHeaders(rawHeaders: readonly string[], http2: boolean): string[] {
  const bound = boundNames(rawHeaders);
  const headers: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    const lower = name.toLowerCase();
    if (lower.startsWith(":") || RESPONSE_DROPPED.has(lower)) continue;
    if (bound?.includes(lower) && !NEVER_CONNECTION_BOUND.has(lower)) continue;
    headers.push(http2 ? lower : name, rawHeaders[i + 1] ?? "");
  }
  return headers;
}

/** Trailer fields that may go on; null if none are left. */
export function forwardedTrailers(rawTrailers: readonly string[] | null): string[] | null {
  if (rawTrailers === null) return null;
  const trailers: string[] = [];
  for (let i = 0; i + 1 < rawTrailers.length; i += 2) {
    const name = (rawTrailers[i] ?? "").toLowerCase();
    if (name.startsWith(":") || name.replaceAll("_", "-").startsWith("x-merlon-")) continue;
    if (!TRAILERS_DROPPED.has(name)) trailers.push(name, rawTrailers[i + 1] ?? "");
  }
  return trailers.length > 0 ? trailers : null;
}

/** First value of a header, or null. */
export function headerValue(rawHeaders: readonly string[], name: string): string | null {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) return rawHeaders[i + 1] ?? "";
  }
  return null;
}

function boundNames(rawHeaders: readonly string[]): string[] | null {
  const value = headerValue(rawHeaders, "connection");
  if (value === null || value === "close" || value === "keep-alive") return null;
  return value.split(",").map((part) => part.trim().toLowerCase());
}
