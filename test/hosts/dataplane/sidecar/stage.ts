/**
 * The stage that the sidecar's tests play on: real servers behind it, real sockets in front of it, the sidecar between,
 * and a look at the books when the curtain falls.
 */
import * as http from "node:http";
import * as http2 from "node:http2";
import * as net from "node:net";
import { expect, onTestFinished } from "vitest";
import type { VerdictEvent } from "../../../../hosts/core/inspection.ts";
import { type Sidecar, type SidecarOptions, startSidecar } from "../../../../hosts/dataplane/sidecar/sidecar.ts";
import { WordInspector } from "./word-inspector.ts";

/** A sidecar with what a test wants to know of it. */
export interface Stage {
  readonly sidecar: Sidecar;
  readonly inspector: WordInspector;
  readonly verdicts: VerdictEvent[];
  readonly port: number;
}

/** Starts a sidecar; it is closed, and its books are checked, when the test ends. */
export async function startStage(
  upstream: string,
  options: Partial<Omit<SidecarOptions, "upstream" | "inspector">> = {},
): Promise<Stage> {
  const inspector = new WordInspector();
  const verdicts: VerdictEvent[] = [];
  const sidecar = await startSidecar({
    ...options,
    upstream,
    inspector,
    onVerdict: (event) => {
      verdicts.push(event);
      options.onVerdict?.(event);
    },
  });
  onTestFinished(async () => {
    await sidecar.close(0);
    const { counters } = sidecar;
    expect(inspector.faults).toEqual([]);
    expect(inspector.freed).toBe(inspector.begun);
    expect(counters.inspected + counters.skipped).toBe(counters.requests);
    expect(counters).toMatchObject({ activeConnections: 0, activeRequests: 0, heldBytes: 0 });
  });
  return { sidecar, inspector, verdicts, port: sidecar.port };
}

/** Starts an HTTP/1 server as the application; returns its address as a URL. */
export async function startApplication(
  listener: http.RequestListener,
  prepare: (server: http.Server) => void = () => {},
): Promise<string> {
  const server = http.createServer(listener);
  prepare(server);
  return `http://127.0.0.1:${await listen(server)}`;
}

/** Starts an HTTP/2 server without TLS as the application. */
export async function startHttp2Application(
  listener: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders, rawHeaders: string[]) => void,
  settings: http2.Settings = {},
): Promise<string> {
  const server = http2.createServer({ settings });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => {});
  });
  server.on("stream", (stream, headers, _flags, rawHeaders) => {
    stream.on("error", () => {});
    listener(stream, headers, rawHeaders);
  });
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
  });
  return `h2c://127.0.0.1:${await listen(server)}`;
}

/** Starts a TCP server as the application, for what no proper HTTP server does. */
export async function startRawApplication(listener: (socket: net.Socket) => void): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    listener(socket);
  });
  return `http://127.0.0.1:${await listen(server)}`;
}

/** Listens on a free loopback port until the test ends. */
export async function listen(server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A client that writes exactly the bytes it is given and keeps all that come back. */
export class RawClient {
  readonly socket: net.Socket;
  received = "";
  ended = false;
  error: string | null = null;
  #wake: () => void = () => {};

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.received += chunk.toString("latin1");
      this.#wake();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? "unknown";
    });
    socket.on("close", () => {
      this.ended = true;
      this.#wake();
    });
    onTestFinished(() => {
      socket.destroy();
    });
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
  }

  /** Waits for something in what was received; fails with what came instead if the connection ends first. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.received);
      if (match) return match;
      if (this.ended) throw new Error(`closed (${this.error ?? "end"}) after: ${this.received.slice(0, 2000)}`);
      await this.#next();
    }
  }

  /** Waits for the end of the connection; returns all that was received. */
  async end(): Promise<string> {
    while (!this.ended) await this.#next();
    return this.received;
  }

  async #next(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Connects a raw client to a port of this machine. */
export async function connectRaw(port: number): Promise<RawClient> {
  const socket = net.connect({ port, host: "127.0.0.1" });
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return new RawClient(socket);
}

/** What came back for a request of `send`. */
export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly body: string;
  readonly trailers: NodeJS.Dict<string>;
}

/** Sends one HTTP/1 request on its own connection and reads the whole response. */
export async function send(
  port: number,
  options: http.RequestOptions & { path?: string } = {},
  body: string | Buffer | null = null,
): Promise<Reply> {
  return await new Promise<Reply>((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, agent: false, ...options }, (response) => {
      let text = "";
      response.setEncoding("latin1");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        const { statusCode: status = 0, headers, rawHeaders, trailers } = response;
        resolve({ status, headers, rawHeaders, body: text, trailers });
      });
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body ?? undefined);
  });
}

/** Waits until something becomes true; the test's own time-out is the limit. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Reads a stream to its end. */
export async function readAll(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Waits until a number has not changed for a while: something is blocked. */
export async function standStill(measure: () => number): Promise<void> {
  let last = Number.NaN;
  for (let same = 0; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    const now = measure();
    same = now === last && now > 0 ? same + 1 : 0;
    last = now;
  }
}

/** What came back on an HTTP/2 stream. */
export interface StreamReply {
  readonly status: number;
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: http2.IncomingHttpHeaders;
  /** The code that the stream was closed with, 0 for a good end. */
  readonly code: number;
}

/** Opens an HTTP/2 connection with prior knowledge. */
export function connectHttp2(port: number): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  onTestFinished(() => session.destroy());
  return session;
}

/** Waits for all that comes back on a stream, however it ends. */
export async function replyOf(stream: http2.ClientHttp2Stream): Promise<StreamReply> {
  return await new Promise<StreamReply>((resolve) => {
    let headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    let trailers: http2.IncomingHttpHeaders = {};
    let body = "";
    stream.on("response", (fields) => {
      headers = fields;
    });
    stream.on("trailers", (fields) => {
      trailers = fields;
    });
    stream.on("data", (chunk: Buffer) => {
      body += chunk.toString("latin1");
    });
    stream.on("error", () => {});
    stream.on("close", () => {
      resolve({ status: headers[":status"] ?? 0, headers, body, trailers, code: stream.rstCode ?? -1 });
    });
  });
}
