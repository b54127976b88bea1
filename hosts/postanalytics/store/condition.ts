/** From a search to what stands behind `where` for records `r`: the window, the words, and whose records they are. */
import { EVERYTHING, join, NOTHING, type Predicate, predicateOf } from "../search/predicate.ts";
import { readSearch } from "../search/search.ts";
import type { Database } from "./database.ts";
import type { Search } from "./store.ts";

/**
 * @param nowMs what `now` and `last:` count from
 * @throws SearchFault MERLON_SEARCH
 */
export function conditionOf(search: Search, dialect: Database["dialect"], nowMs: number): Predicate {
  const { ast } = readSearch(search.where);
  const asked = ast === null ? EVERYTHING : predicateOf(ast, dialect, nowMs);
  const { from, to } = search.window;
  const window = { sql: "r.at >= ? and r.at < ?", values: [Math.trunc(from), Math.trunc(to)] };
  const whole = join("and", [window, tenantsPredicate(search.tenants), asked]);
  // SQLite would take an index for what most records have, and sort. A walk in the order of time is never that slow;
  // the plus keeps it from the indexes. PostgreSQL counts first.
  return dialect === "postgres"
    ? whole
    : { ...whole, sql: whole.sql.replaceAll(/\br\.(finding|kind|client|path) in \(/g, "+r.$1 in (") };
}

/** What somebody may see who sees these applications. */
export function tenantsPredicate(tenants: readonly string[] | null): Predicate {
  if (tenants === null) return EVERYTHING;
  if (tenants.length === 0) return NOTHING;
  const marks = tenants.map(() => "?").join(", ");
  return { sql: `r.kind in (select id from kinds where app in (${marks}))`, values: tenants };
}
