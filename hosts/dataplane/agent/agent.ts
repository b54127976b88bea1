/**
 * The agent beside an Envoy with Merlon's filter: takes the records from its access log into the spool, from which they
 * go to the store as any host's do. A line counts as read when its record is on the agent's own disk.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { LogFollower } from "./log-follower.ts";
import type { LogRotation } from "./log-rotation.ts";
import { type AgentCounters, type IntakeOptions, RecordIntake } from "./record-intake.ts";

/** How often the log is looked at where it had nothing new. */
const LOOK_MS = 250;
/** Pause after the log or the disk failed. */
const RETRY_MS = 1000;

/** What an agent is made of. */
export interface AgentOptions extends IntakeOptions {
  /** The file that Envoy's access log appends to. */
  readonly log: string;
  /** Keeps how far it was read. */
  readonly positionFile: string;
  /** Keeps the log short; absent where somebody else does. */
  readonly rotation?: LogRotation | undefined;
}

/** An agent that runs. */
export class Agent {
  readonly follower: LogFollower;
  readonly #options: AgentOptions;
  readonly #intake: RecordIntake;
  readonly #ending = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #isFailing = false;

  private constructor(options: AgentOptions, follower: LogFollower) {
    this.#options = options;
    this.follower = follower;
    this.#intake = new RecordIntake(options);
  }

  /** Begins where the last run was. The log need not be there yet. */
  static async start(options: AgentOptions): Promise<Agent> {
    const agent = new Agent(options, await LogFollower.open(options.log, options.positionFile));
    agent.#running = agent.#run();
    return agent;
  }

  get counters(): Readonly<AgentCounters> {
    return this.#intake.counters;
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
    // The log itself is the queue while the disk takes nothing.
    if (!this.#options.recorder.spool.isWell) await this.#intake.settle();
    const found = await this.follower.read();
    if (found === null) return false;
    for (const line of found.lines) this.#intake.take(line);
    await this.#options.recorder.spool.flush();
    await this.follower.keep(found.position);
    return true;
  }

  async #sleep(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }
}
