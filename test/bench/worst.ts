/**
 * Searches the input that costs the core the most per byte: hill climbing from random inputs of every kind and from
 * those that earlier searches kept in `worst/`. The seed is printed and can be given; the search is bounded by time,
 * so a slower machine climbs fewer steps of the same walk.
 *
 * Cost per byte is CPU time ÷ bytes of the request, for a compressed body bytes that the core unpacked and read: how
 * far a body may unpack is a limit of its own. The yardstick is the median cost per byte over the mix.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gunzipSync } from "node:zlib";
import type { Inspector } from "../../hosts/core/verdict.ts";
import { median } from "./engines.ts";
import { type Genome, genomeSchema, KINDS, makeGenome, mutate, render } from "./genome.ts";
import { inspect, type PreparedRequest, prepareRequest } from "./merlon.ts";
import type { BenchRequest } from "./mix.ts";
import { createRandom, pick, type Random } from "./random.ts";
import { threadCpuNs } from "./wire.ts";

/** The search's result. Ratios are cost per byte ÷ the mix's median. */
export interface WorstReport {
  readonly seed: number;
  readonly tried: number;
  readonly medianNsPerByte: number;
  readonly worst: WorstInput;
  /** The worst of every kind, most expensive first. */
  readonly kinds: readonly WorstInput[];
  /** Kept files that this search beat, or kinds without one: worth a run with `--keep`. */
  readonly raised: readonly Genome["kind"][];
  /** Inputs on which the core did not answer. Any of them is a defect. */
  readonly failures: readonly Genome[];
}

/** One measured input. */
export interface WorstInput {
  readonly genome: Genome;
  readonly ratio: number;
  readonly nsPerByte: number;
  readonly bytes: number;
}

/** How to search. */
export interface WorstOptions {
  readonly seed: number;
  readonly budgetMs: number;
  /** Write what raises the ratio to `folder`. */
  readonly keep: boolean;
  /** Where kept inputs are. */
  readonly folder: string;
}

/** The core and its count of what it could not answer. */
export type Core = Inspector & { readonly counters: { readonly traps: number } };

/** Gives the cost of an input in nanoseconds per byte; a test puts its own in the core's place. */
export type Cost = (genome: Genome) => number;

interface Scored {
  readonly genome: Genome;
  readonly nsPerByte: number;
}

/** Candidates of each kind before the climb. */
const RANDOM_PER_KIND = 12;
/** Share of the time for the random start; the climb needs the rest. */
const RANDOM_SHARE = 0.3;
/** Inputs of which the climb goes on. */
const POPULATION = 24;
/** Tries of a candidate; the least of them is its cost, since nothing makes code run too fast. */
const ATTEMPTS = 4;
/** A try takes about this long, or one call. */
const TRY_MS = 0.05;
const TURNS_MAX = 50;
/** Two tries are enough for a call that takes this long: the search has many others to make. */
const LONG_MS = 1;
/** Traps that are reported with their input; one is enough to fail. */
const FAILURES_MAX = 8;
/** Time and rounds over which a figure of the report is taken. */
const EXACT_MS = 10;
const EXACT_ROUNDS = 5;
/** A found input must beat the kept one by this to be kept: less is noise. */
const RAISE_MIN = 1.15;
/** Nothing below this many times the median is worth a file. */
const KEEP_RATIO_MIN = 10;
const KEPT_BYTES_MAX = 8192;

/** Searches, then measures again what it found beside the mix. */
export function searchWorst(core: Core, mix: readonly BenchRequest[], options: WorstOptions): WorstReport {
  const failures: Genome[] = [];
  const kept = readKept(options.folder);
  const prepared = mix.map(prepareRequest);
  for (const request of prepared) inspect(core, request);
  const cost: Cost = (genome) => {
    const traps = core.counters.traps;
    const nsPerByte = quickCost(core, prepareRequest(render(genome)));
    if (core.counters.traps === traps) return nsPerByte;
    if (failures.length < FAILURES_MAX) failures.push(genome);
    return 0; // A new instance is dear, but it is not what is searched for here.
  };
  const { best, tried } = climb(cost, kept, options.seed, options.budgetMs);
  const { medianNsPerByte, inputs } = measureBeside(core, prepared, [...best.map(({ genome }) => genome), ...kept]);
  const measured = inputs.slice(0, best.length).sort((a, b) => b.ratio - a.ratio);
  const worst = measured[0];
  if (worst === undefined) throw new RangeError("the search needs a budget of at least one input");
  const raised = measured.filter(({ genome, ratio }) => {
    const before = inputs.slice(best.length).find((input) => input.genome.kind === genome.kind)?.ratio ?? 0;
    return ratio >= Math.max(KEEP_RATIO_MIN, RAISE_MIN * before);
  });
  if (options.keep) for (const { genome } of raised) writeKept(options.folder, genome);
  const kinds = raised.map(({ genome }) => genome.kind);
  return { seed: options.seed, tried, medianNsPerByte, worst, kinds: measured, raised: kinds, failures };
}

/**
 * Measures inputs and the mix in turns, since a machine that is slower for a second must be slower for both.
 * @returns figures in the order of `genomes`, each the median of its rounds
 */
function measureBeside(
  core: Core,
  mix: readonly PreparedRequest[],
  genomes: readonly Genome[],
): { readonly medianNsPerByte: number; readonly inputs: WorstInput[] } {
  const requests = genomes.map((genome) => prepareRequest(render(genome)));
  const medians: number[] = [];
  const costs: number[][] = genomes.map(() => []);
  for (let round = 0; round < EXACT_ROUNDS; round++) {
    medians.push(median(mix.map((request) => quickCost(core, request))));
    for (const [at, request] of requests.entries()) costs[at]?.push(exactCost(core, request));
  }
  const inputs = genomes.map((genome, at) => {
    const own = costs[at] ?? [];
    const ratio = median(own.map((cost, round) => cost / (medians[round] ?? 1)));
    return { genome, ratio, nsPerByte: median(own), bytes: requests[at]?.wireBytes ?? 0 };
  });
  return { medianNsPerByte: median(medians), inputs };
}

/**
 * Hill climbing: random inputs of every kind, then steps from the best of them, each kind keeping its best.
 * @returns the best of each kind, and how many inputs were measured
 */
export function climb(
  cost: Cost,
  kept: readonly Genome[],
  seed: number,
  budgetMs: number,
  triesMax = Number.POSITIVE_INFINITY,
): { readonly best: Scored[]; readonly tried: number } {
  const random = createRandom(seed);
  const started = performance.now();
  const best = new Map<Genome["kind"], Scored>();
  const population: Scored[] = [];
  let tried = 0;
  const consider = (genome: Genome): void => {
    const before = best.get(genome.kind)?.nsPerByte ?? -1;
    let nsPerByte = cost(genome);
    tried++;
    // A disturbance can make any input look dear, but hardly twice.
    if (nsPerByte > before) nsPerByte = Math.min(nsPerByte, cost(genome));
    const scored = { genome, nsPerByte };
    if (nsPerByte > before) best.set(genome.kind, scored);
    population.push(scored);
    if (population.length < 2 * POPULATION) return;
    population.sort((a, b) => b.nsPerByte - a.nsPerByte);
    population.length = POPULATION;
  };
  const time = (share: number): boolean => performance.now() - started < share * budgetMs && tried < triesMax;
  for (const genome of kept) consider(genome);
  for (let turn = 0; turn < RANDOM_PER_KIND && (turn === 0 || time(RANDOM_SHARE)); turn++) {
    for (const kind of KINDS) consider(makeGenome(random, kind));
  }
  while (time(1)) consider(mutate(random, parent(random, population, best), pick(random, population).genome));
  return { best: [...best.values()], tried };
}

/** Mostly one of the most expensive so far, else the best of some kind, so that no kind is given up. */
function parent(random: Random, population: readonly Scored[], best: ReadonlyMap<string, Scored>): Genome {
  return pick(random, random(4) === 0 ? [...best.values()] : population).genome;
}

/**
 * Least wall time of some tries, each of several calls where one is too short for the clock: cheap, and good enough to
 * climb by and for a median.
 */
function quickCost(core: Core, request: PreparedRequest): number {
  let least = Number.MAX_VALUE;
  let turns = 1;
  for (let attempt = 0; attempt < ATTEMPTS && least < (attempt < 2 ? Infinity : LONG_MS); attempt++) {
    const start = performance.now();
    for (let turn = 0; turn < turns; turn++) inspect(core, request);
    const spent = (performance.now() - start) / turns;
    least = Math.min(least, spent);
    turns = Math.min(TURNS_MAX, Math.max(1, Math.ceil(TRY_MS / Math.max(1e-6, spent))));
  }
  return (least * 1e6) / costedBytes(request);
}

/** CPU time over EXACT_MS, for what is reported. */
function exactCost(core: Core, request: PreparedRequest): number {
  const before = threadCpuNs();
  const start = performance.now();
  let turns = 0;
  do {
    inspect(core, request);
    turns++;
  } while (performance.now() - start < EXACT_MS);
  return (threadCpuNs() - before) / turns / costedBytes(request);
}

function costedBytes(request: PreparedRequest): number {
  const compressed = request.head.rawHeaders.some((part) => part.toLowerCase() === "content-encoding");
  if (!compressed) return request.wireBytes;
  return request.wireBytes - request.body.length + unpackedBytes(request.body);
}

/** What a compressed body holds, a broken one as far as it is sound. */
function unpackedBytes(body: Uint8Array): number {
  return gunzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH }).length;
}

function readKept(folder: string): Genome[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => genomeSchema.parse(JSON.parse(readFileSync(join(folder, file), "utf8").slice(0, KEPT_BYTES_MAX))));
}

/** A kept input may hold any byte; JSON escapes keep the file plain text. */
function writeKept(folder: string, genome: Genome): void {
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify(genome, null, 2).replace(/[^\n -~]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  writeFileSync(join(folder, `${genome.kind}.json`), `${text}\n`);
}
