/**
 * The few HTTP/1.1 requests that undici cannot express, by node:http's own client: WebSocket handshakes whose answer
 * may also be an ordinary response, requests with trailers, and `OPTIONS *`.
 */
import * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import type { Upstream, UpstreamEvents, UpstreamExchange, UpstreamRequest } from "./exchange.ts";
import type { UpstreamAddress } from "./options.ts";
import { describeError, RESPONSE_HEAD_BYTES_MAX, type UpstreamTls } from "./upstream-http1.ts";

/** An upstream spoken to in HTTP/1.1, one connection a request. */
export class DirectUpstream implements Upstream {
  readonly http2 = false;
  readonly #address: UpstreamAddress;
  readonly #tls: UpstreamTls | null;
  readonly #connectMs: number;
  readonly #upgrade: boolean;
  readonly #exchanges = new Set<DirectExchange>();

  /** @param upgrade whether requests are WebSocket handshakes */
  constructor(address: UpstreamAddress, tls: UpstreamTls | null, connectMs: number, upgrade: boolean) {
    this.#address = address;
    this.#tls = tls;
    this.#connectMs = connectMs;
    this.#upgrade = upgrade;
  }

  open(request: UpstreamRequest, events: UpstreamEvents): UpstreamExchange {
    const { host, port, secure } = this.#address;
    const headers = [...request.headers];
    if (this.#upgrade) headers.push("connection", "upgrade", "upgrade", "websocket");
    else headers.push("connection", "close", ...(request.body === "none" ? [] : framing(request)));
    const tls = this.#tls;
    const outgoing = (secure ? https : http).request({
      host,
      port,
      method: request.method,
      path: request.path,
      headers,
      agent: false,
      setHost: false,
      maxHeaderSize: RESPONSE_HEAD_BYTES_MAX,
      ...(tls === null
        ? {}
        : {
            rejectUnauthorized: tls.rejectUnauthorized,
            servername: tls.serverName,
            ...(tls.ca === null ? {} : { ca: tls.ca }),
          }),
    });
    const exchange = new DirectExchange(outgoing, events, this.#connectMs, () => this.#exchanges.delete(exchange));
    this.#exchanges.add(exchange);
    const { body, trailers } = request;
    if (body === "none") outgoing.end();
    else if (body !== "stream") {
      if (body.length > 0) exchange.write(body);
      exchange.end(trailers);
    }
    return exchange;
  }

  destroy(): void {
    for (const exchange of this.#exchanges) exchange.abort();
  }
}

/** Trailers need chunks; a declared length would rule them out. */
function framing(request: UpstreamRequest): string[] {
  const { headers } = request;
  const declared = headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === "content-length");
  return declared ? [] : ["transfer-encoding", "chunked"];
}

/** One request on a connection of its own. */
class DirectExchange implements UpstreamExchange {
  readonly #outgoing: http.ClientRequest;
  readonly #events: UpstreamEvents;
  readonly #forget: () => void;
  readonly #timer: NodeJS.Timeout;
  #incoming: http.IncomingMessage | null = null;
  #over = false;

  constructor(outgoing: http.ClientRequest, events: UpstreamEvents, connectMs: number, forget: () => void) {
    this.#outgoing = outgoing;
    this.#events = events;
    this.#forget = forget;
    this.#timer = setTimeout(() => outgoing.destroy(new ConnectTimeout()), connectMs);
    outgoing.on("socket", (socket) => {
      socket.once("connect", () => clearTimeout(this.#timer));
    });
    outgoing.on("response", (incoming) => this.#respond(incoming));
    outgoing.on("upgrade", (incoming, socket, firstBytes) => this.#switch(incoming, socket, firstBytes));
    outgoing.on("information", ({ statusCode, rawHeaders }) => {
      if (!this.#over && statusCode === 103) events.upstreamHints(rawHeaders);
    });
    outgoing.on("drain", () => {
      if (!this.#over) events.upstreamDrained();
    });
    outgoing.on("error", (error) => this.#fail(error));
    outgoing.on("close", () => this.#fail(null));
  }

  write(chunk: Buffer): boolean {
    return this.#over || this.#outgoing.destroyed || this.#outgoing.write(chunk);
  }

  end(rawTrailers: string[] | null): void {
    if (this.#over || this.#outgoing.destroyed) return;
    if (rawTrailers !== null && this.#outgoing.chunkedEncoding) {
      const pairs: [string, string][] = [];
      for (let i = 0; i + 1 < rawTrailers.length; i += 2) pairs.push([rawTrailers[i] ?? "", rawTrailers[i + 1] ?? ""]);
      this.#outgoing.addTrailers(pairs);
    }
    this.#outgoing.end();
  }

  pause(): void {
    this.#incoming?.pause();
  }

  resume(): void {
    this.#incoming?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#finish();
    this.#outgoing.destroy();
  }

  #respond(incoming: http.IncomingMessage): void {
    this.#incoming = incoming;
    incoming.on("error", (error) => this.#fail(error));
    incoming.on("data", (chunk: Buffer) => {
      if (!this.#over) this.#events.upstreamData(chunk);
    });
    incoming.on("end", () => {
      if (this.#over || !incoming.complete) return;
      this.#finish();
      this.#events.upstreamEnd(incoming.rawTrailers.length > 0 ? incoming.rawTrailers : null);
    });
    if (this.#over) return;
    this.#events.upstreamHead(incoming.statusCode ?? 502, incoming.statusMessage ?? "", incoming.rawHeaders);
  }

  #switch(incoming: http.IncomingMessage, socket: Duplex, firstBytes: Buffer): void {
    if (this.#over) {
      socket.destroy();
      return;
    }
    this.#finish();
    this.#events.upstreamSwitched(incoming.statusMessage ?? "", incoming.rawHeaders, socket, firstBytes);
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#finish();
    this.#events.upstreamFailed(describeError(error ?? { code: "ECONNRESET" }));
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#forget();
  }
}

class ConnectTimeout extends Error {
  readonly code = "ETIMEDOUT";
}
