/**
 * The two sides of a request as the flow between them sees them, so that the flow is written once for every pair of
 * protocols. Calls go down to `ClientSide` and `UpstreamExchange`, events come up through `ClientEvents` and
 * `UpstreamEvents`; all of it is synchronous.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { OwnAnswer } from "../../core/block-page.ts";

/** The connection that a request came on. */
export interface ClientConnection {
  /** Who is at the other end, after PROXY protocol; text form. */
  readonly peer: string;
  /** Whether the peer is this machine: such a person may read operator details on error pages. */
  readonly loopback: boolean;
  readonly secure: boolean;
  /** The TCP socket underneath, also where TLS is spoken. */
  readonly socket: Socket;
  /** Requests whose response is not finished. */
  inFlight: number;
  /** Called once when the last of them is finished. */
  onIdle: IdleListener | null;
}

/** Something to be done when a connection has no request any more. */
export interface IdleListener {
  idle(): void;
}

/** The client's half. After `answer`, `end`, `reset` or `tunnel` nothing else may be called. */
export interface ClientSide {
  readonly http2: boolean;
  /**
   * Sends the response head.
   * @param bodyless the response ends here
   */
  respond(status: number, reason: string, headers: string[], bodyless: boolean): void;
  /** Sends body bytes. False: wait for `clientDrained`. */
  write(chunk: Uint8Array): boolean;
  end(trailers: string[] | null): void;
  /** Sends a whole response of our own. */
  answer(answer: OwnAnswer): void;
  sendContinue(): void;
  /** Passes on an interim response (103). */
  sendHints(headers: string[]): void;
  /** Stops and restarts the flow of request bytes. */
  pause(): void;
  resume(): void;
  /** The response is over and the rest of the request is of no interest: take a bounded amount of it, then cut. */
  discard(): void;
  /** Cuts the request so that the client cannot take what it has for the whole. */
  reset(code: number | null): void;
  /** Answers 101 and joins the client with the upstream's socket. Only after a WebSocket handshake. */
  tunnel(reason: string, headers: string[], upstream: Duplex, firstBytes: Buffer): void;
}

/** What a client side tells the flow. */
export interface ClientEvents {
  requestData(chunk: Buffer): void;
  requestEnd(rawTrailers: readonly string[] | null): void;
  /** The body broke the rules of its framing. */
  requestMalformed(): void;
  clientDrained(): void;
  /** The response was delivered, or the client is gone; the last event. */
  clientClosed(): void;
}

/** A request as it is handed to an upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** `/path?query`, or `*`. */
  readonly path: string;
  readonly authority: string;
  readonly scheme: "http" | "https";
  /** Flat, for the protocol of the upstream; see `forwardedHeaders`. */
  readonly headers: string[];
  /** `none`, the whole body, or `stream`: it follows by `write` and `end`. */
  readonly body: "none" | "stream" | Buffer;
  /** Trailers of a whole body. */
  readonly trailers: string[] | null;
}

/** Why an upstream gave no usable response. */
export interface UpstreamFailure {
  readonly kind: "connect" | "timeout" | "reset";
  /** Short and for operators: `ECONNREFUSED`. */
  readonly reason: string;
  /** HTTP/2 error code of the upstream, for clients that can be told it. */
  readonly code: number | null;
}

/** What an upstream tells the flow. After `upstreamEnd`, `upstreamFailed` or `upstreamSwitched` nothing comes. */
export interface UpstreamEvents {
  upstreamHints(rawHeaders: string[]): void;
  upstreamHead(status: number, reason: string, rawHeaders: string[]): void;
  upstreamData(chunk: Buffer): void;
  upstreamEnd(rawTrailers: string[] | null): void;
  upstreamFailed(failure: UpstreamFailure): void;
  upstreamDrained(): void;
  /** The upstream accepted the WebSocket handshake. */
  upstreamSwitched(reason: string, rawHeaders: string[], socket: Duplex, firstBytes: Buffer): void;
}

/** The upstream's half of one request. */
export interface UpstreamExchange {
  /** Sends body bytes. False: wait for `upstreamDrained`. */
  write(chunk: Buffer): boolean;
  end(rawTrailers: string[] | null): void;
  /** Stops and restarts the flow of response bytes. */
  pause(): void;
  resume(): void;
  /** Gives up; no event comes after this. */
  abort(): void;
}

/** Something that requests can be sent to. */
export interface Upstream {
  /** Whether headers must be written for HTTP/2. */
  readonly http2: boolean;
  /** May call events before it returns. */
  open(request: UpstreamRequest, events: UpstreamEvents): UpstreamExchange;
  /** Cuts everything. */
  destroy(): void;
}
