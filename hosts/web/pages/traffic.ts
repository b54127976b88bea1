/** What the nodes report, added up. */
import type { Answer } from "../../postanalytics/api/routes.ts";

/** Nodes as the API tells them. */
export type Nodes = Answer<"nodes">["items"];

/** The traffic of all nodes that report it, since each of them began. */
export interface Traffic {
  /** Nodes that report. */
  readonly reporting: number;
  readonly requests: number;
  readonly inspected: number;
  readonly blocked: number;
  /** Requests that were not looked at by reason, the most frequent first. */
  readonly skipped: readonly (readonly [reason: string, count: number])[];
  readonly skippedCount: number;
  /** What inspection adds to a request, microseconds: the largest median and the largest 99th of the nodes. */
  readonly p50: number;
  readonly p99: number;
}

/** @returns sums; of medians there is no sum, so the slowest node's count */
export function trafficOf(nodes: Nodes): Traffic {
  const told = nodes.flatMap(({ traffic }) => (traffic === null ? [] : [traffic]));
  const skipped = new Map<string, number>();
  for (const { skipped: reasons } of told) {
    for (const [reason, count] of Object.entries(reasons)) {
      if (count > 0) skipped.set(reason, (skipped.get(reason) ?? 0) + count);
    }
  }
  const sum = (field: "requests" | "inspected" | "blocked"): number => {
    return told.reduce((total, traffic) => total + traffic[field], 0);
  };
  return {
    reporting: told.length,
    requests: sum("requests"),
    inspected: sum("inspected"),
    blocked: sum("blocked"),
    skipped: [...skipped].sort(([, a], [, b]) => b - a),
    skippedCount: [...skipped.values()].reduce((total, count) => total + count, 0),
    p50: Math.max(0, ...told.map(({ addedMicrosP50 }) => addedMicrosP50)),
    p99: Math.max(0, ...told.map(({ addedMicrosP99 }) => addedMicrosP99)),
  };
}
