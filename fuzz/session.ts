/**
 * A run of inputs through one build: each input alone, some again joined, some between others, and at intervals a look
 * at what must be as at the beginning. What fails gets a new instance, as a host would give it.
 */
import { type Build, Core, STATUS } from "../test/assembly/core.ts";
import { makeInput } from "./inputs.ts";
import { apply, describeError, findFault, finish, type Operation, run } from "./operations.ts";

/** An input that broke something. */
export interface Failure {
  readonly index: number;
  readonly why: string;
  readonly operations: readonly Operation[];
}

/** Counts of a session. */
export interface Counts {
  inputs: number;
  bytes: number;
  blocked: number;
  failures: number;
}

const JOINED_EVERY = 8;
const BETWEEN_EVERY = 64;
const BETWEEN_INPUTS = 4;
const BASE_EVERY = 1024;

/** Inputs of one seed through one build. */
export class Session {
  readonly counts: Counts = { inputs: 0, bytes: 0, blocked: 0, failures: 0 };
  readonly #build: Build;
  readonly #seed: number;
  #core: Core;

  constructor(build: Build, seed: number) {
    this.#build = build;
    this.#seed = seed;
    this.#core = new Core(build);
  }

  /** Runs one input. */
  run(index: number): Failure | undefined {
    const operations = makeInput(this.#seed, index);
    this.counts.inputs++;
    for (const { bytes } of operations) this.counts.bytes += bytes.length;
    const why = this.#runOne(index, operations) ?? (index % BASE_EVERY === 0 ? this.#findLeak() : undefined);
    if (why === undefined) return undefined;
    this.counts.failures++;
    this.#core = new Core(this.#build);
    return { index, why, operations };
  }

  /** Bytes of memory that the instance took so far. */
  get reservedBytes(): number {
    return this.#core.call("memory_reserved")();
  }

  #runOne(index: number, operations: readonly Operation[]): string | undefined {
    if (index % BETWEEN_EVERY === 1) return this.#runBetween(index);
    if (index % JOINED_EVERY === 0) return findFault(this.#core, operations);
    try {
      if (run(this.#core, operations).startsWith("block")) this.counts.blocked++;
      return undefined;
    } catch (error) {
      return describeError(error);
    }
  }

  /** Runs an input and the next ones in turns, call by call, and each alone: nobody may notice the others. */
  #runBetween(index: number): string | undefined {
    const core = this.#core;
    try {
      const inputs = Array.from({ length: BETWEEN_INPUTS }, (_, offset) => makeInput(this.#seed, index + offset));
      const alone = inputs.map((operations) => run(core, operations, true));
      const handles = inputs.map(() => core.begin("198.51.100.9", 1_750_000_000));
      const turns = Math.max(...inputs.map((operations) => operations.length));
      for (let turn = 0; turn < turns; turn++) {
        for (const [at, operations] of inputs.entries())
          apply(core, handles[at] ?? 0, operations.slice(turn, turn + 1));
      }
      const between = handles.map((handle) => finish(core, handle, true));
      const odd = between.findIndex((answer, at) => answer !== alone[at]);
      return odd < 0 ? undefined : `input ${index + odd} has another answer between others than alone`;
    } catch (error) {
      return describeError(error);
    }
  }

  #findLeak(): string | undefined {
    const core = this.#core;
    const [open, blocks] = [core.call("open_count")(), core.call("blocks_used")()];
    if (open !== 0 || blocks !== 0) return `${open} transactions and ${blocks} blocks are left`;
    return core.call("verify")() === STATUS.pass ? undefined : "tables or policy were damaged";
  }
}
