/**
 * The ext_proc server: Envoy asks it about every request and does what it says.
 *
 * This file only wires. A connection and its streams are `transport`; a stream, which is one request, is
 * `process-flow`, which reads and writes `messages`.
 */
import { HoldBudget } from "../../core/body-hold.ts";
import { closer } from "../../core/closing.ts";
import { DeadlineSweep } from "../../core/deadline.ts";
import { fixedPolicy } from "../../core/host-policy.ts";
import type { InspectionContext } from "../../core/inspection.ts";
import { readTlsMaterial, watchTlsMaterial } from "../../core/tls-material.ts";
import { createUlidSource } from "../../core/ulid.ts";
import { MODES, type Mode } from "../../core/verdict.ts";
import { type Counters, createCounters } from "./counters.ts";
import { Health } from "./health.ts";
import { type ExtProcConfiguration, type ExtProcNotice, type ExtProcOptions, parseConfiguration } from "./options.ts";
import { Transport } from "./transport.ts";

export type { Counters } from "./counters.ts";
export type { ExtProcNotice, ExtProcOptions } from "./options.ts";

/** A running server. */
export interface ExtProc {
  /** The address that is listened on, as the system reports it. */
  readonly address: string;
  readonly port: number;
  /** Live: the same object all the time. */
  readonly counters: Readonly<Counters>;
  /**
   * Takes no more connections, says so to health checks, lets requests in progress finish, then cuts what is left.
   * @param graceMs how long they may take, 0 for none
   */
  close(graceMs: number): Promise<void>;
}

/**
 * Starts a server.
 * @throws MerlonError MERLON_USAGE, MERLON_TLS, MERLON_LISTEN
 */
export async function startExtProc(options: ExtProcOptions): Promise<ExtProc> {
  const configuration = parseConfiguration(options);
  const { tls, timeouts } = configuration;
  const notify = options.onNotice ?? ignore;
  const material = tls ? readTlsMaterial(tls.certFile, tls.keyFile, tls.clientCaFile) : null;
  const counters = createCounters();
  const sweep = new DeadlineSweep(timeouts.streamIdleMs);
  const context = {
    configuration,
    counters,
    budget: new HoldBudget(counters, configuration.heldBytesMax),
    sweep,
    inspectionFor: inspections(options, configuration, counters, notify),
  };
  const health = new Health();
  const transport = new Transport(context, health, material);
  const stopWatching = tls ? watchTlsMaterial(tls, (next) => transport.useTls(next), notify) : ignore;
  const stop = (): void => {
    stopWatching();
    sweep.stop();
  };
  const bound = await transport.listen().catch((error: unknown) => {
    stop();
    throw error;
  });
  const refuse = (): void => {
    health.drain();
    transport.drain();
  };
  const close = closer({ refuse, empty: () => transport.empty(), cut: () => transport.destroy(), release: stop });
  return { ...bound, counters, close };
}

/** What inspections share, for each mode that a route may ask for; an unknown one is told once and counts as none. */
function inspections(
  options: ExtProcOptions,
  configuration: ExtProcConfiguration,
  counters: Counters,
  notify: (notice: ExtProcNotice) => void,
): (routeMode: string) => InspectionContext {
  const nextId = createUlidSource();
  const onVerdict = options.onVerdict ?? null;
  const fixed = fixedPolicy(configuration);
  const policy = options.policy ?? (() => fixed);
  const known = new Map<string, InspectionContext>();
  let told = false;
  const contextOf = (mode: Mode | null): InspectionContext => {
    const { sample } = options;
    const inspector = options.inspectorFor(mode);
    return { inspector, configuration, policy, counters, nextId, onVerdict, sample, mayMissAnswers: true };
  };
  const own = contextOf(null);
  return (routeMode) => {
    if (routeMode === "") return own;
    const mode = MODES.find((name) => name === routeMode);
    if (mode === undefined) {
      const detail = `a route asks for a mode that there is not; write one of ${MODES.join(", ")}`;
      if (!told) notify({ event: "unknown_route_mode", detail });
      told = true;
      return own;
    }
    const context = known.get(mode) ?? contextOf(mode);
    known.set(mode, context);
    return context;
  };
}

function ignore(): void {}
