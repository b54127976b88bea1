/**
 * Groups records in one walk, for SQLite: its own `group by` sorts all rows first, which takes several times as long
 * for a million. PostgreSQL hashes by itself. `sqlite-thread/main.ts` makes an SQL function of each of these.
 */

/** A finding as plans name it: its id, the groups it belongs to, and its hits. */
export type PlannedFinding = readonly [id: number, groups: readonly number[], hits: number];
/** A kind as plans name it: its id, its group, and what each of its records counts as. */
export type PlannedKind = readonly [id: number, group: number, blocked: number, incident: number];

/** What to group by, and which groups to give back. */
export interface GroupPlan {
  readonly findings: readonly PlannedFinding[];
  readonly kinds: readonly PlannedKind[];
  /** A name for each group of findings, and of kinds; names make the order of groups that are equal otherwise. */
  readonly findingNames: readonly string[];
  readonly kindNames: readonly string[];
  /** Records further apart are two groups; 0 for any distance. Rows must come in the order of time. */
  readonly gapMs: number;
  readonly order: "last" | "first" | "records";
  readonly limit: number;
  /** The group after which to go on: its value of the order, and its tie. */
  readonly after: readonly [value: number, tie: string] | null;
}

/** A group: records with what they stand for. */
export interface Group {
  /** Places in the plan's names. */
  readonly finding: number;
  readonly kind: number;
  /** The part of the key that is the client's: its id, its country; 0 for none. */
  readonly sub: number | string;
  records: number;
  hits: number;
  blocked: number;
  incidents: number;
  first: number;
  last: number;
  /** Finding, kind and client of its newest record. */
  newest: readonly [finding: number, kind: number, client: number];
  clients: number;
  /** Some of the findings in it, each with a kind. */
  seen: (readonly [finding: number, kind: number])[];
}

/** Findings that a group remembers. */
export const GROUP_SEEN_MAX = 16;
/** Groups at one time; records of further ones are left out, on no machine that a laptop's store is meant for. */
const GROUPS_MAX = 2_000_000;
const FEW_CLIENTS = 256;

interface Growing extends Group {
  /** Null where the group is of one client. */
  readonly clientSet: ClientSet | null;
}

/** @returns what orders groups that are equal otherwise */
export function tieOf(
  { findingNames, kindNames }: Pick<GroupPlan, "findingNames" | "kindNames">,
  { finding, kind, sub, first }: Pick<Group, "finding" | "kind" | "sub" | "first">,
): string {
  return `${findingNames[finding] ?? ""} ${kindNames[kind] ?? ""} ${sub} ${first}`;
}

/** Collects groups. */
export class GroupCollector {
  readonly #plan: GroupPlan;
  readonly #findings = new Map<number, PlannedFinding>();
  readonly #kinds = new Map<number, PlannedKind>();
  /** Groups that may grow, by the places of their names and by what stands beside them. */
  readonly #open = new Map<number, Map<number | string, Growing>>();
  #count = 0;
  /** When those were last looked for that have ended. */
  #swept = 0;
  readonly #top: Growing[] = [];

  constructor(plan: GroupPlan) {
    this.#plan = plan;
    for (const one of plan.findings) this.#findings.set(one[0], one);
    for (const one of plan.kinds) this.#kinds.set(one[0], one);
  }

  /** Takes a record. @param sub what stands in the key beside the groups: a client's id, a country, or 0 */
  step(finding: number, kind: number, client: number, sub: number | string, at: number, n: number): void {
    const [found, planned] = [this.#findings.get(finding), this.#kinds.get(kind)];
    if (found === undefined || planned === undefined) return;
    const { gapMs } = this.#plan;
    if (gapMs > 0 && at - this.#swept >= gapMs) this.#sweep(at);
    for (const name of found[1]) {
      const group = this.#groupOf(name, planned[1], sub, at);
      if (group !== undefined) grow(group, found, planned, client, at, n);
    }
  }

  /** The groups that were asked for, in their order, as JSON; one more than the limit where there are more. */
  result(): string {
    for (const groups of this.#open.values()) for (const group of groups.values()) this.#rank(group);
    return JSON.stringify(this.#top.map(({ clientSet, ...group }) => ({ ...group, clients: clientSet?.size ?? 1 })));
  }

  #groupOf(finding: number, kind: number, sub: number | string, at: number): Growing | undefined {
    const place = finding * this.#plan.kindNames.length + kind;
    let groups = this.#open.get(place);
    if (groups === undefined) {
      groups = new Map();
      this.#open.set(place, groups);
    }
    const known = groups.get(sub);
    const { gapMs } = this.#plan;
    if (known !== undefined && (gapMs === 0 || at - known.last < gapMs)) return known;
    if (known !== undefined) this.#rank(known);
    else if (++this.#count > GROUPS_MAX) return undefined;
    const clientSet = sub === 0 || typeof sub === "string" ? new ClientSet() : null;
    const empty = { records: 0, hits: 0, blocked: 0, incidents: 0, first: at, last: -1, clients: 0 };
    const group: Growing = { finding, kind, sub, ...empty, newest: [0, 0, 0], seen: [], clientSet };
    groups.set(sub, group);
    return group;
  }

  /** Ranks the groups that nothing can be added to any more, and forgets them. */
  #sweep(at: number): void {
    this.#swept = at;
    for (const groups of this.#open.values()) {
      for (const [sub, group] of groups) {
        if (at - group.last < this.#plan.gapMs) continue;
        this.#rank(group);
        groups.delete(sub);
        this.#count--;
      }
    }
  }

  #rank(group: Growing): void {
    const { order, limit, after } = this.#plan;
    if (after !== null) {
      const [value, tie] = after;
      if (group[order] > value || (group[order] === value && this.#tie(group) >= tie)) return;
    }
    const top = this.#top;
    let place = top.length;
    for (let above = top[place - 1]; above !== undefined && this.#isBefore(group, above); above = top[place - 1])
      place--;
    if (place > limit) return;
    top.splice(place, 0, group);
    top.length = Math.min(top.length, limit + 1);
  }

  #isBefore(a: Growing, b: Growing): boolean {
    const { order } = this.#plan;
    return a[order] === b[order] ? this.#tie(a) > this.#tie(b) : a[order] > b[order];
  }

  #tie(group: Growing): string {
    return tieOf(this.#plan, group);
  }
}

function grow(
  group: Growing,
  [finding, , hits]: PlannedFinding,
  [kind, , blocked, incident]: PlannedKind,
  client: number,
  at: number,
  n: number,
): void {
  group.records += n;
  group.hits += hits * n;
  group.blocked += blocked * n;
  group.incidents += incident * n;
  if (at < group.first) group.first = at;
  if (at > group.last) {
    group.last = at;
    group.newest = [finding, kind, client];
  }
  group.clientSet?.add(client);
  const { seen } = group;
  if (seen.length < GROUP_SEEN_MAX && !seen.some(([one]) => one === finding)) seen.push([finding, kind]);
}

/** Clients of a group. Small sets are sets; large ones are bits, since a client's id is a small number. */
export class ClientSet {
  #few: Set<number> | undefined = new Set();
  #bits = new Uint32Array(0);
  size = 0;

  add(id: number): void {
    if (this.#few === undefined) {
      this.#set(id);
      return;
    }
    this.#few.add(id);
    this.size = this.#few.size;
    if (this.size < FEW_CLIENTS) return;
    const few = this.#few;
    this.#few = undefined;
    this.size = 0;
    for (const one of few) this.#set(one);
  }

  #set(id: number): void {
    const word = id >>> 5;
    if (word >= this.#bits.length) {
      const wider = new Uint32Array(2 * word + 1);
      wider.set(this.#bits);
      this.#bits = wider;
    }
    const before = this.#bits[word] ?? 0;
    const after = before | (1 << (id & 31));
    if (after >>> 0 === before) return;
    this.#bits[word] = after;
    this.size++;
  }
}

/** What to count. */
export interface TallyPlan {
  readonly from: number;
  readonly bucketMs: number;
  readonly buckets: number;
  /** Clients to give back, those with most records. */
  readonly clients: number;
}

/** Counts. */
export interface Tally {
  /** Records and blocked ones of each bucket. */
  readonly series: readonly (readonly [records: number, blocked: number])[];
  readonly findings: readonly (readonly [id: number, records: number])[];
  readonly kinds: readonly (readonly [id: number, records: number])[];
  readonly clients: readonly (readonly [id: number, records: number])[];
  readonly clientCount: number;
}

/** Collects counts. */
export class TallyCollector {
  readonly #plan: TallyPlan;
  readonly #findings = new Map<number, number>();
  readonly #kinds = new Map<number, number>();
  readonly #clients = new Map<number, number>();
  readonly #series: [number, number][];

  constructor(plan: TallyPlan) {
    this.#plan = plan;
    this.#series = Array.from({ length: plan.buckets }, () => [0, 0]);
  }

  /** Takes a record. @param blocked 1 where it was stopped, else 0 */
  step(finding: number, kind: number, client: number, at: number, n: number, blocked: number): void {
    const { from, bucketMs } = this.#plan;
    const bucket = this.#series[Math.floor((at - from) / bucketMs)];
    if (bucket !== undefined) {
      bucket[0] += n;
      bucket[1] += n * blocked;
    }
    this.#findings.set(finding, (this.#findings.get(finding) ?? 0) + n);
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + n);
    this.#clients.set(client, (this.#clients.get(client) ?? 0) + n);
  }

  /** A Tally as JSON. */
  result(): string {
    const clients = [...this.#clients].sort(([a, m], [b, n]) => n - m || a - b).slice(0, this.#plan.clients);
    const tally: Tally = {
      series: this.#series,
      findings: [...this.#findings],
      kinds: [...this.#kinds],
      clients,
      clientCount: this.#clients.size,
    };
    return JSON.stringify(tally);
  }
}
