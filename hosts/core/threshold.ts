/**
 * Thresholds as inspections see them: how often something may happen for one client, and what stops it beyond that. The
 * core says which thresholds a request counts for; who counts, and what, is hosts/policy/threshold.
 */
import type { ClientList, Match, Mode, RequestHead } from "./verdict.ts";

/** What the core knows of a request that is counted. */
export interface Standing {
  /** Numbers of thresholds as bits: 0 to 31, and 32 to 63. */
  readonly counted: readonly [number, number];
  /** The client's address by the policy's trusted hops, the two halves of 128 bits. */
  readonly clientHigh: bigint;
  readonly clientLow: bigint;
  readonly mode: Mode;
  /** Number of its application; 0 for none. */
  readonly application: number;
  readonly list: ClientList;
}

/** Why a request is stopped by a threshold, as its client is told. */
export interface Refusal {
  /** The threshold's name. */
  readonly name: string;
  readonly status: number;
  /** Seconds after which another one has a chance, at least 1. */
  readonly retryAfter: number;
  /** What may happen in a window, and how long that is in seconds. */
  readonly quota: number;
  readonly windowSeconds: number;
}

/** What came of a request, as those thresholds need it that count answers or attacks. */
export interface Ending {
  /** What the client got, 0 for nothing. */
  readonly status: number;
  /** The answer was the host's own. */
  readonly stopped: boolean;
  readonly matches: readonly Match[];
}

/** One request under the thresholds of its policy. */
export interface ThresholdWatch {
  /** Counts the request where that is new; to be called when its head and when all of it was read. */
  take(standing: Standing): void;
  /** The request is over: counts what is counted by its answer or by what was found in it. */
  end(ending: Ending): void;
  /** What stops it; null while nothing does. */
  readonly refusal: Refusal | null;
  /** What thresholds have to say of it in its record. */
  readonly findings: readonly Match[];
}

/** The thresholds of a policy. */
export interface ThresholdGate {
  /** Whether some of them put clients on lists. */
  readonly lists: boolean;
  /** What they say of a client: a number of CLIENT_LISTS, 0 for nothing. */
  listOf(high: bigint, low: bigint): number;
  watch(head: RequestHead): ThresholdWatch;
}
