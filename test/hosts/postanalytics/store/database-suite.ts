/** What every database must do, whatever lies below: each dialect's test runs all of this. */
import { describe, expect, test } from "vitest";
import type { Queryable } from "../../../../hosts/postanalytics/store/database.ts";
import { type Dialect, emptyDatabase, openDialect } from "./stage.ts";

/** Rows of `select n`. */
export async function numbers(database: Queryable): Promise<unknown[]> {
  return (await database.query("select n from numbers order by n")).map(({ n }) => n);
}

/** Declares the tests of a dialect. */
export function describeDatabase(dialect: Dialect): void {
  describe(`a database in ${dialect}`, () => {
    test("keeps each kind of value", async (context) => {
      const database = await openDialect(await emptyDatabase(context, dialect), dialect);
      const bytes = dialect === "sqlite" ? "blob" : "bytea";
      await database.query(`create table kinds (t text, i bigint, f double precision, b ${bytes}, e text)`);
      const text = "quote ' and ? and \\ and 🧱";
      await database.query("insert into kinds values (?, ?, ?, ?, ?)", [
        text,
        2 ** 52 + 1,
        1.5,
        new Uint8Array([0, 255]),
        null,
      ]);
      const [row] = await database.query("select * from kinds where t = ? and '?' = '?'", [text]);
      expect(row).toMatchObject({ t: text, i: 2 ** 52 + 1, f: 1.5, e: null });
      expect(Buffer.from((row?.["b"] ?? "") as Uint8Array)).toEqual(Buffer.from([0, 255]));
      expect(await database.query("select count(*) as c, sum(i) as s from kinds")).toMatchObject([
        { c: 1, s: 2 ** 52 + 1 },
      ]);
    });

    test("commits a transaction whole, and rolls back one that rejects", async (context) => {
      const database = await openDialect(await emptyDatabase(context, dialect), dialect);
      await database.query("create table numbers (n integer primary key)");
      const outcome = await database.transaction(async (inside) => {
        await inside.query("insert into numbers values (1), (2)");
        return "done";
      });
      expect(outcome).toBe("done");
      const refused = database.transaction(async (inside) => {
        await inside.query("insert into numbers values (3)");
        throw new Error("changed my mind");
      });
      await expect(refused).rejects.toThrow("changed my mind");
      const clash = database.transaction(async (inside) => {
        await inside.query("insert into numbers values (4)");
        await inside.query("insert into numbers values (1)");
      });
      await expect(clash).rejects.toMatchObject({ code: "MERLON_STORE" });
      expect(await numbers(database)).toEqual([1, 2]);
    });

    test("keeps transactions that run at once apart", async (context) => {
      const database = await openDialect(await emptyDatabase(context, dialect), dialect);
      await database.query("create table numbers (n integer primary key)");
      const one = async (n: number): Promise<void> =>
        await database.transaction(async (inside) => {
          await inside.query("insert into numbers values (?)", [n]);
          if (n % 2 === 1) throw new Error("odd");
        });
      await Promise.allSettled(Array.from({ length: 20 }, (_, n) => one(n)));
      expect(await numbers(database)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    });

    test("names no value in its errors", async (context) => {
      const database = await openDialect(await emptyDatabase(context, dialect), dialect);
      await database.query("create table numbers (n integer primary key)");
      const secret = "canary-7ab1";
      const failed = database.query(`insert into numbers values (cast(? as integer)), (null), ('${secret}')`, [secret]);
      const error: unknown = await failed.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "MERLON_STORE" });
      expect(String(error)).not.toContain(secret);
    });

    test("holds what was committed when it is opened again", async (context) => {
      const address = await emptyDatabase(context, dialect);
      const first = await openDialect(address, dialect);
      await first.query("create table numbers (n integer primary key)");
      await first.query("insert into numbers values (7)");
      await first.close();
      expect(await numbers(await openDialect(address, dialect))).toEqual([7]);
    });

    test("refuses after it was closed", async (context) => {
      const database = await openDialect(await emptyDatabase(context, dialect), dialect);
      await database.close();
      await expect(database.query("select 1")).rejects.toMatchObject({ code: "MERLON_STORE" });
    });
  });
}
