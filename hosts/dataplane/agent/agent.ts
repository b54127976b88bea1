/**
 * The agent beside an Envoy with Merlon's filter: takes the records from its access log into the spool, from which they
 * go to the store as any host's do. A line counts as read when its record is on the agent's own disk.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { SignatureInfo } from "../../core/engine-options.ts";
import type { NodeFacts } from "../../records/make-record.ts";
import type { PolicyFacts } from "../../records/policy-facts.ts";
import type { Recorder } from "../../records/recorder.ts";
import { completeRecord, parseLine } from "./filter-record.ts";
import { LogFollower } from "./log-follower.ts";
import type { LogRotation } from "./log-rotation.ts";

/** How often the log is looked at where it had nothing new. */
const LOOK_MS = 250;
/** Pause after the log or the disk failed. */
const RETRY_MS = 1000;

/** What an agent is made of. */
export interface AgentOptions {
  /** The file that Envoy's access log appends to. */
  readonly log: string;
  /** Keeps how far it was read. */
  readonly positionFile: string;
  readonly recorder: Recorder;
  readonly node: NodeFacts;
  /** Facts of the policy that names come from. */
  readonly policy: () => PolicyFacts;
  readonly signatures: readonly SignatureInfo[];
  /** Keeps the log short; absent where somebody else does. */
  readonly rotation?: LogRotation | undefined;
  /** Takes lines for the operator. */
  readonly say: (line: string) => void;
}

/** What an agent counts. */
export interface AgentCounters {
  /** Lines that were records. */
  records: number;
  /** Lines that were none. */
  invalid: number;
  /** Records whose policy is another than the agent's: their names are empty. */
  strange: number;
}

/** An agent that runs. */
export class Agent {
  readonly counters: AgentCounters = { records: 0, invalid: 0, strange: 0 };
  readonly follower: LogFollower;
  readonly #options: AgentOptions;
  readonly #signatures: ReadonlyMap<string, SignatureInfo>;
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #isFailing = false;

  private constructor(options: AgentOptions, follower: LogFollower) {
    this.#options = options;
    this.follower = follower;
    this.#signatures = new Map(options.signatures.map((signature) => [signature.stamp, signature]));
  }

  /** Begins where the last run was. The log need not be there yet. */
  static async start(options: AgentOptions): Promise<Agent> {
    const agent = new Agent(options, await LogFollower.open(options.log, options.positionFile));
    agent.#running = agent.#run();
    return agent;
  }

  /** Whether the log can be read, and the disk takes what it holds. */
  get isWell(): boolean {
    return !this.#isFailing;
  }

  /** Takes what is in the log now, and ends. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.follower.close();
  }

  async #run(): Promise<void> {
    // What is there when the end is wished for is taken first.
    for (let isLast = false; ; ) {
      const pause = await this.#step();
      if (isLast && pause > 0) return;
      isLast = this.#ending.signal.aborted;
      if (pause > 0 && !isLast) await this.#sleep(pause);
    }
  }

  /** @returns milliseconds until the next look */
  async #step(): Promise<number> {
    try {
      const isMore = await this.#takeSome();
      if (!isMore) await this.#options.rotation?.look(this.follower);
      this.#tell(null);
      return isMore ? 0 : LOOK_MS;
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "an error";
      this.#tell(`${this.#options.log} cannot be read, or the disk refuses records: ${code}`);
      return RETRY_MS;
    }
  }

  /** Tells once of what fails, and once that it is over. */
  #tell(problem: string | null): void {
    if ((problem !== null) === this.#isFailing) return;
    this.#isFailing = problem !== null;
    this.#options.say(problem === null ? "the log is read again" : `${problem}; it is tried again, and Envoy goes on`);
  }

  async #takeSome(): Promise<boolean> {
    const { spool } = this.#options.recorder;
    // The log itself is the queue while the disk takes nothing.
    if (!spool.isWell) {
      await spool.flush();
      if (!spool.isWell) throw new Error("the spool is not well");
    }
    const found = await this.follower.read();
    if (found === null) return false;
    for (const line of found.lines) this.#take(line);
    await spool.flush();
    await this.follower.keep(found.position);
    return true;
  }

  #take(text: string): void {
    const { node, recorder } = this.#options;
    const line = parseLine(text);
    if (line === null) {
      this.counters.invalid++;
      if (this.counters.invalid === 1) this.#options.say("a line of the log is no record; such lines are counted");
      return;
    }
    const policy = this.#options.policy();
    this.counters.records++;
    if (line.record.policy !== undefined && line.record.policy !== policy.sha256) this.counters.strange++;
    recorder.addRecord(completeRecord(line, { node, policy, signatures: this.#signatures }));
  }

  async #sleep(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}
