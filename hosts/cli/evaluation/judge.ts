/**
 * Shows requests to the core and measures what that costs. The verdict is taken once; then the same requests run again
 * and again until there is enough time to measure, since the system counts a thread's CPU time in steps of up to 4 ms.
 */
import type { Engine } from "../../core/engine.ts";

/** What the core says of one request. */
export interface Judgement {
  /** Would be blocked in mode `block`. */
  readonly blocked: boolean;
  /** The core gave no answer. */
  readonly failed: boolean;
  /** The core's own line: verdict, stamps, points and spans. */
  readonly line: string;
  readonly stamps: readonly string[];
}

/** What requests cost. */
export interface Cost {
  readonly requests: number;
  readonly bytes: number;
  /** CPU time of the thread for all requests once. */
  readonly cpuMicros: number;
  /** For each request the shortest wall time of all rounds, in microseconds. */
  readonly wallMicros: Float64Array;
}

const PEER = "203.0.113.9";
const ROUNDS_MIN = 3;
const ROUNDS_MAX = 2000;
const MEASURED_MICROS_MIN = 200_000;

/** Shows one request to the core and reads its verdict. */
export function judge(engine: Engine, raw: Buffer): Judgement {
  const transaction = engine.begin(PEER, 0);
  try {
    transaction.raw(raw);
    transaction.end();
    const { wouldAction, failed, matches } = transaction.verdict();
    return {
      blocked: wouldAction === "block" && !failed,
      failed,
      line: transaction.line(),
      stamps: matches.map(({ stamp }) => stamp),
    };
  } finally {
    transaction.free();
  }
}

/** Measures requests that were judged before, so that code and tables are warm. */
export function measure(engine: Engine, requests: readonly Buffer[]): Cost {
  const wallMicros = new Float64Array(requests.length).fill(Number.POSITIVE_INFINITY);
  const before = process.threadCpuUsage();
  let rounds = 0;
  let micros = 0;
  while (rounds < ROUNDS_MIN || (micros < MEASURED_MICROS_MIN && rounds < ROUNDS_MAX)) {
    for (const [index, raw] of requests.entries()) {
      const begun = performance.now();
      const transaction = engine.begin(PEER, 0);
      transaction.raw(raw);
      transaction.end();
      transaction.free();
      const took = (performance.now() - begun) * 1000;
      if (took < (wallMicros[index] ?? 0)) wallMicros[index] = took;
    }
    rounds++;
    const used = process.threadCpuUsage(before);
    micros = used.user + used.system;
  }
  return {
    requests: requests.length,
    bytes: requests.reduce((sum, { length }) => sum + length, 0),
    cpuMicros: micros / rounds,
    wallMicros,
  };
}
