/** Weeks of PostgreSQL: each has its table, and odd times lie in the one for the rest. */
import { expect, test } from "vitest";
import { migrate } from "../../../../hosts/postanalytics/store/migration.ts";
import { RECORD_MIGRATIONS } from "../../../../hosts/postanalytics/store/migrations/records.ts";
import { RecordPartitions, WEEK_MS } from "../../../../hosts/postanalytics/store/record-partition.ts";
import { emptyDatabase, openDialect } from "./stage.ts";

const NOW = Date.now();

test("replicas make the tables of weeks once, and old ones go in one step", async (context) => {
  const url = await emptyDatabase(context, "postgres");
  const [one, other] = [await openDialect(url, "postgres"), await openDialect(url, "postgres")];
  await migrate(one, RECORD_MIGRATIONS);
  const times = [NOW, NOW - WEEK_MS, NOW - 5 * WEEK_MS, 0, NOW + 10 * WEEK_MS];
  await Promise.all([one, other].map((database) => new RecordPartitions(database).prepare(times)));
  for (const at of times) {
    const values = [`id-${at}`, at];
    await one.query(
      "insert into records (id, at, finding, kind, client, path, n) values (?, ?, 1, 1, 1, 1, 1)",
      values,
    );
  }
  const tables = await one.query(
    "select tableoid::regclass::text as t, count(*) as n from records group by 1 order by 1",
  );
  const week = Math.floor(NOW / WEEK_MS);
  expect(tables.map(({ t, n }) => [t, n])).toEqual([
    ["records_rest", 2],
    [`records_w${week - 5}`, 1],
    [`records_w${week - 1}`, 1],
    [`records_w${week}`, 1],
  ]);
  expect(await new RecordPartitions(one).drop(NOW - 3 * WEEK_MS)).toBe(1);
  expect(await one.query("select count(*) as n from records")).toEqual([{ n: 4 }]);
});
