/** HTTP/2 on connections that the listener hands over, one flow for each stream. */
import {
  constants,
  createServer,
  type Http2Server as NodeServer,
  type ServerHttp2Session,
  type ServerOptions,
} from "node:http2";
import type { Socket } from "node:net";
import { Http2Client } from "./client-http2.ts";
import type { ClientConnection } from "./exchange.ts";
import { HEADERS_MAX, readHttp2Head } from "./framing.ts";
import { type FlowContext, RequestFlow } from "./request-flow.ts";

/** Streams that one connection may have open. */
export const STREAMS_MAX = 128;
/** Bytes that a client may send ahead on one stream; the hold needs no more to fill quickly. */
const WINDOW_SIZE = 256 * 1024;
/** The same for all streams of a connection together; Node renews it as bytes arrive. */
const CONNECTION_WINDOW_SIZE = 1024 * 1024;
/** Memory in MiB that Node lets one session use for frames and headers. */
const SESSION_MEBIBYTES_MAX = 10;

/** The HTTP/2 side of the sidecar. */
export class Http2Server {
  readonly #context: FlowContext;
  readonly #server: NodeServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Set while a connection is handed to Node, which announces the session before it returns. */
  #arriving: ClientConnection | null = null;

  constructor(context: FlowContext) {
    this.#context = context;
    const { headBytes } = context.configuration;
    const options: ServerOptions & { strictSingleValueFields: boolean } = {
      settings: {
        maxConcurrentStreams: STREAMS_MAX,
        initialWindowSize: WINDOW_SIZE,
        maxHeaderListSize: headBytes,
        enableConnectProtocol: false,
      },
      maxSessionMemory: SESSION_MEBIBYTES_MAX,
      // Twice what is allowed, so that a head that is too large gets an answer; a much larger one loses its stream.
      maxHeaderListPairs: 2 * HEADERS_MAX,
      unknownProtocolTimeout: context.configuration.timeouts.headMs,
      // A repeated Date or ETag of an application is its own affair, not a reason to answer 502.
      strictSingleValueFields: false,
    };
    this.#server = createServer(options);
    this.#server.on("session", (session) => this.#begin(session));
    this.#server.on("sessionError", ignore);
  }

  /** Takes a connection that begins with the HTTP/2 preface, or whose TLS handshake chose HTTP/2. */
  adopt(stream: Socket, connection: ClientConnection): void {
    // Half an HTTP/2 connection is of no use: a client that closed its half can never end its streams.
    stream.allowHalfOpen = false;
    this.#arriving = connection;
    this.#server.emit("connection", stream);
    this.#arriving = null;
  }

  /** Says goodbye to all clients; their streams in progress may finish. */
  drain(): void {
    for (const session of this.#sessions) session.close();
  }

  #begin(session: ServerHttp2Session): void {
    const connection = this.#arriving;
    if (connection === null) {
      session.destroy();
      return;
    }
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    session.on("error", ignore);
    session.on("frameError", ignore);
    session.setLocalWindowSize(CONNECTION_WINDOW_SIZE);
    session.setTimeout(this.#context.configuration.timeouts.idleMs, () => {
      if (connection.inFlight === 0) session.close();
    });
    const { headBytes } = this.#context.configuration;
    session.on("stream", (stream, _headers, flags, rawHeaders) => {
      const endsStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      const facts = readHttp2Head(rawHeaders, endsStream, connection.secure, headBytes);
      const client = new Http2Client(stream, facts);
      const flow = new RequestFlow(this.#context, connection, facts, client);
      client.attach(flow);
      flow.start();
    });
  }
}

function ignore(): void {}
