/**
 * The API as typed calls over fetch: what the console's pages and the commands use. It knows paths and methods at run
 * time and schemas only as types, so that a page does not carry them.
 */
import { CSRF_HEADER, OPERATIONS, type Operation, type OperationName } from "./operations.ts";
import type { Answer, Asked, JsonOperation } from "./routes.ts";

/** Why a call failed, as the server says it; status 0 where there was no answer. */
export class ApiError extends Error {
  readonly status: number;
  /** Stable, for programs: `NOT_FOUND`. */
  readonly code: string;
  /** What of the request is to blame: `body.expiresAt`. */
  readonly field: string | undefined;

  constructor(status: number, code: string, message: string, field?: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** Where the API is and as whom it is asked. */
export interface ClientOptions {
  /** Origin of the console, without a slash at its end; the page's own where empty. */
  readonly origin?: string;
  /** Bearer token; the session's cookie where absent. */
  readonly token?: string;
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
}

/** The API's calls. */
export interface Client {
  /** Asks and reads the answer. @throws ApiError */
  call<Name extends JsonOperation>(name: Name, asked: Asked<Name>): Promise<Answer<Name>>;
  /** Asks for what is no JSON: a file, a stream. @throws ApiError */
  open(name: OperationName, query?: Query, signal?: AbortSignal): Promise<Response>;
}

/** Values of a query; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** @returns path and query of an operation, names filled in */
export function addressOf(name: OperationName, path: Readonly<Record<string, string>> = {}, query: Query = {}): string {
  const filled = OPERATIONS[name].path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(path[key] ?? ""));
  const written = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, `${value}`]]));
  return written.length === 0 ? filled : `${filled}?${new URLSearchParams(written)}`;
}

function textOf(value: unknown, name: string): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const found = Object.entries(value).find(([key]) => key === name)?.[1];
  return typeof found === "string" ? found : undefined;
}

async function failure(response: Response): Promise<ApiError> {
  const problem: unknown = await response.json().catch(() => null);
  const detail = textOf(problem, "detail") ?? `the server answered ${response.status} ${response.statusText}`;
  return new ApiError(response.status, textOf(problem, "code") ?? "UNKNOWN", detail, textOf(problem, "field"));
}

/** @returns calls that ask the API at one place as one caller */
export function createClient(options: ClientOptions = {}): Client {
  const ask = options.fetch ?? fetch;
  const send = async (
    name: OperationName,
    address: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> => {
    const operation: Operation = OPERATIONS[name];
    const headers: Record<string, string> = { [CSRF_HEADER]: "1" };
    if (options.token !== undefined) headers["authorization"] = `Bearer ${options.token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const ends = signal ?? options.signal;
    const init: RequestInit = {
      method: operation.method,
      headers,
      credentials: options.token === undefined ? "same-origin" : "omit",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(ends === undefined ? {} : { signal: ends }),
    };
    const response = await ask(`${options.origin ?? ""}${address}`, init).catch((cause: unknown) => {
      if (ends?.aborted === true) throw cause;
      throw new ApiError(0, "UNREACHABLE", "the console does not answer — it is down or out of reach; try again");
    });
    if (!response.ok) throw await failure(response);
    return response;
  };
  return {
    async call<Name extends JsonOperation>(name: Name, asked: Asked<Name>): Promise<Answer<Name>> {
      const query: Query = { ...(asked.query ?? {}) };
      const response = await send(name, addressOf(name, { ...asked.path }, query), asked.body);
      return await response.json();
    },
    open: (name, query = {}, signal) => send(name, addressOf(name, {}, query), undefined, signal),
  };
}
