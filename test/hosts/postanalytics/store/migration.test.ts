/** Migrations on both databases: once each, forward only, whole or not at all, and by several replicas at once. */
import { describe, expect, test } from "vitest";
import { type Migration, migrate } from "../../../../hosts/postanalytics/store/migration.ts";
import { numbers } from "./database-suite.ts";
import { DIALECTS, emptyDatabase, openDialect } from "./stage.ts";

function migration(number: number, ...statements: string[]): Migration {
  return { number, name: `change ${number}`, sqlite: statements, postgres: statements };
}

const FIRST = migration(1, "create table numbers (n integer primary key)", "insert into numbers values (1)");
const SECOND = migration(2, "insert into numbers values (2)");
const BROKEN = migration(2, "insert into numbers values (3)", "insert into nowhere values (1)");

describe.each(DIALECTS)("in %s", (dialect) => {
  test("each is made once, and later ones follow", async (context) => {
    const database = await openDialect(await emptyDatabase(context, dialect), dialect);
    expect(await migrate(database, { subject: "a", migrations: [FIRST] })).toEqual([1]);
    expect(await migrate(database, { subject: "a", migrations: [FIRST, SECOND] })).toEqual([2]);
    expect(await migrate(database, { subject: "a", migrations: [FIRST, SECOND] })).toEqual([]);
    expect(await numbers(database)).toEqual([1, 2]);
  });

  test("one that fails leaves nothing behind", async (context) => {
    const database = await openDialect(await emptyDatabase(context, dialect), dialect);
    await migrate(database, { subject: "a", migrations: [FIRST] });
    const failed = migrate(database, { subject: "a", migrations: [FIRST, BROKEN] });
    await expect(failed).rejects.toMatchObject({ code: "MERLON_STORE" });
    expect(await numbers(database)).toEqual([1]);
    expect(await migrate(database, { subject: "a", migrations: [FIRST, SECOND] })).toEqual([2]);
  });

  test("an older Merlon refuses what a newer one made", async (context) => {
    const database = await openDialect(await emptyDatabase(context, dialect), dialect);
    await migrate(database, { subject: "a", migrations: [FIRST, SECOND] });
    await expect(migrate(database, { subject: "a", migrations: [FIRST] })).rejects.toThrow(
      'the database has version 2 of "a", this Merlon knows 1',
    );
  });

  test("subjects are counted apart", async (context) => {
    const database = await openDialect(await emptyDatabase(context, dialect), dialect);
    await migrate(database, { subject: "a", migrations: [FIRST] });
    expect(await migrate(database, { subject: "b", migrations: [migration(1, "create table b (n integer)")] })).toEqual(
      [1],
    );
  });
});

test("replicas that start at once make each change once", async (context) => {
  const url = await emptyDatabase(context, "postgres");
  const replicas = await Promise.all(Array.from({ length: 4 }, () => openDialect(url, "postgres")));
  const made = await Promise.all(replicas.map((one) => migrate(one, { subject: "a", migrations: [FIRST, SECOND] })));
  expect(made.flat().sort()).toEqual([1, 2]);
});
