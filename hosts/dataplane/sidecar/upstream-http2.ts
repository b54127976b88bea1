/**
 * HTTP/2 upstreams by node:http2, with prior knowledge (h2c) or TLS: what gRPC needs. A few sessions share the load;
 * a new one is opened when all are full, and one that says goodbye gets no new requests.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type SecureClientSessionOptions,
} from "node:http2";
import type { Upstream, UpstreamEvents, UpstreamExchange, UpstreamFailure, UpstreamRequest } from "./exchange.ts";
import type { UpstreamAddress } from "./options.ts";
import { describeError, RESPONSE_HEAD_BYTES_MAX, type UpstreamTls } from "./upstream-http1.ts";

/** Sessions to one upstream. Beyond `SESSIONS_MAX` times what it allows, requests wait in the last session. */
const SESSIONS_MAX = 16;
/** Size of a request head; nothing larger comes from a client. */
const HEAD_BYTES_MAX = 512 * 1024;
/** Streams a session gets before the upstream has said how many it takes. */
const STREAMS_ASSUMED = 100;

interface Session {
  readonly http2: ClientHttp2Session;
  streams: number;
  /** How many streams the upstream takes. */
  streamsMax: number;
  usable: boolean;
  /** Why the session failed, told to the requests that it took with it. */
  error: unknown;
}

/** An upstream spoken to in HTTP/2. */
export class Http2Upstream implements Upstream {
  readonly http2 = true;
  readonly #address: UpstreamAddress;
  readonly #tls: UpstreamTls | null;
  readonly #connectMs: number;
  readonly #sessions = new Set<Session>();

  constructor(address: UpstreamAddress, tls: UpstreamTls | null, connectMs: number) {
    this.#address = address;
    this.#tls = tls;
    this.#connectMs = connectMs;
  }

  open(request: UpstreamRequest, events: UpstreamEvents): UpstreamExchange {
    const session = this.#pick();
    const { method, path, scheme, headers, body } = request;
    const authority = request.authority === "" ? new URL(this.#address.origin).host : request.authority;
    const head = [":method", method, ":path", path, ":scheme", scheme, ":authority", authority, ...headers];
    const bodyless = body === "none";
    let stream: ClientHttp2Stream;
    try {
      // With trailers, whether or not there are any: without this option Node ends a stream cleanly that is closed with
      // an error code, and a request that was cut would look whole to the upstream.
      stream = session.http2.request(head, { endStream: bodyless, waitForTrailers: !bodyless });
    } catch (error) {
      // A head that Node refuses is the client's fault; the session serves others.
      if (session.http2.destroyed || session.http2.closed) session.usable = false;
      process.nextTick(() => events.upstreamFailed(describeError(error)));
      return CLOSED;
    }
    session.streams++;
    stream.once("close", () => this.#released(session));
    const exchange = new StreamExchange(stream, session, events);
    if (typeof body !== "string") {
      if (body.length > 0) exchange.write(body);
      exchange.end(request.trailers);
    }
    return exchange;
  }

  destroy(): void {
    for (const session of this.#sessions) session.http2.destroy();
    this.#sessions.clear();
  }

  #pick(): Session {
    let best: Session | null = null;
    for (const session of this.#sessions) {
      if (session.usable && (best === null || session.streams < best.streams)) best = session;
    }
    const full = best !== null && best.streams >= best.streamsMax;
    return best === null || (full && this.#sessions.size < SESSIONS_MAX) ? this.#connect() : best;
  }

  #connect(): Session {
    const { origin } = this.#address;
    const tls = this.#tls;
    const secure =
      tls === null
        ? {}
        : {
            rejectUnauthorized: tls.rejectUnauthorized,
            servername: tls.serverName,
            ...(tls.ca === null ? {} : { ca: tls.ca }),
          };
    const options: SecureClientSessionOptions & { strictSingleValueFields: boolean } = {
      maxSendHeaderBlockLength: HEAD_BYTES_MAX,
      settings: SETTINGS,
      // What a client repeats was inspected as it is and goes on as it is.
      strictSingleValueFields: false,
      ...secure,
    };
    const http2 = connect(origin, options);
    const session: Session = { http2, streams: 0, streamsMax: STREAMS_ASSUMED, usable: true, error: null };
    this.#sessions.add(session);
    const timer = setTimeout(() => http2.destroy(new ConnectTimeout()), this.#connectMs);
    http2.once("connect", () => clearTimeout(timer));
    http2.on("remoteSettings", ({ maxConcurrentStreams }) => {
      session.streamsMax = maxConcurrentStreams ?? STREAMS_ASSUMED;
    });
    http2.on("error", (error) => {
      session.error = error;
    });
    http2.on("goaway", () => {
      session.usable = false;
    });
    http2.once("close", () => {
      clearTimeout(timer);
      session.usable = false;
      this.#sessions.delete(session);
    });
    // An idle session must not keep the process alive; one with requests is kept by the clients' sockets.
    http2.unref();
    return session;
  }

  #released(session: Session): void {
    session.streams--;
    if (!session.usable && session.streams === 0 && !session.http2.destroyed) session.http2.close();
  }
}

const SETTINGS = {
  enablePush: false,
  initialWindowSize: 256 * 1024,
  maxHeaderListSize: RESPONSE_HEAD_BYTES_MAX,
} as const;

class ConnectTimeout extends Error {
  readonly code = "ETIMEDOUT";
}

/** One request on one stream. */
class StreamExchange implements UpstreamExchange {
  readonly #stream: ClientHttp2Stream;
  readonly #session: Session;
  readonly #events: UpstreamEvents;
  #trailers: string[] | null = null;
  #rawTrailers: string[] | null = null;
  #error: Error | null = null;
  #over = false;

  constructor(stream: ClientHttp2Stream, session: Session, events: UpstreamEvents) {
    this.#stream = stream;
    this.#session = session;
    this.#events = events;
    stream.on("headers", (_headers: unknown, _flags: unknown, rawHeaders: string[]) => {
      if (!this.#over && rawHeaders[1] === "103") events.upstreamHints(rawHeaders);
    });
    stream.on("response", (headers, _flags, rawHeaders) => {
      if (!this.#over) events.upstreamHead(headers[":status"] ?? 502, "", rawHeaders);
    });
    stream.on("trailers", (_headers, _flags, rawTrailers) => {
      this.#rawTrailers = rawTrailers;
    });
    stream.on("data", (chunk: Buffer) => {
      if (!this.#over) events.upstreamData(chunk);
    });
    stream.on("drain", () => {
      if (!this.#over) events.upstreamDrained();
    });
    stream.on("wantTrailers", () => this.#sendTrailers());
    stream.on("error", (error) => {
      this.#error = error;
    });
    stream.on("end", () => this.#ended());
    stream.on("close", () => this.#failed());
  }

  write(chunk: Buffer): boolean {
    const stream = this.#stream;
    return this.#over || stream.destroyed || stream.closed || stream.writableEnded || stream.write(chunk);
  }

  end(rawTrailers: string[] | null): void {
    this.#trailers = rawTrailers;
    if (!this.#over && !this.#stream.destroyed && !this.#stream.closed) this.#stream.end();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #sendTrailers(): void {
    try {
      this.#stream.sendTrailers(fieldsOf(this.#trailers));
    } catch {
      // Fields that Node does not accept: the request is cut rather than sent without what belongs to it.
      this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
  }

  #ended(): void {
    // A reset stream ends as well, and its body is not whole.
    if (this.#over || this.#stream.aborted || (this.#stream.rstCode ?? 0) !== 0 || !this.#stream.readableEnded) return;
    this.#over = true;
    this.#events.upstreamEnd(this.#rawTrailers);
    // An upstream may answer before it has the whole request; the rest is not wanted then.
    if (!this.#stream.writableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }

  #failed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.upstreamFailed(this.#failure());
  }

  #failure(): UpstreamFailure {
    // A session that fails takes its streams along, sometimes before it says why itself.
    const cause = this.#error?.cause ?? this.#session.error;
    if (cause !== null) return describeError(cause);
    const code = this.#stream.rstCode ?? constants.NGHTTP2_INTERNAL_ERROR;
    return { kind: "reset", reason: `HTTP/2 error code ${code}`, code };
  }
}

const CLOSED: UpstreamExchange = {
  write: () => true,
  end() {},
  pause() {},
  resume() {},
  abort() {},
};

function fieldsOf(flat: readonly string[] | null): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (let i = 0; flat !== null && i + 1 < flat.length; i += 2) {
    const name = flat[i] ?? "";
    fields[name] = [...(fields[name] ?? []), flat[i + 1] ?? ""];
  }
  return fields;
}
