/**
 * From the schemas of a document's bodies to the nodes that the core holds values against: one for each shape, so that
 * schemas that hold themselves are circles of nodes. What several alternatives say of objects or lists becomes what
 * they all agree on: more is taken than by each alone, never less, and that is noted.
 */
import type { Piece } from "./references.ts";
import {
  ALL_TYPES,
  count,
  type Facet,
  facetOf,
  type NumberCase,
  type TextCase,
  TYPES,
  type Way,
} from "./schema-facet.ts";
import { ANYTHING, type Shape, ShapeReader, shapeKey } from "./schema-shape.ts";
import { MachineReader } from "./text-machines.ts";

/** The node that takes every value; it is the first. */
export const ANY = 0;
/** Stands for a node that takes none. */
export const NONE = 0xffff_ffff;

/** A field of an object. */
export interface SchemaField {
  readonly name: string;
  readonly node: number;
  readonly isRequired: boolean;
}

/** What a value has to be. */
export interface SchemaNode {
  readonly types: number;
  readonly fields: readonly SchemaField[];
  /** Node of fields that are not listed, and of elements. */
  readonly others: number;
  readonly items: number;
  readonly fieldCount: readonly [least: number, most: number];
  readonly itemCount: readonly [least: number, most: number];
  readonly texts?: readonly TextCase[] | undefined;
  readonly numbers?: readonly NumberCase[] | undefined;
}

const COUNT_MAX = 0xffff_ffff;
const NODES_MAX = 4096;
const FIELDS_MAX = 20_000;
/** NAME_BYTES_MAX of assembly/abi/limits.ts, REQUIRED_MAX and MACHINES_MAX of assembly/policy/schema/rows.ts. */
const NAME_BYTES_MAX = 128;
const REQUIRED_MAX = 64;
const MACHINES_MAX = 8;
const CASES_MAX = 64;

/** Words that say more than is asked. */
const UNASKED = [
  ...["not", "if", "dependentRequired", "dependentSchemas", "dependencies", "propertyNames", "contains", "uniqueItems"],
  ...["prefixItems", "patternProperties", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef", "$recursiveRef"],
];

const ANY_NODE: SchemaNode = {
  types: ALL_TYPES,
  fields: [],
  others: ANY,
  items: ANY,
  fieldCount: [0, COUNT_MAX],
  itemCount: [0, COUNT_MAX],
};

/** One way for a value to be an object or a list. */
interface Parts {
  readonly way: Way;
  readonly at: Piece;
}

/** Makes the nodes of one document. */
export class SchemaNodes {
  readonly machines: MachineReader;
  readonly #note: (piece: Piece, what: string) => void;
  readonly #shapes: ShapeReader;
  readonly #nodes: (SchemaNode | undefined)[] = [ANY_NODE];
  readonly #numbers = new Map<string, number>();
  readonly #due: { readonly number: number; readonly shape: Shape; readonly at: Piece }[] = [];
  readonly #noted = new Set<string>();
  #fields = 0;

  /** @param note told once of each thing that is not asked */
  constructor(version: string, note: (piece: Piece, what: string) => void) {
    this.#note = (piece, what) => {
      const key = `${what} ${JSON.stringify(piece.path)}`;
      if (!this.#noted.has(key)) note(piece, what);
      this.#noted.add(key);
    };
    this.machines = new MachineReader(this.#note);
    this.#shapes = new ShapeReader(version, this.#note);
  }

  /** All nodes so far. */
  get nodes(): SchemaNode[] {
    return this.#nodes.map((node) => node ?? ANY_NODE);
  }

  /** @returns the node of a body's schema, all that it leads to made as well; never NONE */
  rootOf(schema: Piece): number {
    const shape = this.#shapes.shapeOf(schema);
    const root = shape.length === 0 ? this.#new(shape, schema) : this.#nodeOf(shape, schema);
    for (let next = this.#due.pop(); next !== undefined; next = this.#due.pop()) {
      this.#nodes[next.number] = this.#made(next.shape, next.at);
    }
    return root;
  }

  #nodeOf(shape: Shape, at: Piece): number {
    if (shape.length === 0) return NONE;
    if (shape.some((way) => way.length === 0)) return ANY;
    return this.#numbers.get(shapeKey(shape)) ?? this.#new(shape, at);
  }

  #new(shape: Shape, at: Piece): number {
    const number = this.#nodes.length;
    if (number >= NODES_MAX) return at.fail(`is one schema too many: bodies take ${NODES_MAX}; split the document`);
    this.#nodes.push(undefined);
    this.#numbers.set(shapeKey(shape), number);
    this.#due.push({ number, shape, at });
    return number;
  }

  #made(shape: Shape, at: Piece): SchemaNode {
    const facets = shape.map((way) => ({ way, facet: this.#facetOf(way), at: way[0] ?? at }));
    const withType = (bit: number): typeof facets => facets.filter(({ facet }) => (facet.types & bit) !== 0);
    const types = facets.reduce((bits, { facet }) => bits | facet.types, 0);
    return {
      types,
      ...this.#objectParts(withType(TYPES.object)),
      ...this.#listParts(withType(TYPES.array)),
      texts: this.#textCases(
        withType(TYPES.text).map(({ facet }) => facet.texts),
        at,
      ),
      numbers: this.#numberCases(
        withType(TYPES.number).map(({ facet }) => facet.numbers),
        at,
      ),
    };
  }

  #facetOf(way: Way): Facet {
    for (const piece of way) {
      const said = UNASKED.filter((name) => piece.at(name) !== undefined);
      for (const name of said) {
        if (name !== "uniqueItems" || piece.flag(name)) this.#note(piece, `${name} is not asked`);
      }
    }
    return facetOf(way, this.machines, this.#note);
  }

  #textCases(all: readonly (readonly TextCase[] | undefined)[], at: Piece): readonly TextCase[] | undefined {
    const cases = joinedCases(all);
    const machines = new Set(cases?.flatMap((one) => one.machines));
    if (cases === undefined || (machines.size <= MACHINES_MAX && cases.length <= CASES_MAX)) return cases;
    this.#note(at, "so many patterns for one text are not asked");
    return undefined;
  }

  #numberCases(all: readonly (readonly NumberCase[] | undefined)[], at: Piece): readonly NumberCase[] | undefined {
    const cases = joinedCases(all);
    if (cases === undefined || cases.length <= CASES_MAX) return cases;
    this.#note(at, "so many alternatives of a number are not asked");
    return undefined;
  }

  #objectParts(ways: readonly Parts[]): Pick<SchemaNode, "fields" | "others" | "fieldCount"> {
    const [first] = ways;
    if (first === undefined) return { fields: [], others: ANY, fieldCount: [0, COUNT_MAX] };
    if (ways.length > 1) this.#noteTogether(ways, "objects");
    const needed = ways.map(({ way }) => requiredOf(way));
    const required = new Set([...(needed[0] ?? [])].filter((name) => needed.every((names) => names.has(name))));
    const listed = ways.flatMap(({ way }) => way.flatMap((piece) => membersOf(piece)));
    const names = [...new Set([...listed, ...required])];
    const isLong = names.some((name) => Buffer.byteLength(name) > NAME_BYTES_MAX);
    if (isLong) this.#note(first.at, `names of more than ${NAME_BYTES_MAX} bytes are not asked, so that any is taken`);
    const kept = names.filter((name) => Buffer.byteLength(name) <= NAME_BYTES_MAX);
    this.#fields += kept.length;
    if (this.#fields > FIELDS_MAX) first.at.fail(`is too much: bodies take ${FIELDS_MAX} fields; split the document`);
    if (required.size > REQUIRED_MAX) this.#note(first.at, `more than ${REQUIRED_MAX} required fields are not asked`);
    const asked = new Set([...required].filter((name) => kept.includes(name)).slice(0, REQUIRED_MAX));
    return {
      fields: kept.map((name) => ({
        name,
        node: this.#anyOf(ways, (way) => this.#memberOf(way, name)),
        isRequired: asked.has(name),
      })),
      others: isLong ? ANY : this.#anyOf(ways, (way) => this.#othersOf(way)),
      fieldCount: this.#counts(ways, "minProperties", "maxProperties"),
    };
  }

  #listParts(ways: readonly Parts[]): Pick<SchemaNode, "items" | "itemCount"> {
    if (ways.length > 1) this.#noteTogether(ways, "lists");
    return {
      items: ways.length === 0 ? ANY : this.#anyOf(ways, (way) => this.#itemsOf(way)),
      itemCount: this.#counts(ways, "minItems", "maxItems"),
    };
  }

  #noteTogether(ways: readonly Parts[], what: string): void {
    const at = ways[0]?.at;
    if (at !== undefined) this.#note(at, `of alternatives that are ${what} only what all of them agree on is asked`);
  }

  #anyOf(ways: readonly Parts[], shapeOf: (way: Way) => Shape): number {
    const at = ways[0]?.at;
    if (at === undefined) return ANY;
    const shapes = ways.map(({ way }) => shapeOf(way));
    return this.#nodeOf(this.#shapes.any(shapes, at), at);
  }

  #allOf(way: Way, shapeOf: (piece: Piece) => Shape): Shape {
    const [first] = way;
    return first === undefined ? ANYTHING : this.#shapes.all(way.map(shapeOf), first);
  }

  #memberOf(way: Way, name: string): Shape {
    return this.#allOf(way, (piece) => {
      const member = piece.at("properties")?.at(name);
      return member === undefined ? this.#additional(piece) : this.#shapes.shapeOf(member);
    });
  }

  #othersOf(way: Way): Shape {
    return this.#allOf(way, (piece) => this.#additional(piece));
  }

  #additional(piece: Piece): Shape {
    const others = piece.at("additionalProperties");
    // Names that a pattern takes are not told from others.
    if (others === undefined || piece.at("patternProperties") !== undefined) return ANYTHING;
    return this.#shapes.shapeOf(others);
  }

  #itemsOf(way: Way): Shape {
    return this.#allOf(way, (piece) => {
      const items = piece.at("items");
      return items === undefined || piece.at("prefixItems") !== undefined ? ANYTHING : this.#shapes.shapeOf(items);
    });
  }

  /** The widest of the counts that the ways take. */
  #counts(ways: readonly Parts[], least: string, most: string): [number, number] {
    if (ways.length === 0) return [0, COUNT_MAX];
    const leasts = ways.map(({ way }) => Math.max(0, ...way.map((piece) => count(piece.number(least), 0))));
    const mosts = ways.map(({ way }) =>
      Math.min(COUNT_MAX, ...way.map((piece) => count(piece.number(most), COUNT_MAX))),
    );
    return [Math.min(...leasts), Math.max(...mosts)];
  }
}

/** Names that a schema lists. */
function membersOf(piece: Piece): string[] {
  return (
    piece
      .at("properties")
      ?.entries()
      .map(([name]) => name) ?? []
  );
}

/** Fields that have to be in a request: what only responses have need not be. */
function requiredOf(way: Way): Set<string> {
  const names = way.flatMap((piece) => piece.list("required").map(({ value }) => value));
  const needed = names.filter((name) => typeof name === "string");
  const isResponse = (name: string): boolean =>
    way.some((piece) => {
      const member = piece.at("properties")?.at(name);
      return member !== undefined && (member.flag("readOnly") || member.beside.includes("readOnly"));
    });
  return new Set(needed.filter((name) => !isResponse(name)));
}

/** The cases of all ways; undefined where one takes anything. */
function joinedCases<T>(all: readonly (readonly T[] | undefined)[]): readonly T[] | undefined {
  return all.length === 0 || all.includes(undefined) ? undefined : all.flatMap((cases) => cases ?? []);
}
