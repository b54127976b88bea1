/**
 * A console in the process of the host that it shows: records go into its store without a network, and what it changes
 * of the policy acts on the next request. For a laptop, or one application without a cluster.
 */

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../../package.json" with { type: "json" };
import type { Engine } from "../../core/engine.ts";
import type { InspectionCounters, VerdictEvent } from "../../core/inspection.ts";
import type { Policy } from "../../policy/schema.ts";
import { FIRST_USER } from "../../postanalytics/console.ts";
import type { DataFolder } from "../../postanalytics/data-folder.ts";
import { openDataFolder } from "../../postanalytics/data-folder.ts";
import type { NodeTraffic } from "../../postanalytics/nodes/node-registry.ts";
import type { BasePolicy } from "../../postanalytics/policy/embedded-door.ts";
import {
  openPostanalytics,
  type Postanalytics,
  type ServedPostanalytics,
  servePostanalytics,
} from "../../postanalytics/postanalytics.ts";
import { inventorySink, storeSink } from "../../postanalytics/store-sink.ts";
import type { RecordSink } from "../../records/sink.ts";
import { readSuite } from "../attack-suite.ts";
import type { Input, Option } from "../command.ts";
import { usage } from "../command.ts";
import { consoleFiles } from "../console/console-files.ts";
import { showWord } from "../text.ts";
import type { Keeping } from "./keeping.ts";
import { type ListenAddress, parseListen } from "./listen-address.ts";
import type { PolicyKeeper, PolicySource } from "./policy-keeper.ts";

const TIMES_MAX = 2048;
const CLOSE_GRACE_MS = 2000;

/** The flag. */
export const CONSOLE_OPTIONS: Readonly<Record<"console", Option>> = {
  console: {
    type: "string",
    value: "<host:port>",
    about: "serve a console here; records are kept in --data, or until the end",
  },
};

/** The host that it is in. */
export interface ConsoleHost {
  readonly engine: Engine;
  readonly keeper: PolicyKeeper;
  readonly source: PolicySource;
  readonly say: (line: string) => void;
}

type Counters = InspectionCounters & { readonly blocked: number; readonly partiallyBlocked: number };

/**
 * @returns where the flags want a console; undefined where they ask for none
 * @throws MerlonError MERLON_USAGE
 */
export function consoleAddressOf(input: Input, keeping: Keeping, source: PolicySource): ListenAddress | undefined {
  const written = input.text("console");
  if (written === undefined) return undefined;
  if (keeping.sink !== undefined) {
    throw usage("--console and --records-url are both given", "records have one home", "keep one of them");
  }
  if (source.service !== undefined) {
    throw usage("--console and --policy-url are both given", "a policy is changed in one place", "keep one of them");
  }
  return parseListen(written, "console");
}

/** A console in this process. */
export class EmbeddedConsole {
  /** What is kept, with a folder in any case. */
  readonly keeping: Keeping;
  /** Takes the host's records. */
  readonly sink: RecordSink;
  /** Takes what the host learns of interfaces. */
  readonly inventory: RecordSink;
  readonly #address: ListenAddress;
  readonly #folder: string;
  readonly #isTemporary: boolean;
  readonly #data: DataFolder;
  readonly #traffic = new Traffic();
  #opened: Postanalytics | null = null;
  #served: ServedPostanalytics | null = null;

  private constructor(keeping: Keeping, folder: string, address: ListenAddress, data: DataFolder) {
    this.keeping = { ...keeping, folder };
    this.#folder = folder;
    this.#isTemporary = keeping.folder === undefined;
    this.#address = address;
    this.#data = data;
    this.sink = storeSink(data.store);
    this.inventory = inventorySink(data.store);
  }

  /** @throws MerlonError MERLON_STORE, MERLON_POLICY */
  static async open(address: ListenAddress, keeping: Keeping, host: ConsoleHost): Promise<EmbeddedConsole> {
    const folder = keeping.folder ?? (await mkdtemp(join(tmpdir(), "merlon-console-")));
    const data = await openDataFolder(folder, undefined, host.say);
    const console = new EmbeddedConsole(keeping, folder, address, data);
    try {
      await console.#open(host);
      return console;
    } catch (error) {
      await console.close();
      throw error;
    }
  }

  async #open({ engine, keeper, source, say }: ConsoleHost): Promise<void> {
    const { nodeId } = this.keeping;
    const isLoopback = /^(?:127\.|localhost$|::1$)/.test(this.#address.host);
    const opened = await openPostanalytics({
      ...{ data: this.#data, folder: this.#folder, names: [], secure: false, withLink: isLoopback, oidc: null, say },
      policy: {
        host: { node: nodeId, refusal: null, load: (policy) => keeper.enforce(policy) },
        base: baseOf(keeper.written, source),
      },
      engine: () => engine.sibling(),
      knownAttacks: readSuite().filter(({ attack }) => attack),
      files: await consoleFiles(),
      local: { id: nodeId, kind: "sidecar", version: manifest.version, traffic: () => this.#traffic.now() },
      exportNetworks: [],
    });
    this.#opened = opened;
    keeper.adder = (policy) => opened.rebase(baseOf(policy, source));
  }

  /** Takes what the host tells of a request. */
  add(event: VerdictEvent): void {
    this.#traffic.add(event.addedMicros);
  }

  /** Listens. @throws MerlonError MERLON_LISTEN */
  async serve(counters: Counters): Promise<void> {
    if (this.#opened === null) return;
    this.#traffic.counters = counters;
    this.#served = await servePostanalytics(this.#opened, this.#folder, this.#address);
  }

  /** The link that opens one session; null where there is none. */
  get link(): string | null {
    return this.#served?.link() ?? null;
  }

  /** Lines of the greeting. */
  get greeting(): string {
    const { link } = this;
    const password = this.#opened?.console.firstPassword ?? null;
    const kept = this.#isTemporary ? "until the end; keep them with --data <folder>" : showWord(this.#folder);
    return [
      `console    ${link ?? this.#served?.origin ?? ""}${link === null ? "" : "   (one-time link)"}\n`,
      // Who has the link and nothing that stays needs no password.
      password === null || (this.#isTemporary && link !== null)
        ? ""
        : `user       ${FIRST_USER}\npassword   ${password}   (shown once; change it)\n`,
      this.#isTemporary ? `kept       ${kept}\n` : "",
    ].join("");
  }

  async close(): Promise<void> {
    await this.#served?.close(CLOSE_GRACE_MS);
    await this.#opened?.close();
    await this.#data.close();
    if (this.#isTemporary) await rm(this.#folder, { recursive: true, force: true });
  }
}

/** What was written, as the console shows it. */
function baseOf(policy: Policy, { path, mode }: PolicySource): BasePolicy {
  const said = mode === undefined ? "" : `# started with --mode ${mode}\n`;
  if (path === undefined) {
    return { name: "built-in", origin: "builtin", text: `# the built-in policy, mode ${policy.mode}\n${said}`, policy };
  }
  return { name: path, origin: "file", text: said + readFileSync(path, "utf8"), policy };
}

/** What the node of this process did. */
class Traffic {
  counters: Counters | null = null;
  readonly #times: number[] = [];
  #next = 0;

  add(micros: number): void {
    this.#times[this.#next] = micros;
    this.#next = (this.#next + 1) % TIMES_MAX;
  }

  now(): NodeTraffic {
    const times = [...this.#times].sort((a, b) => a - b);
    const at = (share: number): number => Math.round(times[Math.floor(times.length * share)] ?? 0);
    const {
      requests = 0,
      inspected = 0,
      blocked = 0,
      partiallyBlocked = 0,
      limited = 0,
      failedOpen,
      failedClosed,
    } = this.counters ?? {};
    const failed = [...Object.entries(failedOpen ?? {}), ...Object.entries(failedClosed ?? {})];
    const skipped: Record<string, number> = {};
    for (const [reason, count] of failed) if (count > 0) skipped[reason] = (skipped[reason] ?? 0) + count;
    const counts = { requests, inspected, blocked: blocked + partiallyBlocked + limited, skipped };
    return { ...counts, addedMicrosP50: at(0.5), addedMicrosP99: at(0.99) };
  }
}
