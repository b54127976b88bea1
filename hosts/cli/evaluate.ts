/**
 * `merlon evaluate`: what the core makes of labelled requests: how many attacks it catches, how many harmless requests
 * it flags, and what that costs. Caught and flagged mean: blocked in mode `block` under the built-in policy.
 */
import { Engine } from "../core/engine.ts";
import { MerlonError } from "../core/error.ts";
import type { Command, Input, Io } from "./command.ts";
import { type HostRewrite, parseRewrite, rewriteHost } from "./evaluation/host-rewrite.ts";
import { judge, measure } from "./evaluation/judge.ts";
import { type LabelledRequest, readLabelledFile } from "./evaluation/labelled-file.ts";
import { type SampleLimits, type SetReport, SetTally } from "./evaluation/tally.ts";
import { type Column, count, layOut, percent } from "./text.ts";

const SAMPLES_MAX = 10_000;
/** Requests that are measured together; more would only hold more memory. */
const BATCH_REQUESTS_MAX = 20_000;
const BATCH_BYTES_MAX = 64 * 1024 * 1024;
const SETS_MAX = 200;
const PROGRESS_ROWS = 1000;
const STAMPS_SHOWN_MAX = 8;

/** The command. */
export const evaluateCommand: Command = {
  name: "evaluate",
  summary: "measure detection and cost on files of labelled requests",
  usage: "<file.jsonl[.gz]>… [flags]",
  least: 1,
  most: 1000,
  options: {
    json: { type: "boolean", about: "print one JSON object instead of tables; samples go to stderr" },
    misses: {
      type: "string",
      value: "<n>",
      about: "show up to n attacks of each set that were not caught, one a family",
    },
    "false-positives": {
      type: "string",
      value: "<n>",
      about: "show up to n harmless requests of each set that were flagged",
    },
    "rewrite-host": {
      type: "string",
      multiple: true,
      value: "<old>=<new>",
      about: "put another host name into request lines, headers and bodies",
    },
  },
  details: [
    "A line of a file is {id, set, label: attack|benign, class, family, weak, raw_b64}: the whole HTTP/1.1 request in",
    "base64. Requests marked weak are counted apart. `us/req` is CPU time of the thread; `p99` is wall time, of each",
    "request the best of several runs.",
  ].join("\n"),
  examples: [
    "merlon evaluate requests.jsonl.gz",
    "merlon evaluate --json *.jsonl > report.json",
    "merlon evaluate --misses 20 --rewrite-host 10.0.0.1=www.shop.example requests.jsonl",
  ],
  run,
};

async function run(input: Input, io: Io): Promise<number> {
  const limits: SampleLimits = {
    misses: input.integer("misses", 0, SAMPLES_MAX, 0),
    falsePositives: input.integer("false-positives", 0, SAMPLES_MAX, 0),
  };
  const rewrites = input.texts("rewrite-host").map(parseRewrite);
  const evaluation = new Evaluation(Engine.load(), limits);
  const progress = new Progress(io);
  for (const path of input.positionals) {
    for await (const request of readLabelledFile(path)) {
      evaluation.add(rewrites.reduce(rewritten, request));
      progress.step(request.set);
    }
  }
  const tallies = evaluation.finish();
  progress.end();
  const sets = tallies.map((tally) => tally.report());
  io.stdout.write(input.flag("json") ? `${JSON.stringify({ sets })}\n` : tables(sets));
  const notes = input.flag("json") ? io.stderr : io.stdout;
  for (const tally of tallies) notes.write(samples(tally));
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
  if (failed === 0) return 0;
  io.stderr.write(`merlon: ${failed} requests without an answer — the core failed on them; please report it\n`);
  return 1;
}

function rewritten(request: LabelledRequest, rewrite: HostRewrite): LabelledRequest {
  return { ...request, raw: rewriteHost(request.raw, rewrite) };
}

/** Judges requests as they come and measures those of each set together. */
class Evaluation {
  readonly #engine: Engine;
  readonly #limits: SampleLimits;
  readonly #sets = new Map<string, { readonly tally: SetTally; batch: Buffer[] }>();
  #waiting = 0;
  #waitingBytes = 0;

  constructor(engine: Engine, limits: SampleLimits) {
    this.#engine = engine;
    this.#limits = limits;
  }

  add(request: LabelledRequest): void {
    const set = this.#setOf(request.set);
    set.batch.push(request.raw);
    set.tally.add(request, judge(this.#engine, request.raw));
    this.#waiting++;
    this.#waitingBytes += request.raw.length;
    if (this.#waiting >= BATCH_REQUESTS_MAX || this.#waitingBytes >= BATCH_BYTES_MAX) this.#flush();
  }

  finish(): SetTally[] {
    this.#flush();
    return [...this.#sets.values()].map(({ tally }) => tally);
  }

  #setOf(name: string): { readonly tally: SetTally; batch: Buffer[] } {
    const known = this.#sets.get(name);
    if (known !== undefined) return known;
    if (this.#sets.size === SETS_MAX) {
      const why = `at most ${SETS_MAX} are reported at once`;
      throw new MerlonError("MERLON_INPUT", `the files name too many sets — ${why}; evaluate fewer files`);
    }
    const set = { tally: new SetTally(name, this.#limits), batch: [] };
    this.#sets.set(name, set);
    return set;
  }

  #flush(): void {
    for (const set of this.#sets.values()) {
      if (set.batch.length > 0) set.tally.addCost(measure(this.#engine, set.batch));
      set.batch = [];
    }
    this.#waiting = 0;
    this.#waitingBytes = 0;
  }
}

/** A line that counts, where someone is watching. */
class Progress {
  readonly #io: Io;
  #rows = 0;

  constructor(io: Io) {
    this.#io = io;
  }

  step(set: string): void {
    this.#rows++;
    if (!this.#io.interactive || this.#rows % PROGRESS_ROWS !== 0) return;
    this.#io.stderr.write(`\r\u001b[K${count(this.#rows)} requests, ${set.replace(/[^\w.-]/g, "?")}`);
  }

  end(): void {
    if (this.#io.interactive && this.#rows >= PROGRESS_ROWS) this.#io.stderr.write("\r\u001b[K");
  }
}

const COLUMNS: readonly Column[] = [
  { title: "set" },
  { title: "attacks", right: true },
  { title: "caught", right: true },
  { title: "TPR", right: true },
  { title: "families", right: true },
  { title: "benign", right: true },
  { title: "flagged", right: true },
  { title: "FPR", right: true },
  { title: "us/req", right: true },
  { title: "p99 (wall)", right: true },
  { title: "MB/s", right: true },
];

function tables(sets: readonly SetReport[]): string {
  const rows = sets.flatMap((report) => [setRow(report), ...classRows(report)]);
  const weak = sets.flatMap(({ set, weak: { attacks, caught, benign, flagged } }) => {
    if (attacks + benign === 0) return [];
    return `${plain(set)}: ${caught} of ${attacks} attacks caught, ${flagged} of ${benign} harmless flagged\n`;
  });
  const note =
    weak.length === 0 ? "" : `\nwith weak labels, not counted above\n${weak.map((line) => `  ${line}`).join("")}`;
  return `${layOut(COLUMNS, rows)}${note}`;
}

function setRow(report: SetReport): string[] {
  const { set, attacks, caught, benign, flagged, families, cpuMicros, megabytesPerSecond } = report;
  return [
    plain(set),
    count(attacks),
    count(caught),
    percent(caught, attacks),
    families.attacks === 0 ? "–" : `${count(families.caught)}/${count(families.attacks)}`,
    count(benign),
    count(flagged),
    percent(flagged, benign, 3),
    cpuMicros.mean.toFixed(1),
    cpuMicros.p99.toFixed(1),
    megabytesPerSecond.toFixed(0),
  ];
}

function classRows({ byClass }: SetReport): string[][] {
  const classes = Object.entries(byClass);
  if (classes.length < 2) return [];
  return classes.map(([code, { attacks, caught }]) => [
    `  ${plain(code)}`,
    count(attacks),
    count(caught),
    percent(caught, attacks),
  ]);
}

/** Names of sets and classes come from the files. */
function plain(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, "?");
}

function samples({ set, misses, falsePositives, flaggedBy }: SetTally): string {
  const stamps = [...flaggedBy].sort(([, a], [, b]) => b - a).slice(0, STAMPS_SHOWN_MAX);
  const by = stamps.map(([stamp, number]) => `${stamp} ${number}`).join(", ");
  const list = (title: string, texts: readonly string[]): string =>
    texts.length === 0 ? "" : `\n${title}\n${texts.map((text) => `  ${text}\n`).join("")}`;
  return `${list(`missed of ${plain(set)}`, misses)}${list(`flagged of ${plain(set)}, by ${by}`, falsePositives)}`;
}
