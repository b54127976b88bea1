/**
 * gRPC's own health service: `Check` answers once, `Watch` again at each change. Kubernetes probes and Envoy's
 * `grpc_health_check` speak it.
 * @see https://github.com/grpc/grpc/blob/master/doc/health-checking.md
 */

/** Paths of the service's calls. */
export const HEALTH_CHECK = "/grpc.health.v1.Health/Check";
export const HEALTH_WATCH = "/grpc.health.v1.Health/Watch";

const SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);
const NOT_SERVING = Buffer.from([0, 0, 0, 0, 2, 0x08, 2]);
/** A check that watches costs a stream; nobody needs many. */
const WATCHERS_MAX = 64;

/** Whether this process takes requests, and who wants to know. */
export class Health {
  #serving = true;
  readonly #watchers = new Set<(message: Buffer) => void>();

  /** The answer at this moment, framed for gRPC. */
  get message(): Buffer {
    return this.#serving ? SERVING : NOT_SERVING;
  }

  /** From now on this process says that it takes no more requests. */
  drain(): void {
    this.#serving = false;
    for (const tell of this.#watchers) tell(NOT_SERVING);
    this.#watchers.clear();
  }

  /**
   * Tells of the state now and of each change.
   * @returns ends that, or null where too many are told already
   */
  watch(tell: (message: Buffer) => void): (() => void) | null {
    if (this.#watchers.size === WATCHERS_MAX) return null;
    this.#watchers.add(tell);
    tell(this.message);
    return () => this.#watchers.delete(tell);
  }
}
