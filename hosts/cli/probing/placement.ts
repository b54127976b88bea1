/**
 * Where a text stands in a request, and what must be done to it so that the request stays one: the least that HTTP,
 * forms, JSON or XML demand. Names of parameters are random, so that nothing can be recognised by them.
 */
import { type Encoding, encode, percentEncode } from "./encoding.ts";

/** All places. */
export const PLACEMENTS = [
  ...(["url-param", "url-path", "header", "user-agent", "cookie", "raw-body", "json-body", "json-string"] as const),
  ...(["html-form", "multipart-form", "multipart-filename", "xml-body", "soap-body"] as const),
] as const;
export type Placement = (typeof PLACEMENTS)[number];

/** A request to be sent; strings hold one byte a character. */
export interface ProbeRequest {
  readonly method: "GET" | "POST";
  /** Appended to the path that is tested: `/x`, or `?a=b`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const URL_ENCODINGS: readonly Encoding[] = ["plain", "url", "base64", "base64-flat"];
const XML_ENCODINGS: readonly Encoding[] = ["plain", "xml-entity", "base64", "base64-flat"];

/** Encodings that something behind the place would undo. */
const ENCODINGS_OF: Readonly<Record<Placement, readonly Encoding[]>> = {
  "url-param": URL_ENCODINGS,
  // A slash of base64 would be one of the path.
  "url-path": ["plain", "url", "base64-flat"],
  header: URL_ENCODINGS,
  "user-agent": URL_ENCODINGS,
  cookie: URL_ENCODINGS,
  "raw-body": URL_ENCODINGS,
  "json-body": ["plain", "base64", "base64-flat"],
  "json-string": ["plain", "js-unicode", "url", "base64", "base64-flat"],
  "html-form": URL_ENCODINGS,
  "multipart-form": URL_ENCODINGS,
  "multipart-filename": ["plain", "url"],
  "xml-body": XML_ENCODINGS,
  "soap-body": XML_ENCODINGS,
};

/** @returns the encodings in which a text can stand in a place */
export function encodingsAt(placement: Placement, text: string): readonly Encoding[] {
  const encodings = ENCODINGS_OF[placement];
  const oneLine = placement === "header" || placement === "user-agent" || placement === "multipart-filename";
  return oneLine && /[\r\n\0]/.test(text) ? encodings.filter((encoding) => encoding !== "plain") : encodings;
}

/**
 * Builds the request for a text.
 * @param name random name of the parameter, header, field or element
 */
export function buildRequest(placement: Placement, encoding: Encoding, text: string, name: string): ProbeRequest {
  const value = encode(text, encoding);
  switch (placement) {
    case "url-param":
      return get(`?${name}=${escapeFor(/[%&+#]|[^!-~]/g, text, encoding)}`);
    case "url-path":
      return get(`/${escapeFor(/[%?#]|[^!-~]/g, text, encoding)}`);
    case "header":
      return get("", { [`x-${name}`]: value });
    case "user-agent":
      return get("", { "user-agent": value });
    case "cookie":
      // Beside the percent sign, what may not stand in a cookie's value (RFC 6265 §4.1.1).
      return get("", { cookie: `${name}=${escapeFor(/[%",;\\]|[^!-~]/g, text, encoding)}` });
    case "raw-body":
      return post(value, "text/plain; charset=utf-8");
    case "json-body":
      return post(value, "application/json");
    case "json-string":
      return post(
        `{"test":true,"${name}":"${encoding === "js-unicode" ? value : jsonEscape(value)}"}`,
        "application/json",
      );
    case "html-form":
      return post(`${name}=${escapeFor(/[%&+=#]|[^!-~]/g, text, encoding)}`, "application/x-www-form-urlencoded");
    case "multipart-form":
      return multipart(name, `name="${name}"`, value);
    case "multipart-filename":
      return multipart(
        name,
        `name="${name}"; filename="${value.replace(/"/g, "%22")}"\r\nContent-Type: text/plain`,
        "-",
      );
    case "xml-body":
      return post(`<?xml version="1.0"?><${name}>${xmlText(value, encoding)}</${name}>`, "application/xml");
    case "soap-body":
      return post(soapEnvelope(name, xmlText(value, encoding)), "text/xml; charset=utf-8");
  }
}

/** @returns the target of a request, below or behind the path of the address that is tested */
export function targetOf(base: string, { path }: ProbeRequest): string {
  return path.startsWith("/") ? base.replace(/\/$/, "") + path : base + path;
}

/**
 * A text for a place that undoes percent encoding itself: what would end the value is encoded, the sign itself too, and
 * under the encoding `url` every byte.
 */
function escapeFor(unsafe: RegExp, text: string, encoding: Encoding): string {
  const value = encode(text, encoding);
  return encoding === "url" ? value : percentEncode(value, unsafe);
}

function get(path: string, headers: Readonly<Record<string, string>> = {}): ProbeRequest {
  return { method: "GET", path, headers, body: "" };
}

function post(body: string, type: string): ProbeRequest {
  return { method: "POST", path: "", headers: { "content-type": type }, body };
}

function multipart(name: string, disposition: string, content: string): ProbeRequest {
  const boundary = `----${name}`;
  const part = `Content-Disposition: form-data; ${disposition}\r\n\r\n${content}`;
  return post(`--${boundary}\r\n${part}\r\n--${boundary}--\r\n`, `multipart/form-data; boundary=${boundary}`);
}

/** The body of a JSON string (RFC 8259 §7); bytes beyond ASCII are UTF-8 already. */
function jsonEscape(bytes: string): string {
  return JSON.stringify(bytes).slice(1, -1);
}

function xmlText(value: string, encoding: Encoding): string {
  if (encoding === "xml-entity") return value;
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
  return value.replace(/[&<>]/g, (char) => names[char] ?? "");
}

function soapEnvelope(name: string, content: string): string {
  const space = "http://schemas.xmlsoap.org/soap/envelope/";
  const inner = `<soap:Body><${name}><value>${content}</value></${name}></soap:Body>`;
  return `<?xml version="1.0"?><soap:Envelope xmlns:soap="${space}">${inner}</soap:Envelope>`;
}
