/**
 * The names in a request: of its query, its own headers, and a body of JSON or a form. What is not understood, or too
 * large, is left out and said to be, so that nobody takes it for absent.
 */
import { safeText } from "../safe-text.ts";
import {
  type Authentication,
  type Location,
  NAME_CHARS_MAX,
  NAMES_MAX,
  PARAMETERS_MAX,
  type Sensitivity,
  type ValueType,
} from "./endpoint.ts";
import { sensitivityOfName, sensitivityOfValue, typeOfJson, typeOfText } from "./value-shape.ts";

/** Bytes of a body that are looked at; a larger one is left out. */
export const SAMPLE_BYTES_MAX = 16 * 1024;
const VALUES_MAX = 512;

/** A parameter in one request. */
export interface Seen {
  readonly in: Location;
  readonly name: readonly string[];
  readonly type: ValueType;
  readonly sensitive: Sensitivity | null;
}

/** What was found at one place of a request. */
export interface Found {
  readonly params: readonly Seen[];
  /** False where the place could not be read, so that what is missing says nothing. */
  readonly isWhole: boolean;
}

/** Headers that every client or proxy sends: nobody writes them into a specification. */
const STANDARD = new Set(
  (
    "accept accept-charset accept-encoding accept-language authorization cache-control connection content-encoding " +
    "content-length content-type cookie date dnt expect forwarded from host if-match if-modified-since if-none-match " +
    "if-range if-unmodified-since keep-alive origin pragma priority proxy-authorization proxy-connection range " +
    "referer save-data te traceparent tracestate baggage trailer transfer-encoding upgrade user-agent via warning " +
    "x-real-ip x-request-id x-requested-with x-http-method-override x-client-ip true-client-ip"
  ).split(" "),
);
const STANDARD_BEGIN = /^(?:sec-|x-forwarded-|x-envoy-|x-b3-|cf-|x-amzn-|x-merlon-|:)/;
const KEY_HEADER = /^(?:x-)?(?:api|access|auth|app|client|subscription)[-_]?(?:key|token)$/i;
const KEY_PARAMETER = /^(?:api|access|auth|app)[-_]?(?:key|token)$/i;
const SESSION_COOKIE = /sess|sid\b|token|auth|jwt|remember|login/i;

function nameOf(written: string): string | null {
  const name = safeText(written, NAME_CHARS_MAX + 1);
  return name === "" || name.length > NAME_CHARS_MAX ? null : name;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function seen(where: Location, name: readonly string[], type: ValueType, value: string): Seen {
  return { in: where, name, type, sensitive: sensitivityOfName(name.at(-1) ?? "") ?? sensitivityOfValue(value) };
}

/** @param text `a=1&b=2`, as a query or a form has it */
export function pairsIn(text: string, where: "query" | "body"): Found {
  const pairs = text.split("&", PARAMETERS_MAX + 1);
  const params = new Map<string, Seen>();
  let isWhole = pairs.length <= PARAMETERS_MAX;
  for (const pair of pairs.slice(0, PARAMETERS_MAX)) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const written = decoded(equals < 0 ? pair : pair.slice(0, equals));
    const name = nameOf(written.replace(/\[\]$/, ""));
    const value = equals < 0 ? "" : decoded(pair.slice(equals + 1));
    if (name === null) {
      isWhole = false;
      continue;
    }
    const isRepeated = params.has(name) || written.endsWith("[]");
    params.set(name, seen(where, [name], isRepeated ? "array" : typeOfText(value), value));
  }
  return { params: [...params.values()], isWhole };
}

/** @param rawHeaders name and value in turn */
export function headersIn(rawHeaders: readonly string[]): Found {
  const params = new Map<string, Seen>();
  for (let i = 0; i + 1 < rawHeaders.length && params.size < PARAMETERS_MAX; i += 2) {
    const name = nameOf((rawHeaders[i] ?? "").toLowerCase());
    if (name === null || STANDARD.has(name) || STANDARD_BEGIN.test(name)) continue;
    const value = rawHeaders[i + 1] ?? "";
    params.set(name, seen("header", [name], typeOfText(value), value));
  }
  return { params: [...params.values()], isWhole: true };
}

/** Names of a JSON document. Where keys vary like ids, as in a map, they are one `{id}`. */
function jsonIn(root: unknown): Found {
  const params = new Map<string, Seen>();
  // Items of an array have the same names again and again.
  const kinds = new Map<string, Sensitivity | null>();
  const kindOf = (name: string, value: string): Sensitivity | null => {
    const known = kinds.get(name);
    const kind = known === undefined ? sensitivityOfName(name) : known;
    if (known === undefined) kinds.set(name, kind);
    return kind ?? sensitivityOfValue(value);
  };
  let values = 0;
  let isWhole = true;
  const visit = (value: unknown, name: readonly string[]): void => {
    const type = typeOfJson(value);
    if (++values > VALUES_MAX || name.length > NAMES_MAX || params.size >= PARAMETERS_MAX) {
      isWhole = false;
    } else if (Array.isArray(value) && value.length > 0 && name.length < NAMES_MAX) {
      for (const item of value) visit(item, [...name, "[]"]);
    } else if (
      typeof value === "object" &&
      value !== null &&
      Object.keys(value).length > 0 &&
      name.length < NAMES_MAX
    ) {
      for (const [key, one] of Object.entries(value)) {
        const own = /^(?:\d+|[0-9a-f-]{16,})$/i.test(key) ? "{id}" : nameOf(key);
        if (own === null) isWhole = false;
        else visit(one, [...name, own]);
      }
    } else if (name.length > 0) {
      const scalar = typeof value === "string" || typeof value === "number" ? String(value) : "";
      const sensitive = kindOf(name.at(-1) ?? "", scalar);
      // They may differ in what they are.
      params.set(JSON.stringify([name, type, sensitive]), { in: "body", name, type, sensitive });
    }
  };
  visit(root, []);
  return { params: [...params.values()], isWhole };
}

/** @see RFC 7578 §4.2 */
function partsIn(text: string): Found {
  const params = new Map<string, Seen>();
  let isWhole = true;
  for (const [, written = ""] of text.matchAll(/^content-disposition:[^\r\n]{0,256}?[; ]name="([^"\r\n]{1,256})"/gim)) {
    const name = nameOf(written);
    if (name === null || params.size >= PARAMETERS_MAX) isWhole = false;
    else params.set(name, seen("body", [name], "string", ""));
  }
  return { params: [...params.values()], isWhole };
}

const FORM = "application/x-www-form-urlencoded";
const PARTS = "multipart/form-data";
const JSON_TYPE = /^application\/(?:json|[\w.-]+\+json)$/;

/** Whether names are found in bodies of this type; in lower case, without parameters. */
export function isReadable(media: string): boolean {
  return media === FORM || media === PARTS || JSON_TYPE.test(media);
}

/** @param media in lower case, without parameters */
export function bodyIn(body: Buffer, media: string): Found {
  if (media === FORM) return pairsIn(body.toString("latin1"), "body");
  if (media === PARTS) return partsIn(body.toString("utf8"));
  if (!JSON_TYPE.test(media)) return { params: [], isWhole: false };
  try {
    const root: unknown = JSON.parse(body.toString("utf8"));
    return jsonIn(root);
  } catch {
    return { params: [], isWhole: false };
  }
}

/** How a client says who it is, by the first of what it sends that says so. @see RFC 7617, RFC 6750 */
export function authenticationOf(rawHeaders: readonly string[], query: readonly Seen[]): Authentication {
  let found: Authentication = query.some(({ name: [name = ""] }) => KEY_PARAMETER.test(name)) ? "key" : "none";
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase();
    const value = rawHeaders[i + 1] ?? "";
    if (name === "authorization") {
      if (/^basic /i.test(value)) return "basic";
      return /^bearer /i.test(value) ? "bearer" : "key";
    }
    if (KEY_HEADER.test(name)) found = "key";
    if (name === "cookie" && found === "none") {
      const names = value.split(";", PARAMETERS_MAX).map((one) => one.split("=", 1)[0] ?? "");
      if (names.some((one) => SESSION_COOKIE.test(one))) found = "cookie";
    }
  }
  return found;
}
