/**
 * What a JSON Schema asks, as ways to be right: each way is a set of schemas that all have to hold. `allOf` joins, and
 * `anyOf` and `oneOf` divide. Where that would grow without end, something is left out: more is taken, never less.
 */
import type { Piece } from "./references.ts";
import { mayOverlap, type Way } from "./schema-facet.ts";

/** Ways of which one has to hold; none take no value. */
export type Shape = readonly Way[];

/** Takes any value. */
export const ANYTHING: Shape = [[]];
/** Takes none. */
export const NOTHING: Shape = [];

const DEPTH_MAX = 24;
const WAYS_MAX = 64;
const PIECES_MAX = 64;
/** Schemas of a document that are read. */
const READ_MAX = 50_000;

/** Words of a schema that change nothing of what it takes, beside a reference. */
const SILENT = new Set(
  "$ref summary description title example examples default deprecated readOnly writeOnly externalDocs xml".split(" "),
);

/** Reads schemas of one document. */
export class ShapeReader {
  readonly #note: (piece: Piece, what: string) => void;
  /** References of 3.0 have nothing beside them that counts. */
  readonly #isBesideAsked: boolean;
  readonly #known = new Map<string, Shape>();
  readonly #open = new Set<string>();
  #left = READ_MAX;

  constructor(version: string, note: (piece: Piece, what: string) => void) {
    this.#isBesideAsked = version.startsWith("3.1");
    this.#note = note;
  }

  /** @throws SpecFault where the document holds too many schemas */
  shapeOf(piece: Piece): Shape {
    const key = placeOf(piece);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#open.has(key) || this.#open.size > DEPTH_MAX) {
      this.#note(piece, "a schema that is part of itself is not asked there");
      return ANYTHING;
    }
    if (--this.#left < 0) return piece.fail("is one schema too many; split the document by paths");
    this.#open.add(key);
    const shape = this.#read(piece);
    this.#open.delete(key);
    this.#known.set(key, shape);
    return shape;
  }

  #read(piece: Piece): Shape {
    if (piece.value === true) return ANYTHING;
    if (piece.value === false) return NOTHING;
    if (this.#isBesideAsked && piece.beside.some((word) => !SILENT.has(word) && !word.startsWith("x-")))
      this.#note(piece, "what stands beside a $ref to it is not asked");
    const names = piece.entries().map(([name]) => name);
    let shape: Shape = names.length === 0 ? ANYTHING : [[piece]];
    for (const one of piece.list("allOf")) shape = this.all([shape, this.shapeOf(one)], piece);
    for (const name of ["anyOf", "oneOf"]) {
      const shapes = piece.list(name).map((one) => this.shapeOf(one));
      if (name === "oneOf" && !areApart(shapes))
        this.#note(piece, "of oneOf it is asked that one fits, not that only one");
      if (shapes.length > 0) shape = this.all([shape, this.any(shapes, piece)], piece);
    }
    return shape;
  }

  /** @returns what fits all of these */
  all(shapes: readonly Shape[], at: Piece): Shape {
    let joined: Shape = ANYTHING;
    for (const shape of shapes) {
      if (joined.length * shape.length > WAYS_MAX) {
        this.#note(at, `more than ${WAYS_MAX} alternatives are not asked`);
        continue;
      }
      joined = unique(joined.flatMap((one) => shape.map((other) => this.#joined(one, other, at))));
    }
    return joined;
  }

  #joined(one: Way, other: Way, at: Piece): Way {
    const pieces = new Map([...one, ...other].map((piece) => [placeOf(piece), piece]));
    if (pieces.size > PIECES_MAX) this.#note(at, `of more than ${PIECES_MAX} schemas together some are not asked`);
    return [...pieces]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, PIECES_MAX)
      .map(([, piece]) => piece);
  }

  /** @returns what fits one of these */
  any(shapes: readonly Shape[], at: Piece): Shape {
    const ways = unique(shapes.flat());
    if (ways.some((way) => way.length === 0)) return ANYTHING;
    if (ways.length <= WAYS_MAX) return ways;
    this.#note(at, `more than ${WAYS_MAX} alternatives are not asked`);
    return ANYTHING;
  }
}

/** Whether no value can fit two of these, as far as types and lists of values tell. */
function areApart(shapes: readonly Shape[]): boolean {
  if (shapes.length > WAYS_MAX) return false;
  const isApart = (one: Shape, other: Shape): boolean =>
    !one.some((way) => other.some((otherWay) => mayOverlap(way, otherWay)));
  return shapes.every((one, index) => shapes.slice(index + 1).every((other) => isApart(one, other)));
}

function unique(ways: Shape): Shape {
  return [...new Map(ways.map((way) => [wayKey(way), way])).values()];
}

/** Names a schema by its place in the document. */
function placeOf({ path }: Piece): string {
  return JSON.stringify(path);
}

function wayKey(way: Way): string {
  return way.map(placeOf).join("&");
}

/** @returns a text that equal shapes have, and no others */
export function shapeKey(shape: Shape): string {
  return shape.map(wayKey).sort().join("|");
}
