/**
 * The tables of what JSON bodies have to be, as hosts/policy/specification/schema-section.ts writes them: one section
 * that begins with the sizes of its tables. A *node* says what a value has to be; those of a document's values refer to
 * each other, and may do so in circles. A *case* is one way in which a text or a number may be right.
 */
import { Section, sectionOf, sectionSize } from "../tables";

/** Bits of what a value is. */
export enum Type {
  NULL = 1,
  TRUE = 2,
  FALSE = 4,
  NUMBER = 8,
  TEXT = 16,
  OBJECT = 32,
  ARRAY = 64,
}
/** All of them. */
export const TYPES: u32 = 127;

/** The node that takes every value; it is the first. */
export const ANY: u32 = 0;
/** Stands for a node that takes none, and for a rule that there is not. */
export const NONE: u32 = 0xffffffff;

/** What can be wrong with a body; the order is that of a body's rules. */
export enum Fault {
  /** A field is not listed, is missing, has a value that is not as it has to be. */
  UNDEFINED = 0,
  MISSING = 1,
  INVALID = 2,
  /** It is no JSON, or deeper than is followed. */
  BODY = 3,
}
/** How many there are. */
export const FAULTS: u32 = 4;

/** Rows of each table, in the order in which the tables stand behind these numbers. */
@unmanaged
export class Sizes {
  bodies: u32;
  nodes: u32;
  fields: u32;
  texts: u32;
  numbers: u32;
  /** Places of machines in the automata. */
  machines: u32;
}

/** What a request's body has to be. */
@unmanaged
export class Body {
  root: u32;
  /** Whether there has to be one. */
  required: u32;
  /** Rules that tell each `Fault`, or NONE. */
  undefinedRule: u32;
  missingRule: u32;
  invalidRule: u32;
  bodyRule: u32;
}

/** What a value has to be: bits of `Type`, and more for those that have parts or choices. */
@unmanaged
export class Node {
  types: u32;
  /** By ascending hash. */
  fields: u32;
  fieldCount: u32;
  /** Node of fields that are not listed, and of elements: NONE where there may be none. */
  others: u32;
  items: u32;
  fieldsLeast: u32;
  /** Bits of the fields that have to be there, as `Field.bit` numbers them. */
  required: u64;
  fieldsMost: u32;
  itemsLeast: u32;
  itemsMost: u32;
  /** Cases of texts and numbers; with none of them any text and any number is right. */
  texts: u32;
  textCount: u32;
  numbers: u32;
  numberCount: u32;
  /** Machines that read its texts, MACHINES_MAX at most. */
  machines: u32;
  machineCount: u32;
}

/** A field of an object. */
@unmanaged
export class Field {
  /** Hash of its name, and where that lies in the texts. */
  hash: u32;
  name: u32;
  nameSize: u32;
  node: u32;
  /** Which bit of `required` it is; 64 for none. */
  bit: u32;
}

/** One way for a text to be right: these of the node's machines find what they look for, and so many characters. */
@unmanaged
export class TextCase {
  machines: u32;
  least: u32;
  most: u32;
}

/** Bits of a number's case: it has a bound, the bound itself is not within, the bound is below zero. */
export enum Bound {
  LEAST = 1,
  LEAST_OPEN = 2,
  LEAST_NEGATIVE = 4,
  MOST = 8,
  MOST_OPEN = 16,
  MOST_NEGATIVE = 32,
}

/** One way for a number to be right. Digits are 19, the first of which stands at the power `At` of ten; 0 is zero. */
@unmanaged
export class NumberCase {
  /** Bits of `Bound`. */
  has: u32;
  /** Power of ten below which all its digits are zero: 0 for whole numbers. */
  grain: i32;
  leastDigits: u64;
  mostDigits: u64;
  leastAt: i32;
  mostAt: i32;
}

/** Machines that read one text at once. */
export const MACHINES_MAX: u32 = 8;
/** Bits of `Node.required`. */
export const REQUIRED_MAX: u32 = 64;

/* Where the tables of the image in use lie. */
export let bodyRows: usize = 0;
export let nodeRows: usize = 0;
export let fieldRows: usize = 0;
export let textRows: usize = 0;
export let numberRows: usize = 0;
export let machineRows: usize = 0;
/** Bytes of all tables, with the sizes in front. */
export let schemaBytes: u64 = 0;

/** Opens the tables of an image. @returns the sizes, null where it has none */
export function schemasOf(image: usize): Sizes {
  const at = sectionOf(image, Section.SCHEMAS);
  if (!at || sectionSize < offsetof<Sizes>()) return changetype<Sizes>(0);
  const sizes = changetype<Sizes>(at);
  bodyRows = at + <usize>offsetof<Sizes>();
  nodeRows = bodyRows + <usize>(sizes.bodies * offsetof<Body>());
  fieldRows = nodeRows + <usize>(sizes.nodes * offsetof<Node>());
  textRows = fieldRows + <usize>(sizes.fields * offsetof<Field>());
  numberRows = textRows + <usize>(sizes.texts * offsetof<TextCase>());
  machineRows = numberRows + <usize>(sizes.numbers * offsetof<NumberCase>());
  schemaBytes =
    <u64>offsetof<Sizes>() +
    <u64>sizes.bodies * offsetof<Body>() +
    <u64>sizes.nodes * offsetof<Node>() +
    <u64>sizes.fields * offsetof<Field>() +
    <u64>sizes.texts * offsetof<TextCase>() +
    <u64>sizes.numbers * offsetof<NumberCase>() +
    <u64>sizes.machines * 4;
  return sizes;
}

/** A body, by its number. */
export function bodyIn(index: u32): Body {
  return changetype<Body>(bodyRows + <usize>(index * offsetof<Body>()));
}

/** A node, by its number. */
export function nodeIn(index: u32): Node {
  return changetype<Node>(nodeRows + <usize>(index * offsetof<Node>()));
}

/** A field, by its number. */
export function fieldIn(index: u32): Field {
  return changetype<Field>(fieldRows + <usize>(index * offsetof<Field>()));
}

/** A text's case, by its number. */
export function textIn(index: u32): TextCase {
  return changetype<TextCase>(textRows + <usize>(index * offsetof<TextCase>()));
}

/** A number's case, by its number. */
export function numberIn(index: u32): NumberCase {
  return changetype<NumberCase>(numberRows + <usize>(index * offsetof<NumberCase>()));
}

/** Where a machine lies in the automata, by its number. */
export function machineIn(index: u32): u32 {
  return load<u32>(machineRows + ((<usize>index) << 2));
}

/** Rule that tells a fault of a body. */
export function ruleOf(body: Body, fault: u32): u32 {
  return load<u32>(changetype<usize>(body) + offsetof<Body>("undefinedRule") + ((<usize>fault) << 2));
}
