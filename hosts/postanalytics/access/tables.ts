/**
 * Tables of the console itself: who may use it and what was done with it. Records have their own. Steps are never
 * changed once they are released, only followed by more, so that every older database becomes today's.
 */
import { MerlonError } from "../../core/error.ts";
import type { Database, Row } from "../store/database.ts";

/** One step each; the number of a step is its place, from 1 on. Types are those that both databases understand. */
const STEPS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE console_users (
      name TEXT PRIMARY KEY, role TEXT NOT NULL, tenants TEXT, password TEXT, by_way TEXT NOT NULL,
      locked SMALLINT NOT NULL, must_change SMALLINT NOT NULL, created_at BIGINT NOT NULL, last_login_at BIGINT)`,
    `CREATE TABLE console_sessions (
      hash TEXT PRIMARY KEY, user_name TEXT NOT NULL, by_way TEXT NOT NULL, created_at BIGINT NOT NULL,
      seen_at BIGINT NOT NULL, ends_at BIGINT NOT NULL, renewed_at BIGINT NOT NULL,
      previous TEXT, previous_until BIGINT NOT NULL)`,
    "CREATE INDEX console_sessions_user ON console_sessions (user_name)",
    "CREATE INDEX console_sessions_previous ON console_sessions (previous)",
    `CREATE TABLE console_tokens (
      id TEXT PRIMARY KEY, hash TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, user_name TEXT NOT NULL,
      role TEXT NOT NULL, tenants TEXT, created_at BIGINT NOT NULL, expires_at BIGINT, last_used_at BIGINT)`,
    "CREATE INDEX console_tokens_user ON console_tokens (kind, user_name)",
    `CREATE TABLE console_audit (
      id TEXT PRIMARY KEY, at BIGINT NOT NULL, who TEXT NOT NULL, from_address TEXT NOT NULL, action TEXT NOT NULL,
      object TEXT NOT NULL, outcome TEXT NOT NULL, changes TEXT NOT NULL)`,
    `CREATE TABLE console_pending_logins (
      state TEXT PRIMARY KEY, verifier TEXT NOT NULL, nonce TEXT NOT NULL, until BIGINT NOT NULL)`,
    `CREATE TABLE console_changes (
      kind TEXT NOT NULL, name TEXT NOT NULL, created_by TEXT NOT NULL, created_at BIGINT NOT NULL, body TEXT NOT NULL,
      PRIMARY KEY (kind, name))`,
    `CREATE TABLE console_exports (
      id TEXT PRIMARY KEY, sink TEXT NOT NULL, search TEXT NOT NULL, cursor_id TEXT NOT NULL,
      delivered BIGINT NOT NULL, failed BIGINT NOT NULL, last_error TEXT)`,
  ],
];

/**
 * Makes the tables, or brings them to today's form.
 * @throws MerlonError MERLON_STORE where a newer Merlon has written the database
 */
export async function openTables(database: Database): Promise<void> {
  await database.query("CREATE TABLE IF NOT EXISTS console_version (version BIGINT NOT NULL)");
  await database.transaction(async (inside) => {
    const [row] = await inside.query("SELECT MAX(version) AS version FROM console_version");
    const from = numberOf(row, "version");
    if (from > STEPS.length) {
      const why = `it has form ${from} of the console's tables and this version knows ${STEPS.length}`;
      throw new MerlonError("MERLON_STORE", `the database is of a newer Merlon — ${why}; run that version`);
    }
    for (const [index, statements] of STEPS.entries()) {
      if (index < from) continue;
      for (const statement of statements) await inside.query(statement);
      await inside.query("INSERT INTO console_version (version) VALUES (?)", [index + 1]);
    }
  });
}

/** @returns a column as text; empty where it is null */
export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column];
  return typeof value === "string" ? value : "";
}

/** @returns a column as text, or null */
export function textOrNull(row: Row | undefined, column: string): string | null {
  const value = row?.[column];
  return typeof value === "string" ? value : null;
}

/** @returns a column as a number; 0 where it is null. PostgreSQL hands out large numbers as text. */
export function numberOf(row: Row | undefined, column: string): number {
  return Number(row?.[column] ?? 0);
}

/** @returns a column as a number, or null */
export function numberOrNull(row: Row | undefined, column: string): number | null {
  const value = row?.[column] ?? null;
  return value === null ? null : Number(value);
}

/** @returns names of applications as a column holds them; null for all */
export function tenantsOf(row: Row | undefined, column = "tenants"): readonly string[] | null {
  const text = textOrNull(row, column);
  if (text === null) return null;
  const parsed: unknown = JSON.parse(text);
  // Whatever this is, it is not the right to see everything.
  return Array.isArray(parsed) ? parsed.filter((one) => typeof one === "string") : [];
}

/** @returns names of applications for a column */
export function tenantsText(tenants: readonly string[] | null): string | null {
  return tenants === null ? null : JSON.stringify(tenants);
}
