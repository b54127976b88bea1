/**
 * The nodes that are known: those whose records arrive, and the one of this process, which also tells what it has done.
 * Bounded; the node that was quiet for longest goes first.
 */
import type { NODE_KINDS } from "../../records/record.ts";
import type { RecordStore } from "../store/store.ts";

/** What a node did since it began. */
export interface NodeTraffic {
  readonly requests: number;
  readonly inspected: number;
  readonly blocked: number;
  /** Requests that were not looked at, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly addedMicrosP50: number;
  readonly addedMicrosP99: number;
}

/** A node. */
export interface KnownNode {
  readonly id: string;
  readonly kind: (typeof NODE_KINDS)[number];
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly lastSeen: number;
  /** Null where only its records are known. */
  readonly traffic: NodeTraffic | null;
}

/** The node of this process. */
export interface LocalNode extends Omit<KnownNode, "lastSeen" | "traffic"> {
  readonly traffic: () => NodeTraffic;
}

const NODES_MAX = 10_000;

/** The nodes. */
export class NodeRegistry {
  readonly #seen = new Map<string, KnownNode>();
  readonly #local: LocalNode | null;
  readonly #now: () => number;
  readonly #stop: () => void;

  constructor(store: Pick<RecordStore, "listen">, local: LocalNode | null, now: () => number = Date.now) {
    this.#local = local;
    this.#now = now;
    this.#stop = store.listen((batch) => {
      for (const { node } of batch) this.#see({ ...node, lastSeen: now(), traffic: null });
    });
  }

  /** By name; the one of this process first. */
  list(): readonly KnownNode[] {
    const local = this.#local;
    const others = [...this.#seen.values()].filter(({ id }) => id !== local?.id);
    const own = local === null ? [] : [{ ...local, lastSeen: this.#now(), traffic: local.traffic() }];
    return [...own, ...others.sort((a, b) => (a.id < b.id ? -1 : 1))];
  }

  close(): void {
    this.#stop();
  }

  #see(node: KnownNode): void {
    this.#seen.delete(node.id);
    this.#seen.set(node.id, {
      id: node.id,
      kind: node.kind,
      version: node.version,
      lastSeen: node.lastSeen,
      traffic: null,
    });
    if (this.#seen.size <= NODES_MAX) return;
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined) this.#seen.delete(oldest);
  }
}
