/**
 * A port to which Envoys send their access log by gRPC (`envoy.access_loggers.http_grpc`): the way of records where no
 * file can be shared, as in a mesh. Envoy sends and waits for no answer, so that what the agent's disk does not have
 * when it dies is gone; a file does not lose it.
 */
import { createSecureServer, createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { Server, Socket } from "node:net";
import { listenError } from "../../core/listen-error.ts";
import { MessageReader } from "../../core/message-reader.ts";
import { readTlsMaterial, type TlsMaterial, watchTlsMaterial } from "../../core/tls-material.ts";
import { readEntries } from "./log-entries.ts";
import { type AgentCounters, type IntakeOptions, RecordIntake } from "./record-intake.ts";

const METHOD = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs";
/** Envoy sends 16 KiB and what the last record has beyond it, at most 32 KiB. */
const MESSAGE_BYTES_MAX = 1 << 19;
const CONNECTIONS_MAX = 1024;
/** Envoy has one stream for each of its threads. */
const STREAMS_MAX = 256;
const WINDOW_BYTES = 256 * 1024;
const RETRY_MS = 1000;
const TLS_RELOAD_MS = 10_000;
const UNIMPLEMENTED = "12";
const INVALID_ARGUMENT = "3";

/** Files of the port's certificate, and of the authorities whose clients may connect. */
export interface ReceiverTls {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile?: string | undefined;
  /** How often the files are looked at, in milliseconds; 10,000 if not given. */
  readonly reloadMs?: number | undefined;
}

/** What a receiver is made of. */
export interface ReceiverOptions extends IntakeOptions {
  readonly listen: { readonly host: string; readonly port: number };
  readonly tls?: ReceiverTls | undefined;
}

type Stream = import("node:http2").ServerHttp2Stream;

/** A port that is open. */
export class LogReceiver {
  readonly port: number;
  readonly #options: ReceiverOptions;
  readonly #intake: RecordIntake;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #stopWatching: () => void;
  /** Streams that wait for the disk. */
  readonly #waiting = new Set<Stream>();
  #settling: Promise<void> | null = null;
  #isFailing = false;
  #isClosed = false;

  private constructor(options: ReceiverOptions, server: Server, port: number, stopWatching: () => void) {
    this.#options = options;
    this.#intake = new RecordIntake(options);
    this.#server = server;
    this.port = port;
    this.#stopWatching = stopWatching;
  }

  /** Opens the port. @throws MerlonError MERLON_LISTEN, MERLON_TLS */
  static async start(options: ReceiverOptions): Promise<LogReceiver> {
    const { listen, tls } = options;
    const settings = { settings: { maxConcurrentStreams: STREAMS_MAX, initialWindowSize: WINDOW_BYTES } };
    const secure = tls === undefined ? null : createSecureServer({ ...settings, ...tlsOptions(read(tls)) });
    const http2: Http2Server | NonNullable<typeof secure> = secure ?? createServer(settings);
    const server: Server = http2;
    server.maxConnections = CONNECTIONS_MAX;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(listen.host, listen.port, cause)));
      server.listen({ ...listen }, resolve);
    });
    const bound = server.address();
    const port = bound === null || typeof bound === "string" ? listen.port : bound.port;
    const use = (material: TlsMaterial): void => secure?.setSecureContext(tlsOptions(material));
    const stop =
      tls === undefined
        ? () => {}
        : watchTlsMaterial({ ...tls, reloadMs: tls.reloadMs ?? TLS_RELOAD_MS }, use, ({ detail }) =>
            options.say(detail),
          );
    const receiver = new LogReceiver(options, server, port, stop);
    for (const event of ["error", "sessionError", "tlsClientError"]) server.on(event, ignore);
    server.on("connection", (socket: Socket) => receiver.#hold(socket));
    http2.on("session", (session) => receiver.#begin(session));
    return receiver;
  }

  get counters(): Readonly<AgentCounters> {
    return this.#intake.counters;
  }

  /** Whether the disk takes what comes. */
  get isWell(): boolean {
    return !this.#isFailing;
  }

  /** Takes no more, and ends when the disk has what came. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWatching();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.#settling;
  }

  /** Connections and not sessions: a client that never ends its TLS handshake has no session. */
  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    socket.on("error", ignore);
  }

  #begin(session: ServerHttp2Session): void {
    session.on("error", ignore);
    session.on("stream", (stream, headers) => {
      stream.on("error", ignore);
      if (headers[":path"] === METHOD) this.#take(stream);
      else end(stream, UNIMPLEMENTED);
    });
  }

  #take(stream: Stream): void {
    const reader = new MessageReader(MESSAGE_BYTES_MAX);
    stream.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      let isGood = true;
      for (let next = reader.next(); next !== null && isGood; next = reader.next()) isGood = this.#message(next);
      if (!isGood || reader.fault !== null) {
        // What follows is thrown away, and not read as messages or counted again.
        stream.removeAllListeners("data");
        this.#intake.refuse();
        end(stream, INVALID_ARGUMENT);
      } else if (this.#settling !== null) this.#pause(stream);
    });
    stream.on("end", () => end(stream, "0"));
    stream.on("close", () => this.#waiting.delete(stream));
  }

  /** @returns false where the bytes are no message */
  #message(bytes: Buffer): boolean {
    const lines = readEntries(bytes);
    if (lines === null) return false;
    for (const line of lines) this.#intake.take(line);
    if (lines.length > 0) this.#settling ??= this.#settle();
    return true;
  }

  /** Nothing more is read until the disk has what came: it waits in Envoy, which has a bound of its own. */
  #pause(stream: Stream): void {
    stream.pause();
    this.#waiting.add(stream);
  }

  async #settle(): Promise<void> {
    for (;;) {
      try {
        await this.#intake.settle();
        this.#tell(false);
        break;
      } catch {
        this.#tell(true);
        if (this.#isClosed) break;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#settling = null;
    for (const stream of this.#waiting) stream.resume();
    this.#waiting.clear();
  }

  /** Tells once of what fails, and once that it is over. */
  #tell(isFailing: boolean): void {
    if (isFailing === this.#isFailing) return;
    this.#isFailing = isFailing;
    this.#options.say(
      isFailing
        ? "the disk refuses records; it is tried again, and Envoy drops what it cannot keep"
        : "the disk is well",
    );
  }
}

function end(stream: Stream, status: string): void {
  if (stream.destroyed || stream.closed) return;
  if (!stream.headersSent) {
    stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": status }, { endStream: true });
  }
  stream.resume();
}

function read({ certFile, keyFile, clientCaFile }: ReceiverTls): TlsMaterial {
  return readTlsMaterial(certFile, keyFile, clientCaFile);
}

function tlsOptions({ cert, key, clientAuthorities }: TlsMaterial): object {
  const mutual = clientAuthorities === undefined ? {} : { ca: clientAuthorities, requestCert: true };
  return { cert, key, ...mutual, rejectUnauthorized: clientAuthorities !== undefined, ALPNProtocols: ["h2"] };
}

function ignore(): void {}
