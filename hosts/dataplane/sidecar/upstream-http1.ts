/**
 * HTTP/1.1 upstreams by undici's dispatch interface: a pool of kept-alive connections, back-pressure both ways, aborts.
 * undici's own time-outs are off, because the flow has them all and can tell why.
 */
import { Readable } from "node:stream";
import { type Dispatcher, Pool } from "undici";
import type { Upstream, UpstreamEvents, UpstreamExchange, UpstreamFailure, UpstreamRequest } from "./exchange.ts";
import type { UpstreamAddress } from "./options.ts";

/** Size of a response head that is accepted. */
export const RESPONSE_HEAD_BYTES_MAX = 64 * 1024;
/** Connections are closed after this idle time unless the upstream promises longer; most upstreams keep 5 s or more. */
const KEEP_ALIVE_MS = 4000;
const BODY_BUFFER_BYTES = 64 * 1024;

/** How to reach an upstream that speaks TLS. */
export interface UpstreamTls {
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca: string | null;
  readonly rejectUnauthorized: boolean;
  readonly serverName: string;
}

/** An upstream spoken to in HTTP/1.1. */
export class Http1Upstream implements Upstream {
  readonly http2 = false;
  readonly #pool: Pool;
  readonly #tls: UpstreamTls | null;

  constructor(address: UpstreamAddress, tls: UpstreamTls | null, connectMs: number) {
    this.#tls = tls;
    const { ca, rejectUnauthorized, serverName } = tls ?? { ca: null, rejectUnauthorized: true, serverName: "" };
    const secure = tls === null ? {} : { rejectUnauthorized, servername: serverName, ...(ca === null ? {} : { ca }) };
    this.#pool = new Pool(address.origin, {
      pipelining: 1,
      connections: null,
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: RESPONSE_HEAD_BYTES_MAX,
      connect: { timeout: connectMs, ...secure },
    });
  }

  open(request: UpstreamRequest, events: UpstreamEvents): UpstreamExchange {
    const exchange = new PoolExchange(request, events);
    const options: Dispatcher.DispatchOptions & { servername?: string } = {
      method: request.method,
      path: request.path,
      headers: request.headers,
      body: exchange.body,
      // Without this the name would be taken from the client's Host header, which is not ours to trust.
      ...(this.#tls === null ? {} : { servername: this.#tls.serverName }),
    };
    this.#pool.dispatch(options, exchange);
    exchange.opened();
    return exchange;
  }

  destroy(): void {
    void this.#pool.destroy().catch(ignore);
  }
}

/** One request in the pool; undici's handler and the flow's exchange at once. */
class PoolExchange implements Dispatcher.DispatchHandler, UpstreamExchange {
  readonly body: Buffer | Readable | null;
  readonly #events: UpstreamEvents;
  #stream: Readable | null = null;
  #controller: Dispatcher.DispatchController | null = null;
  #opening = true;
  #over = false;

  constructor(request: UpstreamRequest, events: UpstreamEvents) {
    this.#events = events;
    if (request.body === "stream") {
      this.#stream = new Readable({ highWaterMark: BODY_BUFFER_BYTES, read: () => this.#drained() });
      // undici reports the failure by onResponseError as well.
      this.#stream.on("error", ignore);
      this.body = this.#stream;
    } else {
      this.body = request.body === "none" || request.body.length === 0 ? null : request.body;
    }
  }

  /** From here on failures may be reported at once. */
  opened(): void {
    this.#opening = false;
  }

  write(chunk: Buffer): boolean {
    return this.#over || this.#stream === null || this.#stream.push(chunk);
  }

  end(): void {
    if (!this.#over) this.#stream?.push(null);
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    // Before the request has a connection there is no controller; onRequestStart looks at the flag then.
    this.#controller?.abort(new Error("aborted"));
    this.#stream?.destroy();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error("aborted"));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, _headers: unknown, reason?: string): void {
    if (this.#over) return;
    const rawHeaders = texts(controller.rawHeaders);
    if (status >= 200) this.#events.upstreamHead(status, reason ?? "", rawHeaders);
    else if (status === 103) this.#events.upstreamHints(rawHeaders);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#events.upstreamData(chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#over) return;
    this.#over = true;
    const trailers = texts(controller.rawTrailers);
    this.#events.upstreamEnd(trailers.length > 0 ? trailers : null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream?.destroy();
    const failure = describeError(error);
    // A failure inside `open` would reach the flow before it holds the exchange.
    if (this.#opening) process.nextTick(() => this.#events.upstreamFailed(failure));
    else this.#events.upstreamFailed(failure);
  }

  #drained(): void {
    if (!this.#over && !this.#opening) this.#events.upstreamDrained();
  }
}

const CONNECT_CODES: ReadonlySet<string> = new Set([
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "EAI_FAIL",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "EMFILE",
  "ENETUNREACH",
  "ENOTFOUND",
]);
const TIMEOUT_CODES: ReadonlySet<string> = new Set(["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT"]);

/** Turns an error of Node or undici into a failure that can be counted and told. */
export function describeError(error: unknown): UpstreamFailure {
  const code = codeOf(error);
  if (TIMEOUT_CODES.has(code)) return { kind: "timeout", reason: "no connection in time", code: null };
  const certificate = /CERT|SELF_SIGNED|UNABLE_TO|TLS|SSL|EPROTO/.test(code);
  return { kind: CONNECT_CODES.has(code) || certificate ? "connect" : "reset", reason: code, code: null };
}

function codeOf(error: unknown): string {
  let at: unknown = error;
  for (let depth = 0; depth < 4 && typeof at === "object" && at !== null; depth++) {
    if ("code" in at && typeof at.code === "string") return at.code.slice(0, 64);
    at = "errors" in at && Array.isArray(at.errors) ? at.errors[0] : "cause" in at ? at.cause : null;
  }
  return "unknown";
}

/** Header fields as bytes, one byte a character. undici hands them over as buffers. */
function texts(fields: unknown): string[] {
  const list: string[] = [];
  if (!Array.isArray(fields)) return list;
  for (const field of fields) list.push(Buffer.isBuffer(field) ? field.toString("latin1") : String(field));
  return list;
}

function ignore(): void {}
