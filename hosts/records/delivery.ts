/**
 * From the spool to whoever takes the records: batch after batch, each until it is acknowledged. What nobody takes is
 * found by halving, set aside with its reason, and holds up nothing else.
 */
import type { RecordSink, SinkAnswer } from "./sink.ts";
import type { Spool } from "./spool/spool.ts";

/** How a delivery goes about it. */
export interface DeliveryOptions {
  readonly recordsMax: number;
  readonly bytesMax: number;
  /** Pause before the first new try; twice as long each time up to `pauseMsMax`, each time with jitter. */
  readonly pauseMs: number;
  readonly pauseMsMax: number;
  /** Pause where the sender was denied. */
  readonly deniedMs: number;
  /** From 0 to below 1, for jitter. */
  readonly random: () => number;
}

/** What is done where nobody says otherwise. */
export const DELIVERY: DeliveryOptions = {
  recordsMax: 1000,
  // The wire's 4 MiB, line ends included.
  bytesMax: 4 * 1024 * 1024 - 1000,
  pauseMs: 500,
  pauseMsMax: 30_000,
  deniedMs: 30_000,
  random: Math.random,
};

/** Something that an operator should know; told once, until it is over. */
export interface DeliveryNotice {
  readonly event: "records_denied" | "records_delayed" | "records_rejected" | "records_delivered";
  readonly detail: string;
}

/** What a delivery counts, in records. */
export interface DeliveryCounters {
  /** Records that were acknowledged as new. */
  stored: number;
  /** Records that were acknowledged, and had been there already. */
  duplicates: number;
  /** Records that were set aside, since nobody takes them. */
  rejected: number;
  /** Attempts that failed. */
  failures: number;
}

/** Ends a wait when the delivery ends. */
class Stopped extends Error {
  override readonly name = "Stopped";
}

/** Takes records out of a spool as long as it runs. */
export class Delivery {
  readonly counters: DeliveryCounters = { stored: 0, duplicates: 0, rejected: 0, failures: 0 };
  readonly #spool: Spool;
  readonly #sink: RecordSink;
  readonly #setAside: (record: Buffer, reason: string) => Promise<void>;
  readonly #notify: (notice: DeliveryNotice) => void;
  readonly #options: DeliveryOptions;
  readonly #running: Promise<void>;
  #isStopped = false;
  /** Whether it ends as soon as the spool is empty. */
  #isLast = false;
  #wake: () => void = () => {};
  #failures = 0;
  #told: DeliveryNotice["event"] | null = null;
  #hasRejected = false;
  /** Records of one batch: fewer after the store found one too large, and slowly more again. */
  #recordsMost: number;

  /**
   * @param setAside keeps a record that nobody takes; must not reject
   * @param notify must not throw
   */
  constructor(
    spool: Spool,
    sink: RecordSink,
    setAside: (record: Buffer, reason: string) => Promise<void>,
    notify: (notice: DeliveryNotice) => void = () => {},
    options: Partial<DeliveryOptions> = {},
  ) {
    this.#spool = spool;
    this.#sink = sink;
    this.#setAside = setAside;
    this.#notify = notify;
    this.#options = { ...DELIVERY, ...options };
    this.#recordsMost = this.#options.recordsMax;
    this.#running = this.#run();
  }

  /** Delivers what is left, in the time that it is given, and ends. What is not delivered stays in the spool. */
  async close(graceMs: number): Promise<void> {
    this.#isLast = true;
    this.#wake();
    const timer = setTimeout(() => void this.#stop(), graceMs);
    await this.#running;
    clearTimeout(timer);
    await this.#stop();
  }

  async #stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#sink.close();
  }

  async #run(): Promise<void> {
    const unlisten = this.#spool.listen(() => this.#wake());
    try {
      while (!this.#isStopped) {
        if (await this.#deliverSome()) continue;
        if (this.#isLast) return;
        await this.#idle();
      }
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      unlisten();
    }
  }

  /** @returns whether there was something to deliver */
  async #deliverSome(): Promise<boolean> {
    try {
      const batch = await this.#spool.read(this.#recordsMost, this.#options.bytesMax);
      if (batch === null) return false;
      await this.#deliver(batch.records);
      await this.#spool.acknowledge(batch);
      return true;
    } catch (error) {
      if (error instanceof Stopped) throw error;
      await this.#failed("records_delayed", "the spool cannot be read", 0);
      return true;
    }
  }

  /** Resolves when each of the records is taken or set aside; rejects when the delivery is stopped. */
  async #deliver(records: readonly Buffer[]): Promise<void> {
    for (;;) {
      if (this.#isStopped) throw new Stopped("stopped");
      const answer = await this.#sink.send(records, this.#spool.droppedEver);
      if (answer.kind === "stored") {
        this.#delivered(answer);
        return;
      }
      if (answer.kind === "too_large" || answer.kind === "refused") {
        if (answer.kind === "too_large") this.#recordsMost = Math.max(1, records.length >> 1);
        await this.#divide(records, answer.kind === "refused" ? answer.reason : "it is too large for the store");
        return;
      }
      this.counters.failures++;
      const event = answer.kind === "denied" ? "records_denied" : "records_delayed";
      await this.#failed(event, answer.reason, answer.kind === "denied" ? this.#options.deniedMs : answer.afterMs);
    }
  }

  #delivered({ stored, duplicates }: Extract<SinkAnswer, { kind: "stored" }>): void {
    this.counters.stored += stored;
    this.counters.duplicates += duplicates;
    this.#failures = 0;
    this.#recordsMost = Math.min(this.#options.recordsMax, Math.ceil(this.#recordsMost * 1.1));
    if (this.#told === null) return;
    this.#told = null;
    this.#notify({ event: "records_delivered", detail: "the store takes records again" });
  }

  async #divide(records: readonly Buffer[], reason: string): Promise<void> {
    const [only] = records;
    if (records.length > 1) {
      const half = records.length >> 1;
      await this.#deliver(records.slice(0, half));
      await this.#deliver(records.slice(half));
    } else if (only !== undefined) {
      this.counters.rejected++;
      await this.#setAside(only, reason);
      if (!this.#hasRejected) {
        const detail = `${reason}; such records are set aside in rejected.jsonl and the others go on`;
        this.#notify({ event: "records_rejected", detail });
      }
      this.#hasRejected = true;
    }
  }

  /** Tells of the first failure of its kind, and waits. */
  async #failed(event: DeliveryNotice["event"], reason: string, leastMs: number): Promise<void> {
    if (this.#told !== event) {
      this.#told = event;
      this.#notify({ event, detail: `${reason}; records stay on disk meanwhile` });
    }
    const { pauseMs, pauseMsMax, random } = this.#options;
    const pause = Math.min(pauseMs * 2 ** Math.min(this.#failures, 20), pauseMsMax);
    this.#failures++;
    await this.#pause(Math.max(leastMs, pause * (0.5 + random() / 2)));
  }

  /** Waits so long, or until the delivery is stopped. */
  async #pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (!this.#isStopped && performance.now() < until) {
      await this.#wakeOr(until - performance.now());
    }
  }

  /** Waits for records. */
  async #idle(): Promise<void> {
    if (!this.#spool.hasRecords && !this.#isStopped && !this.#isLast) await this.#wakeOr(null);
  }

  async #wakeOr(ms: number | null): Promise<void> {
    const timer = ms === null ? null : setTimeout(() => this.#wake(), Math.ceil(ms));
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (timer !== null) clearTimeout(timer);
  }
}
