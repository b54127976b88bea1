/** How the core is loaded in Node, what it counts, and what it says of its signatures. */

/** What the core says about a signature. */
export interface SignatureInfo {
  readonly stamp: string;
  readonly type: string;
  readonly cwe: readonly string[];
  /** Numbers of the known holes that it is about. */
  readonly cve?: readonly string[];
  readonly severity: number;
  readonly reason: string;
}

/** What happens to a transaction that the core could not answer for. */
interface Failure {
  readonly trap?: "open" | "closed";
  readonly overlimit?: "open" | "closed";
}

/** How the core is loaded, and what happens where it cannot answer. */
export interface EngineOptions {
  /** The module's bytes; `build/merlon.wasm` where absent. */
  readonly wasm?: Uint8Array;
  /** Expected SHA-256 in hex; the file beside the module where absent and `wasm` is not given. */
  readonly sha256?: string;
  /** A function is asked at the moment of the failure: policies change. */
  readonly failure?: Failure | (() => Failure);
  /** Called once for each discarded instance. */
  readonly onTrap?: (error: unknown) => void;
}

/** Counters of an engine since its start. */
export interface EngineCounters {
  traps: number;
  refused: number;
}

/**
 * Says what a host's lists have of a client: 0 nothing, 1 allow, 2 deny, 3 gray. The address is four words, highest
 * first, IPv4 mapped into IPv6; they are another client's after the call.
 */
export type SourceLookup = (client: Uint32Array, nowSeconds: number) => number;
