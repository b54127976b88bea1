/** The section of an image that says what bodies have to be; assembly/policy/schema/rows.ts says what its rows mean. */
import { hashWord } from "../hash.ts";
import type { Automaton } from "../regex/automaton.ts";
import { type Texts, words } from "../routes.ts";
import type { ApiDocument } from "./document.ts";
import type { NumberBound, NumberCase } from "./schema-facet.ts";
import { ANY, NONE, type SchemaNode } from "./schema-nodes.ts";

/** Kinds of faults of a body, in the order of `Fault` in assembly/policy/schema/rows.ts. */
export const BODY_FAULTS = ["undefinedField", "missingField", "invalidField", "invalidBody"] as const;

/** A body that requests are held against. */
export interface HeldBody {
  readonly document: ApiDocument;
  readonly root: number;
  readonly isRequired: boolean;
}

const LOW = 0xffff_ffffn;
/** Bits of `Bound` in assembly/policy/schema/rows.ts. */
const BOUND = { least: 1, most: 8 };
const OPEN = 2;
const NEGATIVE = 4;
/** A bit that no field has. */
const NOT_REQUIRED = 64;
/** Power of ten that no digit of a number is below. */
const NO_GRAIN = -0x8000_0000;

/** Puts the tables of all specifications of a policy together. */
export class SchemaTables {
  readonly #texts: Texts;
  readonly #placeOf: (machine: Automaton) => number;
  readonly #bodies: number[][] = [];
  readonly #nodes: number[][] = [];
  readonly #fields: number[][] = [];
  readonly #cases: number[][] = [];
  readonly #numbers: number[][] = [];
  readonly #machines: number[] = [];
  /** Numbers of the first nodes of documents. */
  readonly #bases = new Map<ApiDocument, number>();

  /** @param placeOf puts a machine into the image, and says where it is */
  constructor(texts: Texts, placeOf: (machine: Automaton) => number) {
    this.#texts = texts;
    this.#placeOf = placeOf;
    this.#nodes.push([]);
  }

  /** @param rules numbers of the rules that tell each of BODY_FAULTS @returns the number of the body's row */
  add({ document, root, isRequired }: HeldBody, rules: readonly (number | undefined)[]): number {
    const base = this.#baseOf(document);
    const told = BODY_FAULTS.map((_, index) => rules[index] ?? NONE);
    return this.#bodies.push([placed(root, base), isRequired ? 1 : 0, ...told]) - 1;
  }

  get content(): Buffer {
    if (this.#bodies.length === 0) return Buffer.alloc(0);
    const [any = []] = [nodeWords([127, 0, 0, ANY, ANY, 0], 0n, [NONE, 0, NONE, 0, 0, 0, 0, 0, 0])];
    const tables = [this.#bodies, [any, ...this.#nodes.slice(1)], this.#fields, this.#cases, this.#numbers];
    const sizes = [...tables.map(({ length }) => length), this.#machines.length];
    return words([...sizes, ...tables.flat(2), ...this.#machines].map((value) => value >>> 0));
  }

  /** The nodes of a document stand together, without its first, which all have in common. */
  #baseOf(document: ApiDocument): number {
    const known = this.#bases.get(document);
    if (known !== undefined) return known;
    const base = this.#nodes.length - 1;
    this.#bases.set(document, base);
    for (const node of document.schemas.slice(1)) this.#nodes.push(this.#row(node, base, document));
    return base;
  }

  #row(node: SchemaNode, base: number, document: ApiDocument): number[] {
    const [fieldsAt, required] = this.#addFields(node, base);
    const names = [...new Set(node.texts?.flatMap(({ machines }) => machines))];
    const [texts, numbers, machines] = [this.#cases.length, this.#numbers.length, this.#machines.length];
    for (const one of node.texts ?? []) {
      this.#cases.push([
        one.machines.reduce((bits, name) => bits | (1 << names.indexOf(name)), 0),
        one.least,
        one.most,
      ]);
    }
    for (const one of node.numbers ?? []) this.#numbers.push(numberWords(one));
    for (const name of names) {
      const machine = document.machines.get(name);
      if (machine !== undefined) this.#machines.push(this.#placeOf(machine));
    }
    const [fieldsLeast, fieldsMost] = node.fieldCount;
    return nodeWords(
      [node.types, fieldsAt, node.fields.length, placed(node.others, base), placed(node.items, base), fieldsLeast],
      required,
      [
        ...[fieldsMost, ...node.itemCount],
        ...[texts, node.texts?.length ?? 0, numbers, node.numbers?.length ?? 0],
        ...[machines, names.length],
      ],
    );
  }

  #addFields({ fields }: SchemaNode, base: number): [at: number, required: bigint] {
    const at = this.#fields.length;
    let bits = 0;
    const rows = fields.map(({ name, node, isRequired }) => {
      const text = Buffer.from(name, "utf8").toString("latin1");
      const bit = isRequired ? bits++ : NOT_REQUIRED;
      return [hashWord(name), this.#texts.add(text), text.length, placed(node, base), bit];
    });
    this.#fields.push(...rows.sort(([a = 0], [b = 0]) => a - b));
    return [at, (1n << BigInt(bits)) - 1n];
  }
}

function placed(node: number, base: number): number {
  return node === ANY || node === NONE ? node : node + base;
}

function nodeWords(first: readonly number[], required: bigint, rest: readonly number[]): number[] {
  return [...first, Number(required & LOW), Number(required >> 32n), ...rest];
}

function numberWords({ least, most, grain = NO_GRAIN }: NumberCase): number[] {
  const bits = (bound: NumberBound | undefined, bit: number): number => {
    if (bound === undefined) return 0;
    return bit | (bound.isOpen ? bit * OPEN : 0) | (bound.value.isNegative ? bit * NEGATIVE : 0);
  };
  const digits = (bound: NumberBound | undefined): number[] => {
    const value = bound?.value.digits ?? 0n;
    return [Number(value & LOW), Number(value >> 32n)];
  };
  const has = bits(least, BOUND.least) | bits(most, BOUND.most);
  return [has, grain, ...digits(least), ...digits(most), least?.value.at ?? 0, most?.value.at ?? 0];
}
