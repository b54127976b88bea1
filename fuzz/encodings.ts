/** Ways to write the same value: what attackers do to hide one, and what clients do to send one. Strings are latin1. */
import { deflateSync, gzipSync } from "node:zlib";
import { chance, type Random } from "../test/bench/random.ts";

/** Writes a value in another way; a random one leaves some bytes as they are where the encoding allows it. */
export type Encoding = (value: string, random: Random) => string;

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

function everyByte(value: string, write: (code: number, character: string) => string): string {
  let text = "";
  for (const character of value) text += write(character.charCodeAt(0), character);
  return text;
}

/** `%XX` for all bytes that no query may hold, and for some of the others. */
export const percent: Encoding = (value, random) =>
  everyByte(value, (code, character) =>
    /[A-Za-z0-9]/.test(character) && chance(random, 0.8) ? character : `%${hex(code, 2)}`,
  );

/** As forms do: `+` for a space. */
export const form: Encoding = (value, random) =>
  everyByte(value, (_code, character) => (character === " " ? "+" : percent(character, random)));

/** `%XX` twice. */
export const doublePercent: Encoding = (value, random) => percent(percent(value, random), random);

/** `%u00XX` for some bytes, `%XX` for the others. */
export const percentU: Encoding = (value, random) =>
  everyByte(value, (code, character) => (chance(random, 0.5) ? `%u${hex(code, 4)}` : percent(character, random)));

/** Marks in two or three bytes of UTF-8 where one would do. */
export const overlong: Encoding = (value, random) =>
  everyByte(value, (code, character) => {
    if (/[A-Za-z0-9 ]/.test(character) || code > 127) return character;
    if (chance(random, 0.5)) return String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 63));
    return String.fromCharCode(0xe0, 0x80 | (code >> 6), 0x80 | (code & 63));
  });

/** Character references, with and without their semicolons, hexadecimal and decimal. */
export const entities: Encoding = (value, random) =>
  everyByte(value, (code, character) => {
    if (/[A-Za-z0-9 ]/.test(character)) return character;
    return chance(random, 0.5) ? `&#x${hex(code, 2)};` : `&#${code};`;
  });

/** Backslash escapes of JavaScript. */
export const scriptEscapes: Encoding = (value, random) =>
  everyByte(value, (code, character) => {
    if (/[A-Za-z0-9 ]/.test(character)) return character;
    return chance(random, 0.5) ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
  });

/** What JSON demands, and `\u00XX` for some other bytes. Without the quotes. */
export const jsonEscapes: Encoding = (value, random) =>
  everyByte(value, (code, character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return code < 32 || chance(random, 0.2) ? `\\u${hex(code, 4)}` : character;
  });

/** Base64 with its padding (RFC 4648 §4). */
export const base64: Encoding = (value) => Buffer.from(value, "latin1").toString("base64");

/** Base64 with the alphabet of URLs, without padding (RFC 4648 §5). */
export const base64url: Encoding = (value) => Buffer.from(value, "latin1").toString("base64url");

/** Compressed, in base64. */
export const compressed: Encoding = (value, random) => {
  const bytes = Buffer.from(value, "latin1");
  return (chance(random, 0.5) ? gzipSync(bytes) : deflateSync(bytes)).toString("base64");
};

/** A claim of a token, with or without a signature. */
export const token: Encoding = (value, random) => {
  const part = (content: object): string => Buffer.from(JSON.stringify(content), "latin1").toString("base64url");
  const head = { alg: chance(random, 0.5) ? "none" : "HS256", kid: chance(random, 0.3) ? value : "1" };
  return `${part(head)}.${part({ sub: value })}.${chance(random, 0.5) ? "" : "c2lnbmF0dXJl"}`;
};

/** A string in an array as PHP writes it; some lengths lie. */
export const serialized: Encoding = (value, random) =>
  `a:2:{s:1:"q";s:${value.length + (chance(random, 0.2) ? random(3) : 0)}:"${value}";i:0;O:1:"A":0:{}}`;

/** Letters in random case. */
export const randomCase: Encoding = (value, random) =>
  everyByte(value, (_code, character) => (chance(random, 0.5) ? character.toUpperCase() : character.toLowerCase()));

/** All of them, for generators. */
export const ENCODINGS: readonly Encoding[] = [
  ...[percent, form, doublePercent, percentU, overlong, entities, scriptEscapes, jsonEscapes],
  ...[base64, base64url, compressed, token, serialized, randomCase],
];
