/** The client's half of an HTTP/2 request, on top of one stream of node:http2. */
import { constants, type ServerHttp2Stream } from "node:http2";
import type { OwnAnswer } from "../../core/block-page.ts";
import type { ClientEvents, ClientSide } from "./exchange.ts";
import type { HeadFacts } from "./framing.ts";

/** One HTTP/2 stream. */
export class Http2Client implements ClientSide {
  readonly http2 = true;
  readonly #stream: ServerHttp2Stream;
  readonly #facts: HeadFacts;
  #trailers: string[] | null = null;
  #rawTrailers: readonly string[] | null = null;
  #discarding = false;
  #trails = false;

  constructor(stream: ServerHttp2Stream, facts: HeadFacts) {
    this.#stream = stream;
    this.#facts = facts;
  }

  /** Connects the events. Must be called in the same turn in which Node announced the stream. */
  attach(events: ClientEvents): void {
    const stream = this.#stream;
    stream.on("close", () => events.clientClosed());
    stream.on("drain", () => events.clientDrained());
    // The close event follows and says all that the flow must know.
    stream.on("error", ignore);
    stream.on("wantTrailers", () => this.#sendTrailers());
    if (!this.#facts.hasBody) return;
    stream.on("trailers", (_headers: unknown, _flags: unknown, rawTrailers: string[]) => {
      this.#rawTrailers = rawTrailers;
    });
    stream.on("data", (chunk: Buffer) => {
      if (!this.#discarding) events.requestData(chunk);
    });
    stream.on("end", () => {
      // A stream that was reset ends as well; what came of it is not a whole request.
      if (!this.#discarding && !stream.aborted && !stream.destroyed) events.requestEnd(this.#rawTrailers);
    });
  }

  respond(status: number, _reason: string, headers: string[], bodyless: boolean): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    headers.unshift(":status", String(status));
    // Always with trailers, whether or not there are any: without this option Node ends a stream that is closed with an
    // error code cleanly, and a response that was cut would look whole.
    this.#trails = !bodyless;
    stream.respond(headers, { endStream: bodyless, waitForTrailers: !bodyless });
  }

  write(chunk: Uint8Array): boolean {
    return this.#isOpen() ? this.#stream.write(chunk) : true;
  }

  end(trailers: string[] | null): void {
    this.#trailers = trailers;
    if (this.#isOpen()) this.#stream.end();
  }

  answer(answer: OwnAnswer): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const { status, headers, body } = answer;
    headers.unshift(":status", String(status));
    const bodyless = body === "" || this.#facts.head.method === "HEAD";
    stream.respond(headers, { endStream: bodyless });
    if (!bodyless) stream.end(body);
  }

  sendContinue(): void {
    this.#sendInterim([":status", "100"]);
  }

  sendHints(headers: string[]): void {
    this.#sendInterim([":status", "103", ...headers]);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  discard(): void {
    this.#discarding = true;
    const stream = this.#stream;
    stream.resume();
    // A response of the upstream's is out when its trailers are, see `#sendTrailers`.
    if (this.#trails) return;
    if (stream.writableFinished) this.#stop();
    else stream.once("finish", () => this.#stop());
  }

  reset(code: number | null): void {
    this.#discarding = true;
    this.#stream.close(code ?? constants.NGHTTP2_CANCEL);
  }

  tunnel(): void {
    // HTTP/2 has no Upgrade, and extended CONNECT is not offered.
    this.reset(null);
  }

  #isOpen(): boolean {
    const stream = this.#stream;
    return !stream.destroyed && !stream.closed && !stream.writableEnded;
  }

  #sendInterim(headers: string[]): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.closed || stream.headersSent) return;
    const fields: Record<string, string> = {};
    for (let i = 0; i + 1 < headers.length; i += 2) fields[headers[i] ?? ""] = headers[i + 1] ?? "";
    try {
      stream.additionalHeaders(fields);
    } catch {
      // Interim responses are optional; a head that Node does not accept is left out.
    }
  }

  #sendTrailers(): void {
    const fields: Record<string, string[]> = {};
    const flat = this.#trailers ?? [];
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const name = flat[i] ?? "";
      fields[name] = [...(fields[name] ?? []), flat[i + 1] ?? ""];
    }
    // Without fields this ends the stream with an empty DATA frame.
    try {
      this.#stream.sendTrailers(fields);
    } catch {
      // Fields that Node does not accept: the response is cut rather than ended without what belongs to it.
      this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    }
    if (this.#discarding) setImmediate(() => this.#stop());
  }

  /** The response is out: the rest of the request is refused without an error (RFC 9113 §8.1). */
  #stop(): void {
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_NO_ERROR);
  }
}

function ignore(): void {}
