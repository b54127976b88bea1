/** Which database a setting opens. */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../../hosts/postanalytics/store/open-database.ts";
import { emptyDatabase, temporaryFolder } from "./stage.ts";

test("a path is an SQLite file, whose folder is made", async () => {
  const database = await openDatabase(join(temporaryFolder(), "new", "records.sqlite"));
  onTestFinished(() => database.close());
  expect(database.dialect).toBe("sqlite");
});

test("an address of PostgreSQL is a server", async (context) => {
  const database = await openDatabase(await emptyDatabase(context, "postgres"));
  onTestFinished(() => database.close());
  expect(database.dialect).toBe("postgres");
});

test("any other address is refused", async () => {
  await expect(openDatabase("mysql://localhost/x")).rejects.toThrow("it speaks PostgreSQL and SQLite");
});
