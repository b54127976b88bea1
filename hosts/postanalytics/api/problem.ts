/** Errors of the API as problem details (RFC 9457): what was wrong, where in what was sent, and the fix. */
import type { z } from "zod";
import { MerlonError } from "../../core/error.ts";
import { BusyError } from "../access/password.ts";

/** Stable names for programs, with the status and title that go with each. */
export const PROBLEMS = {
  INVALID: [400, "What was sent is not valid"],
  UNAUTHENTICATED: [401, "Nobody is signed in"],
  LOGIN_FAILED: [401, "Not signed in"],
  FORBIDDEN: [403, "Not allowed"],
  PASSWORD_CHANGE: [403, "The password is to be changed first"],
  FOREIGN_PAGE: [403, "Not from a page of this console"],
  NOT_FOUND: [404, "There is no such thing"],
  METHOD: [405, "Not with this method"],
  CONFLICT: [409, "It does not go together with what is there"],
  LOCK_OUT: [409, "It would lock you out"],
  TOO_LARGE: [413, "Too much was sent"],
  MEDIA_TYPE: [415, "Not as JSON"],
  FOREIGN_NAME: [421, "Not under this name"],
  TOO_MANY: [429, "Too often"],
  INTERNAL: [500, "Merlon failed"],
  UNAVAILABLE: [503, "Not now"],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;
export type ProblemCode = keyof typeof PROBLEMS;

/** An error that the caller is told. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  /** @param detail what, why and the fix, without bytes of records */
  constructor(code: ProblemCode, detail: string, rest: { field?: string; retryAfterMs?: number } = {}) {
    super(detail);
    this.code = code;
    this.field = rest.field;
    this.retryAfterSeconds = rest.retryAfterMs === undefined ? undefined : Math.ceil(rest.retryAfterMs / 1000);
  }

  toResponse(): Response {
    const [status, title] = PROBLEMS[this.code];
    const { message: detail, field, code } = this;
    const body = { type: "about:blank", title, status, detail, ...(field === undefined ? {} : { field }), code };
    const headers: Record<string, string> = { "content-type": "application/problem+json", "cache-control": "no-store" };
    if (this.retryAfterSeconds !== undefined) headers["retry-after"] = String(this.retryAfterSeconds);
    return new Response(JSON.stringify(body), { status, headers });
  }
}

const RETRY_MS = 2000;

/** @returns the problem of any error; `unexpected` where it is our own fault and somebody should hear of it */
export function problemOf(error: unknown): { readonly problem: Problem; readonly unexpected: boolean } {
  if (error instanceof Problem) return { problem: error, unexpected: false };
  if (error instanceof BusyError) {
    const problem = new Problem("TOO_MANY", "too many people sign in at once — try again", { retryAfterMs: RETRY_MS });
    return { problem, unexpected: false };
  }
  if (error instanceof MerlonError) {
    switch (error.code) {
      case "MERLON_SEARCH":
        return { problem: new Problem("INVALID", error.message, { field: "query.where" }), unexpected: false };
      case "MERLON_POLICY":
      case "MERLON_POLICY_VERSION":
        return { problem: new Problem("INVALID", error.message, { field: "body" }), unexpected: false };
      case "MERLON_SERVICE":
        return { problem: new Problem("UNAVAILABLE", error.message, { retryAfterMs: RETRY_MS }), unexpected: false };
      case "MERLON_STORE": {
        const detail = "the store does not answer — nothing was lost that was acknowledged; try again";
        return { problem: new Problem("UNAVAILABLE", detail, { retryAfterMs: RETRY_MS }), unexpected: true };
      }
    }
  }
  const detail = "this should not have happened — see the console's own log, and report it";
  return { problem: new Problem("INTERNAL", detail), unexpected: true };
}

/** @param from `body` or `query` @returns the first of what a schema says, as a problem that names the field */
export function invalid(from: "body" | "query", error: z.ZodError): Problem {
  const [issue] = error.issues;
  const path = [from, ...(issue?.path ?? [])].map(String);
  if (issue?.code === "unrecognized_keys") path.push(issue.keys[0]?.slice(0, 64) ?? "");
  const field = path.join(".").slice(0, 256);
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : "";
  return new Problem("INVALID", `${field} ${wordsOf(issue)}${more}`, { field });
}

function wordsOf(issue: z.core.$ZodIssue | undefined): string {
  switch (issue?.code) {
    case "unrecognized_keys":
      return "is not known — see /api/openapi.json for what is taken; leave it out";
    case "invalid_type":
      return issue.input === undefined
        ? `is missing — it takes ${issue.expected}; add it`
        : `is of another type — it takes ${issue.expected}; see /api/openapi.json`;
    case "invalid_value":
      return `is none of the values that it takes — write one of ${issue.values.map(String).join(", ")}`;
    case "too_big":
      return `is too large — it takes at most ${issue.maximum}; write less`;
    case "too_small":
      return `is too small — it takes at least ${issue.minimum}; write more`;
    default:
      return issue?.message ?? "is not valid";
  }
}
