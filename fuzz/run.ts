/**
 * Fuzzing for as long as one likes: `npm run fuzz -- --inputs 1000000 [--seed 7] [--build checked|release]
 * [--first 0]`. Ends with 1 when anything failed; each failure is made small and kept in `regressions/`, but for an
 * input that does not end.
 */
import { parseArgs } from "node:util";
import { MerlonError } from "../hosts/core/error.ts";
import { add, Lane } from "./lane.ts";
import type { Counts } from "./session.ts";

const WORKERS = 2;
const PROGRESS_MS = 5000;
const INPUTS = 1_000_000;

interface Options {
  readonly inputs: number;
  readonly first: number;
  readonly seed: number;
  readonly build: "checked" | "release";
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      inputs: { type: "string" },
      first: { type: "string" },
      seed: { type: "string" },
      build: { type: "string", default: "checked" },
    },
  });
  const inputs = Number(values.inputs ?? INPUTS);
  const first = Number(values.first ?? 0);
  const seed = Number(values.seed ?? Date.now() % 1_000_000_007);
  const { build } = values;
  const whole = Number.isInteger(inputs) && Number.isInteger(first) && Number.isInteger(seed);
  if (!(whole && inputs > first && first >= 0) || (build !== "checked" && build !== "release")) {
    throw new MerlonError(
      "MERLON_INPUT",
      "fuzz takes --inputs N, --first N below it, --seed N, --build checked|release",
    );
  }
  return { inputs, first, seed, build };
}

async function main(): Promise<number> {
  const { inputs, first, seed, build } = readOptions();
  const started = performance.now();
  const say = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  const lanes = Array.from(
    { length: WORKERS },
    (_, lane) => new Lane({ build, seed, inputs, first: first + lane, step: WORKERS, say }),
  );
  const sum = (): Counts => lanes.map(({ counts }) => counts).reduce(add);
  const progress = (): void => {
    const { inputs: done, bytes, blocked, failures } = sum();
    const rate = Math.round((done * 1000) / (performance.now() - started));
    const text = `${done} of ${inputs - first} inputs, ${rate}/s, ${(bytes / 1e6).toFixed(1)} MB, ${blocked} blocked`;
    say(`${text}, ${failures} failures`);
  };
  say(`fuzzing the ${build} build with seed ${seed}: inputs ${first} to ${inputs - 1}, ${WORKERS} workers`);
  const timer = setInterval(progress, PROGRESS_MS);
  await Promise.all(lanes.map((lane) => lane.run()));
  clearInterval(timer);
  progress();
  return sum().failures === 0 ? 0 : 1;
}

process.exitCode = await main();
