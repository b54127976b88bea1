/**
 * The deterministic machine of a pattern: one step a byte, whatever the pattern and the text. Built whole when a policy
 * is compiled, with a cap on its size; the core and the hosts run the same tables.
 *
 * Places (`^`, `\b` …) are decided when the byte behind them is known, so that a state also says what byte came before.
 */
import { PatternFault } from "./fault.ts";
import { minimise } from "./minimise.ts";
import { type Program, programOf, type Step } from "./program.ts";
import type { Place, Tree } from "./tree.ts";

/** The state in which nothing can match any more, and the one in which something has. */
export const DEAD = 0;
/** See DEAD. */
export const MATCHED = 1;

/** A machine as tables. */
export interface Automaton {
  /** Class of each byte. */
  readonly classes: Uint8Array;
  readonly classCount: number;
  readonly stateCount: number;
  readonly start: number;
  /** State that follows, at `state * classCount + class`. */
  readonly next: Uint16Array;
  /** 1 for each state in which the text may end. */
  readonly ends: Uint8Array;
}

/** Bytes of the largest table: what one pattern may take of a policy's image. */
export const AUTOMATON_BYTES_MAX = 65_536;
/** States while the machine is built; most go when it is made small. */
const STATES_MAX = 4096;
/** Steps that are visited while it is built: what a pattern may cost whoever reads a policy, some seconds at most. */
const WORK_MAX = 10_000_000;

/** What came before a place, or comes behind it. */
type Side = "edge" | "word" | "newline" | "other";

/**
 * @param tree what to look for anywhere in the text
 * @throws PatternFault when the machine would be too large
 */
export function automatonOf(tree: Tree): Automaton {
  const automaton = minimise(new Construction(programOf(tree)).build());
  if (automaton.next.byteLength > AUTOMATON_BYTES_MAX) throw tooLarge();
  return automaton;
}

/** Whether a machine finds what it looks for. */
export function runAutomaton(automaton: Automaton, text: Uint8Array): boolean {
  const { classes, classCount, next, ends } = automaton;
  let state = automaton.start;
  for (const byte of text) {
    if (state <= MATCHED) break;
    state = next[state * classCount + (classes[byte] ?? 0)] ?? DEAD;
  }
  return ends[state] === 1;
}

function tooLarge(): PatternFault {
  const why = "its machine would take more than 64 KiB";
  return new PatternFault(0, `the pattern is too large — ${why}; write smaller counts in {n,m}, or split it with ||`);
}

/** The classes of bytes that no step tells apart. */
function classesOf(program: Program, needs: Needs): { classes: Uint8Array; samples: number[] } {
  const borders = new Set([0]);
  for (const step of program.steps) {
    if (step.kind === "bytes") borders.add(step.low).add(step.high + 1);
  }
  for (let byte = 1; byte < 256; byte++) if (needs.side(byte) !== needs.side(byte - 1)) borders.add(byte);
  const classes = new Uint8Array(256);
  const samples: number[] = [];
  // Two ranges of bytes between borders are one class where every step takes both or neither.
  const known = new Map<string, number>();
  let current = 0;
  for (let byte = 0; byte < 256; byte++) {
    if (borders.has(byte)) {
      const key = program.steps
        .map((step) => (step.kind === "bytes" && step.low <= byte && byte <= step.high ? "1" : "0"))
        .join("");
      const found = known.get(`${needs.side(byte)} ${key}`) ?? samples.push(byte) - 1;
      known.set(`${needs.side(byte)} ${key}`, found);
      current = found;
    }
    classes[byte] = current;
  }
  return { classes, samples };
}

/** Which sides of places a program asks about; what it does not ask about makes no states. */
class Needs {
  readonly #word: boolean;
  readonly #line: boolean;
  readonly #edge: boolean;

  constructor(program: Program) {
    const asks = (...places: Place[]): boolean =>
      program.steps.some((step) => step.kind === "place" && places.includes(step.place));
    this.#word = asks("word", "notWord");
    this.#line = asks("lineBegin", "lineEnd");
    this.#edge = this.#line || asks("begin");
  }

  side(byte: number): Side {
    if (this.#line && byte === 0x0a) return "newline";
    const isWord = (byte >= 0x30 && byte <= 0x39) || ((byte | 32) - 0x61) >>> 0 < 26 || byte === 0x5f;
    return this.#word && isWord ? "word" : "other";
  }

  get begin(): Side {
    return this.#edge ? "edge" : "other";
  }
}

function holds(place: Place, before: Side, after: Side): boolean {
  switch (place) {
    case "begin":
      return before === "edge";
    case "end":
      return after === "edge";
    case "lineBegin":
      return before === "edge" || before === "newline";
    case "lineEnd":
      return after === "edge" || after === "newline";
    case "word":
      return (before === "word") !== (after === "word");
    case "notWord":
      return (before === "word") === (after === "word");
  }
}

/** Builds the states that texts can lead to, one for each set of steps (subset construction). */
class Construction {
  readonly #program: Program;
  readonly #needs: Needs;
  readonly #numbers = new Map<string, number>();
  readonly #states: { readonly kernel: readonly number[]; readonly before: Side }[] = [];
  #work = 0;
  /** Whether the pattern can begin behind the text's first byte. */
  readonly #isFloating: boolean;

  constructor(program: Program) {
    this.#program = program;
    this.#needs = new Needs(program);
    const sides: Side[] = ["word", "newline", "other", "edge"];
    this.#isFloating = sides.some(
      (before) =>
        before !== "edge" &&
        sides.some((after) => this.#closure([program.start], before, after).some((step) => isLive(step))),
    );
  }

  build(): Automaton {
    const { classes, samples } = classesOf(this.#program, this.#needs);
    const classCount = samples.length;
    const start = this.#numberOf([this.#program.start], this.#needs.begin);
    const next: number[] = [];
    const ends: number[] = [];
    // DEAD and MATCHED lead to themselves.
    for (const state of [DEAD, MATCHED]) {
      for (let index = 0; index < classCount; index++) next.push(state);
      ends.push(state === MATCHED ? 1 : 0);
    }
    for (let index = 0; index < this.#states.length; index++) {
      const state = this.#states[index];
      if (state === undefined) break;
      const reached = new Map<Side, readonly Step[]>();
      for (const byte of samples) {
        const after = this.#needs.side(byte);
        const steps = reached.get(after) ?? this.#closure(state.kernel, state.before, after);
        reached.set(after, steps);
        next.push(this.#follow(steps, after, byte));
      }
      ends.push(this.#closure(state.kernel, state.before, "edge").some(({ kind }) => kind === "match") ? 1 : 0);
      if (index > STATES_MAX) throw tooLarge();
    }
    const stateCount = ends.length;
    return { classes, classCount, stateCount, start, next: Uint16Array.from(next), ends: Uint8Array.from(ends) };
  }

  #follow(steps: readonly Step[], after: Side, byte: number): number {
    const found = new Set<number>(this.#isFloating ? [this.#program.start] : []);
    for (const step of steps) {
      if (step.kind === "match") return MATCHED;
      if (step.kind === "bytes" && step.low <= byte && byte <= step.high) found.add(step.next);
    }
    return this.#numberOf(
      [...found].sort((a, b) => a - b),
      after,
    );
  }

  #numberOf(kernel: readonly number[], before: Side): number {
    if (kernel.length === 0) return DEAD;
    // What matches whatever comes next has matched.
    if (this.#closure(kernel, undefined, undefined).some(({ kind }) => kind === "match")) return MATCHED;
    const key = `${before} ${kernel.join(" ")}`;
    const number = this.#numbers.get(key) ?? this.#states.push({ kernel, before }) + MATCHED;
    this.#numbers.set(key, number);
    return number;
  }

  /** Steps that are reached without a byte; places hold by their sides, and where no sides are given, not at all. */
  #closure(kernel: readonly number[], before: Side | undefined, after: Side | undefined): Step[] {
    const open = [...kernel];
    const seen = new Set(open);
    const reached: Step[] = [];
    for (let number = open.pop(); number !== undefined; number = open.pop()) {
      const step = this.#program.steps[number];
      if (step === undefined) continue;
      if (++this.#work > WORK_MAX) throw tooLarge();
      const to =
        step.kind === "fork"
          ? step.to
          : step.kind === "place" && before !== undefined && after !== undefined && holds(step.place, before, after)
            ? [step.next]
            : [];
      if (isLive(step)) reached.push(step);
      for (const one of to) {
        if (seen.has(one)) continue;
        seen.add(one);
        open.push(one);
      }
    }
    return reached;
  }
}

function isLive({ kind }: Step): boolean {
  return kind === "bytes" || kind === "match";
}
