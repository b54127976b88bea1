/** The stage of the tests of access: a real database with the console's tables, and a clock that the test moves. */
import type { TestContext } from "vitest";
import { CONSOLE_TABLES } from "../../../../hosts/postanalytics/access/tables.ts";
import type { Database } from "../../../../hosts/postanalytics/store/database.ts";
import { migrate } from "../../../../hosts/postanalytics/store/migration.ts";
import { type Dialect, emptyDatabase, openDialect } from "../store/stage.ts";

/** A clock that stands still until it is moved. */
export class Clock {
  ms = Date.UTC(2026, 10, 21, 12);

  readonly now = (): number => this.ms;

  /** Moves it on. */
  pass(ms: number): void {
    this.ms += ms;
  }
}

/** A database with the console's tables; skips where its server is not there. */
export async function consoleDatabase(context: Pick<TestContext, "skip">, dialect: Dialect): Promise<Database> {
  const database = await openDialect(await emptyDatabase(context, dialect), dialect);
  await migrate(database, CONSOLE_TABLES);
  return database;
}
