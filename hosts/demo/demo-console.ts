/** The console beside the demo: what its proxy records, in a folder that ends with the demo. */
import { EmbeddedConsole } from "../cli/protection/embedded-console.ts";
import { NodeKeeping } from "../cli/protection/keeping.ts";
import type { PolicyKeeper } from "../cli/protection/policy-keeper.ts";
import type { Engine } from "../core/engine.ts";
import type { TrafficSample, VerdictEvent } from "../core/inspection.ts";
import type { RequestHead } from "../core/verdict.ts";
import type { Counters } from "../dataplane/sidecar/sidecar.ts";

const RECORDS_BYTES_MAX = 64 * 1024 * 1024;
const POLICY_NAME = "built-in";

/** A console in the demo's process. */
export class DemoConsole {
  readonly #console: EmbeddedConsole;
  readonly #keeping: NodeKeeping;

  private constructor(console: EmbeddedConsole, keeping: NodeKeeping) {
    this.#console = console;
    this.#keeping = keeping;
  }

  /**
   * @param port on loopback
   * @throws MerlonError MERLON_STORE, MERLON_RECORDS
   */
  static async open(
    engine: Engine,
    keeper: PolicyKeeper,
    port: number,
    say: (line: string) => void,
  ): Promise<DemoConsole> {
    const source = { path: undefined, mode: undefined };
    const kept = {
      folder: undefined,
      bytesMax: RECORDS_BYTES_MAX,
      nodeId: "demo",
      sink: undefined,
      metrics: undefined,
    };
    const host = { engine, keeper, source, say };
    const console = await EmbeddedConsole.open({ host: "127.0.0.1", port }, kept, host);
    const stores = { store: console.sink, inventory: console.inventory };
    const node = { kind: "sidecar", engine, keeper, policyRef: POLICY_NAME, say, ...stores } as const;
    const keeping = await NodeKeeping.open(console.keeping, node).catch(async (error: unknown) => {
      await console.close();
      throw error;
    });
    return new DemoConsole(console, keeping);
  }

  /** Takes what the proxy tells of a request. */
  add(event: VerdictEvent): void {
    this.#keeping.add(event);
    this.#console.add(event);
  }

  /** Decides whether the inventory takes a request. */
  sample(head: RequestHead): TrafficSample | null {
    return this.#keeping.sample(head);
  }

  /** Listens. @throws MerlonError MERLON_LISTEN */
  async serve(counters: Counters): Promise<void> {
    await this.#console.serve(counters);
  }

  /** Link that opens one session; a new one after each use. */
  get link(): string {
    return this.#console.link ?? "";
  }

  async close(): Promise<void> {
    await this.#keeping.close();
    await this.#console.close();
  }
}
