/** The note of a running console. */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readConsoleFile, writeConsoleFile } from "../../../hosts/postanalytics/console-file.ts";
import { startConsole } from "./stage.ts";
import { temporaryFolder } from "./store/stage.ts";

test("is there for its owner alone, while the console answers", { timeout: 60_000 }, async () => {
  const folder = temporaryFolder();
  expect(await readConsoleFile(folder)).toBe(null);
  const { origin } = await startConsole();
  const remove = await writeConsoleFile(folder, { origin, token: "t0ken" });
  expect(statSync(join(folder, "console.json")).mode & 0o077).toBe(0);
  expect(await readConsoleFile(folder)).toEqual({ origin, token: "t0ken" });
  await remove();
  await remove();
  expect(await readConsoleFile(folder)).toBe(null);
  await writeConsoleFile(folder, { origin: "http://127.0.0.1:1", token: "t0ken" });
  expect(await readConsoleFile(folder)).toBe(null);
});

test.each(["", "{", '{"origin":"x"}', '{"origin":"http://a.example","token":"a\\nb"}'])("is none: %j", async (text) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "console.json"), text);
  expect(await readConsoleFile(folder)).toBe(null);
});

test("that cannot be read is an error", async () => {
  await expect(readConsoleFile("/dev/null")).rejects.toThrow(/cannot be read/);
});
