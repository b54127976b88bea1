/**
 * One operation as a function from a request to a response: who calls, what was sent, the handler, the answer checked
 * against its schema, and the audit log.
 */
import { createHash } from "node:crypto";
import type { Outcome } from "../access/audit.ts";
import { type Identity, refusalOf } from "../access/identity.ts";
import { type ApiParts, type Call, changesSomething, type Handlers } from "./context.ts";
import { cookieName, identify, refusalProblem, refuseForeign, setCookie } from "./guard.ts";
import { OPERATIONS, type Operation, type OperationName } from "./operations.ts";
import { invalid, Problem, problemOf } from "./problem.ts";
import { type Checked, SHAPES, type Shapes } from "./routes.ts";

/** Bytes of the longest body: names, scopes and certificates, never records. */
export const BODY_BYTES_MAX = 128 * 1024;
const COOKIE_SECONDS = 400 * 86_400;

/** A request as it arrived. */
export interface Arrival {
  readonly request: Request;
  /** Values of the path's names. */
  readonly path: Readonly<Record<string, string>>;
  readonly from: string;
  readonly secure: boolean;
}

/** What was sent, not yet checked. */
interface Sent {
  path: Readonly<Record<string, string>>;
  query: unknown;
  body: unknown;
}

/** @returns the body as JSON; undefined where there is none. @throws Problem TOO_LARGE, MEDIA_TYPE, INVALID */
async function readJson(request: Request): Promise<unknown> {
  if (request.body === null) return undefined;
  const type = request.headers.get("content-type") ?? "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > BODY_BYTES_MAX) {
      throw new Problem("TOO_LARGE", `the body has more than ${BODY_BYTES_MAX} bytes — send less`);
    }
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  if (!/^application\/json\b/i.test(type)) {
    throw new Problem("MEDIA_TYPE", "the body is not said to be JSON — set content-type: application/json");
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new Problem("INVALID", "body is no JSON in UTF-8 — mend it", { field: "body" });
  }
}

/** Puts what the schemas make of it in the place of what was sent. @throws Problem INVALID naming the field */
function isChecked<Name extends OperationName>(name: Name, sent: Sent): sent is Sent & Checked<Name> {
  const { query, body }: Shapes = SHAPES[name];
  const asked = query?.safeParse(sent.query);
  if (asked?.success === false) throw invalid("query", asked.error);
  const told = body?.safeParse(sent.body ?? {}, { reportInput: true });
  if (told?.success === false) throw invalid("body", told.error);
  if (query === undefined && Object.keys(Object(sent.query)).length > 0 && SHAPES[name] !== SHAPES.oidcReturn) {
    throw new Problem("INVALID", "query takes nothing here — leave it out", { field: "query" });
  }
  sent.query = asked?.data;
  sent.body = told?.data;
  return true;
}

/** Of parameters that come twice the last would count, somewhere else the first: neither does here. */
function queryOf(request: Request): Readonly<Record<string, string>> {
  const query: Record<string, string> = Object.create(null);
  for (const [key, value] of new URL(request.url).searchParams) {
    if (key in query)
      throw new Problem("INVALID", `query.${key.slice(0, 64)} is there twice — keep one`, { field: "query" });
    query[key] = value;
  }
  return query;
}

function jsonResponse(value: unknown, request: Request, headers: Headers): Response {
  const text = JSON.stringify(value);
  headers.set("content-type", "application/json");
  if (request.method !== "GET") {
    headers.set("cache-control", "no-store");
    return new Response(text, { headers });
  }
  const tag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`;
  headers.set("cache-control", "private, no-cache");
  headers.set("etag", tag);
  const known = (request.headers.get("if-none-match") ?? "").split(",").map((one) => one.trim().replace(/^W\//, ""));
  if (known.includes(tag)) return new Response(null, { status: 304, headers });
  return new Response(text, { headers });
}

/** What is written down of a call. */
interface Note {
  who: string;
  object: string;
  before?: unknown;
  after?: unknown;
  noted: boolean;
}

/** Operations as functions. */
export class Mounted {
  readonly #parts: ApiParts;
  readonly #handlers: Handlers;

  constructor(parts: ApiParts, handlers: Handlers) {
    this.#parts = parts;
    this.#handlers = handlers;
  }

  /** Answers; never rejects. */
  async answer<Name extends OperationName>(name: Name, arrival: Arrival): Promise<Response> {
    const operation: Operation = OPERATIONS[name];
    const note: Note = { who: "nobody", object: Object.values(arrival.path).join(" "), noted: false };
    const began = performance.now();
    let outcome: Outcome = "done";
    let response: Response;
    try {
      response = await this.#run(name, operation, arrival, note);
    } catch (error) {
      const { problem, unexpected } = problemOf(error);
      outcome = unexpected ? "failed" : "refused";
      response = problem.toResponse();
      if (unexpected) this.#parts.say(`${name} failed: ${lineOf(error)}`);
    }
    this.#parts.metrics.add(name, outcome, performance.now() - began);
    return (await this.#writeDown(name, operation, arrival, note, outcome)) ?? response;
  }

  async #run<Name extends OperationName>(
    name: Name,
    operation: Operation,
    arrival: Arrival,
    note: Note,
  ): Promise<Response> {
    const { request, path, from, secure } = arrival;
    const headers = new Headers();
    const found = operation.access === "anyone" ? null : await identify(this.#parts, request, secure);
    const who = found?.who ?? null;
    note.who = who?.name ?? note.who;
    const refusal = refusalOf(operation, who);
    if (refusal !== null) throw refusalProblem(refusal);
    refuseForeign(request, operation, secure);
    const renewed = found?.session?.renewed ?? null;
    if (renewed !== null) headers.append("set-cookie", setCookie(cookieName(secure), renewed, COOKIE_SECONDS, secure));
    const sent: Sent = { path, query: queryOf(request), body: await readJson(request) };
    if (!isChecked(name, sent)) throw new Problem("INVALID", "this is not what the operation takes");
    const call = {
      ...sent,
      ...{ from, request, secure, who },
      header: (key: string, value: string) => headers.append(key, value),
      note: (fact: { object: string; before?: unknown; after?: unknown; who?: string }) => {
        Object.assign(note, fact, { noted: true });
      },
    };
    if (!isAllowed(name, call)) throw refusalProblem("nobody");
    const reply = await this.#handlers[name](call);
    if (reply instanceof Response) {
      for (const [key, value] of headers) reply.headers.append(key, value);
      return reply;
    }
    const { answer }: Shapes = SHAPES[name];
    return jsonResponse(answer?.parse(reply), request, headers);
  }

  /** @returns an answer in the place of the one that was to be given, where the log cannot be written */
  async #writeDown(
    name: OperationName,
    operation: Operation,
    { from }: Arrival,
    { who, object, before, after, noted }: Note,
    outcome: Outcome,
  ): Promise<Response | null> {
    // What nobody who is known was refused is no change, and anyone could fill the log with it.
    const isWorth = outcome === "done" ? changesSomething(operation) || noted : noted || who !== "nobody";
    if (!isWorth || (outcome !== "done" && !changesSomething(operation))) return null;
    const change = outcome === "done" ? { before, after } : {};
    try {
      await this.#parts.audit.add({ who, from, action: name, object, outcome, ...change });
      return null;
    } catch (error) {
      this.#parts.say(`the audit log could not be written, ${name} by ${who} was ${outcome}: ${lineOf(error)}`);
      if (outcome !== "done") return null;
      return new Problem("UNAVAILABLE", "this was done, but could not be written into the audit log").toResponse();
    }
  }
}

function isAllowed<Name extends OperationName>(
  name: Name,
  call: Sent & Checked<Name> & { readonly who: Identity | null } & Omit<Call<Name>, "who" | keyof Checked<Name>>,
): call is typeof call & Call<Name> {
  return OPERATIONS[name].access === "anyone" || call.who !== null;
}

/** @returns what an error says, on one line */
function lineOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : "unknown";
  return text.replace(/\s+/g, " ").slice(0, 300);
}
