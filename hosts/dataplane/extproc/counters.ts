/**
 * What the ext_proc server counts: a plain object that only grows, except for the gauges named `active…` and
 * `heldBytes`. `inspected + skipped = requests` holds at every moment.
 */
import { type InspectionCounters, inspectionCounters } from "../../core/inspection.ts";

/** Everything that is counted. Numbers are exact up to 2^53. */
export interface Counters extends InspectionCounters {
  /** Requests answered with the block page before the application had any of them. */
  blocked: number;
  /** Requests or responses stopped by a verdict after some of their bytes had gone on. */
  partiallyBlocked: number;
  /** Requests that Envoy only showed (`observability_mode`). */
  watched: number;
  /** Requests whose body was asked for, since their route does not send it by itself. */
  overrides: number;
  /** Streams ended because their messages were none, or came in an order that has no meaning. */
  malformed: number;
  /** Streams ended because nothing came on them for too long, or the caller's own deadline had passed. */
  deadlines: number;
  /** Streams that Envoy gave up: it does so with most of them once it has its answer. */
  resets: number;
  /** Calls of anything but processing and health. */
  unknownCalls: number;
  /** Body bytes of requests that were taken. */
  bytesIn: number;
  connections: number;
  activeConnections: number;
  activeStreams: number;
  /** Bytes withheld from applications, or waiting for the rest of their message, now. */
  heldBytes: number;
}

/** All counters at zero. */
export function createCounters(): Counters {
  return {
    ...inspectionCounters(),
    blocked: 0,
    partiallyBlocked: 0,
    watched: 0,
    overrides: 0,
    malformed: 0,
    deadlines: 0,
    resets: 0,
    unknownCalls: 0,
    bytesIn: 0,
    connections: 0,
    activeConnections: 0,
    activeStreams: 0,
    heldBytes: 0,
  };
}
