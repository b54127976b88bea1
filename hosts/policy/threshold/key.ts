/**
 * What requests are told apart by: parts of the head and of the client, joined and hashed. Only hashes are kept, made
 * with a secret of the process, so that neither a memory image nor another process learns a client's key, and nobody
 * can choose keys that fall together.
 */
import { hash } from "node:crypto";
import type { Standing } from "../../core/threshold.ts";
import type { RequestHead } from "../../core/verdict.ts";
import { COUNTRY_KEY } from "../source-rows.ts";
import type { PlaceLookup } from "../sources.ts";
import type { KeyPart } from "./threshold.ts";

/** Characters of a part that are read; what is longer is told apart by its begin and its length. */
const PART_CHARS_MAX = 8192;
const KEY_CHARS = 22;
const V4_MAPPED = 0xffffn;

/** What keys are made of. */
export interface KeySource {
  readonly head: RequestHead;
  readonly standing: Standing;
  readonly places: PlaceLookup | null;
}

/**
 * @param secret of the process, or of all that share their counts
 * @returns the hash of a request's key; undefined where a part of it is not there: such a request is not counted
 */
export function keyOf(parts: readonly KeyPart[], source: KeySource, secret: string): string | undefined {
  const texts: string[] = [];
  for (const part of parts) {
    const text = partOf(part, source);
    if (text === undefined) return undefined;
    texts.push(text.length > PART_CHARS_MAX ? `${text.length} ${text.slice(0, PART_CHARS_MAX)}` : text);
  }
  return hashText(JSON.stringify(texts), secret);
}

/** @returns the key of a client alone, as lists are asked for it */
export function clientKey(high: bigint, low: bigint, secret: string): string {
  return hashText(JSON.stringify([networkOf(high, low)]), secret);
}

/** @returns 32 bits of the hash of a value */
export function valueHash(text: string, secret: string): number {
  return Buffer.from(hash("sha256", secret + text, "buffer")).readUInt32LE(0);
}

function hashText(text: string, secret: string): string {
  return hash("sha256", secret + text, "base64url").slice(0, KEY_CHARS);
}

/** @returns a part of a key; undefined where the request has none */
export function partOf({ from, name }: KeyPart, { head, standing, places }: KeySource): string | undefined {
  const { clientHigh: high, clientLow: low } = standing;
  switch (from) {
    case "ip":
      return high === 0n && low === 0n ? undefined : networkOf(high, low);
    case "host":
      return head.authority.toLowerCase().replace(/\.?(?::\d*)?$/, "");
    case "method":
      return head.method;
    case "path":
      return `/${segmentsOf(head.target).join("/")}`;
    case "segment":
      return segmentsOf(head.target)[Number(name) - 1] || undefined;
    case "app":
      return standing.application === 0 ? undefined : String(standing.application);
    case "country":
      return places?.(high, low)
        .find((key) => key >= COUNTRY_KEY)
        ?.toString();
    case "asn":
      return places?.(high, low)
        .find((key) => key < COUNTRY_KEY)
        ?.toString();
    case "header":
      return headerOf(head.rawHeaders, name);
    case "cookie":
      return pairOf((headerOf(head.rawHeaders, "cookie") ?? "").split(";"), name, false);
    default:
      return pairOf(queryOf(head.target).split("&"), name, true);
  }
}

/** An address of IPv4, or the network of 64 bits that one client of IPv6 has for itself. */
function networkOf(high: bigint, low: bigint): string {
  return high === 0n && low >> 32n === V4_MAPPED ? low.toString(16) : `${high.toString(16)}/64`;
}

function queryOf(target: string): string {
  const at = target.indexOf("?");
  return at < 0 ? "" : target.slice(at + 1);
}

function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Segments of a path as servers come to see it, so that no spelling of one path is another key. */
function segmentsOf(target: string): string[] {
  // In front of a proxy a target may be a whole URL.
  const [path = ""] = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, "").split("?", 1);
  const kept: string[] = [];
  for (const segment of decoded(path).replaceAll("\\", "/").split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return kept;
}

/** Values of a field, joined as the core joins them; undefined where there is none. */
function headerOf(rawHeaders: readonly string[], name: string): string | undefined {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push((rawHeaders[i + 1] ?? "").trim());
  }
  return values.length === 0 ? undefined : values.join(name === "cookie" ? ";" : ",");
}

/** Values of `name=value` pairs; undefined where there is none. */
function pairOf(pairs: readonly string[], name: string, plus: boolean): string | undefined {
  const read = (text: string): string => decoded(plus ? text.replaceAll("+", " ") : text.trim());
  const values: string[] = [];
  for (const pair of pairs) {
    const equals = pair.indexOf("=");
    if (equals >= 0 && read(pair.slice(0, equals)) === name) values.push(read(pair.slice(equals + 1)));
  }
  return values.length === 0 ? undefined : values.join(",");
}
