/**
 * Groups records in one walk, for SQLite: its own `group by` sorts all rows first, which takes seven times as long for a
 * million. PostgreSQL hashes by itself. `sqlite-thread/main.ts` makes an SQL function of each of these.
 */

/** A kind as plans name it: its id, the groups it belongs to, and what each of its records counts as. */
export type PlannedKind = readonly [
  id: number,
  groups: readonly number[],
  blocked: number,
  hits: number,
  incident: number,
];

/** What to group by, and which groups to give back. */
export interface GroupPlan {
  readonly kinds: readonly PlannedKind[];
  /** A name for each group of kinds; names make the order of groups that are equal otherwise. */
  readonly names: readonly string[];
  /** Records further apart are two groups; 0 for any distance. Rows must come in the order of time. */
  readonly gapMs: number;
  readonly order: "last" | "first" | "records";
  readonly limit: number;
  /** The group after which to go on: its value of the order, and its tie. */
  readonly after: readonly [value: number, tie: string] | null;
}

/** A group: records with what they stand for. */
export interface Group {
  /** Place in the plan's names. */
  readonly name: number;
  /** The part of the key that is no kind's: a client's id, a country; 0 for none. */
  readonly sub: number | string;
  records: number;
  hits: number;
  blocked: number;
  incidents: number;
  first: number;
  last: number;
  /** Kind and client of its newest record. */
  lastKind: number;
  lastClient: number;
  clients: number;
  /** Some of the kinds in it. */
  kinds: number[];
}

/** Kinds that a group remembers. */
export const GROUP_KINDS_MAX = 16;
/** Groups at one time; records of further ones are left out, on no machine that a laptop's store is meant for. */
const GROUPS_MAX = 2_000_000;
const FEW_CLIENTS = 256;

interface Growing extends Group {
  /** Null where the group is of one client. */
  readonly seen: ClientSet | null;
}

/** @returns what orders groups that are equal otherwise */
export function tieOf(name: string, sub: number | string, first: number): string {
  return `${name} ${sub} ${first}`;
}

/** Collects groups. */
export class GroupCollector {
  readonly #plan: GroupPlan;
  readonly #kinds = new Map<number, PlannedKind>();
  /** Groups that may grow, by the place of their name and by what stands beside it. */
  readonly #open: (Map<number | string, Growing> | undefined)[] = [];
  #count = 0;
  /** When those were last looked for that have ended. */
  #swept = 0;
  readonly #top: Growing[] = [];

  constructor(plan: GroupPlan) {
    this.#plan = plan;
    for (const one of plan.kinds) this.#kinds.set(one[0], one);
  }

  /** Takes a record. @param sub what stands in the key beside the kind's group: a client's id, a country, or 0 */
  step(kind: number, client: number, sub: number | string, at: number, n: number): void {
    const planned = this.#kinds.get(kind);
    if (planned === undefined) return;
    const { gapMs } = this.#plan;
    if (gapMs > 0 && at - this.#swept >= gapMs) this.#sweep(at);
    for (const name of planned[1]) {
      const group = this.#groupOf(name, sub, at);
      if (group !== undefined) grow(group, planned, client, at, n);
    }
  }

  /** The groups that were asked for, in their order, as JSON; one more than the limit where there are more. */
  result(): string {
    for (const groups of this.#open) for (const group of groups?.values() ?? []) this.#rank(group);
    return JSON.stringify(this.#top.map(({ seen, ...group }) => ({ ...group, clients: seen?.size ?? 1 })));
  }

  #groupOf(name: number, sub: number | string, at: number): Growing | undefined {
    let groups = this.#open[name];
    if (groups === undefined) {
      groups = new Map();
      this.#open[name] = groups;
    }
    const known = groups.get(sub);
    const { gapMs } = this.#plan;
    if (known !== undefined && (gapMs === 0 || at - known.last < gapMs)) return known;
    if (known !== undefined) this.#rank(known);
    else if (++this.#count > GROUPS_MAX) return undefined;
    const seen = sub === 0 || typeof sub === "string" ? new ClientSet() : null;
    const empty = {
      records: 0,
      hits: 0,
      blocked: 0,
      incidents: 0,
      first: at,
      last: -1,
      lastKind: 0,
      lastClient: 0,
      clients: 0,
    };
    const group: Growing = { name, sub, ...empty, kinds: [], seen };
    groups.set(sub, group);
    return group;
  }

  /** Ranks the groups that nothing can be added to any more, and forgets them. */
  #sweep(at: number): void {
    this.#swept = at;
    for (const groups of this.#open) {
      for (const [sub, group] of groups ?? []) {
        if (at - group.last < this.#plan.gapMs) continue;
        this.#rank(group);
        groups?.delete(sub);
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

  #tie({ name, sub, first }: Growing): string {
    return tieOf(this.#plan.names[name] ?? "", sub, first);
  }
}

function grow(
  group: Growing,
  [kind, , blocked, hits, incident]: PlannedKind,
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
    group.lastKind = kind;
    group.lastClient = client;
  }
  group.seen?.add(client);
  const { kinds } = group;
  if (kinds.length < GROUP_KINDS_MAX && !kinds.includes(kind)) kinds.push(kind);
}

/** Small sets are sets; large ones are bits, since a client's id is a small number. */
class ClientSet {
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
  /** Id of a kind, and 1 where it is a blocked one. */
  readonly kinds: readonly (readonly [id: number, blocked: number])[];
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
  readonly kinds: readonly (readonly [id: number, records: number])[];
  readonly clients: readonly (readonly [id: number, records: number])[];
  readonly clientCount: number;
}

/** Collects counts. */
export class TallyCollector {
  readonly #plan: TallyPlan;
  readonly #blocked = new Set<number>();
  readonly #kinds = new Map<number, number>();
  readonly #clients = new Map<number, number>();
  readonly #series: [number, number][];

  constructor(plan: TallyPlan) {
    this.#plan = plan;
    for (const [id, blocked] of plan.kinds) if (blocked === 1) this.#blocked.add(id);
    this.#series = Array.from({ length: plan.buckets }, () => [0, 0]);
  }

  /** Takes a record. */
  step(kind: number, client: number, at: number, n: number): void {
    const { from, bucketMs } = this.#plan;
    const bucket = this.#series[Math.floor((at - from) / bucketMs)];
    if (bucket !== undefined) {
      bucket[0] += n;
      if (this.#blocked.has(kind)) bucket[1] += n;
    }
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + n);
    this.#clients.set(client, (this.#clients.get(client) ?? 0) + n);
  }

  /** A Tally as JSON. */
  result(): string {
    const clients = [...this.#clients].sort(([a, m], [b, n]) => n - m || a - b).slice(0, this.#plan.clients);
    const tally: Tally = { series: this.#series, kinds: [...this.#kinds], clients, clientCount: this.#clients.size };
    return JSON.stringify(tally);
  }
}
