/** The console's tables: made on both databases, and columns read without belief in what they hold. */
import { expect, test } from "vitest";
import {
  CONSOLE_TABLES,
  numberOf,
  numberOrNull,
  tenantsOf,
  tenantsText,
  textOf,
  textOrNull,
} from "../../../../hosts/postanalytics/access/tables.ts";
import { migrate } from "../../../../hosts/postanalytics/store/migration.ts";
import { DIALECTS } from "../store/stage.ts";
import { consoleDatabase } from "./stage.ts";

test.for(DIALECTS)("a second start changes nothing on %s", { timeout: 120_000 }, async (dialect, context) => {
  const database = await consoleDatabase(context, dialect);
  expect(await migrate(database, CONSOLE_TABLES)).toEqual([]);
  expect(await database.query("select * from console_users")).toEqual([]);
});

test("columns", () => {
  const row = { a: "x", n: 5, big: "9007199254740991", none: null };
  expect([textOf(row, "a"), textOf(row, "n"), textOf(undefined, "a")]).toEqual(["x", "", ""]);
  expect([textOrNull(row, "a"), textOrNull(row, "none")]).toEqual(["x", null]);
  expect([numberOf(row, "big"), numberOf(row, "none"), numberOrNull(row, "none")]).toEqual([2 ** 53 - 1, 0, null]);
});

test("applications: null is all of them, anything odd is none", () => {
  expect(tenantsOf({ tenants: tenantsText(null) })).toBe(null);
  expect(tenantsOf({ tenants: tenantsText(["shop"]) })).toEqual(["shop"]);
  expect(tenantsOf({ tenants: '{"shop":true}' })).toEqual([]);
  expect(tenantsOf({ tenants: '["shop",1]' })).toEqual(["shop"]);
});
