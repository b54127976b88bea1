/**
 * gRPC on `node:http2`, the only file that knows it: a port, its connections and their streams.
 *
 * Envoy resets nearly every stream of ext_proc once it has its answer, ten thousand in a second on one connection. To
 * nghttp2 that looks like the attack of CVE-2023-44487, and by default it ends the connection after a thousand: the
 * requests on it get a 500, or pass uninspected. `streamResetBurst` and `streamResetRate` put that limit where one
 * process cannot get to. Who may connect at all is the matter of mutual TLS and of the network.
 */
import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { Server, Socket } from "node:net";
import { listenError } from "../../core/listen-error.ts";
import type { TlsMaterial } from "../../core/tls-material.ts";
import { HEALTH_CHECK, HEALTH_WATCH, type Health } from "./health.ts";
import type { ExtProcConfiguration } from "./options.ts";
import { type FlowContext, type FlowStream, GRPC, ProcessFlow } from "./process-flow.ts";

const PROCESS = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
/** Metadata of a call by which a route says its mode (`grpc_initial_metadata`). */
const MODE_METADATA = "x-merlon-mode";
/** Resets a second on one connection that are taken for Envoy's. */
const RESETS_MAX = 1_000_000;
/** Bytes that Envoy may send ahead on one stream, and on all of a connection. */
const WINDOW_SIZE = 256 * 1024;
const CONNECTION_WINDOW_SIZE = 16 * 1024 * 1024;
/** Memory in MiB that Node lets one connection use for what waits in it. */
const SESSION_MEBIBYTES_MAX = 128;
const HEADER_BYTES_MAX = 16 * 1024;

/** An open port. */
export class Transport {
  readonly #context: FlowContext;
  readonly #health: Health;
  readonly #server: Http2Server | Http2SecureServer;
  readonly #secureServer: Http2SecureServer | null;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #sockets = new Set<Socket>();

  constructor(context: FlowContext, health: Health, material: TlsMaterial | null) {
    this.#context = context;
    this.#health = health;
    const options = serverOptions(context.configuration);
    this.#secureServer = material === null ? null : createSecureServer({ ...options, ...tlsOptions(material) });
    this.#server = this.#secureServer ?? createServer(options);
    this.#server.on("session", (session) => this.#begin(session));
    this.#server.on("sessionError", ignore);
    this.#server.on("connection", (socket: Socket) => this.#count(socket));
    // What a client did wrong in its handshake is its own affair; the socket is gone.
    this.#server.on("tlsClientError", ignore);
  }

  /** @throws MerlonError MERLON_LISTEN naming the address and what to do */
  async listen(): Promise<{ address: string; port: number }> {
    const { listen, maxConnections } = this.#context.configuration;
    const server: Server = this.#server;
    server.maxConnections = maxConnections;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(listen.host, listen.port, cause)));
      server.listen({ ...listen, backlog: 1024 }, resolve);
    });
    server.on("error", ignore);
    const bound = server.address();
    if (bound === null || typeof bound === "string") return { address: listen.host, port: listen.port };
    return { address: bound.address, port: bound.port };
  }

  /** Uses other certificates for connections from now on. */
  useTls(material: TlsMaterial): void {
    this.#secureServer?.setSecureContext(tlsOptions(material));
  }

  /** Takes no more connections and says goodbye on those that are; streams in progress may finish. */
  drain(): void {
    this.#server.close(ignore);
    for (const session of this.#sessions) session.close();
  }

  /** Resolves when all connections are closed. */
  async empty(): Promise<void> {
    while (this.#sockets.size > 0) {
      const [socket] = this.#sockets;
      await new Promise<void>((resolve) => (socket === undefined ? resolve() : socket.once("close", () => resolve())));
    }
  }

  /** Cuts all connections. */
  destroy(): void {
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #count(socket: Socket): void {
    const { counters } = this.#context;
    counters.connections++;
    counters.activeConnections++;
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.once("close", () => {
      counters.activeConnections--;
      this.#sockets.delete(socket);
    });
  }

  #begin(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    session.on("error", ignore);
    session.on("frameError", ignore);
    session.setLocalWindowSize(CONNECTION_WINDOW_SIZE);
    session.setTimeout(this.#context.configuration.timeouts.idleMs, () => session.close());
    session.on("stream", (stream, headers) => this.#open(stream, headers));
  }

  #open(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on("error", ignore);
    const path = headers[constants.HTTP2_HEADER_PATH];
    if (path === PROCESS) process(this.#context, stream, headers);
    else if (path === HEALTH_CHECK) checkHealth(this.#health, stream);
    else if (path === HEALTH_WATCH) watchHealth(this.#health, stream);
    else {
      this.#context.counters.unknownCalls++;
      stream.respond({ ...ANSWER, "grpc-status": GRPC.UNIMPLEMENTED, "grpc-message": "no such call" }, END);
      stream.resume();
    }
  }
}

const ANSWER = { ":status": 200, "content-type": "application/grpc" } as const;
const END = { endStream: true } as const;
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false } as const;
/** What happens to nearly every stream once Envoy has its answer. */
const GIVEN_UP = new Error("the stream was reset");

/** Connects one stream with its flow. */
function process(context: FlowContext, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const side = new Http2Stream(stream);
  const mode = headers[MODE_METADATA];
  const timeoutMs = millisecondsOf(headers["grpc-timeout"]);
  const flow = new ProcessFlow(context, side, typeof mode === "string" ? mode : "", timeoutMs);
  stream.on("data", (chunk: Buffer) => flow.data(chunk));
  stream.on("end", () => flow.remoteEnded());
  stream.on("drain", () => flow.drained());
  stream.on("aborted", () => {
    context.counters.resets++;
    // Node would make two errors for each of these streams, one of them with its stack: a fifth of the whole work. So
    // it is given one that exists, and is kept from ending what is gone already.
    stream.end = () => stream;
    stream.destroy(GIVEN_UP);
  });
  stream.on("close", () => flow.closed());
}

/** A stream of gRPC on a stream of HTTP/2. */
class Http2Stream implements FlowStream {
  readonly #stream: ServerHttp2Stream;
  #status: number = GRPC.OK;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  write(message: Buffer): boolean {
    const stream = this.#stream;
    if (!isOpen(stream)) return true;
    this.#respond();
    return stream.write(message);
  }

  end(status: number): void {
    const stream = this.#stream;
    this.#status = status;
    if (!isOpen(stream)) return;
    this.#respond();
    stream.end();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  #respond(): void {
    if (this.#stream.headersSent) return;
    this.#stream.respond(ANSWER, WITH_TRAILERS);
    this.#stream.once("wantTrailers", () => {
      if (!isOpen(this.#stream)) return;
      this.#stream.sendTrailers({ "grpc-status": String(this.#status) });
      // Whoever has not finished need not (RFC 9113 §8.1). Not at once: the trailers would not be sent.
      setImmediate(() => {
        if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_NO_ERROR);
      });
    });
  }
}

function isOpen(stream: ServerHttp2Stream): boolean {
  return !stream.destroyed && !stream.closed && !stream.aborted;
}

function checkHealth(health: Health, stream: ServerHttp2Stream): void {
  const side = new Http2Stream(stream);
  stream.resume();
  stream.once("end", () => {
    side.write(health.message);
    side.end(GRPC.OK);
  });
}

function watchHealth(health: Health, stream: ServerHttp2Stream): void {
  const side = new Http2Stream(stream);
  stream.resume();
  const stop = health.watch((message) => void side.write(message));
  if (stop === null) side.end(GRPC.RESOURCE_EXHAUSTED);
  else stream.once("close", stop);
}

const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 0.001, n: 0.000001 };

/** Reads a time-out as gRPC writes it, `200m`. @returns milliseconds, 0 for none */
function millisecondsOf(text: unknown): number {
  const match = typeof text === "string" ? /^(\d{1,8})([HMSmun])$/.exec(text) : null;
  return match === null ? 0 : Math.max(1, Number(match[1]) * (UNITS[match[2] ?? ""] ?? 0));
}

function serverOptions(configuration: ExtProcConfiguration): ServerOptions & SecureServerOptions {
  return {
    settings: {
      maxConcurrentStreams: configuration.maxStreams,
      initialWindowSize: WINDOW_SIZE,
      maxHeaderListSize: HEADER_BYTES_MAX,
      enablePush: false,
    },
    maxSessionMemory: SESSION_MEBIBYTES_MAX,
    streamResetBurst: RESETS_MAX,
    streamResetRate: RESETS_MAX,
  };
}

function tlsOptions(material: TlsMaterial): SecureServerOptions {
  const { cert, key, clientAuthorities } = material;
  const mutual = clientAuthorities === undefined ? {} : { ca: clientAuthorities, requestCert: true };
  return { cert, key, ...mutual, rejectUnauthorized: clientAuthorities !== undefined, ALPNProtocols: ["h2"] };
}

function ignore(): void {}
