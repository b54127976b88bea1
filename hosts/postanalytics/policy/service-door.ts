/**
 * The door to a policy service: what the console shows is what the service has, and a change is the service's own, so
 * that commands and several consoles never undo each other. Only who made a change in this console is kept here.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MerlonError } from "../../core/error.ts";
import { BackOff } from "../../policy/follow/back-off.ts";
import { type ServiceAddress, ServiceClient } from "../../policy/follow/service-client.ts";
import { parsePolicy } from "../../policy/policy-text.ts";
import { defaultPolicy, type Policy } from "../../policy/schema.ts";
import {
  changedSchema,
  DOCUMENT_BYTES_MAX,
  documentSchema,
  type InstanceState,
  PATHS,
  type PolicyDocument,
  type Status,
  statusSchema,
} from "../../policy/wire.ts";
import type { Database } from "../store/database.ts";
import type { Change, NodeState, PolicyDoor, PolicyInForce, PolicyProgress } from "./door.ts";
import { keepChange, readOverlay } from "./overlay-table.ts";
import { editOf, inForceOf } from "./service-document.ts";

const WAIT_SECONDS = 30;
/** What a waiting question may take beyond its wait. */
const SLACK_MS = 10_000;
/** How long a start waits for the service: records are taken also while it is away. */
const START_MS = 3000;
/** Who asks how far a change has got asks often, and all who ask at once get one answer. */
const STATUS_KEPT_MS = 100;
const NOT_YET: PolicyInForce = {
  ...{ name: "not known yet", origin: "service", text: "# the policy service has not answered yet\n" },
  ...{ base: defaultPolicy, policy: defaultPolicy, additions: "", generation: 0, sha256: "", since: 0 },
  overlay: { exceptions: new Map(), sources: new Map(), mode: null },
};

/** What somebody wrote, read once. */
interface Base {
  readonly hash: string;
  readonly policy: Policy;
  readonly text: string;
}

/** The door. */
export class ServiceDoor implements PolicyDoor {
  readonly #client: ServiceClient;
  readonly #name: string;
  readonly #database: Database;
  readonly #say: (line: string) => void;
  readonly #ending = new AbortController();
  readonly #backOff = new BackOff();
  #current = NOT_YET;
  #base: Base | undefined;
  #etag = "";
  /** Why nothing can be changed; "" once the service has shown that it takes changes from here. */
  #refusal = "the policy service has not answered yet — look whether it runs";
  #told = "";
  #turn: Promise<unknown> = Promise.resolve();
  #running: Promise<unknown> = Promise.resolve();
  #status: { readonly at: number; readonly answer: Promise<Status> } | undefined;

  private constructor(client: ServiceClient, name: string, database: Database, say: (line: string) => void) {
    this.#client = client;
    this.#name = name;
    this.#database = database;
    this.#say = say;
  }

  /**
   * Asks the service, and follows it until `close`. One that is away does not keep the console from starting.
   * @param say takes a line when the service is away, and when it is back
   * @throws MerlonError MERLON_USAGE, MERLON_TLS for an address or files that are of no use
   */
  static async open(address: ServiceAddress, database: Database, say: (line: string) => void): Promise<ServiceDoor> {
    const client = new ServiceClient(address);
    const door = new ServiceDoor(client, new URL(address.url).host, database, say);
    const first = door.#look(0);
    door.#running = first.then(() => door.#follow());
    await Promise.race([first, door.#pause(START_MS)]);
    return door;
  }

  get write(): PolicyDoor["write"] {
    return { allowed: this.#refusal === "", reason: this.#refusal };
  }

  current(): PolicyInForce {
    return this.#current;
  }

  /** @throws MerlonError MERLON_POLICY where the service refuses, MERLON_SERVICE where it is away */
  async apply(change: Change, by: string): Promise<PolicyInForce> {
    if (this.#refusal !== "") throw new MerlonError("MERLON_SERVICE", this.#refusal);
    const body = editOf(change);
    const { published } = await this.#client.read(PATHS.edit, changedSchema, { method: "POST", body });
    // In force already: without its note nobody knows who made it but the audit log.
    await keepChange(this.#database, change, by, Date.now()).catch(() => {
      this.#say("who changed the policy could not be noted beside the change; the audit log has it");
    });
    this.#status = undefined;
    await this.#refresh();
    return this.#current.generation >= published.version
      ? this.#current
      : { ...this.#current, generation: published.version, sha256: published.hash };
  }

  /** @throws MerlonError MERLON_SERVICE */
  async progress(): Promise<PolicyProgress> {
    const { version, hash, publishedAt, active, total, tookMs, instances } = await this.#askStatus();
    const nodes = instances.map((one) => stateOf(one));
    return { generation: version, sha256: hash, since: publishedAt, active, total, tookMs, nodes };
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#client.close();
  }

  #askStatus(): Promise<Status> {
    const now = performance.now();
    if (this.#status !== undefined && now - this.#status.at < STATUS_KEPT_MS) return this.#status.answer;
    const answer = this.#client.read(PATHS.status, statusSchema);
    this.#status = { at: now, answer };
    // A failure is told to those who asked, not kept for the next.
    answer.catch(() => {
      if (this.#status?.answer === answer) this.#status = undefined;
    });
    return answer;
  }

  async #follow(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      // A service that was away is heard of as soon as it answers, not when it has news.
      if (!(await this.#look(this.#told === "" ? WAIT_SECONDS : 0))) await this.#pause(this.#backOff.next());
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#ending.signal, ref: false }).catch(() => undefined);
  }

  /** @returns whether the service answered */
  async #look(waitSeconds: number): Promise<boolean> {
    try {
      const { status, etag } = await this.#client.ask(PATHS.policy, {
        headers: {
          ...(this.#etag === "" ? {} : { "if-none-match": this.#etag }),
          ...(waitSeconds === 0 || this.#etag === "" ? {} : { prefer: `wait=${waitSeconds}` }),
        },
        answerMs: waitSeconds * 1000 + SLACK_MS,
        signal: this.#ending.signal,
      });
      if (status === 200) {
        await this.#refresh();
        this.#etag = etag;
      }
      this.#backOff.reset();
      if (this.#told !== "") this.#say("the policy service answers again");
      this.#told = "";
      return true;
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#tell(error);
      return false;
    }
  }

  #tell(error: unknown): void {
    const message = error instanceof MerlonError ? error.message : "the policy service's answer could not be used";
    // Once it was there, a change that fails says so itself.
    if (this.#current === NOT_YET) this.#refusal = message;
    if (this.#told !== message) this.#say(`${message} (the console cannot change the policy meanwhile)`);
    this.#told = message;
  }

  /** Takes what the service has now; one at a time, so that what is older never comes last. */
  async #refresh(): Promise<void> {
    const mine = this.#turn.then(() => this.#take());
    this.#turn = mine.catch(() => undefined);
    await mine;
  }

  async #take(): Promise<void> {
    const query = this.#base === undefined ? "" : `?base=${this.#base.hash}`;
    const document = await this.#client.read(`${PATHS.document}${query}`, documentSchema, {
      bytesMax: DOCUMENT_BYTES_MAX,
      signal: this.#ending.signal,
    });
    const base = this.#baseOf(document);
    const made = await readOverlay(this.#database).catch(() => NOT_YET.overlay);
    this.#current = inForceOf(this.#name, document, base, made);
    this.#base = base;
    this.#refusal = "";
  }

  #baseOf({ base: { hash, text } }: PolicyDocument): Base {
    if (this.#base?.hash === hash) return this.#base;
    const written = text ?? "";
    // A service may publish what no file has: then only what commands added can be shown.
    const policy = written.trim() === "" ? defaultPolicy : parsePolicy(written, "the service's policy");
    return { hash, policy, text: written };
  }
}

function stateOf({ node, instance, version, state, why, lastSeen }: InstanceState): NodeState {
  const problems = {
    active: null,
    canary: "tries the next version",
    behind: "has not taken it yet",
    refused: why,
    silent: "was not heard of lately",
  };
  return {
    id: `${node}/${instance}`,
    generation: version,
    active: state === "active",
    problem: problems[state],
    at: lastSeen,
  };
}
