/** One worker of lane.ts: its share of the inputs, and every second a word about it. */
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { keepRegression } from "./regression.ts";
import { type Counts, Session } from "./session.ts";

const workerSchema = z.object({
  build: z.enum(["checked", "release"]),
  seed: z.number(),
  inputs: z.number(),
  first: z.number(),
  step: z.number(),
  place: z.instanceof<typeof Int32Array<ArrayBufferLike>>(Int32Array),
});
/** What lane.ts gives a worker: it takes inputs `first`, `first + step` … below `inputs`, and writes at which it is. */
export type WorkerData = z.infer<typeof workerSchema>;
/** What a worker says: its counts so far, and a failure where it just found one. */
export interface Word {
  readonly counts: Counts;
  readonly failure?: string;
}

const REPORT_MS = 1000;
/** Failures written down; with more, something is broken that needs no more examples. */
const KEPT_MAX = 20;

function work(): void {
  const { build, seed, inputs, first, step, place } = workerSchema.parse(workerData);
  const session = new Session(build, seed);
  let reported = performance.now();
  for (let index = first; index < inputs; index += step) {
    Atomics.store(place, 0, index);
    const failure = session.run(index);
    if (failure !== undefined && session.counts.failures <= KEPT_MAX) {
      const path = keepRegression(build, seed, index, failure.why, failure.operations);
      say({ counts: session.counts, failure: `input ${index}: ${failure.why}\n  kept as ${path}` });
    }
    if (performance.now() - reported < REPORT_MS) continue;
    reported = performance.now();
    say({ counts: session.counts });
  }
  say({ counts: session.counts });
}

function say(word: Word): void {
  parentPort?.postMessage(word);
}

work();
