/** Reading an OpenAPI document piece by piece: local references followed, bounded, and every fault with its place. */

/** Names and numbers that lead to a place in a document. */
export type Path = readonly (string | number)[];

/** What is wrong with a document, and where. The message is the end of a sentence. */
export class SpecFault extends Error {
  readonly path: Path;

  constructor(path: Path, message: string) {
    super(message);
    this.path = path;
  }
}

const FOLLOWED_MAX = 32;
const POINTER_CHARS_MAX = 512;

/** A part of a document, and where it stands. */
export class Piece {
  readonly #root: unknown;
  readonly value: unknown;
  readonly path: Path;
  /** Names of the fields beside the references that led here, which say nothing here. */
  readonly beside: readonly string[];

  constructor(root: unknown, value: unknown, path: Path, beside: readonly string[] = []) {
    this.#root = root;
    this.value = value;
    this.path = path;
    this.beside = beside;
  }

  fail(message: string): never {
    throw new SpecFault(this.path, message);
  }

  /** @returns what stands under a name, its references followed; undefined where nothing does */
  at(name: string | number): Piece | undefined {
    const value = memberOf(this.value, name);
    if (value === undefined) return undefined;
    return new Piece(this.#root, value, [...this.path, name]).followed();
  }

  text(name: string): string | undefined {
    const piece = this.at(name);
    if (piece === undefined) return undefined;
    return typeof piece.value === "string" ? piece.value : piece.fail("is no text");
  }

  number(name: string): number | undefined {
    const piece = this.at(name);
    if (piece === undefined) return undefined;
    return typeof piece.value === "number" && Number.isFinite(piece.value) ? piece.value : piece.fail("is no number");
  }

  flag(name: string): boolean {
    return this.at(name)?.value === true;
  }

  /** Members of a map, in order; none where there is nothing. @throws SpecFault where it is no map */
  entries(): [name: string, piece: Piece][] {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return this.fail("is no map of fields");
    return Object.keys(value).flatMap((name): [string, Piece][] => {
      const piece = this.at(name);
      return piece === undefined ? [] : [[name, piece]];
    });
  }

  /** Elements of the list under a name; none where there is nothing. */
  list(name: string): Piece[] {
    const piece = this.at(name);
    if (piece === undefined) return [];
    if (!Array.isArray(piece.value)) return piece.fail("is no list");
    return piece.value.map((_, index) => piece.at(index) ?? piece.fail("has an empty element"));
  }

  /** Follows `$ref` to what it names in the same document. */
  followed(): Piece {
    let piece: Piece = this;
    for (let count = 0; count < FOLLOWED_MAX; count++) {
      const reference = memberOf(piece.value, "$ref");
      if (typeof reference !== "string") return piece;
      piece = piece.#target(reference);
    }
    return this.fail("refers to itself, or through too many references; write it out");
  }

  #target(reference: string): Piece {
    const shown = reference.slice(0, 80).replace(/[^ -~]/g, "?");
    if (!reference.startsWith("#/") || reference.length > POINTER_CHARS_MAX) {
      return this.fail(`refers to "${shown}", outside of the document — nothing is fetched; bundle it into one file`);
    }
    let value: unknown = this.#root;
    const path: string[] = [];
    for (const step of reference.slice(2).split("/")) {
      const name = decoded(step).replaceAll("~1", "/").replaceAll("~0", "~");
      value = memberOf(value, name);
      path.push(name);
    }
    if (value === undefined) return this.fail(`refers to "${shown}", which is not there; mend the reference`);
    const beside = Object.keys(Object(this.value)).filter((name) => name !== "$ref");
    return new Piece(this.#root, value, path, [...this.beside, ...beside]);
  }
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

function memberOf(value: unknown, name: string | number): unknown {
  if (Array.isArray(value)) return /^\d{1,9}$/.test(String(name)) ? value[Number(name)] : undefined;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  const member: unknown = Reflect.get(value, name);
  return member;
}
