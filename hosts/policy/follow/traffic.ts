/**
 * What a host counts under each policy, so that a policy service can tell whether a new one does harm: requests,
 * blocks, and of requests in which nothing was found, errors and times. Only sums leave the host.
 */
import type { VerdictEvent } from "../../core/inspection.ts";
import { CLASS_MICROS, TIME_CLASSES, TRAFFIC_KEPT_MAX, type Traffic } from "../wire.ts";

/** Counts of the last policies, newest first. */
export class TrafficCounts {
  #counts: Traffic[] = [];

  /** A policy is in force from now on; one that was there before goes on with its counts. */
  begin(hash: string): void {
    const times = Array.from({ length: TIME_CLASSES }, () => 0);
    const own = this.#counts.find((one) => one.hash === hash) ?? {
      ...{ hash, requests: 0, blocked: 0, clean: 0, errors: 0 },
      times,
    };
    this.#counts = [own, ...this.#counts.filter((one) => one !== own)].slice(0, TRAFFIC_KEPT_MAX);
  }

  /** A request is over; it counts for the policy that it began with. */
  add({ policy, verdict, status, watched, addedMicros }: VerdictEvent): void {
    const own = this.#counts.find(({ hash }) => policy === undefined || hash === policy);
    if (own === undefined) return;
    own.requests++;
    if (verdict.action === "block" && !watched) own.blocked++;
    if (verdict.action === "block" || verdict.matches.length > 0) return;
    own.clean++;
    if (status >= 500) own.errors++;
    const index = timeClass(addedMicros);
    own.times[index] = (own.times[index] ?? 0) + 1;
  }

  /** A copy of what was counted. */
  get counts(): Traffic[] {
    return this.#counts.map((one) => ({ ...one, times: [...one.times] }));
  }
}

/** @returns the class of a time; one that is longer than all classes is in the last */
export function timeClass(micros: number): number {
  return Math.min(TIME_CLASSES - 1, Math.max(0, Math.ceil(Math.log2(Math.max(1, micros) / CLASS_MICROS))));
}
