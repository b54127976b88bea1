/**
 * The way of one export: records are read from the log where the last batch ended, filtered, delivered, and only then
 * the place is moved on. So each arrives at least once, in the order in which the store took it; after a failure it
 * waits, longer each time, and loses nothing as long as the log keeps it.
 */
import type { AttackRecord } from "../../records/record.ts";
import { readEntry } from "../store/log-entry.ts";
import type { LogPosition, SegmentLog } from "../store/segment-log.ts";
import { RefusedError, reasonOf, type Sink } from "./sink.ts";

/** How far an export has come. */
export interface Progress {
  position: LogPosition;
  delivered: number;
  failed: number;
  lastError: string | null;
  /** Time of the newest record that was delivered, milliseconds since 1970; 0 before the first. */
  newest: number;
}

/** What an export runs on. */
export interface RunnerOptions {
  readonly log: Pick<SegmentLog, "read" | "end">;
  readonly sink: Sink;
  /** @returns those records that the export is about */
  readonly choose: (batch: readonly AttackRecord[]) => Promise<readonly AttackRecord[]>;
  readonly progress: Progress;
  /** Keeps how far it has come. */
  readonly keep: (progress: Progress) => Promise<void>;
}

const READ_BYTES = 256 * 1024;
const BATCH_MAX = 100;
const PAUSE_MS = 1000;
const BACK_OFF_MOST_MS = 60_000;

/** Runs until it is stopped. */
export class ExportRunner {
  readonly progress: Progress;
  readonly #options: RunnerOptions;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #wake: () => void = () => {};

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.progress = options.progress;
    this.#running = this.#run();
  }

  /** Says that there may be more. */
  wake(): void {
    if (this.progress.lastError === null) this.#wake();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.#running;
    await this.#options.sink.close();
  }

  async #run(): Promise<void> {
    let pause = PAUSE_MS;
    while (!this.#ending.signal.aborted) {
      try {
        const more = await this.#step();
        pause = PAUSE_MS;
        if (more) continue;
      } catch (error) {
        this.progress.failed++;
        this.progress.lastError = reasonOf(error).slice(0, 300);
        pause = Math.min(pause * 2, BACK_OFF_MOST_MS);
      }
      await this.#rest(pause);
    }
  }

  /** @returns whether there may be more at once */
  async #step(): Promise<boolean> {
    const { log, choose, keep } = this.#options;
    const { position } = this.progress;
    const { end } = log;
    if (position.segment === end.segment && position.offset >= end.offset) return false;
    const { entries, next } = await log.read(position, READ_BYTES);
    const records = entries.flatMap(({ bytes }): AttackRecord[] => {
      const entry = readEntry(bytes);
      // The log holds what this program has checked when it came in.
      return entry?.kind === "record" ? [JSON.parse(entry.json)] : [];
    });
    const chosen = records.length === 0 ? [] : await choose(records);
    let refused: string | null = null;
    for (let at = 0; at < chosen.length; at += BATCH_MAX) {
      const batch = chosen.slice(at, at + BATCH_MAX);
      if (this.#ending.signal.aborted) return false;
      refused = (await this.#deliver(batch)) ?? refused;
      this.progress.delivered += batch.length;
      this.progress.newest = Math.max(this.progress.newest, ...batch.map(({ ts }) => Date.parse(ts)));
    }
    this.progress.position = next;
    this.progress.lastError = refused;
    await keep(this.progress);
    return next.segment !== position.segment || next.offset !== position.offset;
  }

  /** @returns what the receiver said of records that it will never take; null where it took all */
  async #deliver(batch: readonly AttackRecord[]): Promise<string | null> {
    try {
      await this.#options.sink.deliver(batch);
      return null;
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.progress.failed++;
      return `${error.message}; they are not sent again`.slice(0, 300);
    }
  }

  async #rest(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#wake(), ms);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#ending.signal.aborted) resolve();
    });
    clearTimeout(timer);
    this.#wake = () => {};
  }
}
