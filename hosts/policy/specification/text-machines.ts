/** Machines for the texts of bodies: patterns, formats and lists of values, each built once and bounded together. */
import { AUTOMATON_BYTES_MAX, type Automaton, automatonOf } from "../regex/automaton.ts";
import { PatternFault } from "../regex/fault.ts";
import { parsePattern } from "../regex/parser.ts";
import { literalTree, type Tree } from "../regex/tree.ts";
import type { Piece } from "./references.ts";
import { FORMATS } from "./value.ts";

/** Bytes of all machines of a document; one that is not taken costs as much as the largest. */
const BYTES_MAX = 1_048_576;
const LITERALS_MAX = 1000;
const BEGIN: Tree = { kind: "place", place: "begin" };
const END: Tree = { kind: "place", place: "end" };

/** Builds the machines of one document. */
export class MachineReader {
  readonly #note: (piece: Piece, what: string) => void;
  readonly #known = new Map<string, Automaton | PatternFault>();
  #left = BYTES_MAX;

  constructor(note: (piece: Piece, what: string) => void) {
    this.#note = note;
  }

  /** The machine of a name that was given. */
  get(name: string): Automaton | undefined {
    const known = this.#known.get(name);
    return known instanceof PatternFault ? undefined : known;
  }

  /** @returns the name of the machine of a schema's pattern, which is found somewhere in a text */
  pattern(piece: Piece): string | undefined {
    const pattern = piece.text("pattern");
    return pattern === undefined ? undefined : this.#named(piece, `pattern ${pattern}`, () => parsePattern(pattern));
  }

  /** @returns the name of the machine of a schema's format, where it is one of those that are asked */
  format(piece: Piece): string | undefined {
    const format = piece.text("format") ?? "";
    const form = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
    if (form === undefined) return undefined;
    return this.#named(piece, `format ${format}`, () => parsePattern(`\\A(?:${form})\\z`));
  }

  /** @returns the name of the machine that takes these texts and no others */
  literals(piece: Piece, texts: readonly string[]): string | undefined {
    const sorted = [...new Set(texts)].sort();
    if (sorted.length > LITERALS_MAX) {
      this.#note(piece, `more than ${LITERALS_MAX} values are not asked`);
      return undefined;
    }
    return this.#named(piece, `one of ${JSON.stringify(sorted)}`, () => {
      const parts = sorted.map((text) => literalTree(text));
      return { kind: "sequence", parts: [BEGIN, { kind: "either", parts }, END] };
    });
  }

  #named(piece: Piece, name: string, tree: () => Tree): string | undefined {
    const machine = this.#known.get(name) ?? this.#built(piece, tree);
    this.#known.set(name, machine);
    if (!(machine instanceof PatternFault)) return name;
    this.#note(piece, `a pattern is not asked: it ${machine.message}`);
    return undefined;
  }

  #built(piece: Piece, tree: () => Tree): Automaton | PatternFault {
    if (this.#left < 0) return piece.fail("has one pattern too many: together they are too large; simplify some");
    try {
      const machine = automatonOf(tree());
      this.#left -= machine.next.byteLength;
      return machine;
    } catch (error) {
      if (!(error instanceof PatternFault)) throw error;
      this.#left -= AUTOMATON_BYTES_MAX;
      return error;
    }
  }
}
