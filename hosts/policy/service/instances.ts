/**
 * Which hosts follow the service, what each has in force, and how far the policy that counts has come. Bounded: hosts
 * that are not heard of are forgotten, and nobody fills the table with names.
 */
import type { InstanceState, Report, Status } from "../wire.ts";
import { SHOWN_MAX } from "../wire.ts";

/** Hosts ask and report every half minute at least; who was not heard of for this long does not count. */
export const SILENT_MS = 90_000;
/** Who was not heard of for this long is forgotten. */
export const FORGOTTEN_MS = 30 * 60_000;
const INSTANCES_MAX = 10_000;
/** Instances that one identity may have: workers and restarts of one node. */
const PER_NODE_MAX = 256;
const HITS_SHOWN_MAX = 1000;

interface Known {
  readonly node: string;
  /** When it was first heard of. */
  readonly since: number;
  report: Report;
  lastSeen: number;
  /** When the report came that said that the policy of this hash is in force. */
  active: { readonly hash: string; readonly at: number } | undefined;
}

/** What is in force. */
export interface Published {
  readonly version: number;
  readonly hash: string;
  /** Milliseconds since 1970. */
  readonly publishedAt: number;
}

/** The instances of a service. */
export class Instances {
  readonly #known = new Map<string, Known>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#known.size;
  }

  /** A host has asked for news: it is there. */
  heard(node: string, instance: string): void {
    const known = this.#known.get(`${node} ${instance}`);
    if (known !== undefined) known.lastSeen = this.#nowMs();
  }

  /** @returns false when there is no room for another instance */
  report(node: string, report: Report): boolean {
    const now = this.#nowMs();
    const key = `${node} ${report.instance}`;
    const before = this.#known.get(key);
    if (before === undefined && !this.#hasRoom(node)) return false;
    const { hash } = report.policy;
    const active = before?.active?.hash === hash ? before?.active : hash === null ? undefined : { hash, at: now };
    this.#known.set(key, { node, since: before?.since ?? now, report, lastSeen: now, active });
    return true;
  }

  #hasRoom(node: string): boolean {
    this.forget();
    let own = 0;
    let silent: string | undefined;
    for (const [key, known] of this.#known) {
      if (known.node !== node) continue;
      own++;
      if (this.#isSilent(known)) silent ??= key;
    }
    if (own >= PER_NODE_MAX && silent !== undefined) this.#known.delete(silent);
    return (own < PER_NODE_MAX || silent !== undefined) && this.#known.size < INSTANCES_MAX;
  }

  #isSilent({ lastSeen }: Known): boolean {
    return this.#nowMs() - lastSeen > SILENT_MS;
  }

  /** Forgets who was not heard of for long. */
  forget(): void {
    const now = this.#nowMs();
    for (const [key, { lastSeen }] of this.#known) if (now - lastSeen > FORGOTTEN_MS) this.#known.delete(key);
  }

  /** Those that were heard of lately, with what they said last. */
  get present(): { readonly node: string; readonly instance: string; readonly report: Report }[] {
    const heard = [...this.#known.values()].filter((known) => !this.#isSilent(known));
    return heard.map(({ node, report }) => ({ node, instance: report.instance, report }));
  }

  /** What hosts have seen of a candidate. */
  comparisons(hash: string): { node: string; comparison: NonNullable<Report["comparison"]> }[] {
    return [...this.#known.values()].flatMap(({ node, report: { comparison } }) =>
      comparison?.hash === hash ? [{ node, comparison }] : [],
    );
  }

  /**
   * How far a policy has come.
   * @param tried hash of a policy that some hosts try beside it
   */
  status(published: Published, tried = ""): Status {
    this.forget();
    const all = [...this.#known.values()];
    const states = all.map((known) => this.#stateOf(known, published, tried));
    const counted = states.filter(({ state }) => state !== "silent" && state !== "canary");
    const active = counted.filter(({ state }) => state === "active");
    const took = active.flatMap(({ tookMs }) => tookMs ?? []);
    // Those that need somebody to look come first.
    const rank = { refused: 0, canary: 1, behind: 2, silent: 3, active: 4 };
    states.sort((a, b) => rank[a.state] - rank[b.state] || (a.node < b.node ? -1 : 1));
    return {
      ...published,
      active: active.length,
      refused: counted.filter(({ state }) => state === "refused").length,
      total: counted.length,
      tookMs: counted.length > 0 && active.length === counted.length ? Math.max(0, ...took) : null,
      instances: states.slice(0, SHOWN_MAX),
      hits: hitsOf(all),
    };
  }

  #stateOf(known: Known, { hash, publishedAt }: Published, tried: string): InstanceState {
    const { node, since, report, lastSeen, active } = known;
    const { policy, refused, instance, kind, merlon, counters } = report;
    const has = policy.hash === hash;
    const other = tried !== "" && policy.hash === tried ? "canary" : "behind";
    const state = has ? "active" : refused?.hash === hash ? "refused" : other;
    return {
      ...{ node, instance, kind, merlon, lastSeen, counters },
      state: this.#isSilent(known) ? "silent" : state,
      source: policy.source,
      version: policy.version,
      why: state === "refused" ? (refused?.why ?? "") : "",
      // Who came later had no chance to be quick.
      tookMs: has && active !== undefined && since <= publishedAt ? Math.max(0, active.at - publishedAt) : null,
    };
  }
}

/** Hits of entries, added up over the instances. */
function hitsOf(all: readonly Known[]): Status["hits"] {
  const sums = new Map<string, Status["hits"][number]>();
  for (const { report } of all) {
    for (const one of report.hits) {
      const key = `${one.list} ${one.entry}`;
      sums.set(key, { ...one, hits: one.hits + (sums.get(key)?.hits ?? 0) });
    }
  }
  return [...sums.values()].sort((a, b) => b.hits - a.hits).slice(0, HITS_SHOWN_MAX);
}
