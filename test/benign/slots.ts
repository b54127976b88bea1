/**
 * Filling in texts: `⟦name⟧` in a template becomes a value that is made here, or a text from the lists in
 * `test/data/benign/texts/`, whose own slots are filled in turn; `⟦base64:name⟧` becomes the same in that coding. The
 * same random source gives the same texts.
 */
import { createHmac } from "node:crypto";
import { deflateRawSync, gzipSync } from "node:zlib";
import { chance, pick, type Random } from "../bench/random.ts";

/** Texts by name. */
export type Texts = ReadonlyMap<string, readonly string[]>;

/** What slots are filled from. */
export interface Source {
  readonly random: Random;
  readonly texts: Texts;
  /** The site's host, for texts that name it. */
  readonly host: string;
}

const SLOT = /⟦(?:([a-z0-9]+):)?([a-z0-9-]+)⟧/g;
/** Texts in texts in texts; deeper ones are a mistake in the lists. */
const DEPTH_MAX = 8;
const HEX = "0123456789abcdef";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const DAY_MS = 86_400_000;
const EPOCH_MS = Date.UTC(2025, 0, 1);

const MAKERS: Readonly<Record<string, (source: Source) => string>> = {
  host: ({ host }) => host,
  digit: ({ random }) => String(random(10)),
  int: ({ random }) => String(random(chance(random, 0.5) ? 100 : 100_000)),
  id: ({ random }) => String(1_000 + random(9_000_000)),
  float: ({ random }) => (random(1_000_000) / 1000).toFixed(1 + random(3)),
  share: ({ random }) => (random(10_000) / 10_000).toString(),
  price: ({ random }) => `${random(900)}.${String(random(100)).padStart(2, "0")}`,
  bool: ({ random }) => String(chance(random, 0.5)),
  hex8: ({ random }) => letters(random, HEX, 8),
  hex16: ({ random }) => letters(random, HEX, 16),
  hex32: ({ random }) => letters(random, HEX, 32),
  sha1: ({ random }) => letters(random, HEX, 40),
  sha256: ({ random }) => letters(random, HEX, 64),
  key: ({ random }) => letters(random, ALNUM, 12 + random(20)),
  token: ({ random }) => `${letters(random, ALNUM, 20)}_${letters(random, ALNUM, 18)}-${letters(random, ALNUM, 4)}`,
  uuid: ({ random }) => uuid(random),
  b64: ({ random }) => Buffer.from(letters(random, BASE64, 16 + random(90)), "latin1").toString("base64"),
  blob: ({ random }) => bytes(random, 24 + random(200)).toString("base64"),
  bloburl: ({ random }) => bytes(random, 24 + random(80)).toString("base64url"),
  jwt: (source) => jwt(source),
  date: ({ random }) => when(random).toISOString().slice(0, 10),
  iso: ({ random }) => when(random).toISOString(),
  epoch: ({ random }) => String(Math.floor(when(random).getTime() / 1000)),
  ms: ({ random }) => String(when(random).getTime()),
  ns: ({ random }) => `${when(random).getTime()}${String(random(1_000_000)).padStart(6, "0")}`,
  icsdate: ({ random }) => `${when(random).toISOString().replace(/[-:]/g, "").slice(0, 15)}Z`,
  httpdate: ({ random }) => when(random).toUTCString(),
  clock: ({ random }) => `${String(random(24)).padStart(2, "0")}:${String(random(60)).padStart(2, "0")}`,
  ip: ({ random }) => `${11 + random(180)}.${random(256)}.${random(256)}.${1 + random(254)}`,
  lat: ({ random }) => (random(170_000_000) / 1e6 - 85).toFixed(6),
  lon: ({ random }) => (random(360_000_000) / 1e6 - 180).toFixed(6),
  phone: ({ random }) => `+${1 + random(98)} ${100 + random(900)} ${1000 + random(9000)}${random(1000)}`,
  version: ({ random }) => `${random(12)}.${random(30)}.${random(20)}`,
  colour: ({ random }) => `#${letters(random, HEX, 6)}`,
  number: ({ random }) => (chance(random, 0.2) ? "-" : "") + String(random(2000)),
  crsf: ({ random }) => bytes(random, 32).toString("base64"),
};

/** Codings in which clients carry one text inside another. */
const CODINGS: Readonly<Record<string, (text: string) => string>> = {
  base64: (text) => Buffer.from(text).toString("base64"),
  base64url: (text) => Buffer.from(text).toString("base64url"),
  deflate: (text) => deflateRawSync(text).toString("base64"),
  gzip: (text) => gzipSync(text).toString("base64"),
  percent: encodeURIComponent,
  html: (text) =>
    text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
  quoted: quotedPrintable,
};

/** Fills every slot of a text. */
export function fill(text: string, source: Source, depth = 0): string {
  return text.replace(SLOT, (_, coding: string | undefined, name: string) => {
    if (depth > DEPTH_MAX) throw new RangeError(`texts nest without end at ${name}`);
    const value = slotValue(name, source, depth);
    if (coding === undefined) return value;
    const encode = Object.hasOwn(CODINGS, coding) ? CODINGS[coding] : undefined;
    if (encode === undefined) throw new RangeError(`nobody knows the coding ${coding}`);
    return encode(value);
  });
}

function slotValue(name: string, source: Source, depth: number): string {
  const maker = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined;
  if (maker !== undefined) return maker(source);
  const texts = source.texts.get(name);
  if (texts === undefined) throw new RangeError(`nobody knows the slot ${name}`);
  return fill(pick(source.random, texts), source, depth + 1);
}

/** @see RFC 2045 §6.7; lines are broken after 72 characters, never inside an escape */
function quotedPrintable(text: string): string {
  const units = [...Buffer.from(text)].map((byte) => {
    const plain = (byte >= 32 && byte < 127 && byte !== 61) || byte === 13 || byte === 10;
    return plain ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  });
  let column = 0;
  return units
    .map((unit) => {
      column = unit === "\n" ? 0 : column + unit.length;
      if (column < 72) return unit;
      column = unit.length;
      return `=\r\n${unit}`;
    })
    .join("");
}

/** Fills the strings of a tree as JSON holds it. One that is `#` and a slot becomes a number or a truth value. */
export function fillTree(tree: unknown, source: Source): unknown {
  if (typeof tree === "string") {
    return /^#⟦[a-z0-9-]+⟧$/.test(tree) ? (JSON.parse(fill(tree.slice(1), source)) as unknown) : fill(tree, source);
  }
  if (Array.isArray(tree)) return tree.map((item) => fillTree(item, source));
  if (typeof tree !== "object" || tree === null) return tree;
  return Object.fromEntries(Object.entries(tree).map(([name, item]) => [fill(name, source), fillTree(item, source)]));
}

/** @returns that many random bytes */
export function bytes(random: Random, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random(256)));
}

function letters(random: Random, alphabet: string, size: number): string {
  return Array.from({ length: size }, () => alphabet[random(alphabet.length)]).join("");
}

function uuid(random: Random): string {
  const hex = letters(random, HEX, 32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function when(random: Random): Date {
  return new Date(EPOCH_MS + random(690) * DAY_MS + random(DAY_MS));
}

/** A signed token as servers issue them; its key is nobody's. */
function jwt({ random, host }: Source): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const issued = Math.floor(when(random).getTime() / 1000);
  const head = part({ alg: "HS256", typ: "JWT", kid: letters(random, HEX, 8) });
  const claims = { iss: `https://${host}/`, sub: `user|${uuid(random)}`, iat: issued, exp: issued + 3600 };
  const body = part({ ...claims, scope: "openid profile email", "https://claims.example/roles": ["editor"] });
  return `${head}.${body}.${createHmac("sha256", "none").update(`${head}.${body}`).digest("base64url")}`;
}
