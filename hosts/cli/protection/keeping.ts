/** Flags about records and numbers, and what they open: the spool, the way to the store, the port for metrics. */
import { hostname } from "node:os";
import { join } from "node:path";
import manifest from "../../../package.json" with { type: "json" };
import type { Engine } from "../../core/engine.ts";
import type { TrafficSample, VerdictEvent } from "../../core/inspection.ts";
import type { Family } from "../../core/metrics.ts";
import { type StatusServer, startStatusServer } from "../../core/status-server.ts";
import type { RequestHead } from "../../core/verdict.ts";
import { isLoopback } from "../../dataplane/sidecar/proxy-protocol.ts";
import type { Place } from "../../policy/places.ts";
import { HttpSink, type HttpSinkOptions, recordsUrl } from "../../records/http-sink.ts";
import { Inventory, SAMPLES_PER_SECOND } from "../../records/inventory/inventory.ts";
import { InventorySender } from "../../records/inventory/inventory-sender.ts";
import type { NodeFacts } from "../../records/make-record.ts";
import { type PolicyFacts, policyFacts } from "../../records/policy-facts.ts";
import { Recorder } from "../../records/recorder.ts";
import type { RecordSink } from "../../records/sink.ts";
import { SPOOL_LIMITS } from "../../records/spool/spool.ts";
import { type Input, type Option, usage } from "../command.ts";
import { count, showWord } from "../text.ts";
import { type ListenAddress, parseListen, urlOf } from "./listen-address.ts";
import { type HostCounters, type NodeFace, NodeMetrics } from "./node-metrics.ts";
import type { PolicyKeeper } from "./policy-keeper.ts";
import { nodeFamilies, statusPages } from "./status-pages.ts";
import { answerFirst } from "./worker-metrics.ts";
import { workerPlace } from "./workers.ts";

/** What is left of the time to end for records that are not sent yet; they are on disk. */
const DELIVERY_GRACE_MS = 5000;
const INVENTORY_GRACE_MS = 2000;
const NODE_ID = /^[A-Za-z0-9._:/-]{1,240}$/;

const INVENTORY_RATE_MAX = 1000;
const DATA_MEBI = 512;
const DATA_MEBI_MIN = 16;
const DATA_MEBI_MAX = 1_048_576;
/** Room is given back segment by segment, so there must be some. */
const SEGMENTS_MIN = 16;

/** The flags. */
export const KEEPING_OPTIONS: Readonly<Record<string, Option>> = {
  data: { type: "string", value: "<folder>", about: "keep records of attacks here" },
  "data-max": { type: "string", value: "<MiB>", about: `room for them, of each process; ${DATA_MEBI} if not given` },
  "records-url": { type: "string", value: "<url>", about: "send records to the store at this address" },
  "records-token-file": { type: "string", value: "<file>", about: "token of this node, as the store made it" },
  "records-ca": {
    type: "string",
    value: "<file>",
    about: "authorities (PEM) that the store's certificate is verified by",
  },
  "records-cert": { type: "string", value: "<file>", about: "certificate (PEM) that this node shows the store" },
  "records-key": { type: "string", value: "<file>", about: "key of that certificate (PEM)" },
  "inventory-rate": {
    type: "string",
    value: "<number>",
    about: `requests a second that the API inventory learns from; ${SAMPLES_PER_SECOND} if not given, 0 for none`,
  },
  "node-id": { type: "string", value: "<name>", about: "name of this node in records; the machine's if not given" },
  metrics: {
    type: "string",
    value: "<host:port>",
    about: "serve /metrics, /livez, /readyz and /wallarm-status here",
  },
};

/** What the flags say. */
export interface Keeping {
  /** Absent where no records are kept. */
  readonly folder: string | undefined;
  /** Bytes on disk. */
  readonly bytesMax: number;
  readonly nodeId: string;
  readonly sink: HttpSinkOptions | undefined;
  readonly metrics: ListenAddress | undefined;
  /** Requests a second that the inventory learns from; SAMPLES_PER_SECOND where nothing is said. */
  readonly inventoryRate?: number;
}

/** @throws MerlonError MERLON_USAGE */
export function keepingOf(input: Input): Keeping {
  const folder = input.text("data");
  const url = input.text("records-url");
  const nodeId = nodeIdOf(input);
  const metrics = input.text("metrics");
  const [tokenFile, caFile, certFile, keyFile] = ["token-file", "ca", "cert", "key"].map((name) =>
    input.text(`records-${name}`),
  );
  if (url === undefined && [tokenFile, caFile, certFile, keyFile].some((value) => value !== undefined)) {
    throw usage("--records-url is missing", "the other flags say how records are sent to it", "write it");
  }
  if (url !== undefined && folder === undefined) {
    throw usage("--data is missing", "records are kept on disk until the store has them", "write --data <folder>");
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const fix = "write --records-cert <file> --records-key <file>";
    throw usage("the node's certificate is given in part", "it needs its key", fix);
  }
  const certificate = certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined;
  if (url !== undefined) recordsUrl(url);
  const mebi = input.integer("data-max", DATA_MEBI_MIN, DATA_MEBI_MAX, DATA_MEBI);
  const inventoryRate = input.integer("inventory-rate", 0, INVENTORY_RATE_MAX, SAMPLES_PER_SECOND);
  return {
    inventoryRate,
    folder,
    bytesMax: mebi * 1024 * 1024,
    nodeId,
    sink: url === undefined ? undefined : { url, nodeId, tokenFile, caFile, certificate },
    metrics: metrics === undefined ? undefined : parseListen(metrics, "metrics"),
  };
}

function nodeIdOf(input: Input): string {
  const given = input.text("node-id");
  if (given === undefined)
    return (
      hostname()
        .replace(/[^A-Za-z0-9._:/-]/g, "-")
        .slice(0, 240) || "node"
    );
  if (NODE_ID.test(given)) return given;
  const why = "it takes 1 to 240 characters of A-Z a-z 0-9 . _ : / -";
  throw usage(`--node-id is "${showWord(given)}"`, why, "write another name");
}

/** What a keeping is told of its host. */
export interface KeepingHost {
  readonly kind: NodeFace["kind"];
  readonly engine: Engine;
  readonly keeper: PolicyKeeper;
  /** Where the policy comes from, as records name it. */
  readonly policyRef: string;
  readonly say: (line: string) => void;
  /** A store in this process, which takes the records in the place of one at an address. */
  readonly store?: RecordSink | undefined;
  /** The same for the inventory. */
  readonly inventory?: RecordSink | undefined;
}

/** An inventory and its way to the store. */
interface Learning {
  readonly inventory: Inventory;
  readonly sender: InventorySender;
}

/** Keeps records and numbers of one process. */
export class NodeKeeping {
  readonly #keeping: Keeping;
  readonly #host: KeepingHost;
  readonly #recorder: Recorder | null;
  readonly #metrics: NodeMetrics;
  readonly #learning: Learning | null;
  #isDraining = false;
  #server: StatusServer | null = null;
  #stopAnswering: () => void = () => {};

  private constructor(
    keeping: Keeping,
    host: KeepingHost,
    recorder: Recorder | null,
    metrics: NodeMetrics,
    learning: Learning | null,
  ) {
    this.#learning = learning;
    this.#keeping = keeping;
    this.#host = host;
    this.#recorder = recorder;
    this.#metrics = metrics;
  }

  /**
   * Opens what the flags ask for.
   * @throws MerlonError MERLON_RECORDS, MERLON_TLS
   */
  static async open(keeping: Keeping, host: KeepingHost): Promise<NodeKeeping> {
    const { kind, engine, keeper, policyRef } = host;
    const policy = policyFacts(policyRef, () => keeper.ready);
    if (tellsTokenInClear(keeping)) {
      host.say("the token for records goes over the network unencrypted; write an https address");
    }
    const recorder = await openRecorder(keeping, host, policy);
    const asked = { policySource: () => keeper.kind, thresholds: () => keeper.counting.status };
    const learning = openLearning(keeping, host, policy);
    const metrics = new NodeMetrics({ kind, engine, policy, ...asked }, recorder, learning?.inventory.counters);
    return new NodeKeeping(keeping, host, recorder, metrics, learning);
  }

  /** Takes what the host tells of a request. */
  add(event: VerdictEvent): void {
    this.#metrics.add(event);
    this.#recorder?.add(event);
  }

  /** Decides whether the inventory takes a request. */
  sample(head: RequestHead): TrafficSample | null {
    return this.#learning?.inventory.sample(head) ?? null;
  }

  /**
   * Serves the host's numbers, or tells them to the process that does.
   * @throws MerlonError MERLON_LISTEN
   */
  async serve(counters: HostCounters): Promise<void> {
    const collect = (): Family[] => nodeFamilies(this.#metrics, counters);
    const { metrics } = this.#keeping;
    if (workerPlace() > 0) this.#stopAnswering = answerFirst(collect);
    else if (metrics !== undefined) {
      const ready = (): string | null => (this.#isDraining ? "it is ending" : null);
      this.#server = await startStatusServer(
        metrics,
        statusPages(async () => [collect()], ready),
      );
    }
  }

  /** Lines of the greeting. */
  get greeting(): string {
    const { folder, sink } = this.#keeping;
    const server = this.#server;
    const to = sink === undefined ? "" : `, sent to ${new URL(sink.url).host}`;
    return [
      folder === undefined ? "" : `records    ${showWord(folder)}${to}\n`,
      server === null ? "" : `metrics    ${urlOf("http", { host: server.address, port: server.port })}/metrics\n`,
    ].join("");
  }

  /** The host takes no more requests. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Writes what is left, sends what it can in a few seconds, and says what stays. */
  async close(): Promise<void> {
    this.#stopAnswering();
    await this.#server?.close();
    await this.#learning?.sender.close(INVENTORY_GRACE_MS);
    const recorder = this.#recorder;
    if (recorder === null) return;
    await recorder.close(DELIVERY_GRACE_MS);
    const { dropped } = recorder.counters.spool;
    const lost = dropped.full + dropped.disk;
    if (lost > 0) this.#host.say(`records of ${count(lost)} requests were left out for want of room`);
    if (this.#keeping.sink !== undefined && recorder.spool.hasRecords) {
      this.#host.say("some records are not sent yet; they are on disk and go out after the next start");
    }
  }
}

/** Whether the token for records would go over a network as it is. */
export function tellsTokenInClear({ sink }: Keeping): boolean {
  if (sink?.tokenFile === undefined) return false;
  const { protocol, hostname: host } = new URL(sink.url);
  return protocol === "http:" && host !== "localhost" && !isLoopback(host.replace(/^\[|\]$/g, ""));
}

/** Who makes the records of a process. */
export type RecordingHost = Pick<KeepingHost, "engine" | "say" | "store"> &
  Pick<NodeFacts, "kind"> & { readonly keeper?: Pick<KeepingHost["keeper"], "placeOf"> };

/** @returns the node that records are of; a worker is a node of its own */
export function nodeOf(keeping: Keeping, { kind, engine, keeper }: RecordingHost): NodeFacts {
  const { version } = manifest;
  const ruleset = { id: version, sha256: engine.sha256 };
  const placeOf = keeper === undefined ? {} : { placeOf: (address: string): Place => keeper.placeOf(address) };
  return { id: nodeNameOf(keeping), kind, version, ruleset, env: {}, ...placeOf };
}

function nodeNameOf({ nodeId }: Keeping): string {
  const place = workerPlace();
  return place === 0 ? nodeId : `${nodeId}/${place}`;
}

/** @returns what learns from traffic; null where nobody takes what is learned */
function openLearning(keeping: Keeping, host: KeepingHost, policy: () => PolicyFacts): Learning | null {
  const { sink, inventoryRate = SAMPLES_PER_SECOND } = keeping;
  const node = nodeNameOf(keeping);
  if (inventoryRate === 0) return null;
  const to =
    host.inventory ?? (sink === undefined ? undefined : new HttpSink({ ...sink, nodeId: node, batch: "inventory" }));
  if (to === undefined) return null;
  const inventory = new Inventory({ node, perSecond: inventoryRate, applications: () => policy().applications });
  const say = ({ event, detail }: { event: string; detail: string }): void =>
    host.say(`${event.replaceAll("_", " ")}: ${detail}`);
  return { inventory, sender: new InventorySender(inventory, to, say) };
}

/**
 * Opens the spool and the way to the store; null where no records are kept.
 * @throws MerlonError MERLON_RECORDS, MERLON_TLS
 */
export async function openRecorder(
  keeping: Keeping,
  host: RecordingHost,
  policy: () => PolicyFacts,
): Promise<Recorder | null> {
  const { folder, sink, bytesMax } = keeping;
  if (folder === undefined) return null;
  const place = workerPlace();
  const node = nodeOf(keeping, host);
  return await Recorder.open({
    folder: place === 0 ? folder : join(folder, `worker-${place}`),
    node,
    policy,
    limits: { bytesMax, segmentBytes: Math.min(SPOOL_LIMITS.segmentBytes, bytesMax / SEGMENTS_MIN) },
    sink: host.store ?? (sink === undefined ? undefined : new HttpSink({ ...sink, nodeId: node.id })),
    onNotice: ({ event, detail }) => host.say(`${event.replaceAll("_", " ")}: ${detail}`),
  });
}
