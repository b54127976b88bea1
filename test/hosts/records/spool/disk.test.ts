/** The real disk behind the spool: what the simulated one promises, it does. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { NodeDisk, type SpoolDisk } from "../../../../hosts/records/spool/disk.ts";
import { randomBy, SimulatedDisk } from "./simulated-disk.ts";

function realDisk(): NodeDisk {
  const folder = mkdtempSync(join(tmpdir(), "merlon-disk-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return new NodeDisk(join(folder, "deep", "spool"));
}

const DISKS: readonly (readonly [string, () => SpoolDisk])[] = [
  ["a real disk", realDisk],
  ["the simulated disk", () => new SimulatedDisk(randomBy(1))],
];

test.each(DISKS)("%s keeps files", async (_name, make) => {
  const disk = make();
  const file = await disk.open("a.seg", "create");
  await file.write(Buffer.from("hello world"), 0);
  await file.write(Buffer.from("W"), 6);
  await file.sync();
  expect((await file.read(6, 100)).toString()).toBe("World");
  await file.truncate(5);
  await file.close();
  await disk.syncNames();
  await expect(disk.open("a.seg", "create")).rejects.toMatchObject({ code: "EEXIST" });
  await expect(disk.open("b.seg", "change")).rejects.toMatchObject({ code: "ENOENT" });
  expect(await disk.list()).toMatchObject([{ name: "a.seg", size: 5 }]);
  expect(await disk.read("state")).toBeNull();
  await disk.replace("state", Buffer.from("one"));
  await disk.replace("state", Buffer.from("two"));
  expect((await disk.read("state"))?.toString()).toBe("two");
  await disk.remove("a.seg");
  await disk.remove("a.seg");
  expect(await disk.list()).toMatchObject([{ name: "state" }]);
});

test("a real folder is for its owner alone", () => {
  expect(statSync(realDisk().folder).mode & 0o077).toBe(0);
});
