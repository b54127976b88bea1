/**
 * The shape of the projection of records. What many records have in common is said once: a *finding* (what was
 * found), a *kind* (where it went and what was done), a *client*, a *path*. So a record is a row of a few numbers,
 * filters are answered on the small tables, and a million rows are read in a tenth of a second.
 *
 * In PostgreSQL, records and their bodies are partitioned by week; `record-partition.ts` makes the partitions.
 * Blocks hold the numbers of many records in one row (blocks/block.ts); most questions are answered from them.
 */
import { remakeBlocks } from "../blocks/block-table.ts";
import type { Migration, MigrationSet } from "../migration.ts";

const KIND_COLUMNS = `app text not null, host text not null, path text not null, method text not null,
  status integer not null, action text not null, would text not null, mode text not null, source text not null,
  node text not null, node_kind text not null, policy text not null, client_list text not null,
  incident integer not null`;
const FINDING_COLUMNS = "hits integer not null, severity integer not null";
const CLIENT_COLUMNS = "ip text not null, ip_key text not null, country text not null, asn bigint not null";
const RECORD_COLUMNS = `id text not null, at bigint not null, finding integer not null, kind integer not null,
  client integer not null, path integer not null, n integer not null`;

const SQLITE: readonly string[] = [
  `create table kinds (id integer primary key autoincrement, key text not null unique, ${KIND_COLUMNS})`,
  `create table findings (id integer primary key autoincrement, key text not null unique, ${FINDING_COLUMNS})`,
  `create table finding_marks (field text not null, value text not null, finding integer not null,
    primary key (field, value, finding)) without rowid`,
  "create index finding_marks_finding on finding_marks (finding)",
  // When types at points of a path were first and last seen; the key is a hash of them.
  "create table looks (look text primary key, first_at bigint not null, last_at bigint not null) without rowid",
  `create table clients (id integer primary key autoincrement, key text not null unique, ${CLIENT_COLUMNS})`,
  "create index clients_ip on clients (ip_key)",
  "create table paths (id integer primary key autoincrement, key text not null unique, path text not null)",
  `create table records (${RECORD_COLUMNS}, primary key (at, id)) without rowid`,
  "create unique index records_id on records (id)",
  "create index records_client on records (client, at)",
  "create index records_kind on records (kind)",
  "create index records_finding on records (finding)",
  "create index records_path on records (path)",
  "create table bodies (id text primary key, at bigint not null, json text not null)",
  "create table request_ids (request_id text not null, id text not null, primary key (request_id, id)) without rowid",
  "create index request_ids_id on request_ids (id)",
  "create table labels (id text primary key, verdict text, note text, at bigint not null)",
  "create table log_positions (log text primary key, segment bigint not null, byte bigint not null)",
];

/** Order and comparison are by bytes, as SQLite's are, whatever the server's locale. */
function byBytes(columns: string): string {
  return columns.replaceAll(/\btext\b/g, 'text collate "C"');
}

const POSTGRES: readonly string[] = [
  `create table kinds (id integer generated always as identity primary key, key text collate "C" not null unique,
    ${byBytes(KIND_COLUMNS)})`,
  `create table findings (id integer generated always as identity primary key, key text collate "C" not null unique,
    ${FINDING_COLUMNS})`,
  `create table finding_marks (field text collate "C" not null, value text collate "C" not null,
    finding integer not null, primary key (finding, field, value))`,
  "create index finding_marks_value on finding_marks (field, value)",
  `create table looks (look text collate "C" primary key, first_at bigint not null, last_at bigint not null)`,
  `create table clients (id integer generated always as identity primary key, key text collate "C" not null unique,
    ${byBytes(CLIENT_COLUMNS)})`,
  "create index clients_ip on clients (ip_key)",
  `create table paths (id integer generated always as identity primary key, key text collate "C" not null unique,
    path text collate "C" not null)`,
  `create table records (${byBytes(RECORD_COLUMNS)}, primary key (at, id)) partition by range (at)`,
  "create table records_rest partition of records default",
  "create index records_id on records (id)",
  "create index records_client on records (client, at)",
  "create index records_kind on records (kind, at)",
  "create index records_finding on records (finding, at)",
  "create index records_path on records (path)",
  `create table bodies (id text collate "C" not null, at bigint not null, json text not null, primary key (at, id))
    partition by range (at)`,
  "create table bodies_rest partition of bodies default",
  "create index bodies_id on bodies (id)",
  `create table request_ids (request_id text collate "C" not null, id text collate "C" not null,
    primary key (request_id, id))`,
  "create index request_ids_id on request_ids (id)",
  'create table labels (id text collate "C" primary key, verdict text, note text, at bigint not null)',
  'create table log_positions (log text collate "C" primary key, segment bigint not null, byte bigint not null)',
];

const FIRST: Migration = { number: 1, name: "records, kinds, clients, paths", sqlite: SQLITE, postgres: POSTGRES };

const BLOCK_COLUMNS = `log text not null, level integer not null, rows integer not null, first_at bigint not null,
  last_at bigint not null`;
// A replica of before would add records and no blocks. It finds no place for how far it got, and waits to be replaced.
const RENAMED = "alter table log_positions rename to log_places";

const SECOND: Migration = {
  number: 2,
  name: "blocks",
  sqlite: [
    `create table record_blocks (id integer primary key autoincrement, ${BLOCK_COLUMNS}, bytes blob not null)`,
    "create index record_blocks_log on record_blocks (log, level)",
    "create index record_blocks_last on record_blocks (last_at, first_at, id, rows)",
    RENAMED,
  ],
  postgres: [
    `create table record_blocks (id bigint generated always as identity primary key, ${byBytes(BLOCK_COLUMNS)},
      bytes bytea not null)`,
    // They hardly shrink, and would be shrunk again at each merging.
    "alter table record_blocks alter column bytes set storage external",
    "create index record_blocks_log on record_blocks (log, level)",
    RENAMED,
  ],
  finish: remakeBlocks,
};

/** The projection's migrations. */
export const RECORD_MIGRATIONS: MigrationSet = { subject: "records", migrations: [FIRST, SECOND] };
