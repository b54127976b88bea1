/** The owner of a data folder: one at a time, and none that has died. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { lockFolder } from "../../../../hosts/postanalytics/store/owner-lock.ts";
import { ROOT } from "../../../tools/component.ts";
import { temporaryFolder } from "./stage.ts";

const MODULE = pathToFileURL(`${ROOT}/hosts/postanalytics/store/owner-lock.ts`).href;

test("a folder is locked once, and again when it was given back", () => {
  const folder = temporaryFolder();
  const release = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(`in use by process ${process.pid}`);
  release();
  lockFolder(folder)();
});

test("a process that is killed leaves no lock", async () => {
  const folder = temporaryFolder();
  const script = `(await import(${JSON.stringify(MODULE)})).lockFolder(process.argv[1]); console.log("locked");
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ["--input-type=module", "-e", script, folder]);
  await once(owner.stdout, "data");
  expect(() => lockFolder(folder)).toThrow(`in use by process ${owner.pid}`);
  owner.kill("SIGKILL");
  await once(owner, "exit");
  lockFolder(folder)();
});
