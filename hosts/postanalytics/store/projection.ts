/**
 * Follows the log into the database. The log is ahead and need not wait: where the database is away, this one tries
 * again until it is back, and after a crash it goes on from the place that the database remembers.
 */
import { MerlonError } from "../../core/error.ts";
import type { AttackRecord } from "../../records/record.ts";
import type { Insertion } from "./insertion.ts";
import { idOfEntry, readEntry } from "./log-entry.ts";
import { isBefore, type LogPosition, type SegmentLog } from "./segment-log.ts";

/** Bytes of the log that go into one transaction. */
const STEP_BYTES = 1024 * 1024;
const PAUSE_LEAST_MS = 50;
const PAUSE_MOST_MS = 5_000;
/** Failures in a row, with the database alive, after which the records of a step are tried one at a time. */
const FAILURES_TILL_SINGLE = 3;

/** What a step tells. */
export interface ProjectionEvents {
  /** Records that are in the database now and were not before. */
  stored(batch: readonly AttackRecord[]): void;
  /** A record that the database does not take; it stays in the log. */
  refused(id: string, error: unknown): void;
}

/** The work of one log. */
export class Projection {
  readonly #log: SegmentLog;
  readonly #insertion: Insertion;
  readonly #prepare: () => Promise<void>;
  readonly #events: ProjectionEvents;
  readonly #waiters = new Set<() => void>();
  #position: LogPosition | null = null;
  #running: Promise<void> | undefined;
  #awake: (() => void) | undefined;
  #stopped = false;
  #failures = 0;
  /** Records that the database did not take, since the start. */
  refused = 0;
  /** Entries of the log that could not be read, since the start. */
  damaged = 0;

  /** @param prepare brings the database to its shape; it is called before the first step, until it works */
  constructor(log: SegmentLog, insertion: Insertion, prepare: () => Promise<void>, events: ProjectionEvents) {
    this.#prepare = prepare;
    this.#log = log;
    this.#insertion = insertion;
    this.#events = events;
  }

  /** Whether the last step worked. */
  get healthy(): boolean {
    return this.#failures === 0 && this.#position !== null;
  }

  /** Up to where the log is in the database; null until that is known. */
  get position(): LogPosition | null {
    return this.#position;
  }

  /** Begins to follow. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Tells that the log has grown. */
  wake(): void {
    this.#awake?.();
  }

  /** Resolves when everything that is in the log now is in the database, when it is stopped, or after that time. */
  async settled(withinMs: number | null = null): Promise<void> {
    const end = this.#log.end;
    let late = false;
    const giveUp = (): void => {
      late = true;
      this.#tellWaiters();
    };
    const timer = withinMs === null ? undefined : setTimeout(giveUp, withinMs);
    while (!this.#stopped && !late && (this.#position === null || isBefore(this.#position, end))) {
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
    clearTimeout(timer);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    this.#tellWaiters();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        this.#position ??= await this.#begin();
        const moved = await this.#step(this.#position);
        this.#failures = 0;
        this.#tellWaiters();
        if (!moved) await this.#pause(null);
      } catch {
        this.#failures++;
        await this.#pause(Math.min(PAUSE_LEAST_MS * 2 ** Math.min(this.#failures, 10), PAUSE_MOST_MS));
      }
    }
  }

  async #begin(): Promise<LogPosition> {
    await this.#prepare();
    const known = await this.#insertion.position();
    // A log that was put back from an older copy ends before the place that the database remembers.
    if (known === null || isBefore(known, this.#log.begin)) return this.#log.begin;
    return isBefore(this.#log.end, known) ? this.#log.end : known;
  }

  /** @returns whether there was anything to do */
  async #step(from: LogPosition): Promise<boolean> {
    if (!isBefore(from, this.#log.end)) return false;
    const { entries, next, damaged } = await this.#log.read(from, STEP_BYTES);
    const read = entries.flatMap(({ bytes }) => readEntry(bytes) ?? []);
    const single = this.#failures >= FAILURES_TILL_SINGLE;
    if (!single) {
      this.#events.stored(await this.#insertion.write(read, next));
    } else {
      for (const { bytes } of entries) await this.#writeSingle(bytes, from);
      await this.#insertion.write([], next);
    }
    this.damaged += damaged;
    this.#position = next;
    return true;
  }

  /** One entry alone, so that one that the database refuses holds nobody up; where it is away, all of them wait. */
  async #writeSingle(bytes: Buffer, from: LogPosition): Promise<void> {
    const entry = readEntry(bytes);
    if (entry === null) return;
    try {
      this.#events.stored(await this.#insertion.write([entry], from));
    } catch (error) {
      await this.#insertion.position();
      if (error instanceof MerlonError && isAbsence(error)) throw error;
      this.refused++;
      this.#events.refused(idOfEntry(bytes), error);
    }
  }

  async #pause(milliseconds: number | null): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = milliseconds === null ? undefined : setTimeout(resolve, milliseconds);
      // While the database is away, records that arrive are no reason to try sooner.
      this.#awake = () => {
        if (milliseconds !== null && !this.#stopped) return;
        clearTimeout(timer);
        resolve();
      };
      if (milliseconds === null && this.#position !== null && isBefore(this.#position, this.#log.end)) resolve();
    });
    this.#awake = undefined;
  }

  #tellWaiters(): void {
    for (const tell of this.#waiters) tell();
    this.#waiters.clear();
  }
}

/** A server that goes away, is full or ends a transaction says nothing of the record: SQLSTATE 08, 40, 53, 57, 58. */
function isAbsence({ cause }: MerlonError): boolean {
  const { code } = (cause ?? {}) as { code?: unknown };
  // SQLite tells numbers: 19 is a constraint, 20 a mismatch, 25 a range; the others are the file's or the disk's.
  if (typeof code === "number") return ![18, 19, 20, 25].includes(code & 0xff);
  return typeof code !== "string" || !/^(?:22|23|54)/.test(code);
}
