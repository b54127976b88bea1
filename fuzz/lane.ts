/**
 * A lane of the run: one worker after the other through its share of the inputs. A worker that stands still at one
 * input is ended, which is a failure of that input, and the next one goes on behind it.
 */
import { Worker } from "node:worker_threads";
import type { Counts } from "./session.ts";
import type { Word, WorkerData } from "./worker.ts";

/** What a lane is told: a share of the inputs, and who wants to hear of failures. */
export interface LaneOptions {
  readonly build: WorkerData["build"];
  readonly seed: number;
  readonly inputs: number;
  readonly first: number;
  readonly step: number;
  readonly say: (failure: string) => void;
}

const LOOK_MS = 1000;
/** Looks in a row that find a worker at the same input: no input takes a tenth of this, keeping a failure neither. */
const STILL_MAX = 90;

/** One share of the inputs. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #ended: Counts = { inputs: 0, bytes: 0, blocked: 0, failures: 0 };
  #running: Counts = { inputs: 0, bytes: 0, blocked: 0, failures: 0 };

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** What this lane has counted so far. */
  get counts(): Counts {
    return add(this.#ended, this.#running);
  }

  /** Resolves when all inputs of the share are through. */
  async run(): Promise<void> {
    const { inputs, step, say } = this.#options;
    let { first } = this.#options;
    while (first < inputs) {
      const still = await this.#runWorker(first);
      Object.assign(this.#ended, add(this.#ended, this.#running));
      this.#running = { inputs: 0, bytes: 0, blocked: 0, failures: 0 };
      if (still === undefined) return;
      this.#ended.failures++;
      say(
        `input ${still}: does not end; it alone: --seed ${this.#options.seed} --first ${still} --inputs ${still + 1}`,
      );
      first = still + step;
    }
  }

  /** Gives the input at which the worker stood still, or undefined when it came to its end. */
  async #runWorker(first: number): Promise<number | undefined> {
    const { build, seed, inputs, step, say } = this.#options;
    const place = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const workerData: WorkerData = { build, seed, inputs, first, step, place };
    const worker = new Worker(new URL("worker.ts", import.meta.url), { workerData });
    worker.on("message", ({ counts, failure }: Word) => {
      this.#running = counts;
      if (failure !== undefined) say(failure);
    });
    let seen = -1;
    let looks = 0;
    let still: number | undefined;
    const timer = setInterval(() => {
      const now = Atomics.load(place, 0);
      looks = now === seen ? looks + 1 : 0;
      seen = now;
      if (looks < STILL_MAX) return;
      still = now;
      void worker.terminate();
    }, LOOK_MS);
    try {
      await new Promise<void>((resolve, reject) => {
        worker.on("error", reject);
        worker.on("exit", () => resolve());
      });
    } finally {
      clearInterval(timer);
    }
    return still;
  }
}

/** The sum of two counts. */
export function add(one: Counts, other: Counts): Counts {
  return {
    inputs: one.inputs + other.inputs,
    bytes: one.bytes + other.bytes,
    blocked: one.blocked + other.blocked,
    failures: one.failures + other.failures,
  };
}
