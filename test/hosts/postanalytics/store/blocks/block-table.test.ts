/** Blocks in both databases: they hold the records that the table holds, through merging, removal and a new making. */
import { describe, expect, onTestFinished, test } from "vitest";
import { BLOCK_ROW_BYTES, spanOf } from "../../../../../hosts/postanalytics/store/blocks/block.ts";
import {
  appendBlock,
  BLOCK_ROWS_FULL,
  bytesOf,
  remakeBlocks,
} from "../../../../../hosts/postanalytics/store/blocks/block-table.ts";
import type { Database } from "../../../../../hosts/postanalytics/store/database.ts";
import { migrate } from "../../../../../hosts/postanalytics/store/migration.ts";
import { RECORD_MIGRATIONS } from "../../../../../hosts/postanalytics/store/migrations/records.ts";
import { SqlRecordStore } from "../../../../../hosts/postanalytics/store/record-store.ts";
import { ALL, HOUR, openStore, someRecords, TO } from "../record-stage.ts";
import { DIALECTS, emptyDatabase, openDialect, temporaryFolder } from "../stage.ts";

/** Rows of all blocks, and those that the table of records says there should be; each as text, sorted. */
async function bothOf(database: Database): Promise<{ blocks: string[]; records: string[] }> {
  const blocks: string[] = [];
  for (const row of await database.query("select rows, first_at, last_at, bytes from record_blocks")) {
    const bytes = bytesOf(row["bytes"]);
    expect([bytes.length / BLOCK_ROW_BYTES, spanOf(bytes)]).toEqual([
      Number(row["rows"]),
      [Number(row["first_at"]), Number(row["last_at"])],
    ]);
    for (let at = 0; at < bytes.length; at += BLOCK_ROW_BYTES) {
      const numbers = [bytes.readBigInt64BE(at), ...[8, 12, 16, 20, 24].map((place) => bytes.readInt32BE(at + place))];
      blocks.push(numbers.join());
    }
  }
  const columns = ["at", "finding", "kind", "client", "path", "n"];
  const rows = await database.query(`select ${columns.join(", ")} from records`);
  return { blocks: blocks.sort(), records: rows.map((row) => columns.map((name) => row[name]).join()).sort() };
}

async function expectWhole(database: Database, count: number): Promise<void> {
  const { blocks, records } = await bothOf(database);
  expect(records).toHaveLength(count);
  expect(blocks).toEqual(records);
}

describe.each(DIALECTS)("in %s", (dialect) => {
  test("they hold what records hold, also after retention and a new making", async (context) => {
    const retention = { ageMs: 3 * HOUR, bytesMax: 60_000 };
    const { store, database } = await openStore(context, dialect, { retention, segmentBytesMax: 20_000 });
    const batch = someRecords(150);
    for (let at = 0; at < batch.length; at += 5) {
      await store.append(batch.slice(at, at + 5));
      if (at % 20 === 0) await store.settled();
    }
    await store.settled();
    await expectWhole(database, batch.length);
    const removed = await store.prune();
    expect(removed).toBeGreaterThan(0);
    await expectWhole(database, batch.length - removed);
    await database.transaction((inside) => remakeBlocks(inside, dialect));
    await expectWhole(database, batch.length - removed);
  });

  test("small ones are merged, and full ones never", async (context) => {
    const database = await openDialect(await emptyDatabase(context, dialect), dialect);
    await migrate(database, RECORD_MIGRATIONS);
    const row = { at: TO, finding: 1, kind: 1, client: 1, path: 1, n: 1 };
    for (let i = 0; i < 40; i++) {
      await database.transaction((inside) => appendBlock(inside, dialect, "a", [{ ...row, at: TO + i }]));
    }
    const full = Array.from({ length: BLOCK_ROWS_FULL }, () => row);
    await database.transaction((inside) => appendBlock(inside, dialect, "a", full));
    await database.transaction((inside) => appendBlock(inside, dialect, "b", [row]));
    const blocks = await database.query("select log, level, rows from record_blocks order by log, level, id");
    expect(blocks.map(({ log, level, rows }) => [log, level, rows].join(" "))).toEqual([
      ...Array.from({ length: 8 }, () => "a 0 1"),
      ...["a 1 16", "a 1 16", `a 100 ${BLOCK_ROWS_FULL}`, "b 0 1"],
    ]);
  });

  test("a database of before gets blocks for the records that it has", async (context) => {
    const address = await emptyDatabase(context, dialect);
    const database = await openDialect(address, dialect);
    const [first] = RECORD_MIGRATIONS.migrations;
    if (first === undefined) throw new Error("there is no first migration");
    // Records as version 1 wrote them: the same rows, and no blocks.
    const { store, database: source } = await openStore(context, dialect);
    const batch = someRecords(80);
    await store.append(batch);
    await store.settled();
    await migrate(database, { subject: "records", migrations: [first] });
    for (const table of ["kinds", "findings", "finding_marks", "clients", "paths", "records", "bodies"]) {
      for (const row of await source.query(`select * from ${table}`)) {
        const columns = Object.keys(row);
        const marks = columns.map(() => "?").join(", ");
        const override = dialect === "postgres" && columns.includes("key") ? "overriding system value" : "";
        await database.query(
          `insert into ${table} (${columns.join(", ")}) ${override} values (${marks})`,
          Object.values(row),
        );
      }
    }
    await database.query("insert into log_positions (log, segment, byte) values ('x', 3, 77)");
    expect(await migrate(database, RECORD_MIGRATIONS)).toEqual([2]);
    await expectWhole(database, batch.length);
    expect(await database.query("select segment, byte from log_places")).toMatchObject([{ segment: 3, byte: 77 }]);
    const again = await SqlRecordStore.open(temporaryFolder(), database);
    onTestFinished(() => again.close());
    expect(await again.count(ALL)).toBe(await store.count(ALL));
  });
});
