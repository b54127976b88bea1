/**
 * The live stream: new records as server-sent events, to a bounded number of listeners, each with a bounded backlog. A
 * flood is told as numbers: so many records one by one in a second, the others counted in the second's summary.
 */

import type { z } from "zod";
import type { AttackRecord } from "../../records/record.ts";
import type { RecordStore } from "../store/store.ts";
import { Problem } from "./problem.ts";
import type { liveRecordSchema, liveSummarySchema } from "./schema.ts";

const LISTENERS_MAX = 64;
const LISTENERS_OF_ONE_MAX = 8;
const RECORDS_PER_SECOND_MAX = 50;
/** Messages that wait for one listener; two seconds of a flood. */
const BACKLOG_MAX = 128;
const SUMMARY_MS = 1000;
/** How often a listener's right to listen is looked at again. */
const RIGHT_MS = 30_000;

/** A record as it is told. */
export type LiveRecord = z.output<typeof liveRecordSchema>;
/** A second as it is told. */
export type LiveSummary = z.output<typeof liveSummarySchema>;

/** Who listens. */
export interface ListenerTerms {
  readonly name: string;
  readonly tenants: readonly string[] | null;
  /** Whether the session or token is still good. */
  readonly isAllowed: () => Promise<boolean>;
}

class Listener {
  readonly terms: ListenerTerms;
  readonly #backlog: string[] = [];
  #wake: (() => void) | null = null;
  #told = 0;
  #counts = { records: 0, blocked: 0, skipped: 0 };
  ended = false;
  checkedAt: number;

  constructor(terms: ListenerTerms, now: number) {
    this.terms = terms;
    this.checkedAt = now;
  }

  take(record: AttackRecord): void {
    const { tenants } = this.terms;
    if (tenants !== null && !tenants.includes(record.app.name ?? "")) return;
    const count = record.sampled.count_since_last;
    this.#counts.records += count;
    if (record.action === "blocked" || record.action === "partially_blocked") this.#counts.blocked += count;
    if (this.#told >= RECORDS_PER_SECOND_MAX || this.#backlog.length >= BACKLOG_MAX) {
      this.#counts.skipped += count;
      return;
    }
    this.#told++;
    this.#push("record", liveRecordOf(record));
  }

  summarize(at: number): void {
    // Whoever does not read gets one summary of all the time, once there is room.
    if (this.#backlog.length >= BACKLOG_MAX) return;
    const summary: LiveSummary = { at, ...this.#counts };
    this.#counts = { records: 0, blocked: 0, skipped: 0 };
    this.#told = 0;
    this.#push("summary", summary);
  }

  #push(event: string, value: LiveRecord | LiveSummary): void {
    this.#backlog.push(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`);
    this.#wake?.();
  }

  end(): void {
    this.ended = true;
    this.#wake?.();
  }

  /** @returns the next message, or null at the end */
  async next(): Promise<string | null> {
    while (this.#backlog.length === 0 && !this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    return this.ended ? null : (this.#backlog.shift() ?? null);
  }
}

/** Tells listeners of what a store takes. */
export class LiveHub {
  readonly #listeners = new Set<Listener>();
  readonly #stop: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #now: () => number;

  constructor(store: Pick<RecordStore, "listen">, now: () => number = Date.now) {
    this.#now = now;
    this.#stop = store.listen((batch) => {
      for (const listener of this.#listeners) for (const record of batch) listener.take(record);
    });
    this.#timer = setInterval(() => this.#tick(), SUMMARY_MS);
    this.#timer.unref();
  }

  /** Listeners now. */
  get size(): number {
    return this.#listeners.size;
  }

  /** @returns the stream; @throws Problem TOO_MANY where there is no room for one more */
  open(terms: ListenerTerms): Response {
    const own = [...this.#listeners].filter((one) => one.terms.name === terms.name).length;
    if (own >= LISTENERS_OF_ONE_MAX || this.#listeners.size >= LISTENERS_MAX) {
      throw new Problem("TOO_MANY", "too many pages watch live — close one", { retryAfterMs: 5000 });
    }
    const listener = new Listener(terms, this.#now());
    this.#listeners.add(listener);
    listener.summarize(this.#now());
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const message = await listener.next();
          if (message === null) controller.close();
          else controller.enqueue(encoder.encode(message));
        },
        cancel: () => this.#drop(listener),
      },
      { highWaterMark: 0 },
    );
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" };
    return new Response(body, { headers });
  }

  /** Ends all streams. */
  close(): void {
    clearInterval(this.#timer);
    this.#stop();
    for (const listener of [...this.#listeners]) this.#drop(listener);
  }

  #drop(listener: Listener): void {
    this.#listeners.delete(listener);
    listener.end();
  }

  #tick(): void {
    const now = this.#now();
    for (const listener of this.#listeners) {
      listener.summarize(now);
      if (now - listener.checkedAt < RIGHT_MS) continue;
      listener.checkedAt = now;
      // A store that does not answer is no reason to cut a stream.
      listener.terms.isAllowed().then(
        (allowed) => (allowed ? undefined : this.#drop(listener)),
        () => {},
      );
    }
  }
}

/** @returns a record as a line of a list */
export function liveRecordOf(record: AttackRecord): LiveRecord {
  const { request, hits } = record;
  return {
    id: record.id,
    ref: record.ref,
    at: Date.parse(record.ts),
    types: [...new Set(hits.map(({ type }) => type))],
    severity: Math.max(0, ...hits.map(({ severity }) => severity)),
    ip: record.client.ip,
    method: request.method,
    host: request.host,
    path: request.path,
    point: hits[0]?.point_s ?? "",
    status: record.response.status,
    app: record.app.name,
    mode: record.mode,
    action: record.action,
    wouldAction: record.would_action,
    incident: record.incident,
    count: record.sampled.count_since_last,
  };
}
