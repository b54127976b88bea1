/** Changes at the same moment: one after the other, past a lock that somebody left, and not past one that is held. */
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withLock } from "../../../hosts/policy/file-lock.ts";
import { makeFolder } from "./service/stage.ts";

test("no change is lost, and a failed one lets the next begin", async () => {
  const path = join(makeFolder(), "sum");
  writeFileSync(path, "0");
  const add = async (): Promise<void> =>
    await withLock(path, async () => {
      const before = Number(readFileSync(path, "utf8"));
      await new Promise((resolve) => setImmediate(resolve));
      writeFileSync(path, String(before + 1));
    });
  const failing = withLock(path, () => Promise.reject(new Error("on purpose")));
  await expect(failing).rejects.toThrowError("on purpose");
  await Promise.all(Array.from({ length: 20 }, add));
  expect([readFileSync(path, "utf8"), existsSync(`${path}.lock`)]).toEqual(["20", false]);
});

test("a lock that a dead process left does not stay, and a folder that is not there is named", async () => {
  const path = join(makeFolder(), "file");
  writeFileSync(`${path}.lock`, "");
  utimesSync(`${path}.lock`, 1, 1);
  expect(await withLock(path, () => Promise.resolve("done"))).toBe("done");
  const nowhere = join(makeFolder(), "none", "file");
  await expect(withLock(nowhere, () => Promise.resolve())).rejects.toThrowError("cannot be written — ENOENT");
});
