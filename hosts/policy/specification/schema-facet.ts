/** What one way to be right asks of a value: its types, texts and numbers, in the terms that the core decides them. */
import { compareDecimals, type Decimal, decimalOf } from "./decimal.ts";
import type { Piece } from "./references.ts";
import type { MachineReader } from "./text-machines.ts";

/** Schemas that all have to hold, without what they say by `allOf`, `anyOf` and `oneOf`; none take any value. */
export type Way = readonly Piece[];

/** Bits of what a value is, `Type` of assembly/policy/schema/rows.ts. */
export const TYPES = { null: 1, true: 2, false: 4, number: 8, text: 16, object: 32, array: 64 } as const;
/** All of them. */
export const ALL_TYPES = 127;

/** One way for a text to be right; machines are named as `MachineReader` names them. */
export interface TextCase {
  readonly machines: readonly string[];
  readonly least: number;
  readonly most: number;
}

/** Where numbers begin or end. */
export interface NumberBound {
  readonly value: Decimal;
  /** The value itself is not within. */
  readonly isOpen: boolean;
}

/** One way for a number to be right. */
export interface NumberCase {
  readonly least?: NumberBound | undefined;
  readonly most?: NumberBound | undefined;
  /** Power of ten below which all digits are zero. */
  readonly grain?: number | undefined;
}

/** What a way asks; without cases any text and any number is right. */
export interface Facet {
  readonly types: number;
  readonly texts?: readonly TextCase[] | undefined;
  readonly numbers?: readonly NumberCase[] | undefined;
}

type Note = (piece: Piece, what: string) => void;

/** The core tries all cases of a number, which may be two bytes of a body: so many are within what those may cost. */
const CASES_MAX = 64;
const LENGTH_MAX = 0xffff_ffff;
const INTEGERS: Readonly<Record<string, bigint>> = { int32: 31n, int64: 63n };
const TYPE_BITS: Readonly<Record<string, number>> = {
  null: TYPES.null,
  boolean: TYPES.true | TYPES.false,
  integer: TYPES.number,
  number: TYPES.number,
  string: TYPES.text,
  object: TYPES.object,
  array: TYPES.array,
};

/** @returns what all schemas of a way ask together */
export function facetOf(way: Way, machines: MachineReader, note: Note): Facet {
  let types = ALL_TYPES;
  let texts: readonly TextCase[] | undefined;
  let numbers: readonly NumberCase[] | undefined;
  for (const piece of way) {
    const own = ownFacet(piece, machines, note);
    types &= own.types;
    texts = crossed(texts, own.texts, bothTexts, () => note(piece, "so many texts together are not asked"));
    numbers = crossed(numbers, own.numbers, bothNumbers, () => note(piece, "so many numbers together are not asked"));
  }
  return { types, texts, numbers };
}

function crossed<T>(
  one: readonly T[] | undefined,
  other: readonly T[] | undefined,
  both: (a: T, b: T) => T,
  tooMany: () => void,
): readonly T[] | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.length * other.length <= CASES_MAX) return one.flatMap((a) => other.map((b) => both(a, b)));
  tooMany();
  return one;
}

function bothTexts(one: TextCase, other: TextCase): TextCase {
  return {
    machines: [...new Set([...one.machines, ...other.machines])].sort(),
    least: Math.max(one.least, other.least),
    most: Math.min(one.most, other.most),
  };
}

function bothNumbers(one: NumberCase, other: NumberCase): NumberCase {
  const grains = [one.grain, other.grain].filter((grain) => grain !== undefined);
  return {
    least: tighter(one.least, other.least, 1),
    most: tighter(one.most, other.most, -1),
    grain: grains.length === 0 ? undefined : Math.max(...grains),
  };
}

function tighter(one: NumberBound | undefined, other: NumberBound | undefined, sign: 1 | -1): NumberBound | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const order = compareDecimals(one.value, other.value) * sign;
  if (order === 0) return one.isOpen ? one : other;
  return order > 0 ? one : other;
}

/** Whether a value may fit both ways, as far as their types and lists of values tell. */
export function mayOverlap(one: Way, other: Way): boolean {
  const bits = (way: Way): number => way.reduce((types, piece) => types & typesOf(piece), ALL_TYPES);
  if ((bits(one) & bits(other)) === 0) return false;
  const listed = (way: Way): Piece[] | undefined => way.map(literalsOf).find((list) => list !== undefined);
  const [own, others] = [listed(one), listed(other)];
  return own === undefined || others === undefined || own.some((a) => others.some((b) => isSame(a.value, b.value)));
}

/** Bits of the types that a schema takes. */
function typesOf(piece: Piece): number {
  const names = typeNames(piece);
  const literals = literalsOf(piece);
  let types = names === undefined ? ALL_TYPES : names.reduce((bits, name) => bits | (TYPE_BITS[name] ?? 0), 0);
  if (literals !== undefined) types &= literals.reduce((bits, { value }) => bits | typeOfLiteral(value), 0);
  // A list of values without null is often meant to take it where the schema says so.
  return names !== undefined && piece.flag("nullable") ? types | TYPES.null : types;
}

/** The values that a schema lists, by `enum`, `const` or both; undefined where it does not. */
function literalsOf(piece: Piece): Piece[] | undefined {
  const one = piece.at("const");
  const list = piece.at("enum") === undefined ? undefined : piece.list("enum");
  if (one === undefined) return list;
  return list === undefined || list.some(({ value }) => isSame(value, one.value)) ? [one] : [];
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function ownFacet(piece: Piece, machines: MachineReader, note: Note): Facet {
  const names = typeNames(piece);
  const literals = literalsOf(piece);
  const types = typesOf(piece);
  const isCompared = literals?.every(({ value }) => typeof value !== "object" || value === null) ?? true;
  if (!isCompared) note(piece, "objects and lists among the values are not compared");
  const isWhole = names?.includes("integer") === true && !names.includes("number");
  const numbers = numberCase(piece, isWhole, note);
  const texts = textCase(piece, machines);
  return {
    types,
    texts: literals === undefined ? texts && [texts] : literalTexts(piece, literals, texts, machines),
    numbers: literals === undefined ? numbers && [numbers] : literalNumbers(piece, literals, numbers, note),
  };
}

function typeNames(piece: Piece): string[] | undefined {
  const type = piece.at("type");
  if (type === undefined) return undefined;
  return [type.value].flat().map((name) => {
    if (typeof name === "string" && Object.hasOwn(TYPE_BITS, name)) return name;
    return type.fail("is no type of JSON Schema; write one such as string");
  });
}

function typeOfLiteral(value: unknown): number {
  if (value === null) return TYPES.null;
  if (typeof value === "boolean") return value ? TYPES.true : TYPES.false;
  if (typeof value === "number" || typeof value === "bigint") return TYPES.number;
  if (typeof value === "string") return TYPES.text;
  return Array.isArray(value) ? TYPES.array : TYPES.object;
}

function textCase(piece: Piece, machines: MachineReader): TextCase | undefined {
  const found = [machines.pattern(piece), machines.format(piece)].filter((name) => name !== undefined);
  const [least, most] = [piece.number("minLength"), piece.number("maxLength")];
  if (found.length === 0 && least === undefined && most === undefined) return undefined;
  return { machines: found, least: count(least, 0), most: count(most, LENGTH_MAX) };
}

/** @returns a count that the core holds; `none` where nothing is said */
export function count(size: number | undefined, none: number): number {
  return size === undefined ? none : Math.max(0, Math.min(LENGTH_MAX, Math.floor(size)));
}

function literalTexts(
  piece: Piece,
  literals: readonly Piece[],
  others: TextCase | undefined,
  machines: MachineReader,
): readonly TextCase[] | undefined {
  const texts = literals.map(({ value }) => value).filter((value) => typeof value === "string");
  if (texts.length === 0) return others && [others];
  const machine = machines.literals(piece, texts);
  if (machine === undefined) return others && [others];
  const own: TextCase = { machines: [machine], least: 0, most: LENGTH_MAX };
  return [others === undefined ? own : bothTexts(others, own)];
}

function literalNumbers(
  piece: Piece,
  literals: readonly Piece[],
  others: NumberCase | undefined,
  note: Note,
): readonly NumberCase[] | undefined {
  const values = literals.map(({ value }) => value).filter((value) => typeof value === "number");
  const isRounded = values.some(mayBeRounded);
  if (isRounded) note(piece, "numbers of more than 53 bits among the values are not asked");
  if (values.length > CASES_MAX) note(piece, `more than ${CASES_MAX} numbers among the values are not asked`);
  if (values.length === 0 || values.length > CASES_MAX || isRounded) return others && [others];
  return values.map((value) => {
    const bound: NumberBound = { value: decimalOf(String(value)), isOpen: false };
    const own = { least: bound, most: bound };
    return others === undefined ? own : bothNumbers(others, own);
  });
}

function numberCase(piece: Piece, isWhole: boolean, note: Note): NumberCase | undefined {
  let least = boundOf(piece, "minimum", "exclusiveMinimum", note);
  let most = boundOf(piece, "maximum", "exclusiveMaximum", note);
  const bits = isWhole ? INTEGERS[piece.text("format") ?? ""] : undefined;
  if (bits !== undefined) {
    const whole = (value: bigint): NumberBound => ({ value: decimalOf(String(value)), isOpen: false });
    least = tighter(least, whole(-(2n ** bits)), 1);
    most = tighter(most, whole(2n ** bits - 1n), -1);
  }
  const multiple = piece.number("multipleOf");
  const power = multiple === undefined ? undefined : powerOfTen(multiple);
  if (multiple !== undefined && power === undefined && multiple !== 1)
    note(piece, "multipleOf is asked of powers of ten alone");
  const grains = [isWhole ? 0 : undefined, power].filter((grain) => grain !== undefined);
  if (least === undefined && most === undefined && grains.length === 0) return undefined;
  return { least, most, grain: grains.length === 0 ? undefined : Math.max(...grains) };
}

function powerOfTen(value: number): number | undefined {
  const { digits, at, isNegative } = decimalOf(String(value));
  return !isNegative && digits === 10n ** 18n ? at : undefined;
}

/** A bound; in 3.0 `exclusiveMinimum` is a switch, in 3.1 a bound of its own, beside the other one. */
function boundOf(piece: Piece, name: string, open: string, note: Note): NumberBound | undefined {
  const isSwitch = typeof piece.at(open)?.value === "boolean";
  const bound = (value: number | undefined, isOpen: boolean): NumberBound | undefined => {
    if (value === undefined) return undefined;
    if (mayBeRounded(value)) {
      note(piece, "a bound of more than 53 bits is not asked");
      return undefined;
    }
    return { value: decimalOf(String(value)), isOpen };
  };
  const plain = bound(piece.number(name), isSwitch && piece.flag(open));
  return tighter(plain, isSwitch ? undefined : bound(piece.number(open), true), name === "minimum" ? 1 : -1);
}

/** A document's numbers are rounded beyond 53 bits, or have no end: another one would be asked than was written. */
function mayBeRounded(value: number): boolean {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER;
}
