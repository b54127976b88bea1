/** Databases for tests of the store: a fresh one of either sort, closed and removed when the test ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, onTestFinished, type TestContext } from "vitest";
import type { Database } from "../../../../hosts/postanalytics/store/database.ts";
import { openPostgres } from "../../../../hosts/postanalytics/store/postgres.ts";
import { openSqlite } from "../../../../hosts/postanalytics/store/sqlite.ts";
import { requireOrSkip } from "../../../tools/component.ts";
import { PostgresServer, postgresPrograms } from "../../../tools/postgres.ts";

/** The dialects that every suite runs on. */
export const DIALECTS = ["sqlite", "postgres"] as const;
/** One of them. */
export type Dialect = (typeof DIALECTS)[number];

let server: Promise<PostgresServer> | undefined;
afterAll(async () => await (await server)?.close());

/** The server of this test file, started when first asked for. */
export async function postgresServer(context: Pick<TestContext, "skip">): Promise<PostgresServer> {
  const programs = requireOrSkip(context, await postgresPrograms());
  server ??= PostgresServer.start(programs);
  return await server;
}

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "merlon-store-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Address of an empty database: a path or a URL. */
export async function emptyDatabase(context: Pick<TestContext, "skip">, dialect: Dialect): Promise<string> {
  if (dialect === "sqlite") return join(temporaryFolder(), "records.sqlite");
  return await (await postgresServer(context)).createDatabase();
}

/** Opens a database; it is closed when the test ends. */
export async function openDialect(address: string, dialect: Dialect): Promise<Database> {
  const database = dialect === "sqlite" ? await openSqlite(address) : await openPostgres(address);
  onTestFinished(() => database.close().catch(() => {}));
  return database;
}
