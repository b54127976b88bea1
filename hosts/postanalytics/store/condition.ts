/** From a search to what stands behind `where` for records `r`: the window, the words, and whose records they are. */
import {
  type Condition,
  conditionTree,
  EVERYTHING,
  join,
  NOTHING,
  type Predicate,
  predicateOfTree,
} from "../search/predicate.ts";
import { readSearch } from "../search/search.ts";
import type { Database } from "./database.ts";
import type { Search } from "./store.ts";

/**
 * @param nowMs what `now` and `last:` count from
 * @throws SearchFault MERLON_SEARCH
 */
export function conditionOf(search: Search, dialect: Database["dialect"], nowMs: number): Predicate {
  const asked = predicateOfTree(wordsOf(search, dialect, nowMs));
  const { from, to } = search.window;
  const window = { sql: "r.at >= ? and r.at < ?", values: [Math.trunc(from), Math.trunc(to)] };
  const whole = join("and", [window, asked]);
  // SQLite would take an index for what most records have, and sort. A walk in the order of time is never that slow;
  // the plus keeps it from the indexes. PostgreSQL counts first.
  return dialect === "postgres"
    ? whole
    : { ...whole, sql: whole.sql.replaceAll(/\br\.(finding|kind|client|path) in \(/g, "+r.$1 in (") };
}

/** See conditionOf; as a tree, and without the window. */
export function wordsOf(search: Search, dialect: Database["dialect"], nowMs: number): Condition {
  const { ast } = readSearch(search.where);
  const words: readonly Condition[] = ast === null ? [] : [conditionTree(ast, dialect, nowMs)];
  const { tenants } = search;
  if (tenants === null) return { kind: "and", parts: words };
  const theirs: Condition =
    tenants.length === 0 ? { kind: "or", parts: [] } : { kind: "dimension", column: "kind", ids: kindsOf(tenants) };
  return { kind: "and", parts: [theirs, ...words] };
}

/** What somebody may see who sees these applications. */
export function tenantsPredicate(tenants: readonly string[] | null): Predicate {
  if (tenants === null) return EVERYTHING;
  if (tenants.length === 0) return NOTHING;
  const { sql, values } = kindsOf(tenants);
  return { sql: `r.kind in (${sql})`, values };
}

function kindsOf(tenants: readonly string[]): Predicate {
  return { sql: `select id from kinds where app in (${tenants.map(() => "?").join(", ")})`, values: tenants };
}
