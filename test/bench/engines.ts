/**
 * The engines side by side: each in its own process, driven in turns (A B C A B C …) over the same slices of the mix,
 * so that whatever disturbs the machine disturbs all of them alike. What is compared is CPU time of the thread that
 * inspects, in medians over the rounds.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { MerlonError } from "../../hosts/core/error.ts";
import type { Mix } from "./mix.ts";
import { decodeReply, encodeMix, encodeOrder, type Order, type Reply, replySize } from "./wire.ts";

/** How to start one engine. */
export interface EngineCommand {
  readonly id: "merlon" | "libinjection" | "libddwaf" | "coraza";
  readonly file: string;
  readonly args: readonly string[];
}

/** Figures of one engine over the mix. Times are CPU time of the inspecting thread except `p99Us`. */
export interface EngineFigures {
  readonly id: EngineCommand["id"];
  readonly name: string;
  readonly meanUs: number;
  /** 99th percentile over the requests, each the median of its rounds. Wall time for the Node engines. */
  readonly p99Us: number;
  readonly megabytesPerSecond: number;
  readonly attacksBlockedPercent: number;
  readonly benignBlockedPercent: number;
  /** Mean of each round, for the spread. */
  readonly roundMeansUs: readonly number[];
}

/** A batch shorter than this is repeated: the clock and the switch to the process cost some 0.1 ms. */
const BATCH_NS_MIN = 40e6;
const REPEAT_MAX = 256;
/** An engine that loads no rules within this time is broken or starved. */
const READY_MS_MAX = 120_000;
const SLICES = 8;

/** Measures all engines in turns. Rounds end early, but not before two, when `budgetMs` is used up. */
export async function measureEngines(
  mix: Mix,
  commands: readonly EngineCommand[],
  rounds: number,
  budgetMs: number,
  say: (text: string) => void,
): Promise<EngineFigures[]> {
  const engines: EngineProcess[] = [];
  try {
    for (const command of commands) engines.push(await EngineProcess.start(command, mix));
    for (const engine of engines) await engine.warmUp();
    const began = performance.now();
    for (let round = 0; round < rounds; round++) {
      if (round >= 2 && performance.now() - began > budgetMs) break;
      for (let slice = 0; slice < SLICES; slice++) {
        for (const engine of engines) await engine.measure(slice);
      }
      say(`round ${round + 1}: ${engines.map((engine) => engine.progress()).join(", ")}`);
    }
    return engines.map((engine) => engine.figures());
  } finally {
    for (const engine of engines) engine.stop();
  }
}

/** One engine in its process, with what it has answered so far. */
class EngineProcess {
  readonly #command: EngineCommand;
  readonly #mix: Mix;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #replies: Reply[][];
  readonly #repeats: number[];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #errors = "";
  #ended = false;
  #wake: () => void = () => {};
  #name = "";

  static async start(command: EngineCommand, mix: Mix): Promise<EngineProcess> {
    const engine = new EngineProcess(command, mix);
    engine.#child.stdin.write(encodeMix(mix.requests));
    const timer = setTimeout(() => engine.stop(), READY_MS_MAX);
    const size = (await engine.#take(4)).readUInt32LE(0);
    engine.#name = (await engine.#take(Math.min(size, 256))).toString("latin1");
    clearTimeout(timer);
    return engine;
  }

  constructor(command: EngineCommand, mix: Mix) {
    this.#command = command;
    this.#mix = mix;
    this.#replies = Array.from({ length: SLICES }, () => []);
    this.#repeats = Array.from({ length: SLICES }, () => 1);
    this.#child = spawn(command.file, command.args, { stdio: "pipe" });
    this.#child.stdout.on("data", (chunk: Buffer) => {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
      this.#wake();
    });
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString("latin1")).slice(-2000);
    });
    // A write to a process that has ended is reported by `#take`, with the reason that the process gave.
    this.#child.stdin.on("error", () => {});
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    this.#child.on("error", end);
    this.#child.on("close", end);
  }

  /** Runs every slice once or more: compilers and caches settle, and the repeats of a batch are chosen. */
  async warmUp(): Promise<void> {
    for (let slice = 0; slice < SLICES; slice++) {
      let reply = await this.#run(this.#order(slice));
      if (reply.cpuNs < BATCH_NS_MIN) reply = await this.#run(this.#order(slice));
      const repeat = Math.ceil(BATCH_NS_MIN / Math.max(1, reply.cpuNs));
      this.#repeats[slice] = Math.min(REPEAT_MAX, repeat);
      if (repeat > 1) await this.#run(this.#order(slice));
      // One slice is enough to warm an engine that takes milliseconds per request.
      if (reply.cpuNs > 10 * BATCH_NS_MIN) return;
    }
  }

  async measure(slice: number): Promise<void> {
    this.#replies[slice]?.push(await this.#run(this.#order(slice)));
  }

  progress(): string {
    return `${this.#command.id} ${(this.#roundMeans().at(-1) ?? 0).toPrecision(3)} µs`;
  }

  figures(): EngineFigures {
    const { requests } = this.#mix;
    let totalNs = 0;
    const requestNs: number[] = [];
    const blocked = { attack: 0, benign: 0 };
    for (let slice = 0; slice < SLICES; slice++) {
      const { from, to, repeat } = this.#order(slice);
      const replies = this.#replies[slice] ?? [];
      totalNs += median(replies.map((reply) => reply.cpuNs / repeat));
      for (let at = 0; at < to - from; at++) {
        requestNs.push(median(replies.map((reply) => reply.requestNs[at] ?? 0)));
        if (replies[0]?.blocked[at] === 1) blocked[requests[from + at]?.attack === true ? "attack" : "benign"]++;
      }
    }
    const bytes = requests.reduce((sum, request) => sum + request.wireBytes, 0);
    const attacks = requests.filter(({ attack }) => attack).length;
    return {
      id: this.#command.id,
      name: this.#name,
      meanUs: totalNs / requests.length / 1000,
      p99Us: quantile(requestNs, 0.99) / 1000,
      megabytesPerSecond: (bytes / totalNs) * 1000,
      attacksBlockedPercent: (100 * blocked.attack) / Math.max(1, attacks),
      benignBlockedPercent: (100 * blocked.benign) / Math.max(1, requests.length - attacks),
      roundMeansUs: this.#roundMeans(),
    };
  }

  stop(): void {
    this.#child.stdin.end();
    if (!this.#ended) this.#child.kill("SIGKILL");
  }

  #roundMeans(): number[] {
    const rounds = Math.min(...this.#replies.map((replies) => replies.length));
    return Array.from({ length: rounds }, (_, round) => {
      const sum = this.#replies.reduce((ns, replies, slice) => {
        return ns + (replies[round]?.cpuNs ?? 0) / (this.#repeats[slice] ?? 1);
      }, 0);
      return sum / this.#mix.requests.length / 1000;
    });
  }

  #order(slice: number): Order {
    const count = this.#mix.requests.length;
    const from = Math.floor((slice * count) / SLICES);
    const to = Math.floor(((slice + 1) * count) / SLICES);
    return { from, to, repeat: this.#repeats[slice] ?? 1 };
  }

  async #run(order: Order): Promise<Reply> {
    this.#child.stdin.write(encodeOrder(order));
    return decodeReply(order, await this.#take(replySize(order)));
  }

  async #take(size: number): Promise<Buffer> {
    while (this.#pendingBytes < size) {
      if (this.#ended) {
        // Node puts the error above its stack, Go's programs say it in their only or last line.
        const lines = this.#errors.trim().split("\n");
        const told = lines.find((line) => /^\w*Error\b|^panic:/.test(line)) ?? lines.at(-1) ?? "";
        const reason = told === "" ? "no word on its standard error" : told;
        throw new MerlonError("MERLON_INPUT", `benchmark engine ${this.#command.id} ended: ${reason}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [bytes.subarray(size)];
    this.#pendingBytes = bytes.length - size;
    return bytes.subarray(0, size);
  }
}

/** Middle value, the mean of the middle two where their number is even; 0 for none. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Value below which that part of the values lies, interpolated; 0 for none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}
