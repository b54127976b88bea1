/** Requests that carry one value in one place, written there as a client would write it. */
import { gzipSync } from "node:zlib";
import type { Pair } from "../test/assembly/core.ts";
import { frame, numberField, sizedField } from "../test/assembly/protobuf-writer.ts";
import type { Message } from "../test/conformance/message.ts";

/** Where a value can stand. */
export const PLACES = [
  ...(["query", "form", "json", "path", "target", "cookie", "header", "agent", "filename", "multipart"] as const),
  ...(["name", "gzip", "grpc", "utf16", "xml", "attribute"] as const),
] as const;
export type PlaceName = (typeof PLACES)[number];

/** A request with the value in that place; other parameters stand before and behind it. */
export function place(where: PlaceName, value: string, others: readonly Pair[] = []): Message {
  const message = { method: "GET", target: "/shop/list", authority: "shop.example", fields: [], trailers: [] };
  const pairs = (write: (text: string) => string): string =>
    [["v", value] as const, ...others].map(([name, text]) => `${write(name)}=${write(text)}`).join("&");
  switch (where) {
    case "query":
      return { ...message, target: `/shop/list?${pairs(escapePercent)}`, body: Buffer.alloc(0) };
    case "form":
      return post(message, "application/x-www-form-urlencoded", pairs(escapePercent));
    case "json":
      return post(message, "application/json", toJson([["v", value], ...others]));
    case "path":
      return { ...message, target: `/shop/${value.replace(/[ %?#]/g, escapePercent)}`, body: Buffer.alloc(0) };
    case "target":
      return { ...message, target: `/${value.replace(/[ %?#]/g, escapePercent)}`, body: Buffer.alloc(0) };
    case "cookie":
      return { ...message, fields: [["cookie", `v=${value.replace(/[%;]/g, escapePercent)}`]], body: Buffer.alloc(0) };
    case "header":
      return { ...message, fields: [["x-value", value]], body: Buffer.alloc(0) };
    case "agent":
      return { ...message, fields: [["user-agent", value]], body: Buffer.alloc(0) };
    case "filename":
      return multipart(message, `name="f"; filename="${value.replaceAll('"', '\\"')}"`, "hello");
    case "name":
      return { ...message, target: `/shop/list?${escapePercent(value)}=1`, body: Buffer.alloc(0) };
    case "multipart":
      return multipart(message, 'name="v"', value);
    case "gzip":
      return { ...post(message, "application/json", ""), ...gzipped(toJson([["v", value], ...others])) };
    case "grpc": {
      const fields = others.map(([, text], index) => sizedField(index + 3, text));
      const body = frame(Buffer.concat([numberField(1, 7), sizedField(2, sizedField(1, value)), ...fields]));
      return { ...post(message, "application/grpc", ""), body };
    }
    case "utf16": {
      const body = Buffer.from(`\ufeff${toJson([["v", value], ...others])}`, "utf16le");
      return { ...post(message, "application/json", ""), body };
    }
    case "xml":
      return post(message, "text/xml", toXml([["v", value], ...others]));
    case "attribute":
      return post(message, "application/soap+xml", `<?xml version="1.0"?>\n<a v="${escapeXml(value)}"><b c='d'/></a>`);
  }
}

/** Every byte that a query does not hold as it is, as `%XX`. */
export function escapePercent(text: string): string {
  return text.replace(/[^A-Za-z0-9._~-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A flat document; bytes above 127 stand for themselves, as in UTF-8 text. */
function toJson(pairs: readonly Pair[]): string {
  return `{${pairs.map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`).join(",")}}`;
}

/** The fields and the body of a compressed document. */
function gzipped(text: string): Pick<Message, "fields" | "body"> {
  const fields: Pair[] = [
    ["content-type", "application/json"],
    ["content-encoding", "gzip"],
  ];
  return { fields, body: gzipSync(Buffer.from(text, "latin1")) };
}

/** A flat document, one element a value. */
function toXml(pairs: readonly Pair[]): string {
  return `<order>${pairs.map(([, text], index) => `<v${index}>${escapeXml(text)}</v${index}>`).join("\n")}</order>`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (byte) => `&#${byte.charCodeAt(0)};`);
}

function post(message: Omit<Message, "body">, type: string, body: string): Message {
  return { ...message, method: "POST", fields: [["content-type", type]], body: Buffer.from(body, "latin1") };
}

function multipart(message: Omit<Message, "body">, disposition: string, content: string): Message {
  const head = `--XyZ\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n`;
  return post(message, "multipart/form-data; boundary=XyZ", `${head}${content}\r\n--XyZ--\r\n`);
}
