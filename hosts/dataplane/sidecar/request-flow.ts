/**
 * The way of one request: judged as it arrives, withheld until the verdict or until the hold is full, sent on and
 * answered. This is the only place that knows the order of things; the two sides (`exchange.ts`) know only
 * their protocols.
 *
 * Guarantee: no byte of a request is handed to an upstream before the core has seen it and let it pass, and none of a
 * response to the client. Everything is synchronous from the read to the hand-over.
 */
import type { Duplex } from "node:stream";
import { type AnswerKind, buildAnswer, grpcTrailers } from "../../core/block-page.ts";
import { BodyHold, type HoldBudget, MessageBoundary } from "../../core/body-hold.ts";
import type { DeadlineSweep, Watched } from "../../core/deadline.ts";
import { Inspection, type InspectionContext, type Outcome } from "../../core/inspection.ts";
import { isGrpc, isMessageFramed } from "../../core/media-type.ts";
import { refOf } from "../../core/ulid.ts";
import { type Counters, countRefused, type RefusalReason } from "./counters.ts";
import type {
  ClientConnection,
  ClientEvents,
  ClientSide,
  Upstream,
  UpstreamEvents,
  UpstreamExchange,
  UpstreamFailure,
  UpstreamRequest,
} from "./exchange.ts";
import type { HeadFacts, Refusal } from "./framing.ts";
import { forwardedHeaders, forwardedTrailers, returnedHeaders } from "./headers.ts";
import type { SidecarConfiguration } from "./options.ts";

/** What flows share. */
export interface FlowContext extends InspectionContext {
  readonly configuration: SidecarConfiguration;
  readonly counters: Counters;
  readonly budget: HoldBudget;
  readonly sweep: DeadlineSweep;
  /** The upstream for a request; `trailers`: fields after the body must go on. */
  chooseUpstream(facts: HeadFacts, fromHttp2: boolean, trailers: boolean): Upstream;
  /** Names the upstream and the reason, for operators. */
  describeFailure(failure: UpstreamFailure): string;
}

/** How much of the request has gone on. */
const RECEIVING = 0;
const STREAMING = 1;
const SENT = 2;

/** Each KiB of body that came buys a second more for the request, see `timeouts.requestMs`. */
const BODY_BYTES_PER_SECOND_MIN = 1024;
/** A kept-alive connection that the upstream closes at the same moment fails at once, not after a second. */
const RETRY_WITHIN_MS = 1000;
/** Response inspection does not keep a record waiting for longer than this. */
const RESPONSE_INSPECTION_MS_MAX = 10_000;
const RETRIED_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

const REFUSAL_ANSWERS: Record<Refusal["status"], AnswerKind> = {
  400: "bad_request",
  405: "method_not_allowed",
  417: "expectation_failed",
  431: "head_too_large",
  505: "version_not_supported",
};

/** What a client is told whose request was stopped. */
const STOP_ANSWERS: Record<Exclude<Outcome, "pass">, AnswerKind> = {
  block: "blocked",
  refuse: "uninspected",
  limit: "limited",
};

/** One request in progress. */
export class RequestFlow implements ClientEvents, UpstreamEvents, Watched {
  readonly #context: FlowContext;
  readonly #connection: ClientConnection;
  readonly #facts: HeadFacts;
  readonly #client: ClientSide;
  #inspection: Inspection | null = null;
  #exchange: UpstreamExchange | null = null;
  #hold: BodyHold | null = null;
  #boundary: MessageBoundary | null = null;
  #phase = RECEIVING;
  /** Nothing more goes to the client: the response is ended, or was ours, or was cut. */
  #over = false;
  #closed = false;
  /** The upstream's response head went to the client. */
  #status = 0;
  #budgeted = 0;
  #received = 0;
  #clientPaused = false;
  #grewTooLarge = false;
  #retried = false;
  // Times by the sweep's coarse clock, 0 for not yet.
  readonly #startedAt: number;
  #lastDataAt: number;
  #sentAt = 0;
  #stalledAt = 0;
  #headAt = 0;

  constructor(context: FlowContext, connection: ClientConnection, facts: HeadFacts, client: ClientSide) {
    this.#context = context;
    this.#connection = connection;
    this.#facts = facts;
    this.#client = client;
    this.#startedAt = context.sweep.nowMs;
    this.#lastDataAt = this.#startedAt;
  }

  /** Takes the request up. The head is judged before this returns. */
  start(): void {
    const begun = performance.now();
    const { sweep, counters, configuration } = this.#context;
    this.#connection.inFlight++;
    counters.activeRequests++;
    sweep.watch(this);
    const { refusal } = this.#facts;
    if (refusal !== null) this.#refuse(REFUSAL_ANSWERS[refusal.status], refusal.reason);
    else if (sweep.size > configuration.maxRequests) this.#refuse("overloaded", "overload");
    else this.#judgeHead(begun);
  }

  requestData(chunk: Buffer): void {
    if (this.#over) return;
    const begun = performance.now();
    this.#context.counters.bytesIn += chunk.length;
    this.#received += chunk.length;
    this.#lastDataAt = this.#context.sweep.nowMs;
    const outcome = this.#inspection?.body(chunk) ?? "pass";
    this.#addTime(begun);
    if (outcome !== "pass") this.#stop(outcome);
    else if (this.#phase === RECEIVING || this.#boundary !== null) this.#withhold(chunk);
    else this.#send(chunk);
  }

  requestEnd(rawTrailers: readonly string[] | null): void {
    if (this.#over || this.#phase === SENT) return;
    const begun = performance.now();
    const outcome = this.#inspection?.end(rawTrailers) ?? "pass";
    this.#addTime(begun);
    if (outcome !== "pass") {
      this.#stop(outcome);
      return;
    }
    const trailers = forwardedTrailers(rawTrailers);
    const blocks = this.#hold?.takeAll() ?? [];
    if (this.#phase === RECEIVING) {
      const body = blocks.length === 1 && blocks[0] !== undefined ? blocks[0] : Buffer.concat(blocks);
      this.#phase = SENT;
      this.#forward(body.length === 0 && trailers === null ? "none" : body, trailers);
    } else {
      for (const block of blocks) this.#exchange?.write(block);
      this.#phase = SENT;
      this.#exchange?.end(trailers);
      if (this.#status !== 0) this.#inspection?.finish(this.#status);
    }
    this.#sentAt = this.#context.sweep.nowMs;
  }

  requestMalformed(): void {
    if (this.#over) return;
    this.#context.counters.malformedBodies++;
    this.#exchange?.abort();
    if (this.#status === 0) this.#answer("bad_request");
    else this.#cut();
  }

  clientDrained(): void {
    if (this.#stalledAt === 0) return;
    this.#stalledAt = 0;
    this.#exchange?.resume();
  }

  clientClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { sweep, counters } = this.#context;
    sweep.forget(this);
    this.#connection.inFlight--;
    counters.activeRequests--;
    if (!this.#over) {
      this.#over = true;
      counters.clientAborts++;
      this.#inspection?.finish(this.#status);
    }
    this.#exchange?.abort();
    this.#exchange = null;
    this.#releaseHold();
    if (this.#connection.inFlight > 0) return;
    const { onIdle } = this.#connection;
    this.#connection.onIdle = null;
    onIdle?.idle();
  }

  upstreamHints(rawHeaders: string[]): void {
    if (!this.#over && this.#status === 0) this.#client.sendHints(returnedHeaders(rawHeaders, this.#client.http2));
  }

  upstreamHead(status: number, reason: string, rawHeaders: string[]): void {
    if (this.#over) return;
    const inspection = this.#inspection;
    this.#headAt = this.#context.sweep.nowMs;
    if (this.#phase === SENT) this.#releaseHold();
    else inspection?.skipResponse();
    const outcome = inspection?.wantsResponse ? inspection.responseHead({ status, rawHeaders }) : "pass";
    if (outcome !== "pass") {
      this.#stop(outcome);
      return;
    }
    const bodyless = this.#facts.head.method === "HEAD" || status === 204 || status === 304;
    const headers = returnedHeaders(rawHeaders, this.#client.http2);
    try {
      this.#client.respond(status, reason, headers, bodyless);
    } catch {
      // Node refuses to write some heads that parsers let through; to the client the upstream is broken then.
      this.#exchange?.abort();
      this.upstreamFailed({ kind: "reset", reason: "unusable response head", code: null });
      return;
    }
    this.#status = status;
    if (bodyless) this.#finish(null);
    else if (inspection?.wantsResponse && isEndless(headers)) inspection.finish(status);
  }

  upstreamData(chunk: Buffer): void {
    if (this.#over) return;
    const inspection = this.#inspection;
    if (inspection?.wantsResponse) {
      const outcome = inspection.responseBody(chunk);
      if (outcome !== "pass") {
        this.#stop(outcome);
        return;
      }
    }
    this.#context.counters.bytesOut += chunk.length;
    if (!this.#client.write(chunk)) {
      this.#stalledAt = this.#context.sweep.nowMs;
      this.#exchange?.pause();
    }
  }

  upstreamEnd(rawTrailers: string[] | null): void {
    if (this.#over) {
      this.#exchange = null;
      return;
    }
    const inspection = this.#inspection;
    const outcome = inspection?.wantsResponse ? inspection.responseEnd() : "pass";
    this.#exchange = null;
    if (outcome === "pass") this.#finish(rawTrailers);
    else this.#stop(outcome);
  }

  upstreamFailed(failure: UpstreamFailure): void {
    this.#exchange = null;
    if (this.#over || this.#retry(failure)) return;
    this.#context.counters.upstreamErrors[failure.kind]++;
    if (this.#status !== 0) this.#cut(failure.code);
    else if (failure.code !== null && this.#client.http2 && isGrpc(this.#facts.mediaType)) this.#cut(failure.code);
    else {
      const forOperator = this.#connection.loopback && !this.#facts.wasForwarded;
      const detail = forOperator ? this.#context.describeFailure(failure) : "";
      this.#answer(failure.kind === "timeout" ? "upstream_timeout" : "upstream_down", detail);
    }
  }

  upstreamDrained(): void {
    const held = this.#hold?.size ?? 0;
    this.#context.budget.give(this.#budgeted - held);
    this.#budgeted = held;
    if (!this.#clientPaused) return;
    this.#clientPaused = false;
    this.#lastDataAt = this.#context.sweep.nowMs;
    this.#client.resume();
  }

  upstreamSwitched(reason: string, rawHeaders: string[], socket: Duplex, firstBytes: Buffer): void {
    this.#exchange = null;
    if (this.#over) {
      socket.destroy();
      return;
    }
    this.#over = true;
    this.#status = 101;
    this.#context.counters.upgrades++;
    this.#inspection?.finish(101);
    this.#client.tunnel(reason, rawHeaders, socket, firstBytes);
  }

  check(nowMs: number): void {
    const { timeouts } = this.#context.configuration;
    if (this.#stalledAt !== 0 && nowMs - this.#stalledAt > timeouts.sendIdleMs) {
      this.#dropSlow();
      return;
    }
    if (this.#over) return;
    if (this.#headAt !== 0) {
      const inspection = this.#inspection;
      if (inspection?.wantsResponse && nowMs - this.#headAt > RESPONSE_INSPECTION_MS_MAX) {
        inspection.finish(this.#status);
      }
      return;
    }
    if (this.#phase === SENT || this.#clientPaused) {
      const since = this.#phase === SENT ? this.#sentAt : this.#lastDataAt;
      if (nowMs - since > timeouts.upstreamHeadMs) {
        this.#exchange?.abort();
        this.upstreamFailed({ kind: "timeout", reason: "no response head in time", code: null });
      }
      return;
    }
    // A stream of messages may pause for as long as both sides like once the first message is through.
    if (this.#boundary !== null && this.#phase === STREAMING) return;
    const allowed = timeouts.requestMs + (this.#received / BODY_BYTES_PER_SECOND_MIN) * 1000;
    if (nowMs - this.#lastDataAt > timeouts.bodyIdleMs || nowMs - this.#startedAt > allowed) this.#dropSlow();
  }

  #judgeHead(begun: number): void {
    const facts = this.#facts;
    const { counters } = this.#context;
    const inspection = new Inspection(this.#context, facts.head, this.#connection.peer);
    this.#inspection = inspection;
    let outcome = inspection.head();
    if (outcome === "pass" && !facts.hasBody) outcome = inspection.end(null);
    this.#addTime(begun);
    if (outcome !== "pass") {
      this.#stop(outcome);
      return;
    }
    if (!facts.hasBody) {
      this.#phase = SENT;
      this.#sentAt = this.#context.sweep.nowMs;
      this.#forward("none", null);
      return;
    }
    this.#hold = new BodyHold();
    if (isMessageFramed(facts.mediaType)) this.#boundary = new MessageBoundary();
    else if (facts.contentLength > inspection.holdBytes && inspection.closes("oversize")) {
      // It is known now that the verdict cannot wait for the end, so the client need not send it first.
      counters.failedClosed.oversize++;
      this.#answer("too_large");
      return;
    }
    if (facts.expectsContinue) this.#client.sendContinue();
  }

  /** Keeps a chunk that was judged; lets go of what may go. */
  #withhold(chunk: Buffer): void {
    const { budget } = this.#context;
    const hold = this.#hold;
    const inspection = this.#inspection;
    if (hold === null || inspection === null) return;
    const messageEnds = (this.#boundary?.feed(chunk) ?? 0) > 0;
    if (hold.size + chunk.length > inspection.holdBytes) {
      this.#grew("oversize", chunk);
    } else if (!budget.take(chunk.length)) {
      this.#grew("overlimit", chunk);
    } else {
      this.#budgeted += chunk.length;
      hold.push(chunk);
      if (messageEnds) this.#stream(hold.take(hold.size - (this.#boundary?.unfinished ?? 0)));
    }
  }

  /** More came than can be withheld: `failure` says whether the rest is streamed or the request is stopped. */
  #grew(kind: "oversize" | "overlimit", chunk: Buffer): void {
    const { counters } = this.#context;
    if (this.#inspection?.closes(kind) !== true) {
      if (!this.#grewTooLarge) counters.failedOpen[kind]++;
      this.#grewTooLarge = true;
      this.#stream([...(this.#hold?.takeAll() ?? []), chunk]);
      return;
    }
    counters.failedClosed[kind]++;
    if (this.#phase === RECEIVING) this.#answer(kind === "oversize" ? "too_large" : "overloaded");
    else {
      this.#exchange?.abort();
      this.#cut();
    }
  }

  #stream(blocks: readonly Buffer[]): void {
    if (this.#phase === RECEIVING) {
      this.#phase = STREAMING;
      this.#forward("stream", null);
    }
    for (const block of blocks) this.#send(block);
    if (!this.#clientPaused) this.upstreamDrained();
  }

  #send(block: Buffer): void {
    if (this.#exchange?.write(block) !== false || this.#clientPaused) return;
    this.#clientPaused = true;
    this.#client.pause();
  }

  #forward(body: UpstreamRequest["body"], trailers: string[] | null): void {
    const facts = this.#facts;
    const { method, target, authority, scheme } = facts.head;
    const trails = trailers !== null || (body === "stream" && facts.announcesTrailers);
    const upstream = this.#context.chooseUpstream(facts, this.#client.http2, trails);
    const headers = forwardedHeaders(facts, this.#connection.peer, upstream.http2);
    this.#exchange = upstream.open({ method, path: target, authority, scheme, headers, body, trailers }, this);
  }

  /** A verdict or a closed failure: with the block page as long as nothing has gone on, else by cutting both sides. */
  #stop(outcome: Exclude<Outcome, "pass">): void {
    const { counters } = this.#context;
    const blocked = outcome !== "refuse";
    const kind = STOP_ANSWERS[outcome];
    // A blocked response has not reached the client at all, however much of the request went on.
    const answerable = this.#status === 0 && (this.#phase !== STREAMING || this.#headAt !== 0);
    this.#exchange?.abort();
    this.#exchange = null;
    if (answerable) {
      if (outcome === "block") counters.blocked++;
      this.#answer(kind);
      return;
    }
    if (blocked) counters.partiallyBlocked++;
    if (blocked && this.#inspection !== null) this.#inspection.cut = true;
    // gRPC has a way to say it in the middle of a stream; everyone else must see that the message is not whole.
    if (this.#client.http2 && isGrpc(this.#facts.mediaType)) this.#endGrpc(kind);
    else this.#cut();
  }

  #endGrpc(kind: AnswerKind): void {
    if (this.#status === 0) {
      this.#answer(kind);
      return;
    }
    this.#end(this.#status);
    this.#client.end(grpcTrailers(kind, refOf(this.#inspection?.id ?? this.#context.nextId())));
    this.#client.discard();
  }

  #refuse(kind: AnswerKind, reason: RefusalReason): void {
    countRefused(this.#context.counters, reason);
    this.#answer(kind);
  }

  #answer(kind: AnswerKind, detail = ""): void {
    const { nextId } = this.#context;
    const { accept, mediaType } = this.#facts;
    const ref = refOf(this.#inspection?.id ?? nextId());
    const page = kind === "blocked" ? this.#inspection?.page : undefined;
    const refusal = kind === "limited" ? (this.#inspection?.refusal ?? null) : null;
    const answer = buildAnswer(kind, { ref, nowMs: Date.now(), accept, mediaType, detail, refusal }, page);
    this.#end(answer.status);
    this.#client.answer(answer);
    if (this.#facts.hasBody && this.#phase !== SENT) this.#client.discard();
  }

  #finish(rawTrailers: string[] | null): void {
    this.#end(this.#status);
    this.#client.end(forwardedTrailers(rawTrailers));
    if (this.#phase !== SENT) this.#client.discard();
  }

  #cut(code: number | null = null): void {
    this.#end(this.#status);
    this.#client.reset(code);
  }

  #dropSlow(): void {
    this.#context.counters.slowClients++;
    this.#exchange?.abort();
    this.#exchange = null;
    if (!this.#over && this.#status === 0 && this.#phase === RECEIVING) this.#answer("too_slow");
    else this.#cut();
  }

  /** No more events from now on but the close. What is counted is counted before the client can know the end. */
  #end(status: number): void {
    this.#over = true;
    this.#stalledAt = this.#context.sweep.nowMs;
    this.#inspection?.finish(status);
    this.#releaseHold();
  }

  #retry(failure: UpstreamFailure): boolean {
    const { method } = this.#facts.head;
    const fresh = this.#context.sweep.nowMs - this.#sentAt < RETRY_WITHIN_MS;
    if (this.#retried || failure.kind !== "reset" || this.#status !== 0 || this.#headAt !== 0) return false;
    if (this.#facts.hasBody || !fresh || !RETRIED_METHODS.has(method) || this.#facts.websocket) return false;
    this.#retried = true;
    this.#context.counters.upstreamRetries++;
    this.#forward("none", null);
    return true;
  }

  #releaseHold(): void {
    this.#hold?.takeAll();
    this.#context.budget.give(this.#budgeted);
    this.#budgeted = 0;
  }

  #addTime(begun: number): void {
    if (this.#inspection !== null) this.#inspection.addedMicros += (performance.now() - begun) * 1000;
  }
}

/** Responses that go on for as long as both sides like; a parked transaction would wait for nothing. */
function isEndless(headers: readonly string[]): boolean {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === "content-type") {
      return /^(text\/event-stream|application\/grpc|multipart\/x-mixed-replace)/i.test(headers[i + 1] ?? "");
    }
  }
  return false;
}
