/**
 * Fuzzing for as long as one likes: `npm run fuzz -- --inputs 1000000 [--seed 7] [--build checked|release]`. Ends
 * with 1 when anything failed; each failure is made small and kept in `regressions/`.
 */
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { MerlonError } from "../hosts/core/error.ts";
import type { Counts } from "./session.ts";
import type { Word } from "./worker.ts";

const WORKERS = 2;
const PROGRESS_MS = 5000;
const INPUTS = 1_000_000;

interface Options {
  readonly inputs: number;
  readonly seed: number;
  readonly build: "checked" | "release";
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: { inputs: { type: "string" }, seed: { type: "string" }, build: { type: "string", default: "checked" } },
  });
  const inputs = Number(values.inputs ?? INPUTS);
  const seed = Number(values.seed ?? Date.now() % 1_000_000_007);
  const { build } = values;
  if (
    !(Number.isInteger(inputs) && inputs > 0 && Number.isInteger(seed)) ||
    (build !== "checked" && build !== "release")
  ) {
    throw new MerlonError("MERLON_INPUT", "fuzz takes --inputs N, --seed N and --build checked or release");
  }
  return { inputs, seed, build };
}

function sum(all: ReadonlyMap<number, Counts>): Counts {
  const total: Counts = { inputs: 0, bytes: 0, blocked: 0, failures: 0 };
  for (const counts of all.values()) {
    total.inputs += counts.inputs;
    total.bytes += counts.bytes;
    total.blocked += counts.blocked;
    total.failures += counts.failures;
  }
  return total;
}

async function main(): Promise<number> {
  const { inputs, seed, build } = readOptions();
  const all = new Map<number, Counts>();
  const started = performance.now();
  const progress = (): void => {
    const { inputs: done, bytes, blocked, failures } = sum(all);
    const seconds = (performance.now() - started) / 1000;
    const rate = Math.round(done / seconds);
    const text = `${done} of ${inputs} inputs, ${rate}/s, ${(bytes / 1e6).toFixed(1)} MB, ${blocked} blocked`;
    process.stdout.write(`${text}, ${failures} failures\n`);
  };
  process.stdout.write(`fuzzing the ${build} build with seed ${seed}: ${inputs} inputs, ${WORKERS} workers\n`);
  const timer = setInterval(progress, PROGRESS_MS);
  const workers = Array.from({ length: WORKERS }, async (_, first) => {
    const worker = new Worker(new URL("worker.ts", import.meta.url), {
      workerData: { build, seed, inputs, first, step: WORKERS },
    });
    worker.on("message", ({ counts, failure }: Word) => {
      all.set(first, counts);
      if (failure !== undefined) process.stdout.write(`${failure}\n`);
    });
    await new Promise<void>((resolve, reject) => {
      worker.on("error", reject);
      worker.on("exit", () => resolve());
    });
  });
  await Promise.all(workers);
  clearInterval(timer);
  progress();
  return sum(all).failures === 0 ? 0 : 1;
}

process.exitCode = await main();
