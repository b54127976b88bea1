/** The decoders' own test data, and generators of text whose decoding is known piece by piece. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { z } from "zod";
import { ROOT } from "../../tools/component.ts";
import { Core } from "../core.ts";
import { bytesOf, dropAll, put, room } from "../scratch.ts";

/** Numbers of the decoders, by their names in records. */
export const DECODERS = new Core("test").text(3).split(" ");

const schema = z.array(z.strictObject({ encoded: z.string(), decoded: z.string(), why: z.string().min(1) }));
/** A row of test/data/decode. */
export type Row = z.infer<typeof schema>[number];

/** Rows of one decoder's file. */
export function rowsOf(file: string): Row[] {
  return schema.parse(parse(readFileSync(join(ROOT, `test/data/decode/${file}.yaml`), "utf8")));
}

/** Decodes text by the core. */
export function decode(
  core: Core,
  decoder: string,
  text: string,
): { readonly text: string; readonly changed: boolean } {
  const from = put(core, bytesOf(text));
  const to = room(core, text.length);
  const size = core.call("decode")(DECODERS.indexOf(decoder), from, text.length, to);
  const answer = { text: core.bytes.toString("latin1", to, to + size), changed: core.number("decodeChanged") === 1 };
  dropAll(core);
  return answer;
}

/** Where the output [start, end) came from, by the core. */
export function locate(core: Core, decoder: string, text: string, start: number, end: number): [number, number] {
  const from = put(core, bytesOf(text));
  core.call("locate")(DECODERS.indexOf(decoder), from, text.length, start, end);
  dropAll(core);
  return [core.number("locatedStart"), core.number("locatedEnd")];
}

/** An escape and what it stands for. */
export interface Piece {
  readonly encoded: string;
  readonly decoded: string;
}

/** Characters that no escape could take for its own: no digits of any base, no marks of any encoding. */
export const PLAIN: fc.Arbitrary<Piece> = fc
  .constantFrom(..."ghijklmopqswyz GHIJKLMOPQSWYZ<>'()=;:!,.~")
  .filter((letter) => letter !== ";")
  .map((letter) => ({ encoded: letter, decoded: letter }));

/** A whole text of pieces. */
export function textOf(...pieces: readonly fc.Arbitrary<Piece>[]): fc.Arbitrary<readonly Piece[]> {
  return fc.array(fc.oneof(PLAIN, ...pieces), { maxLength: 60 });
}

/** The pieces' text before and after. */
export function joinPieces(pieces: readonly Piece[]): Piece {
  return {
    encoded: pieces.map(({ encoded }) => encoded).join(""),
    decoded: pieces.map(({ decoded }) => decoded).join(""),
  };
}

/** Where the output [start, end), which is not empty, came from: whole pieces from that of its first byte on. */
export function originOf(pieces: readonly Piece[], start: number, end: number): [number, number] {
  let [at, out] = [0, 0];
  let from = -1;
  for (const { encoded, decoded } of pieces) {
    if (from < 0 && out + decoded.length > start) from = at;
    at += encoded.length;
    out += decoded.length;
    if (from >= 0 && out >= end) return [from, at];
  }
  throw new RangeError(`the text has no byte ${end - 1}`);
}
