/**
 * Whether an application may be blocked for: what mode block would have stopped while only watching, put into groups,
 * and which of them look like people at work. Everything that decides is in the answer, so that nobody has to believe
 * it.
 */
import type { Exception } from "../../policy/exception.ts";
import type { AttackRecord, Hit } from "../../records/record.ts";
import { judge, scanRecords } from "../policy/exception-preview.ts";
import type { RecordStore, Window } from "../store/store.ts";

/** Requests that must have been seen before an answer is more than a guess. */
export const CALLS_LEAST = 1_000;
/** So long must have been watched; a day has nights and batch jobs in it. */
export const HOURS_LEAST = 24;
/** Clients that do the same thing, from which on it is rather the application than an attacker. */
export const CLIENTS_MANY = 3;
/** Groups that are remembered, and shown. */
const GROUPS_MAX = 5_000;
const GROUPS_SHOWN = 100;
const CLIENTS_MAX = 20_000;
const CLIENTS_OF_GROUP_MAX = 1_000;
const TYPES_OF_CLIENT_MAX = 8;
const SHARE_MOST = 0.5;
/** Signs of people at work, and how many of them make a group one to look at. */
const SIGNS = 4;
const SIGNS_SUSPECT = 3;
const HOUR_MS = 3_600_000;

/** What a report is about; what is left out is not looked at. */
export interface Scope {
  readonly app?: string | undefined;
  readonly host?: string | undefined;
  /** Begin of the path, whole segments. */
  readonly path?: string | undefined;
}

/** What is known of the traffic of a scope. */
export interface SeenTraffic {
  /** Requests in the window, estimated. */
  readonly calls: number;
  /** When it was first seen; null where it never was. */
  readonly since: number | null;
  readonly endpoints: number;
  /** Endpoints without a request in the window. */
  readonly uncalled: number;
}

/** What becomes of a group. */
export type Standing =
  /** It looks like an attack, and blocking it is what is wanted. */
  | "attack"
  /** Somebody has said that it is one. */
  | "true_attack"
  /** An exception lets it pass. */
  | "excepted"
  /** It looks like people at work. */
  | "suspect"
  /** Somebody has said that it is no attack, and nothing lets it pass yet. */
  | "false_positive";

/** Requests that mode block would have stopped for the same reason at the same place. */
export interface WouldBlock {
  readonly type: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly point: string;
  readonly requests: number;
  readonly clients: number;
  /** Of the records kept whole: with credentials or a session, and with an answer below 400. */
  readonly kept: number;
  readonly authenticated: number;
  readonly succeeded: number;
  /** Clients that did nothing else that was found. */
  readonly alone: number;
  readonly standing: Standing;
  /** Why it stands so, for people. */
  readonly reasons: readonly string[];
  /** Id of a record to look at. */
  readonly record: string;
  readonly first: number;
  readonly last: number;
}

/** The answer. */
export interface Readiness {
  readonly verdict: "ready" | "not_yet" | "too_little";
  readonly reasons: readonly string[];
  readonly groups: readonly WouldBlock[];
  /** Groups that are suspect, or false positives that nothing lets pass. */
  readonly toLookAt: number;
  readonly wouldBlock: number;
  readonly clients: number;
  /** Whether every record of the window was read. */
  readonly complete: boolean;
  readonly observedHours: number;
  readonly traffic: SeenTraffic;
}

interface Group {
  readonly hit: Hit;
  readonly sample: AttackRecord;
  readonly clients: Set<string>;
  requests: number;
  kept: number;
  authenticated: number;
  succeeded: number;
  released: number;
  falsePositives: number;
  trueAttacks: number;
  first: number;
  last: number;
}

/** @returns a search for what a report is about */
export function searchText({ app, host, path }: Scope): string {
  const scope = [
    ...(app === undefined ? [] : [`app == ${JSON.stringify(app)}`]),
    ...(host === undefined ? [] : [`host == ${JSON.stringify(host.toLowerCase())}`]),
    ...(path === undefined || path === "/"
      ? []
      : [`(path == ${JSON.stringify(path)} || path.startsWith(${JSON.stringify(`${path.replace(/\/$/, "")}/`)}))`]),
  ];
  return ['would_action == "block"', 'action == "monitored"', ...scope].join(" && ");
}

/**
 * Reads what would have been blocked, and answers.
 * @param exceptions in force now
 * @param deadline milliseconds since 1970 after which nothing more is read
 * @throws MerlonError MERLON_STORE
 */
export async function readiness(
  store: Pick<RecordStore, "records">,
  scope: Scope,
  window: Window,
  tenants: readonly string[] | null,
  exceptions: readonly Exception[],
  traffic: SeenTraffic,
  deadline: number,
  now: () => number,
): Promise<Readiness> {
  const tally = new Tally(exceptions);
  const search = { window, where: searchText(scope), tenants };
  const complete = await scanRecords(store, search, (record) => tally.add(record), deadline, now);
  const groups = tally.groups();
  const oldest = groups.reduce((least, { first }) => Math.min(least, first), traffic.since ?? window.to);
  const observedHours = Math.max(0, window.to - Math.max(window.from, oldest)) / HOUR_MS;
  const open = groups.filter(({ standing }) => standing === "suspect" || standing === "false_positive");
  const little = littleOf(traffic, observedHours);
  const verdict = open.length > 0 || !complete ? "not_yet" : little.length > 0 ? "too_little" : "ready";
  const order = (group: WouldBlock): number => ORDER.indexOf(group.standing);
  return {
    verdict,
    reasons: [...reasonsOf(groups, open, complete), ...little, ...notesOf(traffic)],
    groups: [...groups].sort((a, b) => order(a) - order(b) || b.requests - a.requests).slice(0, GROUPS_SHOWN),
    toLookAt: open.length,
    wouldBlock: tally.requests,
    clients: tally.clients,
    complete,
    observedHours: Math.round(observedHours * 10) / 10,
    traffic,
  };
}

const ORDER: readonly Standing[] = ["false_positive", "suspect", "attack", "true_attack", "excepted"];

function reasonsOf(groups: readonly WouldBlock[], open: readonly WouldBlock[], complete: boolean): string[] {
  const of = (standing: Standing): number => groups.filter((group) => group.standing === standing).length;
  const marked = of("false_positive");
  return [
    ...(complete ? [] : ["there are more records than could be read in time — ask for fewer days or a closer scope"]),
    ...(of("suspect") > 0 ? [`${groupsText(of("suspect"))} like people at work and nobody has decided`] : []),
    ...(marked > 0 ? [`${marked} marked as false positive, but no exception lets them pass yet`] : []),
    ...(open.length === 0 && groups.length > 0
      ? [`all ${groups.length} groups that would be blocked are attacks by their looks or by decision, or excepted`]
      : []),
    ...(groups.length === 0 ? ["nothing would have been blocked"] : []),
  ];
}

function groupsText(count: number): string {
  return count === 1 ? "1 group looks" : `${count} groups look`;
}

function littleOf({ calls, since }: SeenTraffic, hours: number): string[] {
  if (since === null) return ["no traffic of it is known — let its nodes send their inventory, or widen the scope"];
  return [
    ...(calls < CALLS_LEAST ? [`about ${calls} requests were seen — ${CALLS_LEAST} say more`] : []),
    ...(hours < HOURS_LEAST ? [`it was watched for ${hours.toFixed(1)} hours — ${HOURS_LEAST} hold a whole day`] : []),
  ];
}

function notesOf({ uncalled, endpoints }: SeenTraffic): string[] {
  return uncalled === 0 ? [] : [`${uncalled} of ${endpoints} known endpoints were not called in this time`];
}

/** Groups records as they come. */
class Tally {
  readonly #exceptions: readonly Exception[];
  readonly #groups = new Map<string, Group>();
  /** Types that each client was found with. */
  readonly #typesOf = new Map<string, Set<string>>();
  requests = 0;

  constructor(exceptions: readonly Exception[]) {
    this.#exceptions = exceptions;
  }

  get clients(): number {
    return this.#typesOf.size;
  }

  add(record: AttackRecord): void {
    const count = record.sampled.count_since_last;
    this.requests += count;
    const isReleased = releases(this.#exceptions, record);
    const counting = record.hits.filter(({ decision }) => decision === "would_block");
    const { ip } = record.client;
    const types = this.#typesOf.get(ip) ?? new Set();
    if (this.#typesOf.size < CLIENTS_MAX || this.#typesOf.has(ip)) this.#typesOf.set(ip, types);
    for (const hit of counting) {
      if (types.size < TYPES_OF_CLIENT_MAX) types.add(hit.type);
      const { host, method, path_template: path } = record.request;
      const key = JSON.stringify([hit.type, host.toLowerCase(), method, path, hit.point_s]);
      const known = this.#groups.get(key);
      if (known === undefined && this.#groups.size >= GROUPS_MAX) continue;
      const group = known ?? emptyGroup(hit, record);
      this.#groups.set(key, group);
      note(group, record, count, isReleased);
    }
  }

  groups(): WouldBlock[] {
    return [...this.#groups.values()].map((group) => {
      const alone = [...group.clients].filter((ip) => (this.#typesOf.get(ip)?.size ?? 1) === 1).length;
      return wouldBlockOf(group, alone);
    });
  }
}

function emptyGroup(hit: Hit, sample: AttackRecord): Group {
  const at = Date.parse(sample.ts);
  const counts = { requests: 0, kept: 0, authenticated: 0, succeeded: 0 };
  const decided = { released: 0, falsePositives: 0, trueAttacks: 0 };
  return { hit, sample, clients: new Set(), ...counts, ...decided, first: at, last: at };
}

function note(group: Group, record: AttackRecord, count: number, isReleased: boolean): void {
  const at = Date.parse(record.ts);
  group.requests += count;
  group.first = Math.min(group.first, at);
  group.last = Math.max(group.last, at);
  if (group.clients.size < CLIENTS_OF_GROUP_MAX) group.clients.add(record.client.ip);
  if (isReleased) group.released += count;
  if (record.labels?.verdict === "false_positive") group.falsePositives++;
  if (record.labels?.verdict === "true_attack") group.trueAttacks++;
  if (!record.sampled.kept) return;
  group.kept++;
  if (isAuthenticated(record)) group.authenticated++;
  if (record.response.status > 0 && record.response.status < 400) group.succeeded++;
}

function isAuthenticated({ request }: AttackRecord): boolean {
  return request.headers.some(([name]) => name === "authorization" || name === "cookie");
}

/** Whether nothing in a record would count with the exceptions that are in force now. */
function releases(exceptions: readonly Exception[], record: AttackRecord): boolean {
  const counting = record.hits.filter(({ decision }) => decision === "would_block");
  const taken = new Map<Hit, Set<string>>();
  for (const exception of exceptions) {
    const found = judge(exception, record);
    if (found.releases) return true;
    for (const hit of found.hits) {
      const stamps = taken.get(hit) ?? new Set();
      for (const stamp of found.stamps) stamps.add(stamp);
      taken.set(hit, stamps);
    }
  }
  return counting.length > 0 && counting.every((hit) => hit.stamps.every((stamp) => taken.get(hit)?.has(stamp)));
}

function wouldBlockOf(group: Group, alone: number): WouldBlock {
  const { hit, sample, clients, requests, kept, authenticated, succeeded, first, last } = group;
  const signs = [
    ...(clients.size >= CLIENTS_MANY ? [`${clients.size} clients do it at the same place`] : []),
    ...(kept > 0 && authenticated >= kept * SHARE_MOST ? ["most came with credentials or a session"] : []),
    ...(alone > clients.size * SHARE_MOST ? ["most of its clients did nothing else"] : []),
    ...(kept > 0 && succeeded >= kept * SHARE_MOST ? ["the application answered most of them as usual"] : []),
  ];
  const { standing, reasons } = standingOf(group, signs);
  return {
    ...{ type: hit.type, host: sample.request.host.toLowerCase(), method: sample.request.method },
    ...{ path: sample.request.path_template, point: hit.point_s, requests, clients: clients.size },
    ...{ kept, authenticated, succeeded, alone, standing, reasons, record: sample.id, first, last },
  };
}

function standingOf(group: Group, signs: readonly string[]): { standing: Standing; reasons: readonly string[] } {
  if (group.released === group.requests) {
    return { standing: "excepted", reasons: ["an exception in force lets all of it pass"] };
  }
  if (group.trueAttacks > 0 && group.falsePositives === 0) {
    return { standing: "true_attack", reasons: ["somebody has marked it as a true attack"] };
  }
  if (group.falsePositives > 0) {
    return { standing: "false_positive", reasons: ["somebody has marked it as a false positive", ...signs] };
  }
  if (signs.length >= SIGNS_SUSPECT) return { standing: "suspect", reasons: signs };
  const few = signs.length === 0 ? "nothing about it looks" : `too little (${signs.length} of ${SIGNS}) looks`;
  return { standing: "attack", reasons: [`${few} like people at work`, ...signs] };
}
