/**
 * Attacks inside harmless values. A payload list holds payloads alone; what an attacker sends may have a name before
 * it, a sentence around it, or the rest of an address behind. Each caught attack of a query, a form or a JSON member is
 * put before, behind and into the middle of harmless values from the same kind of place, and looked at again.
 *
 * Not all are attacks still: a traversal inside a sentence is no path. So the shares describe, and they are compared
 * with themselves over time; they are no detection rate.
 */
import { createRandom, pick, type Random } from "../bench/random.ts";

/** Where a value stands, which says how it is written. */
export type EmbeddingPlace = "query" | "form" | "json";

/** A value at a place that can be moved. Bytes are kept as latin1. */
export interface PlacedValue {
  readonly place: EmbeddingPlace;
  readonly value: string;
}

/** Kinds of harmless values, by the look of their text; the first that fits counts. */
const SHAPES: readonly (readonly [string, RegExp])[] = [
  ["number", /^[-+]?\d[\d.,:]*$/],
  ["address", /^[a-z][a-z0-9+.-]*:\/\/\S+$/i],
  ["mail", /^[^\s@]+@[^\s@]+\.[^\s@]+$/],
  ["json", /^\s*[[{][\s\S]*[\]}]\s*$/],
  ["markup", /<[a-z/!][^>]*>/i],
  ["code", /[{};=]\s*\n|\n\s+\w+\(/],
  ["path", /^\/?[\w.-]+(?:\/[\w.-]+)+\/?$/],
  ["word", /^[a-z][\w-]{0,15}$/i],
  ["token", /^[\w+/=.~-]{16,}$/],
  ["list", /^[^\s,;|]+(?:[,;|][^\s,;|]+)+$/],
  ["prose", /\p{L}+\s+\p{L}+/u],
];

/** What a harmless value looks like. */
export function shapeOf(value: string): string {
  return SHAPES.find(([, expression]) => expression.test(value))?.[0] ?? "other";
}

/** How an attack and a harmless value are put together. */
export const POSITIONS = ["before", "behind", "inside"] as const;
export type Position = (typeof POSITIONS)[number];

const VALUE_CHARS_MAX = 400;
const VALUE_CHARS_MIN = 1;
const VALUES_PER_SHAPE = 64;
const SEED = 7;
const HOST = "www.shop.example";

/** Harmless values, a bounded sample of each shape at each place. */
export class Surroundings {
  readonly #values = new Map<string, string[]>();
  readonly #seen = new Map<string, number>();
  readonly #random: Random;

  constructor(seed = SEED) {
    this.#random = createRandom(seed);
  }

  /** Reservoir sampling: each value that ever came is as likely to be among those kept. */
  add({ place, value }: PlacedValue): void {
    if (value.length < VALUE_CHARS_MIN || value.length > VALUE_CHARS_MAX) return;
    const key = `${place} ${shapeOf(value)}`;
    const kept = this.#values.get(key) ?? [];
    this.#values.set(key, kept);
    const seen = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, seen);
    if (kept.length < VALUES_PER_SHAPE) kept.push(value);
    else {
      const at = this.#random(seen);
      if (at < VALUES_PER_SHAPE) kept[at] = value;
    }
  }

  /** @returns the shapes that were seen at a place */
  shapes(place: EmbeddingPlace): string[] {
    const prefix = `${place} `;
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  draw(place: EmbeddingPlace, shape: string): string {
    return pick(this.#random, this.#values.get(`${place} ${shape}`) ?? [""]);
  }
}

/** @returns the attack and the harmless value as one text */
export function join(attack: string, around: string, position: Position): string {
  if (position === "before") return attack + around;
  if (position === "behind") return around + attack;
  const middle = around.length >> 1;
  return around.slice(0, middle) + attack + around.slice(middle);
}

/** Writes a request that carries the value at its place, as a client would. */
export function requestWith({ place, value }: PlacedValue): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (place === "query") {
    return Buffer.from(`GET /search?page=2&q=${percent(bytes)} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, "latin1");
  }
  const form = place === "form";
  const body = form ? `page=2&q=${percent(bytes)}` : JSON.stringify({ page: 2, q: bytes.toString("utf8") });
  const type = form ? "application/x-www-form-urlencoded" : "application/json";
  const head = `POST /search HTTP/1.1\r\nHost: ${HOST}\r\nContent-Type: ${type}\r\nContent-Length: `;
  const content = Buffer.from(body, "utf8");
  return Buffer.concat([Buffer.from(`${head}${content.length}\r\n\r\n`, "latin1"), content]);
}

/** @returns every value of a request's query, form or flat JSON object, with the name that the core's points give it */
export function valuesOf(raw: Buffer): Map<string, PlacedValue> {
  const values = new Map<string, PlacedValue>();
  const lineEnd = raw.indexOf("\r\n");
  const target = raw.toString("latin1", 0, Math.max(0, lineEnd)).split(" ")[1] ?? "";
  const mark = target.indexOf("?");
  if (mark >= 0) addPairs(values, target.slice(mark + 1), "query", "query");
  const bodyAt = raw.indexOf("\r\n\r\n") + 4;
  if (bodyAt < 4 || bodyAt >= raw.length) return values;
  const type = /\ncontent-type:[ \t]*([^\r\n;]*)/i.exec(raw.toString("latin1", 0, bodyAt))?.[1]?.toLowerCase() ?? "";
  const body = raw.subarray(bodyAt);
  if (type.includes("form-urlencoded")) addPairs(values, body.toString("latin1"), "form", "post.form_urlencoded");
  if (type.includes("json")) addMembers(values, body);
  return values;
}

function addPairs(into: Map<string, PlacedValue>, text: string, place: EmbeddingPlace, prefix: string): void {
  for (const pair of text.split("&")) {
    const equals = pair.indexOf("=");
    if (equals <= 0) continue;
    into.set(`${prefix}.${pair.slice(0, equals)}`, { place, value: percentDecoded(pair.slice(equals + 1)) });
  }
}

function addMembers(into: Map<string, PlacedValue>, body: Buffer): void {
  try {
    const json: unknown = JSON.parse(body.toString("utf8"));
    if (typeof json !== "object" || json === null || Array.isArray(json)) return;
    for (const [name, member] of Object.entries(json)) {
      if (typeof member !== "string") continue;
      const value = Buffer.from(member, "utf8").toString("latin1");
      into.set(`post.json_doc.hash.${name}`, { place: "json", value });
    }
  } catch {
    // Not JSON, whatever its head says: nothing that could be moved.
  }
}

/** Percent-decoding that leaves malformed escapes as they are. */
function percentDecoded(text: string): string {
  return text
    .replaceAll("+", " ")
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function percent(bytes: Buffer): string {
  let text = "";
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    text += /[\w.~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}
