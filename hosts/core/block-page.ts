/**
 * The answers that the proxy gives itself: the block page and its smaller relatives (502, 503, 400 …), in the form
 * that the client can read: a page for browsers, problem details for programs, a status for gRPC.
 *
 * None of them says which rule fired and none repeats a byte of the request: the page must not help an attacker and
 * cannot become a mirror for scripts. What links it to the record is the reference.
 * @see https://www.rfc-editor.org/rfc/rfc9457 problem details
 */
import { createHash } from "node:crypto";
import type { BlockPage } from "./host-policy.ts";
import { isGrpc } from "./media-type.ts";
import type { Refusal } from "./threshold.ts";

/** What happened, as the client is told. */
export type AnswerKind =
  | "blocked"
  | "limited"
  | "bad_request"
  | "method_not_allowed"
  | "too_slow"
  | "too_large"
  | "expectation_failed"
  | "head_too_large"
  | "version_not_supported"
  | "upstream_down"
  | "upstream_timeout"
  | "overloaded"
  | "uninspected";

/** An answer ready to be sent: `headers` flat, names in lower case. */
export interface OwnAnswer {
  readonly status: number;
  readonly headers: string[];
  readonly body: string;
}

/** What an answer depends on beside its kind. */
export interface AnswerContext {
  /** The reference of the request, see `refOf`. */
  readonly ref: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly accept: string;
  readonly mediaType: string;
  /** More for an operator at the same machine; empty for everyone else. Never anything that a client sent. */
  readonly detail: string;
  /** Of a limited request: which threshold stopped it. */
  readonly refusal?: Refusal | null;
}

interface Wording {
  readonly status: number;
  /** Status of gRPC, see https://grpc.io/docs/guides/status-codes/ */
  readonly grpc: number;
  readonly title: string;
  readonly text: string;
  readonly retryAfter?: number;
}

const WORDINGS: Record<AnswerKind, Wording> = {
  blocked: {
    status: 403,
    grpc: 7,
    title: "Request blocked",
    text:
      "This request looked like an attack and was not passed on. " +
      "If that is wrong, tell the owner of this site and give the reference.",
  },
  limited: {
    status: 429,
    grpc: 8,
    title: "Too many requests",
    text: "There were more requests than are allowed here. Wait before you try again.",
  },
  bad_request: { status: 400, grpc: 13, title: "Bad request", text: "The request is not valid HTTP." },
  method_not_allowed: {
    status: 405,
    grpc: 12,
    title: "Method not allowed",
    text: "This method is not available here.",
  },
  too_slow: { status: 408, grpc: 4, title: "Request timed out", text: "The request did not arrive in time." },
  too_large: { status: 413, grpc: 8, title: "Request too large", text: "The request is larger than is allowed here." },
  expectation_failed: {
    status: 417,
    grpc: 13,
    title: "Expectation failed",
    text: "Only the expectation 100-continue is known here.",
  },
  head_too_large: {
    status: 431,
    grpc: 8,
    title: "Request head too large",
    text: "The request line and headers are larger than is allowed here.",
  },
  version_not_supported: {
    status: 505,
    grpc: 13,
    title: "HTTP version not supported",
    text: "This protocol version is not spoken here.",
  },
  upstream_down: {
    status: 502,
    grpc: 14,
    title: "Service not reachable",
    text: "The protection is running, but the service behind it did not answer.",
  },
  upstream_timeout: {
    status: 504,
    grpc: 4,
    title: "Service did not answer in time",
    text: "The protection is running, but the service behind it took too long.",
  },
  overloaded: {
    status: 503,
    grpc: 14,
    title: "Too busy",
    text: "There are too many requests at the moment. Try again shortly.",
    retryAfter: 2,
  },
  uninspected: {
    status: 503,
    grpc: 14,
    title: "Request could not be checked",
    text: "The request could not be checked and was therefore not passed on. Try again shortly.",
    retryAfter: 2,
  },
};

const STYLE = `:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--paper:#0d1117}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;
background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{max-width:34rem;width:100%;border:1px solid var(--line);border-radius:.5rem;padding:2rem}
h1{font-size:1.35rem;margin:0 0 .75rem}p{margin:0 0 1.25rem;color:var(--soft)}
dl{display:grid;grid-template-columns:auto 1fr;gap:.4rem 1rem;margin:0}dt{color:var(--soft)}
dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere;user-select:all;-webkit-user-select:all}
p.detail{margin:1.25rem 0 0;padding-top:1.25rem;border-top:1px solid var(--line)}`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");
const STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PAGE_POLICY = `${STRICT}; style-src 'sha256-${STYLE_HASH}'`;

/** Pages of others may have styles and pictures of their own, and nothing that runs or calls home. */
const OWN_PAGE_POLICY = `${STRICT}; style-src 'unsafe-inline'; img-src data:`;

/**
 * Builds an answer.
 * @param custom the policy's page for blocks: another status, another text, or a redirect
 */
export function buildAnswer(kind: AnswerKind, context: AnswerContext, custom?: BlockPage): OwnAnswer {
  const wording = wordingOf(kind, context.refusal ?? null);
  const headers = ["x-merlon-ref", context.ref, "cache-control", "no-store"];
  if (wording.retryAfter !== undefined) headers.push("retry-after", String(wording.retryAfter));
  if (context.refusal) headers.push(...rateLimitFields(context.refusal));
  if (context.mediaType.startsWith("application/grpc")) return grpcAnswer(wording, context, headers);
  headers.push("vary", "accept", "x-content-type-options", "nosniff", "referrer-policy", "no-referrer");
  const wantsPage = prefersPage(context.accept) || custom?.json === false;
  if (custom?.redirect !== undefined && wantsPage) {
    headers.push("location", custom.redirect, "content-length", "0");
    return { status: 302, headers, body: "" };
  }
  const status = custom?.statusCode ?? wording.status;
  const time = new Date(context.nowMs).toISOString();
  const own = wantsPage ? custom?.html : undefined;
  const standard = wantsPage ? page(wording, context, time) : problem(wording, status, context, time);
  const body = own === undefined ? standard : fillIn(own, context.ref, time);
  headers.push("content-type", wantsPage ? "text/html; charset=utf-8" : "application/problem+json");
  headers.push("content-security-policy", own !== undefined ? OWN_PAGE_POLICY : wantsPage ? PAGE_POLICY : STRICT);
  headers.push("content-length", String(Buffer.byteLength(body)));
  return { status, headers, body };
}

function wordingOf(kind: AnswerKind, refusal: Refusal | null): Wording {
  if (kind !== "limited" || refusal === null) return WORDINGS[kind];
  return { ...WORDINGS.limited, status: refusal.status, retryAfter: refusal.retryAfter };
}

/** @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/10/ */
function rateLimitFields({ name, quota, windowSeconds, retryAfter }: Refusal): string[] {
  const policy = `"${name}";q=${quota};w=${windowSeconds}`;
  return ["ratelimit-policy", policy, "ratelimit", `"${name}";r=0;t=${retryAfter}`];
}

/** Puts what a page may ask for into its places; nothing of it was written by the client. */
function fillIn(html: string, ref: string, time: string): string {
  return html.replaceAll("{{reference}}", escapeHtml(ref)).replaceAll("{{time}}", escapeHtml(time));
}

/** Trailers that end a gRPC response which has already begun. */
export function grpcTrailers(kind: AnswerKind, ref: string): string[] {
  const { grpc, title } = WORDINGS[kind];
  return ["grpc-status", String(grpc), "grpc-message", title, "merlon-ref", ref];
}

/**
 * A gRPC response of trailers only: HTTP status 200, the outcome in the headers of the one frame.
 * gRPC-Web reads the same headers.
 */
function grpcAnswer(wording: Wording, context: AnswerContext, headers: string[]): OwnAnswer {
  const type = isGrpc(context.mediaType) ? "application/grpc" : "application/grpc-web+proto";
  headers.push("content-type", type, "grpc-status", String(wording.grpc), "grpc-message", wording.title);
  headers.push("merlon-ref", context.ref);
  return { status: 200, headers, body: "" };
}

function problem(wording: Wording, status: number, context: AnswerContext, time: string): string {
  const { title, text } = wording;
  const detail = context.detail === "" ? text : `${text} ${context.detail}`;
  return `${JSON.stringify({ type: "about:blank", title, status, detail, reference: context.ref, time })}\n`;
}

function page(wording: Wording, context: AnswerContext, time: string): string {
  const detail = context.detail === "" ? "" : `<p class="detail">${escapeHtml(context.detail)}</p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>${wording.title}</title><style>${STYLE}</style></head>
<body><main><h1>${wording.title}</h1><p>${wording.text}</p>
<dl><dt>Reference</dt><dd>${escapeHtml(context.ref)}</dd><dt>Time</dt><dd>${escapeHtml(time)}</dd></dl>
${detail}</main></body></html>
`;
}

function escapeHtml(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (char) => names[char] ?? "");
}

/** Accept entries beyond this many are not looked at. */
const ACCEPT_ENTRIES_MAX = 32;

/** Whether the client would rather have a page than JSON: it names text/html and does not like JSON better. */
function prefersPage(accept: string): boolean {
  let html = 0;
  let json = 0;
  for (const entry of accept.split(",", ACCEPT_ENTRIES_MAX)) {
    const [type = "", ...parameters] = entry.split(";");
    const name = type.trim().toLowerCase();
    const quality = qualityOf(parameters);
    if (name === "text/html" || name === "application/xhtml+xml") html = Math.max(html, quality);
    else if (name === "application/json" || name === "application/problem+json") json = Math.max(json, quality);
  }
  return html > 0 && html >= json;
}

function qualityOf(parameters: readonly string[]): number {
  for (const parameter of parameters.slice(0, 8)) {
    const match = /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameter);
    if (match) return Number(match[1]);
  }
  return 1;
}
