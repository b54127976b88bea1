/**
 * The messages of Envoy's external processing, read and written byte by byte: one request message becomes one flat
 * record, and most answers are constants.
 *
 * Written by hand because of two things that a Protocol Buffers library takes its time for: it makes an object and a
 * buffer for every header field, and it cannot give field values as one byte a character, which is how the core wants
 * them. The set is small and fixed; test/conformance holds it against a real Envoy.
 * @see https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/ext_proc/v3/external_processor.proto
 */
import type { OwnAnswer } from "../../core/block-page.ts";
import { ProtobufReader } from "../../core/protobuf-reader.ts";

/** How Envoy sends a body, by the numbers of `ProcessingMode.BodySendMode`. */
export const BODY_MODE = { NONE: 0, STREAMED: 1, BUFFERED: 2, BUFFERED_PARTIAL: 3, FULL_DUPLEX_STREAMED: 4 } as const;

/** Which part of the exchange a message is about; by its field's number less 2. */
const KINDS = [
  "request_headers",
  "response_headers",
  "request_body",
  "response_body",
  "request_trailers",
  "response_trailers",
] as const;
export type MessageKind = (typeof KINDS)[number];

/** One message of Envoy. */
export interface ProcessingRequest {
  kind: MessageKind;
  /** Header fields or trailers, name and value in turn, one byte a character; pseudo fields among them. */
  fields: string[];
  body: Buffer;
  /** Nothing follows: no body after headers, neither body nor trailers after a body. */
  endOfStream: boolean;
  /** Envoy does not wait and takes no answer. */
  observed: boolean;
  /** In the first message alone, as of Envoy 1.33; -1 where Envoy does not say. An unknown mode is kept. */
  requestBodyMode: number;
  responseBodyMode: number;
  /** Attributes and metadata that were asked for; "" where absent. */
  sourceAddress: string;
  requestId: string;
  requestTime: string;
  routeMode: string;
}

/** Namespace of dynamic metadata, and the key in it, that says a route's mode. */
export const METADATA_NAMESPACE = "merlon";
export const METADATA_KEY = "mode";

const PREFIX_BYTES = 5;
const NOTHING = Buffer.alloc(0);
const END_OF_STREAM = number(2, 1);
/** Header fields of one message; Envoy's own limit is far below. */
const FIELDS_MAX = 16_384;

/** @returns the message, or null where the bytes are none */
export function readRequest(bytes: Buffer): ProcessingRequest | null {
  const message: ProcessingRequest = {
    kind: "request_headers",
    fields: [],
    body: NOTHING,
    endOfStream: false,
    observed: false,
    requestBodyMode: -1,
    responseBodyMode: -1,
    sourceAddress: "",
    requestId: "",
    requestTime: "",
    routeMode: "",
  };
  const reader = new ProtobufReader(bytes, 0, bytes.length);
  let parts = 0;
  while (reader.next()) {
    const kind = KINDS[reader.field - 2];
    if (kind !== undefined && reader.isBytes) {
      parts++;
      message.kind = kind;
      readPart(reader.inner(), message);
    } else if (reader.field === 8 && reader.isBytes) readStructs(reader.inner(), 1, message);
    else if (reader.field === 9 && reader.isBytes) readStructEntry(reader.inner(), message);
    else if (reader.field === 10) message.observed = reader.number === 1;
    else if (reader.field === 11 && reader.isBytes) readProtocol(reader.inner(), message);
  }
  return reader.bad || parts !== 1 ? null : message;
}

function readPart(reader: ProtobufReader, message: ProcessingRequest): void {
  const isBody = message.kind === "request_body" || message.kind === "response_body";
  while (reader.next()) {
    if (reader.field === 1 && reader.isBytes) {
      if (isBody) message.body = reader.bytes.subarray(reader.from, reader.to);
      else readFields(reader.inner(), message.fields);
    } else if (reader.field === (isBody ? 2 : 3)) message.endOfStream = reader.number === 1;
  }
}

function readFields(map: ProtobufReader, fields: string[]): void {
  while (map.next()) {
    if (map.field !== 1 || !map.isBytes) continue;
    const reader = map.inner();
    let name = "";
    let value = "";
    while (reader.next()) {
      if (!reader.isBytes) continue;
      if (reader.field === 1) name = reader.text();
      else if (reader.field === 2 || reader.field === 3) value = reader.text() || value;
    }
    if (fields.length === 2 * FIELDS_MAX) map.fail();
    else fields.push(name, value);
  }
}

function readProtocol(reader: ProtobufReader, message: ProcessingRequest): void {
  message.requestBodyMode = 0;
  message.responseBodyMode = 0;
  while (reader.next()) {
    if (reader.field === 1) message.requestBodyMode = reader.number;
    else if (reader.field === 2) message.responseBodyMode = reader.number;
  }
}

/** A map of structs in the given field. */
function readStructs(reader: ProtobufReader, field: number, message: ProcessingRequest): void {
  while (reader.next()) if (reader.field === field && reader.isBytes) readStructEntry(reader.inner(), message);
}

/** `namespace → { name → value }`; the namespace counts for metadata only, since attributes have names of their own. */
function readStructEntry(entry: ProtobufReader, message: ProcessingRequest): void {
  let namespace = "";
  while (entry.next()) {
    if (!entry.isBytes) continue;
    if (entry.field === 1) namespace = entry.text();
    else if (entry.field === 2) readStruct(entry.inner(), namespace, message);
  }
}

function readStruct(struct: ProtobufReader, namespace: string, message: ProcessingRequest): void {
  while (struct.next()) {
    if (struct.field !== 1 || !struct.isBytes) continue;
    const entry = struct.inner();
    let name = "";
    let value = "";
    while (entry.next()) {
      if (!entry.isBytes) continue;
      if (entry.field === 1) name = entry.text();
      else if (entry.field === 2) value = textOfValue(entry.inner());
    }
    if (name === "source.address") message.sourceAddress = value;
    else if (name === "request.id") message.requestId = value;
    else if (name === "request.time") message.requestTime = value;
    else if (name === METADATA_KEY && namespace === METADATA_NAMESPACE) message.routeMode = value;
  }
}

/** The text of a `google.protobuf.Value` that is a text. */
function textOfValue(value: ProtobufReader): string {
  let text = "";
  while (value.next()) if (value.field === 3 && value.isBytes) text = value.text();
  return text;
}

/** Goes on with what the message was about, unchanged. Framed for gRPC. */
export const CONTINUE: Readonly<Record<MessageKind, Buffer>> = {
  request_headers: frame(field(1, NOTHING)),
  response_headers: frame(field(2, NOTHING)),
  request_body: frame(field(3, NOTHING)),
  response_body: frame(field(4, NOTHING)),
  request_trailers: frame(field(5, NOTHING)),
  response_trailers: frame(field(6, NOTHING)),
};

/** Lets the request's head go on and asks for its body and trailers, which the route does not send by itself. */
export function headersWithOverride(requestBody: number, responseBody: number): Buffer {
  const SEND = 1;
  const mode = Buffer.concat([
    number(3, requestBody),
    // There is no "unchanged" for a body.
    responseBody > 0 ? number(4, responseBody) : NOTHING,
    number(5, SEND),
  ]);
  return frame(Buffer.concat([field(1, NOTHING), field(9, mode)]));
}

/** A piece of a body in FULL_DUPLEX_STREAMED, where Envoy sends on what comes back and nothing else. */
export function streamedBody(kind: "request_body" | "response_body", body: Buffer, endOfStream: boolean): Buffer {
  const end = endOfStream ? END_OF_STREAM : NOTHING;
  const heads = [headOf(1, body.length)];
  let size = (heads[0]?.length ?? 0) + body.length + end.length;
  // StreamedBodyResponse in BodyMutation in CommonResponse in BodyResponse in ProcessingResponse.
  for (const number of [3, 3, 1, kind === "request_body" ? 3 : 4]) {
    const head = headOf(number, size);
    heads.unshift(head);
    size += head.length;
  }
  return Buffer.concat([prefixOf(size), ...heads, body, end], PREFIX_BYTES + size);
}

const OVERWRITE_IF_EXISTS_OR_ADD = 2;
/** Envoy sets these itself. */
const NOT_SET: ReadonlySet<string> = new Set(["content-length", "grpc-status", "grpc-message"]);

/**
 * An answer instead of the request or the response.
 * @param grpc the status of a gRPC call that is refused, whose message is the answer's body then; else -1
 */
export function immediate(answer: OwnAnswer, grpc: number): Buffer {
  const headers: Buffer[] = [];
  for (let i = 0; i + 1 < answer.headers.length; i += 2) {
    const name = answer.headers[i] ?? "";
    if (NOT_SET.has(name) || (grpc >= 0 && name === "content-type")) continue;
    const value = Buffer.concat([field(1, Buffer.from(name)), field(3, Buffer.from(answer.headers[i + 1] ?? ""))]);
    headers.push(field(1, Buffer.concat([field(1, value), number(3, OVERWRITE_IF_EXISTS_OR_ADD)])));
  }
  const response = [
    field(1, number(1, answer.status)),
    field(2, Buffer.concat(headers)),
    field(3, Buffer.from(answer.body)),
    grpc >= 0 ? field(4, number(1, grpc)) : NOTHING,
    field(5, Buffer.from("merlon")),
  ];
  return frame(field(7, Buffer.concat(response)));
}

function frame(message: Buffer): Buffer {
  return Buffer.concat([prefixOf(message.length), message]);
}

/** What gRPC puts before a message: not compressed, and its size. */
function prefixOf(size: number): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(size, 1);
  return prefix;
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([headOf(number, content.length), content]);
}

/** Tag and length of a length-delimited field. */
function headOf(number: number, size: number): Buffer {
  return Buffer.from([(number << 3) | 2, ...varint(size)]);
}

function number(field: number, value: number): Buffer {
  return Buffer.from([field << 3, ...varint(value)]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
