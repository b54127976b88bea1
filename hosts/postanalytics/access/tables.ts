/**
 * Tables of the console itself: who may use it and what was done with it, and how their columns are read. Records have
 * tables of their own.
 */
import type { Row } from "../store/database.ts";
import type { MigrationSet } from "../store/migration.ts";

/** Types are those that both databases understand, so the statements are the same. */
const FIRST: readonly string[] = [
  `create table console_users (
    name text primary key, role text not null, tenants text, password text, by_way text not null,
    locked smallint not null, must_change smallint not null, created_at bigint not null, last_login_at bigint)`,
  `create table console_sessions (
    hash text primary key, user_name text not null, by_way text not null, created_at bigint not null,
    seen_at bigint not null, ends_at bigint not null, renewed_at bigint not null,
    previous text, previous_until bigint not null)`,
  "create index console_sessions_user on console_sessions (user_name)",
  "create index console_sessions_previous on console_sessions (previous)",
  `create table console_tokens (
    id text primary key, hash text not null, kind text not null, name text not null, user_name text not null,
    role text not null, tenants text, created_at bigint not null, expires_at bigint, last_used_at bigint)`,
  "create index console_tokens_user on console_tokens (kind, user_name)",
  `create table console_audit (
    id text primary key, at bigint not null, who text not null, from_address text not null, action text not null,
    object text not null, outcome text not null, changes text not null)`,
  `create table console_pending_logins (
    state text primary key, verifier text not null, nonce text not null, until bigint not null)`,
  `create table console_changes (
    kind text not null, name text not null, created_by text not null, created_at bigint not null, body text not null,
    primary key (kind, name))`,
  "create table console_exports (id text primary key, sink text not null, search text not null)",
  `create table console_export_progress (
    export_id text not null, log text not null, position text not null, delivered bigint not null,
    failed bigint not null, newest bigint not null, last_error text, primary key (export_id, log))`,
];

/** The tables, for `migrate`. */
export const CONSOLE_TABLES: MigrationSet = {
  subject: "console",
  migrations: [{ number: 1, name: "users, sessions, tokens, audit", sqlite: FIRST, postgres: FIRST }],
};

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
