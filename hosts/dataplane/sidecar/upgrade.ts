/**
 * WebSocket: the handshake is a request like any other, judged by its head; after 101 the two sockets are joined and
 * nothing is looked at any more. If the upstream answers with an ordinary response, that is what the client gets, and
 * its connection closes: bytes that the client sent for a WebSocket must never be read as a request.
 */
import { type IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Http1Client } from "./client-http1.ts";
import type { ClientConnection, ClientEvents } from "./exchange.ts";
import type { HeadFacts } from "./framing.ts";

/** The client's half of a handshake. */
export class HandshakeClient extends Http1Client {
  readonly #socket: Duplex;
  readonly #response: ServerResponse;
  readonly #firstBytes: Buffer;
  #events: ClientEvents | null = null;

  /** @param firstBytes what the client sent behind the handshake already */
  constructor(
    request: IncomingMessage,
    socket: Duplex,
    firstBytes: Buffer,
    connection: ClientConnection,
    facts: HeadFacts,
  ) {
    const response = new ServerResponse(request);
    super(request, response, connection, facts, () => true);
    response.shouldKeepAlive = false;
    // Node takes any stream here but declares only sockets, which is what servers of ours get.
    if (socket instanceof Socket) response.assignSocket(socket);
    this.#response = response;
    this.#socket = socket;
    this.#firstBytes = firstBytes;
  }

  override attach(events: ClientEvents): void {
    super.attach(events);
    this.#events = events;
    const socket = this.#socket;
    socket.on("error", () => socket.destroy());
    this.#response.on("finish", () => {
      events.clientClosed();
      if (socket instanceof Socket) socket.destroySoon();
    });
  }

  override tunnel(reason: string, headers: string[], upstream: Duplex, firstBytes: Buffer): void {
    const socket = this.#socket;
    if (socket instanceof Socket) this.#response.detachSocket(socket);
    let head = `HTTP/1.1 101 ${/^[\t\x20-\x7e]+$/.test(reason) ? reason : "Switching Protocols"}\r\n`;
    for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    socket.write(Buffer.from(`${head}\r\n`, "latin1"));
    if (firstBytes.length > 0) socket.write(firstBytes);
    if (this.#firstBytes.length > 0) upstream.write(this.#firstBytes);
    join(socket, upstream);
    this.#events?.clientClosed();
  }
}

/** Pipes both ways with back-pressure; an end is passed on, an error or close ends both. */
function join(client: Duplex, upstream: Duplex): void {
  for (const socket of [client, upstream]) {
    if (!(socket instanceof Socket)) continue;
    socket.setTimeout(0);
    socket.setNoDelay(true);
  }
  client.pipe(upstream);
  upstream.pipe(client);
  client.on("error", () => upstream.destroy());
  client.on("close", () => upstream.destroy());
  upstream.on("error", () => client.destroy());
  upstream.on("close", () => client.destroy());
}
