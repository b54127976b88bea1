/** The console put together: first start, and who rules when the first user has gone. */
import { expect, test } from "vitest";
import { Users } from "../../../hosts/postanalytics/access/users.ts";
import { rulerOf } from "../../../hosts/postanalytics/console.ts";
import { consoleDatabase } from "./access/stage.ts";
import { startConsole } from "./stage.ts";

test("the password is made at the first start and at no other", { timeout: 60_000 }, async (context) => {
  const database = await consoleDatabase(context, "sqlite");
  const first = await startConsole({ database });
  expect(first.console.firstPassword).not.toBe(null);
  const second = await startConsole({ database });
  expect(second.console.firstPassword).toBe(null);
});

test("the one-time link opens somebody who rules, also when the first user has gone", {
  timeout: 60_000,
}, async (context) => {
  const users = new Users(await consoleDatabase(context, "sqlite"));
  expect(await rulerOf(users)).toBe("admin");
  await users.add("admin", "admin", null);
  await users.add("ada", "admin", null);
  await users.add("abe", "admin", ["shop"]);
  expect(await rulerOf(users)).toBe("admin");
  await users.remove("admin");
  expect(await rulerOf(users)).toBe("ada");
});
