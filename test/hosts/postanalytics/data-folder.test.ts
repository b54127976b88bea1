/** The data folder: one owner, given back at the end and after a failure. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDataFolder } from "../../../hosts/postanalytics/data-folder.ts";
import { sampleRecord } from "../records/sample.ts";
import { temporaryFolder } from "./store/stage.ts";

const SEARCH = { window: { from: 0, to: Date.UTC(2100, 0, 1) }, where: "", tenants: null };

test("has one owner, and keeps its records", { timeout: 60_000 }, async () => {
  const folder = join(temporaryFolder(), "a", "data");
  const first = await openDataFolder(folder, undefined, () => {});
  await first.store.append([sampleRecord()]);
  await expect(openDataFolder(folder, undefined, () => {})).rejects.toThrow(/in use/);
  await first.close();
  await expect(openDataFolder(folder, "mysql://nothing", () => {})).rejects.toThrow(/no database that Merlon knows/);
  const second = await openDataFolder(folder, undefined, () => {});
  await second.store.settled();
  expect(await second.store.count(SEARCH)).toBe(1);
  await second.close();
});
