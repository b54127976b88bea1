/**
 * The shape of the projection of the inventory: endpoints with what was learned of them, put together from all nodes,
 * and how often they were called, by node and day, so that a line that comes twice counts once.
 */
import type { Migration, MigrationSet } from "../migration.ts";

const ENDPOINTS = `create table api_endpoints (key text primary key, app text not null, host text not null,
  method text not null, path text not null, first_at bigint not null, last_at bigint not null, shape text not null)`;
const COUNTS = `create table api_counts (id text primary key, endpoint text not null, last_at bigint not null,
  calls bigint not null)`;
const INDEXES = ["create index api_counts_endpoint on api_counts (endpoint, last_at)"];

const FIRST: Migration = {
  number: 1,
  name: "endpoints and their calls",
  sqlite: [ENDPOINTS, COUNTS, ...INDEXES],
  // Order and comparison are by bytes, as SQLite's are, whatever the server's locale.
  postgres: [...[ENDPOINTS, COUNTS].map((one) => one.replaceAll(/\btext\b/g, 'text collate "C"')), ...INDEXES],
};

/** The inventory's migrations. */
export const INVENTORY_MIGRATIONS: MigrationSet = { subject: "inventory", migrations: [FIRST] };
