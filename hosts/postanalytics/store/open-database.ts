/** Opens the database that a setting names: an SQLite file in the data folder, or a PostgreSQL server. */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { MerlonError } from "../../core/error.ts";
import type { Database } from "./database.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";

/**
 * @param address `postgres://…`, or the path of an SQLite file, which is made where it is missing
 * @throws MerlonError MERLON_STORE
 */
export async function openDatabase(address: string): Promise<Database> {
  if (/^postgres(?:ql)?:\/\//i.test(address)) return await openPostgres(address);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(address)) {
    const fix = "write postgres://user@host/database or the path of a file";
    throw new MerlonError(
      "MERLON_STORE",
      `this is no database that Merlon knows — it speaks PostgreSQL and SQLite; ${fix}`,
    );
  }
  try {
    await mkdir(dirname(address), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new MerlonError("MERLON_STORE", "the folder of the database cannot be made — check its path", { cause });
  }
  return await openSqlite(address);
}
