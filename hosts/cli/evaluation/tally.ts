/** The books of one set: what was caught and flagged, per class and family, what it cost, and a few samples. */
import { showBytes } from "../text.ts";
import { attackCode } from "./attack-class.ts";
import type { Cost, Judgement } from "./judge.ts";
import type { LabelledRequest } from "./labelled-file.ts";

/** Characters of a sample's request. */
const SAMPLE_CHARS_MAX = 400;
const LINE_CHARS_MAX = 300;

/** Attacks of one class. */
export interface ClassCount {
  attacks: number;
  caught: number;
}

/** Requests with labels that are not to be trusted. */
export interface WeakCount extends ClassCount {
  benign: number;
  flagged: number;
}

/** What `--json` prints of a set. */
export interface SetReport {
  readonly set: string;
  readonly attacks: number;
  readonly caught: number;
  readonly benign: number;
  readonly flagged: number;
  readonly byClass: Readonly<Record<string, ClassCount>>;
  /** `mean` is CPU time of the thread, `p99` wall time at the best of several runs. */
  readonly cpuMicros: { readonly mean: number; readonly p99: number };
  /** Millions of bytes in a second of CPU time. */
  readonly megabytesPerSecond: number;
  readonly weak: Readonly<WeakCount>;
  /** Families of attacks; caught is one of which every request was caught, partly one of which some were. */
  readonly families: { readonly attacks: number; readonly caught: number; readonly partly: number };
}

/** How many samples of each kind are kept. */
export interface SampleLimits {
  readonly misses: number;
  readonly falsePositives: number;
}

/** One set's books. */
export class SetTally {
  readonly set: string;
  readonly misses: string[] = [];
  readonly falsePositives: string[] = [];
  /** Stamps that flagged benign requests, with their numbers. */
  readonly flaggedBy = new Map<string, number>();
  failed = 0;
  readonly #limits: SampleLimits;
  readonly #classes = new Map<string, ClassCount>();
  readonly #families = new Map<string, ClassCount>();
  readonly #sampled = new Set<string>();
  readonly #weak: WeakCount = { attacks: 0, caught: 0, benign: 0, flagged: 0 };
  #benign = 0;
  #flagged = 0;
  #requests = 0;
  #bytes = 0;
  #cpuMicros = 0;
  readonly #walls: Float64Array[] = [];

  constructor(set: string, limits: SampleLimits) {
    this.set = set;
    this.#limits = limits;
  }

  get requests(): number {
    return this.#requests;
  }

  add(request: LabelledRequest, judgement: Judgement): void {
    if (judgement.failed) this.failed++;
    if (request.weak) this.#addWeak(request, judgement);
    else if (request.attack) this.#addAttack(request, judgement);
    else this.#addBenign(request, judgement);
  }

  addCost(cost: Cost): void {
    this.#requests += cost.requests;
    this.#bytes += cost.bytes;
    this.#cpuMicros += cost.cpuMicros;
    this.#walls.push(cost.wallMicros);
  }

  report(): SetReport {
    const classes = [...this.#classes].sort(([a], [b]) => (a < b ? -1 : 1));
    const families = [...this.#families.values()];
    const whole = families.filter(({ attacks, caught }) => attacks === caught).length;
    return {
      set: this.set,
      attacks: sumOf(classes, "attacks"),
      caught: sumOf(classes, "caught"),
      benign: this.#benign,
      flagged: this.#flagged,
      byClass: Object.fromEntries(classes),
      cpuMicros: { mean: round(this.#cpuMicros / Math.max(1, this.#requests)), p99: round(this.#p99()) },
      megabytesPerSecond: round(this.#cpuMicros === 0 ? 0 : this.#bytes / this.#cpuMicros),
      weak: { ...this.#weak },
      families: {
        attacks: families.length,
        caught: whole,
        partly: families.filter(({ caught }) => caught > 0).length - whole,
      },
    };
  }

  #addWeak({ attack }: LabelledRequest, { blocked }: Judgement): void {
    this.#weak[attack ? "attacks" : "benign"]++;
    if (blocked) this.#weak[attack ? "caught" : "flagged"]++;
  }

  #addAttack(request: LabelledRequest, { blocked }: Judgement): void {
    const code = attackCode(request.className);
    const family = `${code} ${request.family}`;
    for (const [books, key] of [[this.#classes, code] as const, [this.#families, family] as const]) {
      const count = books.get(key) ?? { attacks: 0, caught: 0 };
      books.set(key, count);
      count.attacks++;
      if (blocked) count.caught++;
    }
    if (!blocked) this.#sample(this.misses, this.#limits.misses, `miss ${family}`, `${code}  ${describe(request)}`);
  }

  #addBenign(request: LabelledRequest, { blocked, line, stamps }: Judgement): void {
    this.#benign++;
    if (!blocked) return;
    this.#flagged++;
    for (const stamp of new Set(stamps)) this.flaggedBy.set(stamp, (this.flaggedBy.get(stamp) ?? 0) + 1);
    const shown = line.length > LINE_CHARS_MAX ? `${line.slice(0, LINE_CHARS_MAX)}…` : line;
    const text = `${describe(request)}\n      ${shown}`;
    this.#sample(this.falsePositives, this.#limits.falsePositives, `flag ${request.family}`, text);
  }

  /** One sample a family: a hundred variations of one thing teach no more than the first. */
  #sample(samples: string[], limit: number, family: string, text: string): void {
    if (samples.length >= limit || this.#sampled.has(family)) return;
    this.#sampled.add(family);
    samples.push(text);
  }

  #p99(): number {
    const all = new Float64Array(this.#requests);
    let at = 0;
    for (const walls of this.#walls) {
      all.set(walls, at);
      at += walls.length;
    }
    all.sort();
    return all[Math.min(all.length - 1, Math.floor(all.length * 0.99))] ?? 0;
  }
}

/** Where a request is from, its first line, and the begin of its body: headers between are seldom the point. */
function describe({ set, id, line, raw }: LabelledRequest): string {
  const lineEnd = raw.indexOf(0x0a);
  const first = raw.subarray(0, lineEnd < 0 ? raw.length : lineEnd);
  const bodyAt = raw.indexOf("\r\n\r\n");
  const body = bodyAt < 0 ? raw.subarray(0, 0) : raw.subarray(bodyAt + 4);
  const shown = showBytes(first.at(-1) === 0x0d ? first.subarray(0, -1) : first, SAMPLE_CHARS_MAX);
  const rest = body.length === 0 ? "" : `  |  ${showBytes(body, SAMPLE_CHARS_MAX)}`;
  return `${set}:${line} ${showBytes(Buffer.from(id), 80)}  ${shown}${rest}`;
}

function sumOf(classes: readonly (readonly [string, ClassCount])[], field: keyof ClassCount): number {
  return classes.reduce((sum, [, count]) => sum + count[field], 0);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
