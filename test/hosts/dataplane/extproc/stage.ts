/**
 * The stage of the ext_proc server's tests: the server on a real port, and a client that speaks as Envoy does, with
 * messages written from their definition and not by the code under test.
 */
import * as http2 from "node:http2";
import { expect, onTestFinished } from "vitest";
import type { VerdictEvent } from "../../../../hosts/core/inspection.ts";
import {
  type ExtProc,
  type ExtProcNotice,
  type ExtProcOptions,
  startExtProc,
} from "../../../../hosts/dataplane/extproc/extproc.ts";
import { frame, numberField, sizedField } from "../../../assembly/protobuf-writer.ts";
import { WordInspector } from "../sidecar/word-inspector.ts";

/** A server with what a test wants to know of it. */
export interface Stage {
  readonly server: ExtProc;
  readonly inspector: WordInspector;
  readonly verdicts: VerdictEvent[];
  readonly notices: ExtProcNotice[];
  readonly modes: (string | null)[];
  /** Opens a stream on a connection that all streams of the stage share. */
  call(metadata?: http2.OutgoingHttpHeaders, path?: string): Call;
}

/** Starts a server; it is closed, and its books are checked, when the test ends. */
export async function startStage(options: Partial<ExtProcOptions> = {}): Promise<Stage> {
  const inspector = new WordInspector();
  const verdicts: VerdictEvent[] = [];
  const notices: ExtProcNotice[] = [];
  const modes: (string | null)[] = [];
  const server = await startExtProc({
    onVerdict: (event) => verdicts.push(event),
    onNotice: (notice) => notices.push(notice),
    inspectorFor: (mode) => {
      modes.push(mode);
      return inspector;
    },
    ...options,
  });
  let session: http2.ClientHttp2Session | undefined;
  onTestFinished(async () => {
    session?.destroy();
    await server.close(0);
    expect(inspector.faults).toEqual([]);
    expect(inspector.freed).toBe(inspector.begun);
    const { counters } = server;
    expect(counters.inspected + counters.skipped).toBe(counters.requests);
    expect(counters).toMatchObject({ activeConnections: 0, activeStreams: 0, heldBytes: 0 });
  });
  return {
    server,
    inspector,
    verdicts,
    notices,
    modes,
    call: (metadata = {}, path = PROCESS) => {
      session ??= connect(server.port);
      return new Call(session.request({ ":method": "POST", ":path": path, te: "trailers", ...GRPC, ...metadata }));
    },
  };
}

const PROCESS = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";
const GRPC = { "content-type": "application/grpc" };

function connect(port: number): http2.ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  return session;
}

/** What the server answered: the field of the message, and what a test looks at in it. */
export interface Answer {
  /** 1 and 2 headers, 3 and 4 body, 5 and 6 trailers, of request and response; 7 instead of either. */
  readonly field: number;
  /** A piece of a body that goes on. */
  readonly piece: string | null;
  readonly endOfStream: boolean;
  /** Body mode and trailer mode that are asked for. */
  readonly override: readonly [number, number] | null;
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly grpcStatus: number;
}

/** One stream of gRPC. */
export class Call {
  readonly stream: http2.ClientHttp2Stream;
  readonly #answers: Answer[] = [];
  #bytes = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};
  /** gRPC's status once the stream has ended; "reset" where it was cut. */
  status = "";

  constructor(stream: http2.ClientHttp2Stream) {
    this.stream = stream;
    stream.on("error", () => {});
    stream.on("response", (headers) => {
      this.status = String(headers["grpc-status"] ?? "");
    });
    stream.on("trailers", (trailers) => {
      this.status = String(trailers["grpc-status"]);
    });
    stream.on("data", (chunk: Buffer) => this.#take(chunk));
    stream.on("close", () => {
      this.#ended = true;
      if (this.status === "") this.status = "reset";
      this.#wake();
    });
  }

  send(...messages: Buffer[]): this {
    this.stream.write(Buffer.concat(messages.map((message) => frame(message))));
    return this;
  }

  /** @returns the next answer, null where the stream ended without one */
  async next(): Promise<Answer | null> {
    while (this.#answers.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#answers.shift() ?? null;
  }

  /** @returns how many answers have come that nobody took */
  get waiting(): number {
    return this.#answers.length;
  }

  /** Gives the stream up as Envoy does. */
  reset(): void {
    this.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  }

  async closed(): Promise<string> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.status;
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 5 && this.#bytes.length >= 5 + this.#bytes.readUInt32BE(1)) {
      const end = 5 + this.#bytes.readUInt32BE(1);
      this.#answers.push(readAnswer(this.#bytes.subarray(5, end)));
      this.#bytes = this.#bytes.subarray(end);
    }
    this.#wake();
  }
}

type Fields = ReadonlyMap<number, readonly (number | Buffer)[]>;

/** All fields of a message by number; nothing but numbers and bytes occurs. */
export function fieldsOf(bytes: Buffer): Fields {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes.readUInt8(at++);
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const number = varint();
    const value = tag % 8 === 2 ? bytes.subarray(at, at + number) : number;
    if (typeof value !== "number") at += number;
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

function inner(fields: Fields, ...path: number[]): Fields {
  return path.reduce<Fields>((outer, field) => fieldsOf(bytesOf(outer, field)), fields);
}

function bytesOf(fields: Fields, field: number): Buffer {
  const value = fields.get(field)?.[0];
  return typeof value === "object" ? value : Buffer.alloc(0);
}

function numberOf(fields: Fields, field: number): number {
  const value = fields.get(field)?.[0];
  return typeof value === "number" ? value : 0;
}

/** Reads a ProcessingResponse. */
export function readAnswer(bytes: Buffer): Answer {
  const fields = fieldsOf(bytes);
  const field = [...fields.keys()].find((number) => number <= 7) ?? 0;
  const streamed = field === 3 || field === 4 ? inner(fields, field, 1, 3).get(3) : undefined;
  const piece = streamed === undefined ? null : inner(fields, field, 1, 3, 3);
  const immediate = field === 7 ? inner(fields, 7) : new Map();
  const headers = (inner(immediate, 2).get(1) ?? []).map((option) => {
    const header = inner(fieldsOf(typeof option === "object" ? option : Buffer.alloc(0)), 1);
    return [bytesOf(header, 1).toString(), bytesOf(header, 3).toString()] as const;
  });
  const mode = fields.has(9) ? inner(fields, 9) : null;
  return {
    field,
    piece: piece === null ? null : bytesOf(piece, 1).toString("latin1"),
    endOfStream: piece !== null && numberOf(piece, 2) === 1,
    override: mode === null ? null : [numberOf(mode, 3), numberOf(mode, 5)],
    status: numberOf(inner(immediate, 1), 1),
    text: bytesOf(immediate, 3).toString(),
    headers: Object.fromEntries(headers),
    grpcStatus: immediate.has(4) ? numberOf(inner(immediate, 4), 1) : -1,
  };
}

/** Body modes by name. */
export const MODE = { NONE: 0, STREAMED: 1, BUFFERED: 2, PARTIAL: 3, DUPLEX: 4 } as const;

/** What the first message says beside the head. */
export interface First {
  readonly mode?: number;
  readonly responseMode?: number;
  readonly end?: boolean;
  readonly observed?: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
}

function headerMap(pairs: readonly (readonly [string, string])[]): Buffer {
  const header = ([name, value]: readonly [string, string]): Buffer =>
    sizedField(1, Buffer.concat([sizedField(1, name), sizedField(3, value)]));
  return Buffer.concat(pairs.map(header));
}

function struct(values: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(values).map(([name, value]) =>
    sizedField(1, Buffer.concat([sizedField(1, name), sizedField(2, sizedField(3, value))])),
  );
  return Buffer.concat(entries);
}

/** `request_headers` of a request to this path. */
export function head(path: string, fields: readonly (readonly [string, string])[] = [], first: First = {}): Buffer {
  const { mode = MODE.DUPLEX, responseMode = 0, end = false, observed = false, attributes, metadata } = first;
  const pseudo = [
    [":method", "POST"],
    [":path", path],
    [":authority", "site.test"],
    [":scheme", "http"],
  ] as const;
  const map = sizedField(1, headerMap([...pseudo, ...fields]));
  const entry = (name: string, values: Readonly<Record<string, string>>): Buffer =>
    Buffer.concat([sizedField(1, name), sizedField(2, struct(values))]);
  return Buffer.concat([
    sizedField(2, Buffer.concat([map, ...(end ? [numberField(3, 1)] : [])])),
    ...(metadata === undefined ? [] : [sizedField(8, sizedField(1, entry("merlon", metadata)))]),
    ...(attributes === undefined ? [] : [sizedField(9, entry("envoy.filters.http.ext_proc", attributes))]),
    ...(observed ? [numberField(10, 1)] : []),
    sizedField(11, Buffer.concat([numberField(1, mode), numberField(2, responseMode)])),
  ]);
}

/** `request_body`. */
export function body(text: string, end = false, observed = false): Buffer {
  return Buffer.concat([sizedField(4, bodyOf(text, end)), ...(observed ? [numberField(10, 1)] : [])]);
}

/** `request_trailers`. */
export function trailers(pairs: readonly (readonly [string, string])[]): Buffer {
  return sizedField(6, sizedField(1, headerMap(pairs)));
}

/** `response_headers`. */
export function responseHead(pairs: readonly (readonly [string, string])[] = [], end = false, status = "200"): Buffer {
  const map = sizedField(1, headerMap([[":status", status], ...pairs]));
  return sizedField(3, Buffer.concat([map, ...(end ? [numberField(3, 1)] : [])]));
}

/** `response_body`. */
export function responseBody(text: string, end = false): Buffer {
  return sizedField(5, bodyOf(text, end));
}

function bodyOf(text: string, end: boolean): Buffer {
  return Buffer.concat([sizedField(1, text), ...(end ? [numberField(2, 1)] : [])]);
}
