/**
 * `npm run bench`: Merlon and its peers on the same requests, Envoy with and without the filter, and the search for
 * the worst input, in one run. Prints absolute times and gates ratios. Ends with 1 when a gate fails, or when a part
 * had to be skipped although MERLON_REQUIRE_REAL is set.
 *
 *     node test/bench/main.ts [--only core|peers|envoy|extproc|worst] [--json] [--requests N] [--rounds N] [--seed N]
 *                            [--keep] [--corpora FOLDER] [--wasm FILE]
 *
 * `core` measures Merlon alone; `peers` measures it beside the others. `--wasm` takes another build of the core,
 * `--keep` keeps inputs that are worse than the kept ones. The report goes to standard output, progress to standard
 * error.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { MerlonError } from "../../hosts/core/error.ts";
import { isRequired, ROOT } from "../tools/component.ts";
import { envoyBinary } from "../tools/wheels.ts";
import { type EngineCommand, type EngineFigures, measureEngines } from "./engines.ts";
import { type EnvoyReport, measureEnvoy } from "./envoy.ts";
import { type ExtProcFigures, measureExtProc } from "./extproc.ts";
import { loadMerlon } from "./merlon.ts";
import { loadMix, type Mix, REQUESTS_DEFAULT, REQUESTS_MAX } from "./mix.ts";
import { buildGo, installNpm, preparePeers } from "./peers.ts";
import { type BenchReport, formatReport, judgeGates } from "./report.ts";
import { searchWorst, type WorstReport } from "./worst.ts";

const PARTS = ["core", "peers", "envoy", "extproc", "worst"] as const;
const ROUNDS_DEFAULT = 5;
/** Keeps a default run below four minutes on two cores, most of it the slowest peer's. */
const ENGINES_MS = 75_000;
const ENVOY = { rounds: 12, secondsPerRun: 0.8 } as const;
const EXTPROC = { rounds: 6, secondsPerRun: 1 } as const;
const WORST_MS = 30_000;

const optionsSchema = z.strictObject({
  only: z.enum(PARTS).optional(),
  json: z.boolean().default(false),
  keep: z.boolean().default(false),
  requests: z.coerce.number().int().min(8).max(REQUESTS_MAX).default(REQUESTS_DEFAULT),
  rounds: z.coerce.number().int().min(1).max(100).default(ROUNDS_DEFAULT),
  // A new seed each run searches new ground; the printed one repeats a walk.
  seed: z.coerce.number().int().min(0).max(0xffff_ffff).optional(),
  corpora: z.string().default(process.env["MERLON_CORPORA"] ?? join(ROOT, "..", "shared", "corpora")),
  wasm: z.string().optional(),
});
type Options = z.infer<typeof optionsSchema>;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = readOptions();
    const report = await bench(options);
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : `\n${formatReport(report)}`);
    const whole = report.skipped.length === 0 || !isRequired();
    return whole && report.gates.every(({ passed }) => passed) ? 0 : 1;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function readOptions(): Options {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = {
    only: text,
    json: flag,
    keep: flag,
    requests: text,
    rounds: text,
    seed: text,
    corpora: text,
    wasm: text,
  };
  try {
    return optionsSchema.parse(parseArgs({ options }).values);
  } catch (cause) {
    const reason = cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : "";
    throw new MerlonError("MERLON_USAGE", `${reason}; the first lines of test/bench/main.ts list the options`, {
      cause,
    });
  }
}

async function bench(options: Options): Promise<BenchReport> {
  const started = performance.now();
  const skipped: { what: string; reason: string }[] = [];
  const wants = (part: (typeof PARTS)[number]): boolean => options.only === undefined || options.only === part;
  const mix = await loadMix(options.corpora, options.requests);
  say(mix.note);
  const withPeers = wants("peers");
  const engines = withPeers || wants("core") ? await runEngines(mix, options, withPeers, skipped) : [];
  const envoy = wants("envoy") ? await runEnvoy(options, skipped) : null;
  const extproc = wants("extproc") ? await runExtProc(skipped) : null;
  const worst = wants("worst") ? runWorst(mix, options) : null;
  return {
    mix: {
      source: mix.source,
      note: mix.note,
      requests: mix.requests.length,
      bytes: mix.requests.reduce((sum, { wireBytes }) => sum + wireBytes, 0),
    },
    engines,
    skipped,
    envoy,
    extproc,
    worst,
    gates: judgeGates({ engines, envoy, extproc, worst }),
    seconds: (performance.now() - started) / 1000,
  };
}

async function runEngines(
  mix: Mix,
  options: Options,
  withPeers: boolean,
  skipped: { what: string; reason: string }[],
): Promise<EngineFigures[]> {
  const program = join(import.meta.dirname, "merlon-process.ts");
  const commands: EngineCommand[] = [
    { id: "merlon", file: process.execPath, args: [program, ...wasmArgument(options)] },
  ];
  for (const peer of withPeers ? await preparePeers(say) : []) {
    if ("missing" in peer) skipped.push({ what: peer.id, reason: peer.missing });
    else commands.push(peer.command);
  }
  return await measureEngines(mix, commands, options.rounds, ENGINES_MS, say);
}

async function runEnvoy(options: Options, skipped: { what: string; reason: string }[]): Promise<EnvoyReport | null> {
  const wasm = resolve(options.wasm ?? join(ROOT, "build", "merlon.wasm"));
  if (!existsSync(wasm)) {
    throw new MerlonError("MERLON_ENGINE", "build/merlon.wasm is not there; run `npm run build` and try again");
  }
  const binary = await envoyBinary();
  const load = await buildGo("load", say);
  if ("found" in binary && "found" in load) {
    return await measureEnvoy({ binary: binary.found, load: load.found, wasm, ...ENVOY }, say);
  }
  for (const part of [binary, load]) if ("missing" in part) skipped.push({ what: "envoy", reason: part.missing });
  return null;
}

async function runExtProc(skipped: { what: string; reason: string }[]): Promise<ExtProcFigures[] | null> {
  const parts = [await envoyBinary(), await buildGo("load", say), await buildGo("peers", say), await installNpm(say)];
  for (const part of parts) if ("missing" in part) skipped.push({ what: "ext_proc", reason: part.missing });
  const [binary = "", load = "", go = "", npm = ""] = parts.map((part) => ("found" in part ? part.found : ""));
  return parts.some((part) => "missing" in part) ? null : await measureExtProc({ binary, load, go, npm, ...EXTPROC });
}

function runWorst(mix: Mix, options: Options): WorstReport {
  const seed = options.seed ?? Math.floor(Math.random() * 0x1_0000_0000);
  say(`searching the worst input for ${WORST_MS / 1000} s, seed ${seed} …`);
  const folder = join(import.meta.dirname, "worst");
  return searchWorst(loadMerlon(options.wasm), mix.requests, { seed, budgetMs: WORST_MS, keep: options.keep, folder });
}

function wasmArgument(options: Options): string[] {
  return options.wasm === undefined ? [] : [options.wasm];
}

function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
