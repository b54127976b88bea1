/** The embedded database: the shared suite, and what is SQLite's own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSqlite } from "../../../../hosts/postanalytics/store/sqlite.ts";
import { describeDatabase, numbers } from "./database-suite.ts";
import { openDialect, temporaryFolder } from "./stage.ts";

describeDatabase("sqlite");

test("a commit is on disk when it returns", async () => {
  const database = await openDialect(join(temporaryFolder(), "a.sqlite"), "sqlite");
  // Asked in a transaction, which the writing connection runs.
  const [mode, safety] = await database.transaction(async (inside) => [
    await inside.query("pragma journal_mode"),
    await inside.query("pragma synchronous"),
  ]);
  expect(mode).toEqual([{ journal_mode: "wal" }]);
  expect(safety).toEqual([{ synchronous: 2 }]);
});

test("who reads sees the last commit while a transaction is open", async () => {
  const database = await openDialect(join(temporaryFolder(), "a.sqlite"), "sqlite");
  await database.query("create table numbers (n integer primary key)");
  await database.transaction(async (inside) => {
    await inside.query("insert into numbers values (1)");
    expect(await numbers(database)).toEqual([]);
    expect(await numbers(inside)).toEqual([1]);
  });
  expect(await numbers(database)).toEqual([1]);
});

test("a file that is no database is refused", async () => {
  const path = join(temporaryFolder(), "a.sqlite");
  writeFileSync(path, "this is a shopping list, longer than a hundred bytes, ".repeat(10));
  await expect(openSqlite(path)).rejects.toMatchObject({ code: "MERLON_STORE" });
});
