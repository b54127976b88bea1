/**
 * What the sidecar counts: a plain object that only grows, except for the gauges named `active…` and `heldBytes`.
 *
 * One rule holds at every moment and is tested: `inspected + skipped = requests`. A request is counted when its
 * inspection is over, so `activeRequests` are in none of the three.
 */
import { type InspectionCounters, inspectionCounters } from "../../core/inspection.ts";

/** Why a request was answered by the proxy itself before anything was inspected or sent. */
export type RefusalReason =
  | "parse"
  | "framing"
  | "target"
  | "host"
  | "method"
  | "version"
  | "expectation"
  | "head_size"
  | "overload";

/** Everything that is counted. Numbers are exact up to 2^53. */
export interface Counters extends InspectionCounters {
  /** Requests answered with the block page. */
  blocked: number;
  /** Requests or responses cut by a verdict after some of their bytes had gone on. */
  partiallyBlocked: number;
  /** Requests that the proxy refused, by reason; part of `skipped`. */
  refused: Record<RefusalReason, number>;
  /** Bodies that broke the rules of their framing after a good head. */
  malformedBodies: number;
  /** Connections or requests cut because the client sent or read too slowly. */
  slowClients: number;
  /** Requests that the client gave up before it had the whole response. */
  clientAborts: number;
  /** Requests for which the upstream gave no usable response, by cause. */
  upstreamErrors: { connect: number; timeout: number; reset: number };
  /** Idempotent requests that were sent once more because a kept-alive upstream connection had just closed. */
  upstreamRetries: number;
  /** Body bytes taken from clients. */
  bytesIn: number;
  /** Body bytes given to clients, own answers not counted. */
  bytesOut: number;
  /** Client connections accepted. */
  connections: number;
  /** Client connections closed at once: the limit was reached, or they spoke a protocol that is not offered. */
  connectionsRefused: number;
  /** WebSocket connections passed through. */
  upgrades: number;
  /** Client connections open now. */
  activeConnections: number;
  /** Requests in progress now. */
  activeRequests: number;
  /** Request bytes withheld from the upstream now. */
  heldBytes: number;
}

/** All counters at zero. */
export function createCounters(): Counters {
  return {
    ...inspectionCounters(),
    blocked: 0,
    partiallyBlocked: 0,
    refused: {
      parse: 0,
      framing: 0,
      target: 0,
      host: 0,
      method: 0,
      version: 0,
      expectation: 0,
      head_size: 0,
      overload: 0,
    },
    malformedBodies: 0,
    slowClients: 0,
    clientAborts: 0,
    upstreamErrors: { connect: 0, timeout: 0, reset: 0 },
    upstreamRetries: 0,
    bytesIn: 0,
    bytesOut: 0,
    connections: 0,
    connectionsRefused: 0,
    upgrades: 0,
    activeConnections: 0,
    activeRequests: 0,
    heldBytes: 0,
  };
}

/** Counts a request that was refused before inspection. */
export function countRefused(counters: Counters, reason: RefusalReason): void {
  counters.requests++;
  counters.skipped++;
  counters.refused[reason]++;
}
