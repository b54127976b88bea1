/** How the service reads requests and answers them: bounded bodies, JSON, and problems that name the field. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import { MerlonError } from "../../core/error.ts";

/** Why a request is not served, with its status. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "Refusal";
    this.status = status;
  }
}

/** Answers with JSON; nothing of it is for caches or for pages of others. */
export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { ...PLAIN, "content-type": "application/json", "content-length": bytes.length });
  response.end(bytes);
}

/** Headers of every answer. */
export const PLAIN = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;

/** Answers without content. */
export function answerEmpty(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...PLAIN, ...headers });
  response.end();
}

/** Turns what went wrong into an answer: a person's mistake is explained, ours is not. */
export function answerError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const [status, code, message] = problemOf(error);
  if (status === 401) response.setHeader("www-authenticate", "Bearer");
  // What was not read of the request must not be taken for the next one.
  if (status === 413) response.setHeader("connection", "close");
  answerJson(response, status, { code, message });
}

function problemOf(error: unknown): [status: number, code: string, message: string] {
  if (error instanceof Refusal) return [error.status, "MERLON_SERVICE", error.message];
  if (!(error instanceof MerlonError))
    return [500, "MERLON_SERVICE", "the service failed — this is its own mistake; see its log"];
  const isWritten =
    error.code === "MERLON_POLICY" || error.code === "MERLON_POLICY_VERSION" || error.code === "MERLON_USAGE";
  return [isWritten ? 422 : 503, error.code, error.message];
}

/**
 * Reads a body of JSON.
 * @throws Refusal 400, 413, 415
 */
export async function readJson<T extends z.ZodType>(
  request: IncomingMessage,
  schema: T,
  bytesMax: number,
): Promise<z.output<T>> {
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) {
    throw new Refusal(415, "the body is no JSON — content-type is application/json; send that");
  }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    if (!Buffer.isBuffer(piece)) continue;
    size += piece.length;
    if (size > bytesMax) throw new Refusal(413, `the body is too large — ${bytesMax} bytes are taken; send less`);
    pieces.push(piece);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } catch {
    throw new Refusal(400, "the body is no JSON — it cannot be parsed; mend it");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Refusal(
    400,
    `${issue?.path.join(".") || "the body"} is not valid — ${issue?.message ?? "unknown"}; mend it`,
  );
}
