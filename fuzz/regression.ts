/**
 * What fuzzing found, made small and kept in `regressions/`: JSON with what was wrong, where it came from, and the
 * calls with their bytes in base64. `npm test` replays all of them.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { z } from "zod";
import { type Build, Core } from "../test/assembly/core.ts";
import { CALLS, findFault, type Operation } from "./operations.ts";

const FOLDER = joinPath(import.meta.dirname, "regressions");
/** Runs that making small may take; each costs a new instance where it traps. */
const RUNS_MAX = 3000;

const schema = z.object({
  why: z.string(),
  seed: z.number(),
  input: z.number(),
  operations: z.array(z.tuple([z.enum(CALLS), z.string()])),
});

/** A regression by the name of its file. */
export interface Regression {
  readonly file: string;
  readonly why: string;
  readonly operations: readonly Operation[];
}

/** Reads all regressions. @throws where a file is none */
export function readRegressions(): Regression[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  return files.sort().map((file) => {
    const { why, operations } = schema.parse(JSON.parse(readFileSync(joinPath(FOLDER, file), "utf8")));
    return { file, why, operations: operations.map(([call, text]) => ({ call, bytes: Buffer.from(text, "base64") })) };
  });
}

/** Makes the calls small and keeps them. @returns the file's path */
export function keepRegression(
  build: Build,
  seed: number,
  input: number,
  why: string,
  found: readonly Operation[],
): string {
  const operations = makeSmall(build, found).map(({ call, bytes }) => [call, bytes.toString("base64")]);
  const text = `${JSON.stringify({ why, seed, input, operations }, null, 1)}\n`;
  const name = createHash("sha256").update(JSON.stringify(operations)).digest("hex").slice(0, 12);
  mkdirSync(FOLDER, { recursive: true });
  const path = joinPath(FOLDER, `found-${name}.json`);
  writeFileSync(path, text);
  return path;
}

/** Leaves out calls, then halves, quarters … of each call's bytes, as long as something is still wrong. */
export function makeSmall(build: Build, found: readonly Operation[]): readonly Operation[] {
  let core = new Core(build);
  let runs = 0;
  const fails = (operations: readonly Operation[]): boolean => {
    if (runs++ > RUNS_MAX) return false;
    const failed = findFault(core, operations) !== undefined;
    if (failed) core = new Core(build);
    return failed;
  };
  let small = found;
  if (!fails(small)) return small;
  for (let at = small.length - 1; at >= 0; at--) {
    const shorter = small.filter((_, index) => index !== at);
    if (fails(shorter)) small = shorter;
  }
  for (let at = 0; at < small.length; at++) small = shrinkBytes(small, at, fails);
  return small;
}

function shrinkBytes(
  operations: readonly Operation[],
  at: number,
  fails: (operations: readonly Operation[]) => boolean,
): readonly Operation[] {
  let small = operations;
  for (let step = (small[at]?.bytes.length ?? 0) >> 1; step >= 1; step >>= 1) {
    for (let from = 0; from < (small[at]?.bytes.length ?? 0); ) {
      const shorter = small.map((operation, index) =>
        index === at ? { ...operation, bytes: without(operation.bytes, from, step) } : operation,
      );
      if (fails(shorter)) small = shorter;
      else from += step;
    }
  }
  return small;
}

function without(bytes: Buffer, from: number, size: number): Buffer {
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + size)]);
}
