/**
 * Changes of a database's shape: numbered, forward only, each in a transaction with the note that it was made. Several
 * replicas may start at once; one makes the changes and the others wait for it.
 */
import { MerlonError } from "../../core/error.ts";
import type { Database, Queryable } from "./database.ts";

/** One change; numbers begin at 1 and have no gaps. What is released is never edited: the next number mends it. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  /** Statements in each dialect, in their order. */
  readonly sqlite: readonly string[];
  readonly postgres: readonly string[];
  /** What cannot be said in statements; runs after them, in the same transaction. */
  readonly finish?: (inside: Queryable, dialect: Database["dialect"]) => Promise<void>;
}

/** Migrations of one subject. Subjects share a database and know nothing of each other. */
export interface MigrationSet {
  readonly subject: string;
  readonly migrations: readonly Migration[];
}

/** Any number that no other program on the server uses: "merl" in ASCII. */
const ADVISORY_LOCK = 0x6d65726c;

const LEDGER = `create table if not exists merlon_migrations (
  subject text not null, number integer not null, name text not null, applied_at bigint not null,
  primary key (subject, number))`;

/**
 * Brings a database to the newest shape.
 * @returns the numbers that were applied
 * @throws MerlonError MERLON_STORE where a newer version of Merlon has been here, or a change fails
 */
export async function migrate(database: Database, { subject, migrations }: MigrationSet): Promise<readonly number[]> {
  return await database.transaction(async (inside) => {
    if (database.dialect === "postgres") await inside.query(`select pg_advisory_xact_lock(${ADVISORY_LOCK})`);
    await inside.query(LEDGER);
    const at = await versionOf(inside, subject);
    const newest = migrations.at(-1)?.number ?? 0;
    if (at > newest) {
      throw new MerlonError(
        "MERLON_STORE",
        `the database has version ${at} of "${subject}", this Merlon knows ${newest} — run the newer one again`,
      );
    }
    const due = migrations.filter(({ number }) => number > at);
    for (const migration of due) {
      for (const statement of migration[database.dialect]) await inside.query(statement);
      await migration.finish?.(inside, database.dialect);
      const values = [subject, migration.number, migration.name, Date.now()];
      await inside.query(
        "insert into merlon_migrations (subject, number, name, applied_at) values (?, ?, ?, ?)",
        values,
      );
    }
    return due.map(({ number }) => number);
  });
}

async function versionOf(inside: Queryable, subject: string): Promise<number> {
  const [row] = await inside.query("select max(number) as version from merlon_migrations where subject = ?", [subject]);
  return Number(row?.["version"] ?? 0);
}
