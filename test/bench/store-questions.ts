/** What the console asks of the store, as data: each search with each list, order and count that a page makes of it. */
import type { AttackOrder, GroupField, RecordStore, Search } from "../../hosts/postanalytics/store/store.ts";

/** A search, and how many days it looks back; null for all there are. */
export interface BenchSearch {
  readonly name: string;
  readonly days: number | null;
  readonly where: string;
}

/** Searches: the views that everybody has, a filter of each sort, and what finds nothing. */
export const BENCH_SEARCHES: readonly BenchSearch[] = [
  { name: "the last hour", days: 1 / 24, where: "" },
  { name: "the last day", days: 1, where: "" },
  { name: "all", days: null, where: "" },
  { name: "blocked", days: null, where: 'action == "blocked"' },
  { name: "incidents", days: null, where: "incident" },
  { name: "a type", days: null, where: "sqli" },
  { name: "an application and a host", days: null, where: "shop-web d:site0.example" },
  { name: "a path pattern and blocked", days: null, where: "url:/api/*/7 blocked" },
  { name: "a network", days: null, where: "ip:11.0.0.0/8" },
  { name: "an address", days: null, where: "ip:15.1.2.3" },
  { name: "a weakness and a point", days: null, where: "known:CVE-2021-* p:query.p1" },
  { name: "nothing", days: null, where: "app:nobody" },
  { name: "an expression", days: null, where: 'type == "xss" || (status >= 400 && !(country in ["DE", "FR"]))' },
];

/** Groupings with their orders, as the toolbar offers them. */
export const BENCH_GROUPINGS: readonly (readonly [readonly GroupField[], AttackOrder])[] = [
  [["ip", "host", "path"], "last_seen"],
  [["ip", "host", "path"], "count"],
  [["type"], "last_seen"],
  [["ip"], "count"],
  [["country", "type"], "count"],
  [["type", "point", "host", "path"], "first_seen"],
];

const PART = 50;
const TOPS: readonly GroupField[] = ["type", "ip", "country", "app", "host", "path", "stamp", "node"];

/** A question of a page. */
export interface BenchQuestion {
  readonly name: string;
  ask(store: RecordStore, search: Search): Promise<unknown>;
}

/** Everything that is asked about a search. */
export const BENCH_QUESTIONS: readonly BenchQuestion[] = [
  { name: "records", ask: (store, search) => store.records(search, PART, null) },
  { name: "count", ask: (store, search) => store.count(search) },
  {
    name: "numbers beside a list",
    ask: (store, search) => store.statistics(search, 60, ["type", "ip", "app", "path"]),
  },
  { name: "dashboard", ask: (store, search) => store.statistics(search, 120, TOPS) },
  ...BENCH_GROUPINGS.map(([fields, order]): BenchQuestion => {
    return {
      name: `attacks by ${fields.join(", ")}; ${order}`,
      ask: (store, search) => store.attacks(search, fields, order, PART, null),
    };
  }),
  {
    name: "a second page of attacks",
    async ask(store, search) {
      const { next } = await store.attacks(search, ["ip", "host", "path"], "last_seen", PART, null);
      if (next !== null) await store.attacks(search, ["ip", "host", "path"], "last_seen", PART, next);
    },
  },
];
