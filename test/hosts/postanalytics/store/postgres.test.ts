/** PostgreSQL: the shared suite on a real server, and what is PostgreSQL's own. */
import { expect, onTestFinished, test } from "vitest";
import { numberParameters, openPostgres } from "../../../../hosts/postanalytics/store/postgres.ts";
import { describeDatabase } from "./database-suite.ts";
import { emptyDatabase, openDialect, postgresServer } from "./stage.ts";

describeDatabase("postgres");

test.each([
  ["select ?", "select $1"],
  ["select '?', ?, 'it''s ?', ?", "select '?', $1, 'it''s ?', $2"],
  ["select 1", "select 1"],
])("%s is written %s", (written, numbered) => {
  expect(numberParameters(written)).toBe(numbered);
});

test("a statement that takes too long ends with an error, and the next one works", async (context) => {
  const url = await emptyDatabase(context, "postgres");
  const database = await openPostgres(url, { statementTimeoutMs: 200, connectionsMax: 1 });
  onTestFinished(() => database.close());
  await expect(database.query("select pg_sleep(60)")).rejects.toMatchObject({ code: "MERLON_STORE" });
  expect(await database.query("select 1 as one")).toEqual([{ one: 1 }]);
});

test("it works again when a server that was killed is back", async (context) => {
  const database = await openDialect(await emptyDatabase(context, "postgres"), "postgres");
  await database.query("create table numbers (n integer primary key)");
  const server = await postgresServer(context);
  const interrupted = database.transaction(async (inside) => {
    await inside.query("insert into numbers values (1)");
    await server.kill();
    await inside.query("insert into numbers values (2)");
  });
  await expect(interrupted).rejects.toMatchObject({ code: "MERLON_STORE" });
  await expect(database.query("select 1")).rejects.toMatchObject({ code: "MERLON_STORE" });
  await server.resume();
  expect(await database.query("select count(*) as n from numbers")).toEqual([{ n: 0 }]);
});

test("a server that is not there is named without the password", async () => {
  const error: unknown = await openPostgres("postgres://merlon:canary-9c@127.0.0.1:1/x").catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "MERLON_STORE" });
  expect(String(error)).toContain("ECONNREFUSED");
  expect(String(error)).not.toContain("canary-9c");
});
