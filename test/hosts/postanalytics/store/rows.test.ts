/** Many rows at once, whatever their number, in both databases. */
import { expect, test } from "vitest";
import { insertRows, queryIn } from "../../../../hosts/postanalytics/store/rows.ts";
import { DIALECTS, emptyDatabase, openDialect } from "./stage.ts";

test.for(DIALECTS)("any number of rows goes in and is found, in %s", async (dialect, context) => {
  const database = await openDialect(await emptyDatabase(context, dialect), dialect);
  await database.query("create table pairs (n integer primary key, t text)");
  let next = 0;
  for (const size of [0, 1, 2, 3, 255, 256, 257, 1000]) {
    const rows = Array.from({ length: size }, () => [next, `t${next++}`]);
    await database.transaction((inside) => insertRows(inside, "pairs", ["n", "t"], rows));
  }
  await database.transaction((inside) =>
    insertRows(inside, "pairs", ["n", "t"], [[0, "again"]], "on conflict do nothing"),
  );
  const all = Array.from({ length: next }, (_, n) => n);
  const found = await queryIn(database, "select n, t from pairs where t <> ? and n in (in)", [...all, 9e6], ["t7"]);
  expect(found.map(({ n, t }) => [n, t]).sort(([a], [b]) => Number(a) - Number(b))).toEqual(
    all.filter((n) => n !== 7).map((n) => [n, `t${n}`]),
  );
  expect(await queryIn(database, "select n from pairs where n in (in)", [])).toEqual([]);
});

test.for(DIALECTS)("texts go in and are found as they are, in %s", async (dialect, context) => {
  const database = await openDialect(await emptyDatabase(context, dialect), dialect);
  await database.query("create table texts (n integer primary key, t text)");
  const texts = ["", "null", '"', "\\", "{a,b}", "'; drop table texts; --", "\\u0000 \n\t", "🧱 é", "?", "$1"];
  const rows = texts.map((text, n) => [n, text]);
  const returned = await insertRows(database, "texts", ["n", "t"], [...rows, [99, null]], "returning n");
  expect(returned.map(({ n }) => Number(n))).toEqual([...texts.keys(), 99]);
  const found = await queryIn(database, "select n, t from texts where t in (in)", texts);
  expect(found.map(({ n, t }) => [n, t]).sort(([a], [b]) => Number(a) - Number(b))).toEqual(rows);
  expect(await database.query("select t from texts where t is null")).toHaveLength(1);
});
