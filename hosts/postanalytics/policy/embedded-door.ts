/**
 * The door to a host in the same process: a change is compiled, loaded into the running core and kept, in that order;
 * whatever fails, the policy before stays in force.
 */
import { createHash } from "node:crypto";
import { MerlonError } from "../../core/error.ts";
import { compilePolicy } from "../../policy/image.ts";
import type { Policy } from "../../policy/schema.ts";
import type { Database } from "../store/database.ts";
import type { Change, PolicyDoor, PolicyInForce, PolicyOrigin, PolicyProgress } from "./door.ts";
import { amend, changed, type Overlay, overlayYaml } from "./overlay.ts";
import { keepChange, readOverlay } from "./overlay-table.ts";

/** What somebody else wrote. */
export interface BasePolicy {
  readonly name: string;
  readonly origin: PolicyOrigin;
  readonly text: string;
  readonly policy: Policy;
}

/** The host, as the door sees it. */
export interface PolicyHost {
  /** Name of the node; null where no host is there and the policy is only shown. */
  readonly node: string | null;
  /** Why nothing may be changed from here; null where it may. */
  readonly refusal: string | null;
  /** Puts a policy into force. @throws MerlonError; the policy before then stays */
  load(policy: Policy): void;
}

/** The door. */
export class EmbeddedDoor implements PolicyDoor {
  readonly write: PolicyDoor["write"];
  readonly #host: PolicyHost;
  readonly #database: Database;
  readonly #now: () => number;
  #current: PolicyInForce;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(host: PolicyHost, database: Database, now: () => number, current: PolicyInForce) {
    this.#host = host;
    this.#database = database;
    this.#now = now;
    this.#current = current;
    this.write = { allowed: host.refusal === null, reason: host.refusal ?? "" };
  }

  /**
   * Puts into force what was kept before.
   * @throws MerlonError MERLON_POLICY where the additions do not go with the base any more, MERLON_STORE
   */
  static async open(
    host: PolicyHost,
    base: BasePolicy,
    database: Database,
    now: () => number = Date.now,
  ): Promise<EmbeddedDoor> {
    const overlay = await readOverlay(database);
    const policy = amend(base.policy, overlay);
    const current = inForce(base, overlay, policy, 1, now());
    host.load(policy);
    return new EmbeddedDoor(host, database, now, current);
  }

  current(): PolicyInForce {
    return this.#current;
  }

  progress(): Promise<PolicyProgress> {
    const { generation, sha256, since } = this.#current;
    const { node } = this.#host;
    const nodes = node === null ? [] : [{ id: node, generation, active: true, problem: null, at: since }];
    const { length } = nodes;
    return Promise.resolve({ generation, sha256, since, active: length, total: length, tookMs: 0, nodes });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Takes a new base: a file was written. @throws MerlonError; the policy before then stays in force */
  rebase(base: BasePolicy): void {
    this.#take(base, this.#current.overlay);
  }

  apply(change: Change, by: string): Promise<PolicyInForce> {
    const mine = this.#turn.then(() => this.#apply(change, by));
    this.#turn = mine.catch(() => {});
    return mine;
  }

  async #apply(change: Change, by: string): Promise<PolicyInForce> {
    if (!this.write.allowed) throw new MerlonError("MERLON_POLICY", this.write.reason);
    const before = this.#current;
    const at = this.#now();
    this.#take(before, changed(before.overlay, change, by, at));
    try {
      await keepChange(this.#database, change, by, at);
    } catch (error) {
      // What would be gone after a restart is not in force now.
      this.#take(this.#current, before.overlay);
      throw error;
    }
    return this.#current;
  }

  #take(base: BasePolicy | PolicyInForce, overlay: Overlay): void {
    const written = "base" in base ? { ...base, policy: base.base } : base;
    const policy = amend(written.policy, overlay);
    const next = inForce(written, overlay, policy, this.#current.generation + 1, this.#now());
    this.#host.load(policy);
    this.#current = next;
  }
}

function inForce(
  { name, origin, text, policy: base }: BasePolicy,
  overlay: Overlay,
  policy: Policy,
  generation: number,
  since: number,
): PolicyInForce {
  const sha256 = createHash("sha256").update(compilePolicy(policy)).digest("hex");
  const additions = overlayYaml(overlay);
  return { name, origin, text, base, overlay, additions, policy, generation, sha256, since };
}
