/**
 * One stream of Envoy, which is one request and its response: every message is judged as it comes and answered in the
 * way that its body mode asks for. Nothing here waits for anything but Envoy.
 *
 * Guarantee: what Envoy sends on was judged first. In FULL_DUPLEX_STREAMED only what is written here goes on, and it is
 * written after the verdict; in the other modes Envoy waits for the answer to each message. What a mode leaves to be
 * sent on before the body's end was seen is in docs/extproc.md.
 */
import { type AnswerKind, buildAnswer } from "../../core/block-page.ts";
import { BodyHold, type HoldBudget, MessageBoundary } from "../../core/body-hold.ts";
import type { DeadlineSweep, Watched } from "../../core/deadline.ts";
import { Inspection, type InspectionContext, type Outcome } from "../../core/inspection.ts";
import { isGrpc, isMessageFramed } from "../../core/media-type.ts";
import { MessageReader } from "../../core/message-reader.ts";
import { refOf } from "../../core/ulid.ts";
import type { Counters } from "./counters.ts";
import {
  BODY_MODE,
  CONTINUE,
  headersWithOverride,
  immediate,
  type ProcessingRequest,
  readRequest,
  streamedBody,
} from "./messages.ts";
import type { ExtProcConfiguration } from "./options.ts";
import { addressOf, type HeadFacts, readHead, readResponseHead } from "./request-head.ts";

/** What flows share. */
export interface FlowContext {
  readonly configuration: ExtProcConfiguration;
  readonly counters: Counters;
  readonly budget: HoldBudget;
  readonly sweep: DeadlineSweep;
  /** @param routeMode what the route asks for, "" for nothing */
  inspectionFor(routeMode: string): InspectionContext;
}

/** The stream as the transport gives it. */
export interface FlowStream {
  /** @returns false where the stream wants a pause, which ends with `drained` */
  write(message: Buffer): boolean;
  /** Ends the stream with a status of gRPC. */
  end(status: number): void;
  pause(): void;
  resume(): void;
}

/** Statuses of gRPC. */
export const GRPC = {
  OK: 0,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
} as const;

/** What a client is told whose request was stopped. */
const STOP_ANSWERS: Record<Exclude<Outcome, "pass">, AnswerKind> = {
  block: "blocked",
  refuse: "uninspected",
  limit: "limited",
};

/** Largest piece of a body that is given back at once, as Envoy's documentation recommends. */
const PIECE_BYTES_MAX = 64 * 1024;
const { NONE, STREAMED, BUFFERED, BUFFERED_PARTIAL: PARTIAL, FULL_DUPLEX_STREAMED: DUPLEX } = BODY_MODE;

/** A stream in progress. */
export class ProcessFlow implements Watched {
  readonly #context: FlowContext;
  readonly #stream: FlowStream;
  readonly #reader: MessageReader;
  readonly #hold = new BodyHold();
  #boundary: MessageBoundary | null = null;
  /** The mode that the call's own metadata asks for. */
  readonly #callMode: string;
  readonly #deadlineAt: number;
  #inspection: Inspection | null = null;
  #facts: HeadFacts | null = null;
  #mode: number = NONE;
  #responseMode: number = NONE;
  #observed = false;
  /** The request was judged at its end; or, for a body cut short, at the end of what is shown of it. */
  #ended = false;
  #cutShort = false;
  #streaming = false;
  /** Bytes of the request, or of the response once that has begun, are beyond our reach. */
  #wentOn = false;
  #received = 0;
  #budgeted = 0;
  #status = 0;
  #over = false;
  #closed = false;
  #paused = false;
  #lastAt: number;

  /** @param timeoutMs the caller's own deadline, 0 for none */
  constructor(context: FlowContext, stream: FlowStream, callMode = "", timeoutMs = 0) {
    this.#context = context;
    this.#stream = stream;
    this.#callMode = callMode;
    this.#reader = new MessageReader(context.configuration.messageBytesMax);
    this.#lastAt = context.sweep.nowMs;
    this.#deadlineAt = timeoutMs === 0 ? Number.POSITIVE_INFINITY : this.#lastAt + timeoutMs;
    context.counters.activeStreams++;
    context.sweep.watch(this);
  }

  /** More bytes of the stream. */
  data(chunk: Buffer): void {
    this.#lastAt = this.#context.sweep.nowMs;
    if (this.#over) return;
    this.#reader.push(chunk);
    for (let next = this.#reader.next(); next !== null && !this.#over; next = this.#reader.next()) this.#take(next);
    if (this.#over) return;
    if (this.#reader.fault === "too_large") this.#giveUp("oversize", "too_large");
    else if (this.#reader.fault !== null) this.#refuseStream(GRPC.UNIMPLEMENTED);
    else if (!this.#settle()) this.#giveUp("overlimit", "overloaded");
  }

  /** Envoy has nothing more to say. */
  remoteEnded(): void {
    if (!this.#over) this.#end(GRPC.OK);
  }

  /** The stream can take more. */
  drained(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#stream.resume();
  }

  /** The stream is gone. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#over = true;
    const { counters, sweep } = this.#context;
    counters.activeStreams--;
    sweep.forget(this);
    this.#finish(this.#status);
  }

  check(nowMs: number): void {
    if (this.#over) return;
    if (nowMs < this.#deadlineAt && nowMs - this.#lastAt <= this.#context.configuration.timeouts.streamIdleMs) return;
    // A request that was judged has nothing to wait for; ended well, a long answer goes on without us.
    if (this.#ended || this.#observed) {
      this.#end(GRPC.OK);
      return;
    }
    this.#context.counters.deadlines++;
    this.#end(GRPC.DEADLINE_EXCEEDED);
  }

  #take(bytes: Buffer): void {
    const message = readRequest(bytes);
    const isFirst = this.#inspection === null;
    if (message === null) this.#refuseStream(GRPC.INVALID_ARGUMENT);
    // Without its head a request cannot be judged; `request_header_mode: SKIP` is a mistake in the configuration.
    else if (isFirst !== (message.kind === "request_headers")) this.#refuseStream(GRPC.FAILED_PRECONDITION);
    else if (isFirst) this.#requestHead(message);
    else this.#timed(message);
  }

  #timed(message: ProcessingRequest): void {
    const begun = performance.now();
    if (message.kind === "request_body") this.#requestBody(message.body, message.endOfStream);
    else if (message.kind === "request_trailers") this.#requestTrailers(message.fields);
    else if (message.kind === "response_headers") this.#responseHead(message);
    else if (message.kind === "response_body") this.#responseBody(message.body, message.endOfStream);
    else this.#responseTrailers();
    if (this.#inspection !== null) this.#inspection.addedMicros += (performance.now() - begun) * 1000;
  }

  #requestHead(message: ProcessingRequest): void {
    const begun = performance.now();
    const facts = readHead(message.fields);
    const at = message.requestTime === "" ? Number.NaN : Date.parse(message.requestTime);
    const context = this.#context.inspectionFor(message.routeMode || this.#callMode);
    const peer = addressOf(message.sourceAddress);
    const inspection = new Inspection(context, facts.head, peer, Number.isNaN(at) ? Date.now() : at);
    this.#inspection = inspection;
    this.#facts = facts;
    this.#observed = message.observed;
    // An Envoy that says nothing of its modes is too old to have the one in which answers differ.
    this.#mode = message.requestBodyMode < 0 ? STREAMED : message.requestBodyMode;
    this.#responseMode = Math.max(0, message.responseBodyMode);
    if (message.requestId !== "") inspection.requestId = message.requestId;
    let outcome = inspection.head();
    if (outcome === "pass" && (message.endOfStream || facts.tunnel)) outcome = inspection.end(null);
    this.#ended = message.endOfStream || facts.tunnel;
    inspection.addedMicros = (performance.now() - begun) * 1000;
    if (this.#observed) {
      inspection.watched = true;
      this.#context.counters.watched++;
    } else if (outcome !== "pass") this.#stop(outcome);
    else if (this.#mode > DUPLEX || this.#responseMode > DUPLEX) this.#refuseStream(GRPC.UNIMPLEMENTED);
    else if (facts.tunnel && (this.#mode === BUFFERED || this.#mode === PARTIAL)) {
      // Envoy would wait for the end of a body that has none.
      this.#wentOn = true;
      this.#write(headersWithOverride(NONE, this.#responseMode));
    } else if (this.#ended) this.#releaseHead();
    else this.#answerHead(facts);
  }

  /** The head passed, and a body follows. */
  #answerHead(facts: HeadFacts): void {
    const { inspection } = this.#judged;
    const framed = isMessageFramed(facts.mediaType);
    if (this.#mode === DUPLEX) {
      if (framed) this.#boundary = new MessageBoundary();
      else if (facts.contentLength > inspection.holdBytes && inspection.closes("oversize")) {
        // It is known now that the verdict cannot wait for the end.
        this.#context.counters.failedClosed.oversize++;
        this.#refuse("too_large");
      }
      return;
    }
    this.#wentOn = this.#mode === NONE || this.#mode === STREAMED;
    if (this.#mode === NONE) {
      // Not FULL_DUPLEX_STREAMED: asked for now, the first piece would go past us (Envoy issue 40340).
      this.#context.counters.overrides++;
      this.#write(headersWithOverride(framed ? STREAMED : PARTIAL, this.#responseMode));
    } else if (this.#mode === STREAMED) {
      // Without trailers nobody would tell us that a body before them has ended.
      this.#write(headersWithOverride(STREAMED, this.#responseMode));
    } else this.#write(CONTINUE.request_headers);
  }

  #releaseHead(): void {
    this.#wentOn = true;
    this.#streaming = true;
    this.#write(CONTINUE.request_headers);
  }

  #requestBody(body: Buffer, endOfStream: boolean): void {
    const { inspection, facts } = this.#judged;
    this.#context.counters.bytesIn += body.length;
    if (facts.tunnel) {
      if (this.#mode === DUPLEX) this.#echo("request_body", body, endOfStream);
      else this.#write(CONTINUE.request_body);
      return;
    }
    // Envoy gives the last piece of a large body twice at times (its issue 46237); the first time counts.
    if (this.#ended && this.#mode === DUPLEX) return;
    if (this.#mode === NONE) this.#mode = isMessageFramed(facts.mediaType) ? STREAMED : PARTIAL;
    this.#received += body.length;
    const whole = endOfStream || this.#mode === BUFFERED || this.#mode === PARTIAL;
    const late = this.#ended && body.length > 0;
    let outcome: Outcome = this.#ended ? "pass" : inspection.body(body);
    if (outcome === "pass" && whole && !this.#ended) outcome = inspection.end(null);
    this.#ended ||= whole;
    if (this.#observed) return;
    if (outcome !== "pass") this.#stop(outcome);
    else if (this.#mode === DUPLEX) this.#withhold(body, endOfStream);
    else {
      const cut = this.#mode === PARTIAL && !endOfStream && this.#received !== facts.contentLength;
      this.#answerBody(cut || late);
    }
  }

  /**
   * A body passed that Envoy holds until we answer.
   * @param cutShort more follows that we are not shown, or trailers do, nobody says which; or more came than was judged
   */
  #answerBody(cutShort: boolean): void {
    const { counters } = this.#context;
    if (cutShort) {
      if (this.#judged.inspection.closes("oversize")) {
        counters.failedClosed.oversize++;
        this.#refuse("too_large");
        return;
      }
      this.#cutShort = true;
    }
    this.#wentOn = true;
    this.#write(CONTINUE.request_body);
  }

  #requestTrailers(fields: readonly string[]): void {
    const { inspection } = this.#judged;
    this.#cutShort = false;
    const outcome = this.#ended ? inspection.lateTrailers(fields) : inspection.end(fields);
    this.#ended = true;
    if (this.#observed) return;
    if (outcome !== "pass") {
      this.#stop(outcome);
      return;
    }
    if (this.#mode === DUPLEX) this.#release(this.#hold.takeAll(), false);
    this.#write(CONTINUE.request_trailers);
  }

  #responseHead(message: ProcessingRequest): void {
    const { inspection } = this.#judged;
    const head = readResponseHead(message.fields);
    this.#status = head.status;
    let outcome: Outcome = "pass";
    if (!this.#ended && this.#received === 0 && this.#mode === NONE) {
      this.#ended = true;
      outcome = inspection.end(null);
    } else if (!this.#ended) {
      // The response begins before the request was seen to its end: the core takes one after the other.
      inspection.skipResponse();
    }
    if (outcome === "pass" && inspection.wantsResponse) outcome = inspection.responseHead(head);
    if (outcome === "pass" && message.endOfStream && inspection.wantsResponse) outcome = inspection.responseEnd();
    if (this.#observed) return;
    this.#wentOn = false;
    if (outcome !== "pass") this.#stop(outcome);
    else this.#write(CONTINUE.response_headers);
    this.#wentOn = this.#responseMode !== BUFFERED;
  }

  #responseBody(body: Buffer, endOfStream: boolean): void {
    const { inspection } = this.#judged;
    let outcome: Outcome = inspection.wantsResponse ? inspection.responseBody(body) : "pass";
    const whole = endOfStream || this.#responseMode === BUFFERED || this.#responseMode === PARTIAL;
    if (outcome === "pass" && whole && inspection.wantsResponse) outcome = inspection.responseEnd();
    if (this.#observed) return;
    if (outcome !== "pass") this.#stop(outcome);
    else if (this.#responseMode === DUPLEX) this.#echo("response_body", body, endOfStream);
    else this.#write(CONTINUE.response_body);
  }

  #responseTrailers(): void {
    const { inspection } = this.#judged;
    const outcome = inspection.wantsResponse ? inspection.responseEnd() : "pass";
    if (this.#observed) return;
    if (outcome !== "pass") this.#stop(outcome);
    else this.#write(CONTINUE.response_trailers);
  }

  /** Keeps a piece that was judged; lets go of what may go. */
  #withhold(body: Buffer, endOfStream: boolean): void {
    if (this.#streaming && this.#boundary === null) {
      this.#echo("request_body", body, endOfStream);
      return;
    }
    const messageEnds = (this.#boundary?.feed(body) ?? 0) > 0;
    const tooLarge = this.#hold.size + body.length > this.#judged.inspection.holdBytes;
    if (!endOfStream && tooLarge && !this.#mayStream("oversize", "too_large")) return;
    this.#hold.push(body);
    if (endOfStream || tooLarge) this.#release(this.#hold.takeAll(), endOfStream);
    else if (messageEnds) this.#release(this.#hold.take(this.#hold.size - (this.#boundary?.unfinished ?? 0)), false);
  }

  /** @returns false where `failure` says that a request which cannot be held whole is refused */
  #mayStream(kind: "oversize" | "overlimit", answer: AnswerKind): boolean {
    const { counters } = this.#context;
    if (!this.#judged.inspection.closes(kind)) {
      if (!this.#streaming || this.#boundary !== null) counters.failedOpen[kind]++;
      return true;
    }
    counters.failedClosed[kind]++;
    this.#refuse(answer);
    return false;
  }

  /** Sends on what was held, the head before everything else. */
  #release(blocks: readonly Buffer[], endOfStream: boolean): void {
    if (!this.#streaming) this.#releaseHead();
    for (const [index, block] of blocks.entries()) {
      this.#echo("request_body", block, endOfStream && index === blocks.length - 1);
    }
    if (endOfStream && blocks.length === 0) this.#echo("request_body", Buffer.alloc(0), true);
  }

  #echo(kind: "request_body" | "response_body", body: Buffer, endOfStream: boolean): void {
    let at = 0;
    do {
      const piece = body.subarray(at, at + PIECE_BYTES_MAX);
      at += piece.length;
      if (piece.length > 0 || endOfStream) this.#write(streamedBody(kind, piece, endOfStream && at >= body.length));
    } while (at < body.length);
  }

  /** Takes or gives back what this stream's bytes cost. @returns false where there is no room for them */
  #settle(): boolean {
    const size = this.#hold.size + this.#reader.waiting;
    const { budget } = this.#context;
    if (size > this.#budgeted && !budget.take(size - this.#budgeted)) return false;
    if (size < this.#budgeted) budget.give(this.#budgeted - size);
    this.#budgeted = size;
    return true;
  }

  /** A request that cannot be taken whole: goes on without us, or not at all. */
  #giveUp(kind: "oversize" | "overlimit", answer: AnswerKind): void {
    const held = this.#mode === DUPLEX && this.#reader.fault === null;
    if (this.#inspection === null) this.#refuseStream(GRPC.RESOURCE_EXHAUSTED);
    else if (this.#observed) this.#end(GRPC.OK);
    else if (!this.#mayStream(kind, answer)) return;
    else if (held) {
      // What was judged goes on; from now on each piece goes as it comes.
      this.#boundary = null;
      this.#release(this.#hold.takeAll(), false);
      this.#settle();
    } else this.#end(GRPC.OK);
  }

  /** A verdict or a closed failure. */
  #stop(outcome: Exclude<Outcome, "pass">): void {
    const { counters } = this.#context;
    if (outcome !== "refuse") {
      if (this.#wentOn) counters.partiallyBlocked++;
      else if (outcome === "block") counters.blocked++;
      this.#judged.inspection.cut = this.#wentOn;
    }
    this.#refuse(STOP_ANSWERS[outcome]);
  }

  #refuse(kind: AnswerKind): void {
    const { inspection, facts } = this.#judged;
    const { accept, mediaType } = facts;
    const refusal = kind === "limited" ? inspection.refusal : null;
    const context = { ref: refOf(inspection.id), nowMs: Date.now(), accept, mediaType, detail: "", refusal };
    const answer = buildAnswer(kind, context, kind === "blocked" ? inspection.page : undefined);
    if (isGrpc(mediaType)) {
      // Envoy writes the answer to a gRPC call itself.
      const [status = "13", message = ""] = ["grpc-status", "grpc-message"].map(
        (name) => answer.headers[answer.headers.indexOf(name) + 1],
      );
      this.#write(immediate({ ...answer, body: message }, Number(status)));
    } else this.#write(immediate(answer, -1));
    this.#status = answer.status;
    this.#end(GRPC.OK);
  }

  #refuseStream(status: number): void {
    this.#context.counters.malformed++;
    this.#end(status);
  }

  /** Nothing more is said on this stream. */
  #end(status: number): void {
    this.#over = true;
    this.#finish(this.#status);
    this.#stream.end(status);
    if (this.#paused) this.drained();
  }

  #finish(status: number): void {
    const { budget, counters } = this.#context;
    const inspection = this.#inspection;
    if (inspection !== null && !this.#ended && this.#received > 0) {
      // Too late to stop anything; what the last value of the body was is known all the same.
      this.#ended = true;
      inspection.end(null);
    }
    if (this.#cutShort) counters.failedOpen.oversize++;
    this.#cutShort = false;
    inspection?.finish(status);
    this.#hold.takeAll();
    budget.give(this.#budgeted);
    this.#budgeted = 0;
  }

  get #judged(): { inspection: Inspection; facts: HeadFacts } {
    // Guarantee: `#take` lets no message but the head through before these are set.
    if (this.#inspection === null || this.#facts === null) throw new Error("no head");
    return { inspection: this.#inspection, facts: this.#facts };
  }

  #write(message: Buffer): void {
    if (this.#stream.write(message) || this.#paused) return;
    this.#paused = true;
    this.#stream.pause();
  }
}
