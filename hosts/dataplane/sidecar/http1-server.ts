/**
 * HTTP/1 on connections that the listener hands over: node:http with its strict parser, one flow for each request,
 * and answers to what the parser refuses.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type AnswerKind, buildAnswer } from "../../core/block-page.ts";
import { refOf } from "../../core/ulid.ts";
import { Http1Client } from "./client-http1.ts";
import { countRefused, type RefusalReason } from "./counters.ts";
import type { ClientConnection } from "./exchange.ts";
import { readHttp1Head } from "./framing.ts";
import { type FlowContext, RequestFlow } from "./request-flow.ts";
import { UpgradeClient } from "./upgrade.ts";

/** Requests that a client may send ahead on one connection (pipelining) before it is cut. */
export const PIPELINED_MAX = 64;

/** How long a connection stays half open after a refusal, so that the client can read it. */
const LINGER_MS = 1000;

interface Seat {
  readonly connection: ClientConnection;
  /** The request whose body is being read, and the flow that it belongs to. */
  request: IncomingMessage | null;
  flow: RequestFlow | null;
  client: Http1Client | null;
  /** The connection ends with an answer that is on its way; what comes behind is no request any more. */
  refused: boolean;
}

/** The HTTP/1 side of the sidecar. */
export class Http1Server {
  readonly #context: FlowContext;
  readonly #server: Server;
  readonly #seats = new WeakMap<Duplex, Seat>();
  #draining = false;

  constructor(context: FlowContext) {
    this.#context = context;
    const { headBytes, timeouts } = context.configuration;
    this.#server = createServer({
      insecureHTTPParser: false,
      // Missing and repeated Host headers are refused in framing.ts, where they are counted.
      requireHostHeader: false,
      maxHeaderSize: headBytes,
      headersTimeout: timeouts.headMs,
      requestTimeout: 0,
      connectionsCheckingInterval: Math.min(Math.max(Math.floor(timeouts.headMs / 4), 10), 1000),
      keepAliveTimeout: timeouts.idleMs,
      noDelay: true,
      // With a body Node would leave it to us to find its end; such a request stays with the parser.
      shouldUpgradeCallback: (request) => !this.#facts(request, false).hasBody,
    });
    // Node drops headers beyond its own count silently; ours is checked and refused instead.
    this.#server.maxHeadersCount = 0;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => this.#take(request, response);
    this.#server.on("request", onRequest);
    this.#server.on("checkContinue", onRequest);
    this.#server.on("checkExpectation", onRequest);
    this.#server.on("upgrade", (request, socket, firstBytes) => this.#upgrade(request, socket, firstBytes));
    this.#server.on("connect", (_request, socket) => this.#refuse(socket, "method_not_allowed", "method"));
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => this.#parserError(error, socket));
    // The connections come from our listener; this event makes Node watch their head time-outs all the same.
    this.#server.emit("listening");
  }

  /** Takes a connection whose first bytes are those of HTTP/1. */
  adopt(stream: Socket, connection: ClientConnection): void {
    this.#seats.set(stream, { connection, request: null, flow: null, client: null, refused: false });
    this.#server.emit("connection", stream);
  }

  /** Lets requests in progress finish, closes connections that have none, and keeps none alive from now on. */
  drain(): void {
    this.#draining = true;
    this.#server.closeIdleConnections();
  }

  /** Stops Node's own timer. */
  close(): void {
    this.#server.close();
  }

  #facts(request: IncomingMessage, secure: boolean) {
    return readHttp1Head(request.method ?? "", request.url ?? "", request.httpVersion, request.rawHeaders, secure);
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const seat = this.#seats.get(request.socket);
    if (seat === undefined) {
      request.socket.destroy();
      return;
    }
    if (seat.refused) return;
    const { connection } = seat;
    if (connection.inFlight >= PIPELINED_MAX) {
      countRefused(this.#context.counters, "overload");
      seat.refused = true;
      connection.socket.destroy();
      return;
    }
    const facts = this.#facts(request, connection.secure);
    const client = new Http1Client(request, response, connection, facts, () => this.#draining);
    const flow = new RequestFlow(this.#context, connection, facts, client);
    seat.request = request;
    seat.flow = flow;
    seat.client = client;
    // Where the end of a refused request lies is uncertain, so nothing behind it may be read as a request.
    seat.refused = facts.refusal !== null;
    if (facts.ignoresUpgrade) {
      // Node's parser stops reading behind a request with Upgrade, wanted or not.
      seat.refused = true;
      client.closeAfterAnswer();
    }
    client.attach(flow);
    flow.start();
  }

  /**
   * Takes a request with an Upgrade header. Only WebSocket is followed; every other protocol is ignored, as RFC 9110
   * §7.8 allows, above all h2c, whose requests nobody would see.
   */
  #upgrade(request: IncomingMessage, stream: Duplex, firstBytes: Buffer): void {
    const seat = this.#seats.get(stream);
    // Behind unanswered requests the answer would come out of order.
    if (seat === undefined || seat.refused || seat.connection.inFlight > 0 || !(stream instanceof Socket)) {
      stream.destroy();
      return;
    }
    const { connection } = seat;
    const facts = this.#facts(request, connection.secure);
    const goBack = (): void => {
      this.#server.emit("connection", stream);
    };
    const client = new UpgradeClient(request, stream, firstBytes, connection, facts, () => this.#draining, goBack);
    const flow = new RequestFlow(this.#context, connection, facts, client);
    client.attach(flow);
    flow.start();
  }

  #parserError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const seat = this.#seats.get(socket);
    if (seat?.refused) return;
    const code = error.code ?? "";
    const answerable = code.startsWith("HPE_") || code === "ERR_HTTP_REQUEST_TIMEOUT";
    // A client that closed in the middle of a message is gone; it did not write a wrong one.
    if (seat === undefined || !socket.writable || !answerable || code === "HPE_INVALID_EOF_STATE") {
      socket.destroy();
      return;
    }
    if (seat.request !== null && !seat.request.complete && seat.connection.inFlight > 0) {
      seat.refused = true;
      seat.client?.closeAfterAnswer();
      seat.flow?.requestMalformed();
      return;
    }
    if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
      this.#context.counters.slowClients++;
      this.#refuse(socket, "too_slow", null);
    } else if (code === "HPE_HEADER_OVERFLOW") this.#refuse(socket, "head_too_large", "head_size");
    else this.#refuse(socket, "bad_request", "parse");
  }

  /** Answers something that is no request, after the requests before it have their answers, and closes. */
  #refuse(socket: Duplex, kind: AnswerKind, reason: RefusalReason | null): void {
    const seat = this.#seats.get(socket);
    if (seat?.refused) return;
    if (seat !== undefined) seat.refused = true;
    const { counters } = this.#context;
    if (reason !== null) countRefused(counters, reason);
    if (seat !== undefined && seat.connection.inFlight > 0) {
      seat.connection.onIdle = { idle: () => this.#sayRefused(socket, kind) };
      return;
    }
    this.#sayRefused(socket, kind);
  }

  #sayRefused(socket: Duplex, kind: AnswerKind): void {
    const { nextId } = this.#context;
    const ref = refOf(nextId());
    const answer = buildAnswer(kind, { ref, nowMs: Date.now(), accept: "", mediaType: "", detail: "" });
    const { status, headers, body } = answer;
    let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nconnection: close\r\n`;
    for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
    socket.end(`${text}\r\n${body}`);
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    timer.unref();
    socket.once("close", () => clearTimeout(timer));
  }
}
