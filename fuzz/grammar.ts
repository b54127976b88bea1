/**
 * Makes requests that look like requests: enough structure to reach every parser, enough damage to surprise it. All
 * from one random source, so that a seed gives the same request again.
 */
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { encodePairs, type Pair } from "../test/assembly/core.ts";
import { doubleField, frame, numberField, sizedField } from "../test/assembly/protobuf-writer.ts";
import { chance, createRandom, pick, type Random } from "../test/bench/random.ts";
import { ENCODINGS } from "./encodings.ts";
import { FRAGMENTS } from "./fragments.ts";
import type { Operation } from "./operations.ts";

/** A request by its parts; strings hold one byte a character. */
export interface Request {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly Pair[];
  readonly body: string;
  readonly trailers: readonly Pair[];
}

/** Long enough for every encoding of a fragment to show, short enough for many inputs a second. */
const VALUE_BYTES_MAX = 200;
const NAMES = ["a", "id", "q", "file", "user[name]", "x.y", "password", "", "a b", "é", "__proto__", "card-no"];
const FIELDS = [
  ...["user-agent", "Referer", "cookie", "Cookie", "accept", "X-Forwarded-For", "X-Custom", "authorization"],
  ...[
    "content-encoding",
    "te",
    "Connection",
    "x-envoy-a",
    "origin",
    "",
    "x-very-long-name-of-a-field-that-nobody-uses",
  ],
];
/** Types that say what a body is not. */
const TYPES = [
  ...[
    "application/x-www-form-urlencoded",
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=X",
    "a",
    "application/graphql",
  ],
  ...["multipart/form-data", "application/xml", "APPLICATION/JSON;charset=utf-8", "application/octet-stream"],
];
const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "get", "", "A B"];

/** Values made ahead: encoding one costs more than all else that a request needs. */
const POOL_SIZE = 4096;
const POOL_SEED = 1;
const POOL: readonly string[] = makePool();

/** A value: text, a fragment, bytes of any kind, written in up to three encodings. */
export function makeValue(random: Random): string {
  const value = pick(random, POOL);
  const kind = random(24);
  if (kind === 0) return makeBytes(random, random(40));
  if (kind === 1) return `${value}${pick(random, POOL)}`;
  if (kind === 2) return value.slice(random(value.length + 1), 1 + random(value.length + 1));
  return kind === 3 ? "" : value;
}

function makePool(): string[] {
  const random = createRandom(POOL_SEED);
  return Array.from({ length: POOL_SIZE }, (_, index) => {
    let value = FRAGMENTS[index % FRAGMENTS.length] ?? "";
    if (chance(random, 0.1)) value = `${value}${pick(random, FRAGMENTS)}`;
    for (let layers = pick(random, [0, 0, 0, 1, 1, 1, 2, 3]); layers > 0; layers--) {
      value = pick(random, ENCODINGS)(value, random);
    }
    return value.slice(0, VALUE_BYTES_MAX);
  });
}

function makeBytes(random: Random, size: number): string {
  let text = "";
  for (let index = 0; index < size; index++) text += String.fromCharCode(random(256));
  return text;
}

function makePairs(random: Random, separator: string): string {
  const pairs: string[] = [];
  for (let count = random(6); count >= 0; count--) {
    const name = chance(random, 0.85) ? pick(random, NAMES) : makeValue(random);
    pairs.push(chance(random, 0.1) ? name : `${name}=${makeValue(random)}`);
  }
  return pairs.join(chance(random, 0.05) ? `${separator}${separator}` : separator);
}

function makeTarget(random: Random): string {
  let target = chance(random, 0.05) ? "http://shop.example" : "";
  for (let count = random(4); count >= 0; count--) {
    target += `/${chance(random, 0.7) ? pick(random, ["api", "v1", "img", "a.php"]) : makeValue(random)}`;
  }
  if (chance(random, 0.7)) target += `?${makePairs(random, "&")}`;
  return chance(random, 0.02) ? `${target}#${makeValue(random)}` : target;
}

function makeFields(random: Random): Pair[] {
  const fields: Pair[] = [];
  for (let count = random(6); count > 0; count--) {
    const name = chance(random, 0.95) ? pick(random, FIELDS) : makeBytes(random, 5);
    let value = makeValue(random);
    if (/^cookie$/i.test(name)) value = makePairs(random, "; ");
    else if (name === "Referer") value = `http://shop.example${makeTarget(random)}`;
    else if (name === "X-Forwarded-For") value = pick(random, ["1.2.3.4, ::1", "[2001:db8::1]:80", value, "1.2.3.4.5"]);
    fields.push([name, value]);
  }
  return fields;
}

/** JSON text by hand, so that it may be broken where a serialiser would not break it. */
function makeJson(random: Random, depth: number): string {
  const kind = random(depth > 6 ? 4 : 9);
  if (kind === 0) return pick(random, ["1", "-0.5e9", "true", "null", "nul", "0x1", "NaN"]);
  if (kind < 4) return JSON.stringify(makeValue(random)).replaceAll("\\\\", chance(random, 0.1) ? "\\" : "\\\\");
  const items: string[] = [];
  for (let count = random(4); count > 0; count--) {
    const value = makeJson(random, depth + 1);
    items.push(
      kind < 6 ? value : `${JSON.stringify(chance(random, 0.8) ? pick(random, NAMES) : makeValue(random))}:${value}`,
    );
  }
  const text = items.join(chance(random, 0.05) ? " ,\n" : ",");
  if (chance(random, 0.03)) return `${kind < 6 ? "[" : "{"}${text}`;
  return kind < 6 ? `[${text}]` : `{${text}}`;
}

const XML_NAMES = ["a", "s:Body", "order", "xml", "script", "x-y", "", "1", "include", "é"];
/** Pieces that open something, whether or not it closes. */
const XML_MARKS = [
  ...[
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?xml version='1.0'?>",
    "<?",
    "?>",
    "<",
    ">",
    "</",
    "/>",
    "&",
    "&e;",
    "&#60;",
  ],
  ...[
    "<!DOCTYPE a [",
    "]>",
    '<!ENTITY e "',
    "<!ENTITY % p 'x'>",
    '">',
    "<!ENTITY f SYSTEM 'http://x.example/'>",
    "%p;",
  ],
  ...["<!DOCTYPE a [<!ENTITY e 'al&f;'><!ENTITY f \"ert\">]>", "--", "]]", "<!ELEMENT a ANY>", " xmlns:x='y'", "\x00"],
];

/** Makes XML text by hand: elements within elements, with marks in wrong places. */
export function makeXml(random: Random, depth: number): string {
  let text = depth === 0 && chance(random, 0.3) ? pick(random, XML_MARKS) : "";
  for (let count = random(4); count >= 0; count--) {
    const kind = random(depth > 4 ? 4 : 7);
    if (kind === 0) text += pick(random, XML_MARKS);
    else if (kind < 3) text += makeValue(random);
    else if (kind === 3) text += `<![CDATA[${makeValue(random)}]]>`;
    else {
      const name = pick(random, XML_NAMES);
      const quote = pick(random, ['"', "'", ""]);
      const attribute = chance(random, 0.5) ? ` ${pick(random, NAMES)}=${quote}${makeValue(random)}${quote}` : "";
      text += `<${name}${attribute}>${makeXml(random, depth + 1)}</${chance(random, 0.9) ? name : ""}>`;
    }
  }
  return text;
}

/** The text as UTF-16, in either order of bytes. */
function toWide(random: Random, text: string): string {
  const bytes = Buffer.from(chance(random, 0.5) ? `\ufeff${text}` : text, "utf16le");
  return (chance(random, 0.5) ? bytes : bytes.subarray(0, bytes.length & ~1).swap16()).toString("latin1");
}

function makeMultipart(random: Random, boundary: string): string {
  const end = chance(random, 0.85) ? "\r\n" : "\n";
  let body = chance(random, 0.1) ? `${makeValue(random)}${end}` : "";
  for (let count = random(4); count >= 0; count--) {
    body += `--${boundary}${end}Content-Disposition: form-data; name="${pick(random, NAMES)}"`;
    if (chance(random, 0.4)) body += `; filename="${makeValue(random)}"`;
    if (chance(random, 0.1)) body += `;${end} filename*=UTF-8''${makeValue(random)}`;
    if (chance(random, 0.4)) body += `${end}Content-Type: ${makeValue(random)}`;
    const content = chance(random, 0.2) ? `${end}--${boundary.slice(0, -1)}\r\r\n--` : makeValue(random);
    body += `${end}${end}${content}${end}`;
  }
  if (chance(random, 0.9)) body += `--${boundary}--${end}`;
  return chance(random, 0.1) ? `${body}${makeValue(random)}` : body;
}

interface Body {
  readonly type: string;
  readonly body: string;
  /** What the head says of the body's coding. */
  readonly coding?: string;
}

function makeBody(random: Random): Body {
  switch (random(11)) {
    case 10:
      return makeCoded(random);
    case 0:
    case 1:
      return { type: "application/x-www-form-urlencoded", body: makePairs(random, "&") };
    case 2:
      return { type: "application/json", body: makeJson(random, 0) };
    case 3:
      return { type: "application/x-ndjson", body: `${makeJson(random, 2)}\n${makeJson(random, 2)}` };
    case 4: {
      const boundary = pick(random, ["X", "----WebKitFormBoundaryAbC", "a b", "\n", makeBytes(random, 4)]);
      return { type: `multipart/form-data; boundary="${boundary}"`, body: makeMultipart(random, boundary) };
    }
    case 5:
      return { type: pick(random, ["text/plain", "", "text/xml", "multipart/mixed"]), body: makeValue(random) };
    case 7:
    case 8: {
      const body = makeXml(random, 0);
      const type = pick(random, ["text/xml", "application/soap+xml", "image/svg+xml;charset=utf-8", "text/plain", ""]);
      return { type, body: chance(random, 0.05) ? toWide(random, body) : body };
    }
    case 6:
      return { type: makeValue(random), body: makeJson(random, 1) };
    default:
      return { type: "application/octet-stream", body: makeBytes(random, random(200)) };
  }
}

/** A body in a coding, a framing or a character set, announced or not. */
function makeCoded(random: Random): Body {
  const inner = pick(random, [
    { type: "application/json", body: makeJson(random, 1) },
    { type: "application/x-www-form-urlencoded", body: makePairs(random, "&") },
    { type: "application/x-protobuf", body: makeMessage(random, 0).toString("latin1") },
    { type: "application/grpc+json", body: frame(Buffer.from(makeJson(random, 1), "latin1")).toString("latin1") },
    { type: "application/grpc", body: makeFrames(random).toString("latin1") },
    { type: "application/grpc-web-text", body: makeFrames(random).toString("base64") },
  ]);
  const bytes = Buffer.from(inner.body, "latin1");
  const level = random(10);
  switch (random(7)) {
    case 0:
      return { ...inner, coding: "gzip", body: gzipSync(bytes, { level }).toString("latin1") };
    case 1:
      return { ...inner, coding: "deflate", body: deflateSync(bytes, { level }).toString("latin1") };
    case 2:
      return { ...inner, coding: "deflate", body: deflateRawSync(bytes, { level }).toString("latin1") };
    case 3:
      return {
        ...inner,
        coding: pick(random, ["gzip, x-gzip", ""]),
        body: gzipSync(gzipSync(bytes)).toString("latin1"),
      };
    case 4:
      return { ...inner, coding: pick(random, ["gzip", "deflate", "br", "identity"]) };
    case 5: {
      const set = pick(random, ["utf-16", "utf-16le", "utf-32", "utf-7", "ibm037", "utf-8"]);
      const wide = chance(random, 0.5) ? Buffer.from(inner.body, "utf16le").toString("latin1") : inner.body;
      return { type: `${inner.type}; charset=${set}`, body: wide };
    }
    default:
      return inner;
  }
}

function makeFrames(random: Random): Buffer {
  const frames = Array.from({ length: 1 + random(3) }, () => {
    const message = makeMessage(random, 0);
    return chance(random, 0.3) ? frame(gzipSync(message), 1) : frame(message, pick(random, [0, 0, 0, 2, 128, 1]));
  });
  return Buffer.concat(frames);
}

function makeMessage(random: Random, depth: number): Buffer {
  const fields: Buffer[] = [];
  for (let count = random(5); count >= 0; count--) {
    const field = 1 + random(20);
    const kind = random(depth > 3 ? 3 : 5);
    if (kind === 0) fields.push(numberField(field, random(1_000_000)));
    else if (kind === 1) fields.push(doubleField(field, random(1000) / 7));
    else if (kind === 2) fields.push(sizedField(field, makeValue(random)));
    else fields.push(sizedField(field, makeMessage(random, depth + 1)));
  }
  return Buffer.concat(fields);
}

/** Makes one request. One of a few hundred is large, to reach windows and limits. */
export function makeRequest(random: Random): Request {
  const hasBody = chance(random, 0.6);
  const made: Body = hasBody ? makeBody(random) : { type: "", body: "" };
  const type = chance(random, 0.1) ? pick(random, TYPES) : made.type;
  const body = chance(random, 0.05) ? `${pick(random, ["\n", " \r\n\t", "\xef\xbb\xbf"])}${made.body}` : made.body;
  const fields = makeFields(random);
  if (type !== "" && chance(random, 0.95)) fields.splice(random(fields.length + 1), 0, ["Content-Type", type]);
  if (made.coding !== undefined) fields.push(["Content-Encoding", made.coding]);
  const large = chance(random, 0.003);
  return {
    method: pick(random, METHODS),
    target: makeTarget(random),
    fields,
    body: large ? swell(random, body) : body,
    trailers: chance(random, 0.03) ? makeFields(random) : [],
  };
}

/** Repeats a slice until the text is some windows long. */
function swell(random: Random, text: string): string {
  const at = random(text.length + 1);
  const slice = text.slice(at, at + 1 + random(50)) || "x";
  const times = Math.ceil((15_000 + random(60_000)) / slice.length);
  return `${text.slice(0, at)}${slice.repeat(times)}${text.slice(at)}`;
}

/** The request on a wire, with or without chunks. */
export function toWire(random: Random, request: Request): Buffer {
  const chunked = chance(random, 0.2) || request.trailers.length > 0;
  const head = [`${request.method} ${request.target} HTTP/1.1`, "Host: shop.example"];
  for (const [name, value] of request.fields) head.push(`${name}: ${value}`);
  if (chunked) head.push("Transfer-Encoding: chunked");
  else if (request.body !== "" && chance(random, 0.7)) head.push(`Content-Length: ${request.body.length}`);
  const body = chunked ? toChunks(random, request) : request.body;
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`, "latin1");
}

function toChunks(random: Random, { body, trailers }: Request): string {
  let text = "";
  for (let at = 0; at < body.length; ) {
    const size = Math.min(body.length - at, 1 + random(1 + random(body.length)));
    text += `${size.toString(16)}${chance(random, 0.1) ? ";a=b" : ""}\r\n${body.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${text}0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** The request's head as hosts hand it over. */
export function toPairs(request: Request): Buffer {
  const pseudo: Pair[] = [
    [":method", request.method],
    [":path", request.target],
    [":authority", "shop.example"],
    [":scheme", "http"],
  ];
  return encodePairs([...pseudo, ...request.fields]);
}

/** Cuts bytes into calls of one kind. */
export function toCalls(call: Operation["call"], bytes: Buffer, cuts: readonly number[]): Operation[] {
  let from = 0;
  return [...cuts, bytes.length].map((to) => {
    const piece = bytes.subarray(from, to);
    from = to;
    return { call, bytes: piece };
  });
}
