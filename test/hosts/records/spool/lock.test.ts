/** One owner for a folder: a living one is respected, a dead one is not waited for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lockFolder } from "../../../../hosts/records/spool/lock.ts";

const LOCK = join(import.meta.dirname, "../../../../hosts/records/spool/lock.ts");

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "merlon-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a folder is one owner's until it is given back", () => {
  const folder = makeFolder();
  const unlock = lockFolder(folder);
  expect(JSON.parse(readFileSync(join(folder, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
  expect(() => lockFolder(folder)).toThrow(`is in use — process ${process.pid} is working there`);
  unlock();
  expect(existsSync(join(folder, "lock"))).toBe(false);
  lockFolder(folder)();
});

test("another process is respected while it lives, and its lock is worth nothing once it was killed", async () => {
  const folder = makeFolder();
  const code = `const { lockFolder } = await import(${JSON.stringify(LOCK)});
    lockFolder(${JSON.stringify(folder)}); console.log("locked"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  expect(() => lockFolder(folder)).toThrow(`process ${child.pid} is working there`);
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  lockFolder(folder)();
});

test.each([
  ["a lock that was torn while it was written", '{"pid":1'],
  ["a lock of an earlier boot", JSON.stringify({ pid: process.pid, started: "1", boot: "another" })],
  ["a lock of a process whose number was given again", JSON.stringify({ pid: process.pid, started: "1", boot: "" })],
  ["an empty lock", ""],
])("%s is taken over", (_name, content) => {
  const folder = makeFolder();
  const boot = existsSync("/proc/sys/kernel/random/boot_id")
    ? readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()
    : "";
  writeFileSync(join(folder, "lock"), content.replace('"boot":""', `"boot":"${boot}"`));
  lockFolder(folder)();
});
