/** Lines of the filter become records in the agent's spool, whichever way they came. */
import type { SignatureInfo } from "../../core/engine-options.ts";
import type { NodeFacts } from "../../records/make-record.ts";
import type { PolicyFacts } from "../../records/policy-facts.ts";
import type { Recorder } from "../../records/recorder.ts";
import { completeRecord, parseLine } from "./filter-record.ts";

/** What records are made with and go to. */
export interface IntakeOptions {
  readonly recorder: Recorder;
  readonly node: NodeFacts;
  /** Facts of the policy that names come from. */
  readonly policy: () => PolicyFacts;
  readonly signatures: readonly SignatureInfo[];
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

/** Takes lines. */
export class RecordIntake {
  readonly counters: AgentCounters = { records: 0, invalid: 0, strange: 0 };
  readonly #options: IntakeOptions;
  readonly #signatures: ReadonlyMap<string, SignatureInfo>;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#signatures = new Map(options.signatures.map((signature) => [signature.stamp, signature]));
  }

  /** Adds a line's record to the spool, or counts that it is none. It is on the disk after the spool's next flush. */
  take(text: string): void {
    const { node, recorder } = this.#options;
    const line = parseLine(text);
    if (line === null) {
      this.refuse();
      return;
    }
    const policy = this.#options.policy();
    this.counters.records++;
    if (line.record.policy !== undefined && line.record.policy !== policy.sha256) this.counters.strange++;
    recorder.addRecord(completeRecord(line, { node, policy, signatures: this.#signatures }));
  }

  /** Something came that is no line. */
  refuse(): void {
    this.counters.invalid++;
    if (this.counters.invalid === 1) this.#options.say("a line of the log is no record; such lines are counted");
  }

  /** Waits until the disk has what was taken. @throws where it does not take it */
  async settle(): Promise<void> {
    const { spool } = this.#options.recorder;
    await spool.flush();
    if (!spool.isWell) throw new Error("the spool is not well");
  }
}
