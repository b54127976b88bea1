/** All engines of the oracle that can be had on this machine. */

import type { SqlEngine } from "./sql/engine.ts";
import { openMariadb } from "./sql/mariadb.ts";
import { openPostgres } from "./sql/postgres.ts";
import { openSqlite } from "./sql/sqlite.ts";

/** Opens them. @returns those that run, and for the others the reason */
export async function openEngines(): Promise<{ engines: SqlEngine[]; missing: { missing: string }[] }> {
  const opened = [{ found: openSqlite() }, await openPostgres(), await openMariadb()];
  return {
    engines: opened.flatMap((one) => ("found" in one ? [one.found] : [])),
    missing: opened.flatMap((one) => ("missing" in one ? [one] : [])),
  };
}
