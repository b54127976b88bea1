/**
 * WebSocket: the handshake is a request like any other, judged by its head; after 101 the two sockets are joined and
 * nothing is looked at any more. If the upstream answers with an ordinary response, that is what the client gets, and
 * its connection closes: bytes that the client sent for a WebSocket must never be read as a request.
 */
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Http1Client } from "./client-http1.ts";
import type { ClientConnection, ClientEvents } from "./exchange.ts";
import type { HeadFacts } from "./framing.ts";

/** How long the second half of a tunnel may stay silent after the first has ended. */
const HALF_OPEN_MS = 30_000;

/**
 * The client's half of a request with an Upgrade header. Node gives such requests up to us together with their socket;
 * what is no WebSocket handshake is answered like any other request, and the socket then goes back to Node's parser.
 */
export class UpgradeClient extends Http1Client {
  readonly #socket: Socket;
  readonly #response: ServerResponse;
  readonly #firstBytes: Buffer;
  readonly #goBack: () => void;
  readonly #onError = (): void => {
    this.#socket.destroy();
  };
  #events: ClientEvents | null = null;

  /**
   * @param firstBytes what the client sent behind the request already
   * @param goBack takes the socket again for further requests
   */
  constructor(
    request: IncomingMessage,
    socket: Socket,
    firstBytes: Buffer,
    connection: ClientConnection,
    facts: HeadFacts,
    mustClose: () => boolean,
    goBack: () => void,
  ) {
    const response = new ServerResponse(request);
    const ends = facts.websocket || facts.closes;
    super(request, response, connection, facts, () => ends || mustClose());
    response.shouldKeepAlive = !ends;
    response.assignSocket(socket);
    this.#response = response;
    this.#socket = socket;
    this.#firstBytes = firstBytes;
    this.#goBack = goBack;
  }

  override attach(events: ClientEvents): void {
    super.attach(events);
    this.#events = events;
    this.#socket.on("error", this.#onError);
    this.#response.on("finish", () => this.#finish(events));
  }

  override tunnel(reason: string, headers: string[], upstream: Duplex, firstBytes: Buffer): void {
    const socket = this.#socket;
    this.#response.detachSocket(socket);
    let head = `HTTP/1.1 101 ${/^[\t\x20-\x7e]+$/.test(reason) ? reason : "Switching Protocols"}\r\n`;
    for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
    socket.write(Buffer.from(`${head}\r\n`, "latin1"));
    if (firstBytes.length > 0) socket.write(firstBytes);
    if (this.#firstBytes.length > 0) upstream.write(this.#firstBytes);
    join(socket, upstream);
    this.#events?.clientClosed();
  }

  #finish(events: ClientEvents): void {
    const socket = this.#socket;
    events.clientClosed();
    if (this.closes || !this.#response.shouldKeepAlive) {
      socket.destroySoon();
      return;
    }
    this.#response.detachSocket(socket);
    socket.off("error", this.#onError);
    if (this.#firstBytes.length > 0) socket.unshift(this.#firstBytes);
    this.#goBack();
  }
}

/** Pipes both ways with back-pressure; an end is passed on, an error or close ends both. */
function join(client: Socket, upstream: Duplex): void {
  client.setTimeout(0);
  client.pipe(upstream);
  upstream.pipe(client);
  client.on("error", () => upstream.destroy());
  client.on("close", () => upstream.destroy());
  // WebSockets are not used half open; who does not end either is given up after a while.
  upstream.on("end", () => client.setTimeout(HALF_OPEN_MS, () => client.destroy()));
  client.on("end", () => client.setTimeout(HALF_OPEN_MS, () => client.destroy()));
  upstream.on("error", () => client.destroy());
  upstream.on("close", () => client.destroy());
}
