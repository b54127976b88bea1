/**
 * Blocks in the database. They are written in the transaction that writes their records, so an answer of blocks and an
 * answer of records is the same at every moment. Small blocks, one a transaction, are merged into larger ones, as
 * often as the logarithm of their number; a block is never changed: what takes its place has a new id.
 */
import type { Database, Queryable } from "../database.ts";
import { queryIn } from "../rows.ts";
import { BLOCK_ROW_BYTES, type BlockRow, encodeRows, keepTimes, spanOf, subtractRows } from "./block.ts";

/** A block of so many records is merged with no other. */
export const BLOCK_ROWS_FULL = 32_768;
/** Blocks of a level that become one of the next. */
const MERGED = 16;
const FULL_LEVEL = 100;
/** Merging and removing keep each other out, so that no row of a block is lost or comes back between the two. */
const BLOCKS_LOCK = 0x6d657262;

const RECORD_COLUMNS = "r.at, r.finding, r.kind, r.client, r.path, r.n";

/** Adds the records of a transaction, and merges what has become many. @param log whose records they are */
export async function appendBlock(
  inside: Queryable,
  dialect: Database["dialect"],
  log: string,
  rows: readonly BlockRow[],
): Promise<void> {
  let bytes = encodeRows(rows);
  for (let level = 0; bytes.length > 0; level++) {
    const isFull = bytes.length >= BLOCK_ROWS_FULL * BLOCK_ROW_BYTES;
    await insertBlock(inside, log, isFull ? FULL_LEVEL : level, bytes);
    if (isFull) return;
    const [here] = await inside.query(
      "select count(*) as blocks, sum(rows) as rows from record_blocks where log = ? and level = ?",
      [log, level],
    );
    if (Number(here?.["blocks"]) < MERGED && Number(here?.["rows"]) < BLOCK_ROWS_FULL) return;
    await lock(inside, dialect);
    const merged = await inside.query("delete from record_blocks where log = ? and level = ? returning bytes", [
      log,
      level,
    ]);
    bytes = Buffer.concat(merged.map((row) => bytesOf(row["bytes"])));
  }
}

/** Takes records out that are being removed, before they are. @param ids of records; those that are not there, too */
export async function removeFromBlocks(
  inside: Queryable,
  dialect: Database["dialect"],
  ids: readonly string[],
): Promise<void> {
  await lock(inside, dialect);
  const found = await queryIn(inside, `select ${RECORD_COLUMNS} from records r where r.id in (in)`, ids);
  const [gone, times] = [new Map<string, number>(), [] as number[]];
  for (const { at, finding, kind, client, path, n } of found) {
    const [finds, is, who, where, counts] = [finding, kind, client, path, n].map(Number);
    const row = { at: Number(at), finding: finds ?? 0, kind: is ?? 0, client: who ?? 0, path: where ?? 0 };
    const key = encodeRows([{ ...row, n: counts ?? 0 }]).toString("latin1");
    gone.set(key, (gone.get(key) ?? 0) + 1);
    times.push(row.at);
  }
  const [from, to] = times.reduce(([low, high], at) => [Math.min(low, at), Math.max(high, at)], [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as [number, number]);
  if (times.length > 0) await rewrite(inside, from, to + 1, (bytes) => subtractRows(bytes, gone));
}

/** Takes all records of a stretch of time out, milliseconds since 1970; `to` is not part of it. */
export async function removeTimes(
  inside: Queryable,
  dialect: Database["dialect"],
  from: number,
  to: number,
): Promise<void> {
  await lock(inside, dialect);
  await rewrite(inside, from, to, (bytes) => keepTimes(bytes, (at) => at < from || at >= to));
}

/**
 * Makes all blocks again from the records. Nobody adds records meanwhile: in PostgreSQL others wait for the
 * transaction, and try again where it takes longer than they wait.
 */
export async function remakeBlocks(inside: Queryable, dialect: Database["dialect"]): Promise<void> {
  if (dialect === "postgres") await inside.query("lock table record_blocks in share row exclusive mode");
  await inside.query("delete from record_blocks");
  const all = {
    sqlite: `unhex(group_concat(printf('%016X%08X%08X%08X%08X%08X', r.at, r.finding, r.kind, r.client, r.path,
      min(r.n, 2147483647)), ''))`,
    postgres: `string_agg(int8send(r.at) || int4send(r.finding) || int4send(r.kind) || int4send(r.client)
      || int4send(r.path) || int4send(r.n), ''::bytea)`,
  }[dialect];
  const [oldest] = await inside.query("select min(at) as at from records");
  let from = oldest?.["at"] ?? null;
  while (from !== null) {
    const next = await inside.query(
      `select at from records where at >= ? order by at limit 1 offset ${2 * BLOCK_ROWS_FULL - 1}`,
      [from],
    );
    // Records of one millisecond stay together, however many they are.
    const to = next[0]?.["at"] === undefined ? null : Math.max(Number(next[0]["at"]), Number(from) + 1);
    const [made] = await inside.query(
      `select ${all} as bytes from records r where r.at >= ? ${to === null ? "" : "and r.at < ?"}`,
      to === null ? [from] : [from, to],
    );
    const bytes = bytesOf(made?.["bytes"] ?? null);
    if (bytes.length > 0) await insertBlock(inside, "", FULL_LEVEL, bytes);
    from = to;
  }
}

async function rewrite(inside: Queryable, from: number, to: number, keep: (bytes: Buffer) => Buffer): Promise<void> {
  const touched = await inside.query("select id from record_blocks where last_at >= ? and first_at < ?", [from, to]);
  for (const { id } of touched) {
    const columns = "log, level, bytes";
    const [block] = await inside.query(`select ${columns} from record_blocks where id = ?`, [Number(id)]);
    if (block === undefined) continue;
    const before = bytesOf(block["bytes"] ?? null);
    const after = keep(before);
    if (after.length === before.length) continue;
    await inside.query("delete from record_blocks where id = ?", [Number(id)]);
    await insertBlock(inside, String(block["log"]), Number(block["level"]), after);
  }
}

async function insertBlock(inside: Queryable, log: string, level: number, bytes: Buffer): Promise<void> {
  const span = spanOf(bytes);
  if (span === null) return;
  await inside.query(
    "insert into record_blocks (log, level, rows, first_at, last_at, bytes) values (?, ?, ?, ?, ?, ?)",
    [...[log, level, bytes.length / BLOCK_ROW_BYTES, ...span], bytes],
  );
}

async function lock(inside: Queryable, dialect: Database["dialect"]): Promise<void> {
  if (dialect === "postgres") await inside.query(`select pg_advisory_xact_lock(${BLOCKS_LOCK})`);
}

/** A column of bytes as both databases give it. */
export function bytesOf(value: unknown): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.alloc(0);
}
