/** Files replaced in one step: their mode stays, nothing is left behind, and a folder that is not there is named. */
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { replaceFile } from "../../../hosts/policy/replace-file.ts";
import { makeFolder } from "./service/stage.ts";

test("a new file is its owner's, and an old one keeps its mode", async () => {
  const folder = makeFolder();
  const [fresh, old] = [join(folder, "fresh"), join(folder, "old")];
  writeFileSync(old, "before");
  chmodSync(old, 0o644);
  await replaceFile(fresh, "a");
  await replaceFile(old, [Buffer.from("aft"), Buffer.from("er")]);
  expect([fresh, old].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o644]);
  expect(readFileSync(old, "utf8")).toBe("after");
  expect(readdirSync(folder).sort()).toEqual(["fresh", "old"]);
});

test("a folder that is not there is an error with the path", async () => {
  const path = join(makeFolder(), "none", "file");
  await expect(replaceFile(path, "")).rejects.toThrowError(`${path} cannot be written — ENOENT`);
});
