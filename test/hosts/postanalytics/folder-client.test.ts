/** The API of a folder that nobody runs. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDataFolder } from "../../../hosts/postanalytics/data-folder.ts";
import { openFolderClient } from "../../../hosts/postanalytics/folder-client.ts";
import { sampleRecord } from "../records/sample.ts";
import { temporaryFolder } from "./store/stage.ts";

test("answers as a running console would, and leaves no token behind", { timeout: 60_000 }, async () => {
  const folder = join(temporaryFolder(), "data");
  const record = sampleRecord({ ts: new Date().toISOString() });
  const data = await openDataFolder(folder, undefined, () => {});
  await data.store.append([record]);
  await data.close();
  const { client, close } = await openFolderClient(folder);
  expect((await client.call("records", { query: {} })).items.map(({ id }) => id)).toEqual([record.id]);
  await expect(client.call("users", {})).rejects.toMatchObject({ status: 403 });
  await expect(openFolderClient(folder)).rejects.toThrow(/in use/);
  await close();
  const again = await openDataFolder(folder, undefined, () => {});
  expect(await again.database.query("select id from console_tokens")).toEqual([]);
  await again.close();
});

test("a folder that is not there is not made", async () => {
  await expect(openFolderClient(join(temporaryFolder(), "nothing"))).rejects.toThrow(/no such data folder/);
});
