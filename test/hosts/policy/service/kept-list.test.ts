/** A list that two programs change: each sees the other's change, and a damaged file is said. */
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { KeptList } from "../../../../hosts/policy/service/kept-list.ts";
import { makeFolder } from "./stage.ts";

test("each change begins with what the one before has left, and no change is none", async () => {
  const path = join(makeFolder(), "new", "list.json");
  const [one, two] = [new KeptList(path, z.string()), new KeptList(path, z.string())];
  expect(one.read()).toEqual([]);
  await Promise.all([one.change((all) => [...all, "a"]), two.change((all) => [...all, "b"])]);
  expect([...one.read()].sort()).toEqual(["a", "b"]);
  expect(one.read()).toBe(one.read());
  const before = statSync(path).ino;
  await one.change((all) => all);
  expect(statSync(path).ino).toBe(before);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, '{"format":1,"nodes":[1]}');
  expect(() => one.read()).toThrowError("is damaged");
  await expect(one.change(() => [])).rejects.toThrowError("is damaged");
});
