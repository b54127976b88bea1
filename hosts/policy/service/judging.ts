/**
 * Whether a policy that a few hosts try does harm there. What attackers send must not decide that, so:
 *
 * - blocks count only where the policy before lets the same request pass: each host asks its core both, request by
 *   request. What both would stop is no difference, however much of it comes;
 * - no one or two clients are enough, where there are more;
 * - errors and times count only of requests in which nothing was found, and only beyond what the other hosts have at
 *   the same time and the same hosts had before.
 */
import { CLASS_MICROS, TIME_CLASSES, type Traffic } from "../wire.ts";

/** Fewer requests than this say nothing of a share. */
export const REQUESTS_LEAST = 20;
/** One or two clients that would be stopped are no harm where there are more: they may be who the policy is for. */
const CLIENTS_LEAST = 3;
const ERRORS_LEAST = 5;
/** Errors beyond what there was already, as a share of requests. */
const ERRORS_SHARE = 0.01;
/** A hundredth of fewer requests than this is no number. */
const TIMES_LEAST = 200;
/** A class is twice as long as the one before it: two classes more are more than twice as long for certain. */
const CLASSES_MORE = 2;
/** Shorter times than this are nobody's trouble: about a millisecond. */
const CLASS_LEAST = 4;

/** What a candidate changes, from comparisons of both answers to each request. */
export interface Difference {
  readonly requests: number;
  /** Requests that it stops, and the other policy does not. */
  readonly added: number;
  /** Clients seen, and those of them with such a request; small numbers are exact, others at least so many. */
  readonly clients: number;
  readonly stopped: number;
}

/** What hosts have counted under one policy. */
export type Counts = Omit<Traffic, "hash">;

/** No requests. */
export const NO_TRAFFIC: Counts = {
  requests: 0,
  blocked: 0,
  clean: 0,
  errors: 0,
  times: Array.from({ length: TIME_CLASSES }, () => 0),
};

/** @returns the sum, or with `sign` -1 the difference, never below zero */
export function addCounts(a: Counts, b: Counts, sign: 1 | -1 = 1): Counts {
  const add = (one: number, other: number): number => Math.max(0, one + sign * other);
  return {
    requests: add(a.requests, b.requests),
    blocked: add(a.blocked, b.blocked),
    clean: add(a.clean, b.clean),
    errors: add(a.errors, b.errors),
    times: a.times.map((count, index) => add(count, b.times[index] ?? 0)),
  };
}

/** @returns why a policy does harm by what it stops; "" where it does not */
export function harmOf({ requests, added, clients, stopped }: Difference, shareMax: number): string {
  if (requests < REQUESTS_LEAST || added / requests <= shareMax) return "";
  if (clients > CLIENTS_LEAST && stopped < CLIENTS_LEAST) return "";
  const share = `${percent(added / requests)} of ${requests} requests`;
  return `it blocks ${share} that pass without it, more than ${percent(shareMax)}`;
}

/**
 * @param before of the same hosts, under the policy before
 * @param rest of the other hosts, since the trial began
 * @returns why a policy does harm by errors or times; "" where it does not, or there is nothing to compare with
 */
export function worseThan(canary: Counts, before: Counts, rest: Counts): string {
  return errorsBeyond(canary, [before, rest]) || timesBeyond(canary, [before, rest]);
}

function errorsBeyond(canary: Counts, others: readonly Counts[]): string {
  const known = others.filter(({ clean }) => clean >= REQUESTS_LEAST).map(({ errors, clean }) => errors / clean);
  if (known.length === 0 || canary.clean < REQUESTS_LEAST || canary.errors < ERRORS_LEAST) return "";
  const worst = Math.max(...known);
  const share = canary.errors / canary.clean;
  if (share <= worst + Math.max(ERRORS_SHARE, worst)) return "";
  return `${percent(share)} of requests without a finding end with 5xx, and ${percent(worst)} without it`;
}

function timesBeyond(canary: Counts, others: readonly Counts[]): string {
  const known = others.filter(({ clean }) => clean >= TIMES_LEAST).map(slowClass);
  if (known.length === 0 || canary.clean < TIMES_LEAST) return "";
  const worst = Math.max(...known);
  const slow = slowClass(canary);
  if (slow < CLASS_LEAST || slow < worst + CLASSES_MORE) return "";
  return `Merlon's part of a request takes ${timeText(slow)} at the 99th percentile, and ${timeText(worst)} without it`;
}

/** @returns the class in which the 99th percentile is */
function slowClass({ times }: Counts): number {
  const beyond = times.reduce((sum, count) => sum + count, 0) / 100;
  let seen = 0;
  for (let index = times.length - 1; index > 0; index--) {
    seen += times[index] ?? 0;
    if (seen > beyond) return index;
  }
  return 0;
}

function timeText(index: number): string {
  return `up to ${((CLASS_MICROS * 2 ** index) / 1000).toFixed(index < 4 ? 2 : 0)} ms`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
