/** `merlon store`: a check that finds what is wrong, and a rebuild that mends it. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { DATABASE_FILE, LOG_FOLDER } from "../../../hosts/postanalytics/store/data-folder.ts";
import { lockFolder } from "../../../hosts/postanalytics/store/owner-lock.ts";
import { SqlRecordStore } from "../../../hosts/postanalytics/store/record-store.ts";
import { openSqlite } from "../../../hosts/postanalytics/store/sqlite.ts";
import { sampleRecord } from "../records/sample.ts";
import { makeFolder, run } from "./stage.ts";

async function filledFolder(): Promise<{ folder: string; labelled: string }> {
  const folder = makeFolder();
  const database = await openSqlite(join(folder, DATABASE_FILE));
  const store = await SqlRecordStore.open(folder, database);
  const batch = Array.from({ length: 30 }, () => sampleRecord());
  await store.append(batch);
  await store.settled();
  const labelled = batch[3]?.id ?? "";
  await store.label(labelled, { verdict: "false_positive", note: "ours" });
  await store.close();
  await database.close();
  return { folder, labelled };
}

test("a whole store passes, one that lacks records does not, and a rebuild brings them back", async () => {
  const { folder, labelled } = await filledFolder();
  const whole = await run(["store", "check", "--data", folder]);
  expect([whole.code, whole.stderr]).toEqual([0, ""]);
  expect(whole.stdout).toContain("30 records, 1 labels, 0 lines of the inventory; 1 segments");
  const database = new DatabaseSync(join(folder, DATABASE_FILE));
  database.exec(
    "delete from records where id in (select id from records limit 7); delete from labels; create table users (n)",
  );
  database.close();
  const missing = await run(["store", "check", "--data", folder]);
  expect([missing.code, missing.stdout]).toEqual([1, expect.stringContaining("missing    7 records")]);
  expect(missing.stdout).toContain("blocks     7 records more or fewer");
  const rebuilt = await run(["store", "rebuild", "--data", folder], "", true);
  expect([rebuilt.code, rebuilt.stdout]).toEqual([0, "30 records in the database\n"]);
  expect(rebuilt.stderr).toContain("100 % rebuilt");
  expect((await run(["store", "check", "--data", folder])).code).toBe(0);
  const after = new DatabaseSync(join(folder, DATABASE_FILE));
  expect(after.prepare("select id, verdict from labels").all()).toMatchObject([
    { id: labelled, verdict: "false_positive" },
  ]);
  // Tables of others are not touched.
  expect(after.prepare("select count(*) as n from users").all()).toMatchObject([{ n: 0 }]);
  after.close();
});

test("a log that has rotted is told", async () => {
  const { folder } = await filledFolder();
  const [segment = ""] = readdirSync(join(folder, LOG_FOLDER)).filter((name) => name.endsWith(".segment"));
  const path = join(folder, LOG_FOLDER, segment);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
  writeFileSync(path, bytes);
  const { code, stdout } = await run(["store", "check", "--data", folder]);
  expect([code, stdout]).toEqual([1, expect.stringContaining("damaged    1 places")]);
});

test("a folder that is in use, or is none, is refused", async () => {
  const { folder } = await filledFolder();
  const release = lockFolder(folder);
  const busy = await run(["store", "check", "--data", folder]);
  release();
  expect([busy.code, busy.stderr]).toEqual([1, expect.stringContaining(`in use by process ${process.pid}`)]);
  const none = await run(["store", "rebuild", "--data", makeFolder()]);
  expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("is no data folder")]);
});

test.each([
  [["store", "mend", "--data", "x"], "check, rebuild"],
  [["store", "check"], "--data is missing"],
  [["store"], "something is missing"],
])("%j is refused with what it takes", async (args, says) => {
  const { code, stderr } = await run(args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
});
