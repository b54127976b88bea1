/**
 * Reads a raw HTTP/1.1 request the way a server would hand it over: head fields, body without its framing, trailers. An
 * independent reading beside assembly/decode/http1.ts: both must lead the core to the same line.
 */
import type { Pair } from "../assembly/core.ts";

/** A request as hosts with a parser of their own see it. */
export interface Message {
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  /** Fields as sent, pseudo fields not among them. */
  readonly fields: readonly Pair[];
  readonly body: Buffer;
  readonly trailers: readonly Pair[];
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** @returns the message, or what a strict reader refuses in it (RFC 9112) */
export function readMessage(raw: Buffer): Message | string {
  const end = raw.indexOf("\r\n\r\n");
  if (end < 0) return "has no end of head";
  const [first = "", ...lines] = raw.toString("latin1", 0, end).split("\r\n");
  const [method = "", target = "", version = "", ...more] = first.split(" ");
  if (!TOKEN.test(method) || target === "" || !/^HTTP\/1\.[01]$/.test(version) || more.length > 0) {
    return "has a bad request line";
  }
  const fields = readFields(lines);
  if (typeof fields === "string") return fields;
  const hosts = fields.filter(([name]) => name.toLowerCase() === "host");
  if (hosts.length > 1) return "has more than one Host";
  const framed = readBody(raw.subarray(end + 4), fields);
  if (typeof framed === "string") return framed;
  return { method, target, authority: hosts[0]?.[1] ?? "", fields, ...framed };
}

function readFields(lines: readonly string[]): Pair[] | string {
  const fields: Pair[] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0));
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    if (!TOKEN.test(name)) return "has a bad field name";
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a field.
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) return "has a control character in a field";
    fields.push([name, value]);
  }
  return fields;
}

/** Takes off the framing that the fields announce; without any, the body is all that follows. */
function readBody(rest: Buffer, fields: readonly Pair[]): Pick<Message, "body" | "trailers"> | string {
  const values = (wanted: string) => fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  const lengths = values("content-length");
  const codings = values("transfer-encoding");
  if (lengths.length + codings.length > 1) return "has more than one framing";
  if (codings.length === 1) return codings[0]?.toLowerCase() === "chunked" ? readChunks(rest) : "has an unknown coding";
  if (lengths.length === 0) return { body: rest, trailers: [] };
  if (!/^[0-9]{1,9}$/.test(lengths[0] ?? "")) return "has a bad length";
  if (Number(lengths[0]) > rest.length) return "is shorter than its length";
  return { body: rest.subarray(0, Number(lengths[0])), trailers: [] };
}

function readChunks(rest: Buffer): Pick<Message, "body" | "trailers"> | string {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const stop = rest.indexOf("\r\n", at);
    const size = /^([0-9a-fA-F]{1,7})[ \t]*(?:;|$)/.exec(rest.toString("latin1", at, Math.max(stop, at)))?.[1];
    if (size === undefined) return "has a bad chunk";
    const bytes = Number.parseInt(size, 16);
    at = stop + 2;
    if (bytes === 0) break;
    if (rest.toString("latin1", at + bytes, at + bytes + 2) !== "\r\n") return "has a bad chunk";
    chunks.push(rest.subarray(at, at + bytes));
    at += bytes + 2;
  }
  const tail = rest.toString("latin1", at);
  if (tail === "\r\n") return { body: Buffer.concat(chunks), trailers: [] };
  if (!tail.endsWith("\r\n\r\n")) return "has no end of trailers";
  const trailers = readFields(tail.slice(0, -4).split("\r\n"));
  return typeof trailers === "string" ? trailers : { body: Buffer.concat(chunks), trailers };
}
