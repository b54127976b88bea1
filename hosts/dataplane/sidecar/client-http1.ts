/** The client's half of an HTTP/1 request, on top of node:http's request and response. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { OwnAnswer } from "../../core/block-page.ts";
import type { ClientConnection, ClientEvents, ClientSide } from "./exchange.ts";
import type { HeadFacts } from "./framing.ts";

/** Bytes of a request that are still taken after its answer, so that the client gets to read that answer. */
export const DISCARD_BYTES_MAX = 1024 * 1024;
/** How long they are taken. */
export const DISCARD_MS_MAX = 5000;

const EMPTY = Buffer.alloc(0);

/** Characters that Node refuses in a reason phrase; what is left is what a phrase may hold. */
const REASON = /^[\t\x20-\x7e]*$/;

/** One HTTP/1 request and response. */
export class Http1Client implements ClientSide {
  readonly http2 = false;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #connection: ClientConnection;
  readonly #facts: HeadFacts;
  readonly #mustClose: () => boolean;
  #discarding = false;
  #discarded = 0;
  #continued = false;
  #closing = false;
  #wrote = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    connection: ClientConnection,
    facts: HeadFacts,
    mustClose: () => boolean,
  ) {
    this.#request = request;
    this.#response = response;
    this.#connection = connection;
    this.#facts = facts;
    this.#mustClose = mustClose;
  }

  /** Whether the connection cannot be used for another request after this one. */
  protected get closes(): boolean {
    return this.#closing || this.#facts.refusal !== null || this.#mustClose();
  }

  /** Connects the events. Must be called in the same turn in which Node announced the request. */
  attach(events: ClientEvents): void {
    const request = this.#request;
    const response = this.#response;
    response.on("close", () => {
      events.clientClosed();
      // A head that was sent before the drain began may have promised to keep the connection.
      if (this.#mustClose() && this.#connection.inFlight === 0) request.socket.destroySoon();
    });
    response.on("drain", () => events.clientDrained());
    // Node destroys the response after this; the close event tells the flow.
    response.on("error", ignore);
    if (!this.#facts.hasBody) return;
    request.on("error", ignore);
    request.on("data", (chunk: Buffer) => {
      if (this.#discarding) this.#discard(chunk.length);
      else events.requestData(chunk);
    });
    request.on("end", () => {
      if (request.complete && !this.#discarding) {
        events.requestEnd(request.rawTrailers.length > 0 ? request.rawTrailers : null);
      }
    });
  }

  respond(status: number, reason: string, headers: string[], bodyless: boolean): void {
    const response = this.#response;
    if (this.closes) headers.push("connection", "close");
    response.writeHead(status, REASON.test(reason) ? reason : "", headers);
    // Node sends the head with the first bytes of the body. Those usually come in this turn; if not, the head must not
    // wait for them, or the first event of a stream would.
    if (!bodyless) process.nextTick(flushHead, this);
  }

  write(chunk: Uint8Array): boolean {
    this.#wrote = true;
    return this.#response.write(chunk);
  }

  end(trailers: string[] | null): void {
    this.#wrote = true;
    const response = this.#response;
    try {
      if (trailers !== null && response.chunkedEncoding) response.addTrailers(pairs(trailers));
      response.end();
    } catch {
      // Fields that Node does not accept: the response is cut rather than ended without what belongs to it.
      this.reset();
    }
  }

  answer(answer: OwnAnswer): void {
    this.#wrote = true;
    const { status, headers, body } = answer;
    const unread = this.#facts.hasBody && !this.#request.complete;
    // A client that was not told to go on may send its body or the next request: nobody could tell which.
    if (this.closes || (unread && this.#waits())) {
      headers.push("connection", "close");
    }
    this.#response.writeHead(status, headers);
    if (this.#request.method === "HEAD") this.#response.end();
    else this.#response.end(body);
  }

  sendContinue(): void {
    this.#continued = true;
    this.#response.writeContinue();
  }

  sendHints(headers: string[]): void {
    const links: string[] = [];
    for (let i = 0; i + 1 < headers.length; i += 2) {
      if (headers[i]?.toLowerCase() === "link") links.push(headers[i + 1] ?? "");
    }
    if (links.length === 0 || this.#facts.head.authority === "") return;
    try {
      this.#response.writeEarlyHints({ link: links });
    } catch {
      // Hints are only hints: links that Node does not accept are left out.
    }
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  discard(): void {
    if (this.#request.complete || this.#discarding) return;
    this.#discarding = true;
    this.#request.resume();
    const timer = setTimeout(() => {
      if (!this.#request.complete) this.#connection.socket.destroy();
    }, DISCARD_MS_MAX);
    timer.unref();
    this.#request.once("close", () => clearTimeout(timer));
  }

  reset(): void {
    resetSocket(this.#connection.socket);
  }

  tunnel(_reason: string, _headers: string[], _upstream: Duplex, _firstBytes: Buffer): void {
    // Only a handshake, which has its own client side, can become a tunnel.
    this.reset();
  }

  /** Where the next request would begin is not certain: the connection ends with this response. */
  closeAfterAnswer(): void {
    this.#closing = true;
  }

  /** Called in the tick after the head if nothing was written since. */
  flushHead(): void {
    // `flushHeaders` would write the head as UTF-8 and so change bytes above 0x7f; an empty buffer leaves them alone.
    if (!this.#wrote && !this.#response.destroyed) this.#response.write(EMPTY);
  }

  #waits(): boolean {
    return this.#facts.expectsContinue && !this.#continued;
  }

  #discard(size: number): void {
    this.#discarded += size;
    if (this.#discarded > DISCARD_BYTES_MAX) this.#connection.socket.destroy();
  }
}

function flushHead(client: Http1Client): void {
  client.flushHead();
}

function ignore(): void {}

function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) list.push([flat[i] ?? "", flat[i + 1] ?? ""]);
  return list;
}

/** Ends a connection so that the other side sees an error, not an end: with RST where the system lets us. */
export function resetSocket(socket: Duplex): void {
  if (socket instanceof Socket && !socket.destroyed && socket.remoteAddress !== undefined) socket.resetAndDestroy();
  else socket.destroy();
}
