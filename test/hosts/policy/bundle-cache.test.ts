/** The policy on disk: whole or not at all, and what was damaged is not obeyed. */
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compileBundle } from "../../../hosts/policy/bundle.ts";
import { BundleCache } from "../../../hosts/policy/bundle-cache.ts";
import { BLOCKING, makeFolder, WATCHING } from "./service/stage.ts";

test("what was written is read, the newest of all", async () => {
  const cache = new BundleCache(join(makeFolder(), "new", "folder"));
  expect(await cache.read()).toBeUndefined();
  await cache.write({ bundle: compileBundle(WATCHING), version: 1 });
  const bundle = compileBundle(BLOCKING);
  await cache.write({ bundle, version: 2 });
  expect(await cache.read()).toEqual({ bundle, version: 2 });
  expect(statSync(cache.path).mode & 0o077).toBe(0);
  expect(readdirSync(join(cache.path, ".."))).toEqual(["policy.bundle"]);
});

test("every cut and every strange byte is noticed", async () => {
  const cache = new BundleCache(makeFolder());
  await cache.write({ bundle: compileBundle(BLOCKING), version: 7 });
  const whole = readFileSync(cache.path);
  for (let size = whole.length - 1; size > 0; size = Math.floor(size * 0.8)) {
    truncateSync(cache.path, size);
    await expect(cache.read(), String(size)).rejects.toMatchObject({ code: "MERLON_POLICY_VERSION" });
    writeFileSync(cache.path, whole);
  }
  for (let at = 0; at < whole.length; at += 13) {
    // Bytes 8 to 11 are the version, a number for people.
    if (at >= 8 && at < 12) continue;
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    writeFileSync(cache.path, damaged);
    await expect(cache.read(), String(at)).rejects.toMatchObject({ code: "MERLON_POLICY_VERSION" });
  }
});

test("a folder that cannot be used is named", async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "file"), "");
  const cache = new BundleCache(join(folder, "file"));
  await expect(cache.write({ bundle: compileBundle(BLOCKING), version: 1 })).rejects.toThrowError(
    /file cannot be made — EEXIST/,
  );
  mkdirSync(join(folder, "policy.bundle"));
  await expect(new BundleCache(folder).read()).rejects.toThrowError(/cannot be read — EISDIR/);
});
