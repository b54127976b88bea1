/**
 * A recorded request as text to copy: raw HTTP, or a command for a shell. A record holds what was kept of a request,
 * masked; what is not the whole is said beside it. Neutralised, what matched is taken out, so that a ticket or a chat
 * can hold it.
 */

import { fromBase64 } from "./bytes.ts";
import type { AttackRecord } from "./record.ts";

/** A request as text, and what is not as it was. */
export interface Replay {
  readonly text: string;
  readonly notes: readonly string[];
}

const REMOVED = "REMOVED";
/** A host that never resolves (RFC 2606). */
const NO_HOST = "host.invalid";
/** Name of a field, RFC 9110 §5.6.2. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const CURL_SETS = new Set(["host", "content-length", "connection", "transfer-encoding", "accept-encoding"]);

interface Parts {
  readonly method: string;
  readonly scheme: string;
  readonly host: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  /** One character a byte. */
  readonly body: string;
  readonly notes: readonly string[];
}

const latin = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

function partsOf({ request, masked }: AttackRecord): Parts {
  const { method, scheme, host, path, query, headers, body } = request;
  const excerpt = body?.excerpt_b64 === undefined ? "" : latin(fromBase64(body.excerpt_b64));
  const notes: string[] = [];
  if (body !== undefined && excerpt.length < body.size) {
    notes.push(`the body is an excerpt: ${excerpt.length} of ${body.size} bytes`);
  }
  if (masked.length > 0) notes.push(`masked, their bytes are *: ${masked.join(", ")}`);
  return { method, scheme, host, target: query === "" ? path : `${path}?${query}`, headers, body: excerpt, notes };
}

/** What matched, as it stands in the request: the marked bytes of each hit's raw layer. */
function rawPayloads({ hits }: AttackRecord): string[] {
  const payloads = hits.flatMap(({ layers }) => {
    const [raw] = layers;
    if (raw === undefined) return [];
    const bytes = latin(fromBase64(raw.excerpt_b64)).slice(Math.max(0, raw.span[0] - raw.excerpt_at));
    return [bytes.slice(0, raw.span[1] - Math.max(raw.span[0], raw.excerpt_at))];
  });
  return payloads.filter((text) => text !== "").sort((a, b) => b.length - a.length);
}

/** Guarantee: no bytes of a hit's raw span stay; what cannot be found goes with all that could hold it. */
function neutralised(parts: Parts, record: AttackRecord): Parts {
  const payloads = rawPayloads(record);
  const clean = (text: string): string => payloads.reduce((rest, one) => rest.replaceAll(one, REMOVED), text);
  const all = [parts.target, parts.body, ...parts.headers.flat(), parts.method].join("\n");
  const isFound = record.hits.every(({ layers }) => layers.length > 0) && payloads.every((one) => all.includes(one));
  const notes = [...parts.notes, `neutralised: what matched is ${REMOVED}, the host is ${NO_HOST}`];
  const same = { ...parts, host: NO_HOST, method: clean(parts.method) };
  if (isFound) {
    const headers = parts.headers.map(([name, value]) => [clean(name), clean(value)] as const);
    return { ...same, target: clean(parts.target), body: clean(parts.body), headers, notes };
  }
  const told = "what matched stands in a coding of its own, so the query, the headers and the body are left out";
  return { ...same, target: clean(record.request.path), headers: [], body: "", notes: [...notes, told] };
}

/** The request as HTTP/1.1, one character a byte of the body. */
export function rawRequest(record: AttackRecord, isNeutral: boolean): Replay {
  const parts = isNeutral ? neutralised(partsOf(record), record) : partsOf(record);
  const fields = parts.headers.filter(([name]) => name.toLowerCase() !== "host");
  const lines = [`${parts.method} ${parts.target} HTTP/1.1`, `host: ${parts.host}`];
  for (const [name, value] of fields) lines.push(`${name}: ${value}`);
  return { text: `${lines.join("\r\n")}\r\n\r\n${parts.body}`, notes: parts.notes };
}

/** A word that a POSIX shell or bash reads as exactly these bytes; what is not printable needs bash. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (/^[\x20-\x7e]*$/.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text.replace(/['\\]|[^\x20-\x7e]/g, (one) => {
    const code = one.charCodeAt(0);
    if (one === "'" || one === "\\") return `\\${one}`;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
    return Array.from(new TextEncoder().encode(one), (byte) => `\\x${byte.toString(16)}`).join("");
  });
  return `$'${escaped}'`;
}

/**
 * The request as a command for curl. A client wrote its words: none of them may be read as an option or as the name of
 * a file, which is why it is `--data-raw` and why header names that are no token are left out.
 */
export function curlCommand(record: AttackRecord, isNeutral: boolean): Replay {
  const parts = isNeutral ? neutralised(partsOf(record), record) : partsOf(record);
  const url = `${parts.scheme === "http" ? "http" : "https"}://${parts.host}${parts.target}`;
  const words = ["curl", "--path-as-is", "--globoff", "-X", shellWord(parts.method), shellWord(url)];
  for (const [name, value] of parts.headers) {
    if (!TOKEN.test(name) || CURL_SETS.has(name.toLowerCase())) continue;
    // With a colon and nothing behind it, curl takes a header away.
    words.push("-H", shellWord(value === "" ? `${name};` : `${name}: ${value}`));
  }
  // No argument of a program can hold a NUL.
  const body = parts.body.replaceAll("\0", "");
  if (body !== "") words.push("--data-raw", shellWord(body));
  const notes = body === parts.body ? parts.notes : [...parts.notes, "NUL bytes of the body are left out"];
  return { text: words.join(" "), notes };
}
