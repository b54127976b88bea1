/**
 * What the live page shows: the last verdicts, counts and times. Bounded in every direction: a ring of events, a window
 * of times, a small number of listeners, each with a bounded backlog.
 */

import type { VerdictEvent } from "../core/inspection.ts";
import type { Verdict } from "../core/verdict.ts";

const EVENTS_MAX = 200;
const TIMES_MAX = 2048;
const LISTENERS_MAX = 16;
const SECONDS_SHOWN = 60;

/** A verdict as the page gets it; excerpts are base64, since they are bytes. */
export interface FeedEvent {
  readonly id: string;
  readonly ref: string;
  readonly at: number;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly status: number;
  readonly addedMicros: number;
  readonly mode: string;
  readonly action: string;
  readonly wouldAction: string;
  readonly clientIp: string;
  readonly failed: boolean;
  readonly limits: readonly string[];
  readonly anomalies: readonly string[];
  /** The response to an attack leaked something. */
  readonly incident: boolean;
  readonly matches: readonly FeedMatch[];
}

/** One match of a verdict, its layers from the raw bytes on. */
export interface FeedMatch {
  readonly type: string;
  readonly stamp: string;
  readonly cwe: readonly string[];
  readonly severity: number;
  readonly point: string;
  readonly reason: string;
  readonly layers: readonly FeedLayer[];
}

/** One layer of a match; `excerpt` is base64 of the bytes from `excerptAt` on. */
export interface FeedLayer {
  readonly as: string;
  readonly span: readonly [number, number];
  readonly excerptAt: number;
  readonly excerpt: string;
}

/** Counts and times since the start. */
export interface FeedSummary {
  readonly requests: number;
  readonly attacks: number;
  readonly blocked: number;
  /** Time that the proxy added, in microseconds, of the last requests. */
  readonly addedP50: number;
  readonly addedP99: number;
  /** Requests in each of the last seconds, oldest first. */
  readonly perSecond: readonly number[];
}

/** Told of each verdict at once; it must be quick and must not throw. */
export type FeedListener = (event: FeedEvent) => void;

function matchesOf(verdict: Verdict): FeedMatch[] {
  return verdict.matches.map((match) => ({
    ...match,
    layers: match.layers.map((layer) => ({ ...layer, excerpt: Buffer.from(layer.excerpt).toString("base64") })),
  }));
}

/** The last EVENTS_MAX verdicts, and counts of all. */
export class Feed {
  readonly #events: FeedEvent[] = [];
  readonly #times: number[] = [];
  readonly #listeners = new Set<FeedListener>();
  readonly #seconds = new Map<number, number>();
  #nextTime = 0;
  #requests = 0;
  #attacks = 0;
  #blocked = 0;

  /** Takes a verdict; called for every request. */
  add(event: VerdictEvent): FeedEvent {
    const { verdict } = event;
    const shown: FeedEvent = {
      id: event.id,
      ref: event.ref,
      at: event.startedAt,
      method: event.method.slice(0, 32),
      host: event.host.slice(0, 128),
      path: event.path,
      status: event.status,
      addedMicros: Math.round(event.addedMicros),
      mode: verdict.mode,
      action: verdict.action,
      wouldAction: verdict.wouldAction,
      clientIp: verdict.clientIp,
      failed: verdict.failed,
      limits: verdict.limits,
      anomalies: verdict.anomalies,
      incident: verdict.incident,
      matches: matchesOf(verdict),
    };
    this.#count(shown);
    this.#events.unshift(shown);
    this.#events.length = Math.min(this.#events.length, EVENTS_MAX);
    for (const listener of this.#listeners) listener(shown);
    return shown;
  }

  #count(event: FeedEvent): void {
    this.#requests++;
    if (event.wouldAction === "block") this.#attacks++;
    if (event.action === "block") this.#blocked++;
    this.#times[this.#nextTime] = event.addedMicros;
    this.#nextTime = (this.#nextTime + 1) % TIMES_MAX;
    const second = Math.floor(Date.now() / 1000);
    this.#seconds.set(second, (this.#seconds.get(second) ?? 0) + 1);
    for (const old of this.#seconds.keys()) if (old <= second - SECONDS_SHOWN) this.#seconds.delete(old);
  }

  /** The last verdicts, newest first. */
  get events(): readonly FeedEvent[] {
    return this.#events;
  }

  /** Counts since the start; times of the last TIMES_MAX requests. */
  summary(): FeedSummary {
    const times = [...this.#times].sort((a, b) => a - b);
    const now = Math.floor(Date.now() / 1000);
    return {
      requests: this.#requests,
      attacks: this.#attacks,
      blocked: this.#blocked,
      addedP50: times[Math.floor(times.length * 0.5)] ?? 0,
      addedP99: times[Math.floor(times.length * 0.99)] ?? 0,
      perSecond: Array.from({ length: SECONDS_SHOWN }, (_, i) => this.#seconds.get(now - SECONDS_SHOWN + 1 + i) ?? 0),
    };
  }

  /** Tells a listener of each verdict from now on. @returns what ends it, or null where LISTENERS_MAX listen already */
  listen(listener: FeedListener): (() => void) | null {
    if (this.#listeners.size >= LISTENERS_MAX) return null;
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
