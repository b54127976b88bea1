/** `merlon ip` on a file: entries come with an end, say who they have, and do not lock anyone out. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder, type Outcome, run } from "./stage.ts";

const POLICY = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: block}}\n";

function onFile(): (...args: string[]) => Promise<Outcome> {
  const path = join(makeFolder(), "merlon.yaml");
  writeFileSync(path, POLICY);
  return async (...args) => await run(["ip", ...args, "--policy", path]);
}

test("an entry's life", async () => {
  const ip = onFile();
  expect((await ip("list")).stdout).toBe("no entries\n");
  expect((await ip("deny", "203.0.113.0/24", "--ttl", "4h", "--reason", "INC-1")).stdout).toMatch(
    /on the deny list until .*Z/,
  );
  await ip("allow", "203.0.113.9", "--forever");
  await ip("gray", "asn:64500", "--forever");
  expect((await ip("list")).stdout).toMatch(
    /deny +203\.0\.113\.0\/24 +\d.*INC-1\nallow +203\.0\.113\.9 +for ever\ngray +asn:64500 +for ever\n$/,
  );
  expect((await ip("why", "203.0.113.8")).stdout).toMatch(/^deny: 203\.0\.113\.0\/24, until .*, INC-1\n$/);
  expect((await ip("why", "203.0.113.9")).stdout).toBe("allow: 203.0.113.9, for ever\n");
  expect(await ip("why", "192.0.2.1")).toMatchObject({ code: 1, stdout: "no list has 192.0.2.1\n" });
  expect((await ip("rm", "203.0.113.0/24")).code).toBe(0);
  expect((await ip("why", "203.0.113.8")).code).toBe(1);
});

test("nobody locks himself out by a slip", async () => {
  const ip = onFile();
  for (const network of ["127.0.0.0/8", "0.0.0.0/0", "::1"]) {
    const { code, stderr } = await ip("deny", network, "--forever");
    expect([code, stderr]).toEqual([2, expect.stringContaining("has your own address")]);
  }
  expect((await ip("allow", "127.0.0.0/8", "--forever")).code).toBe(0);
  expect((await ip("deny", "127.0.0.0/8", "--forever", "--force")).code).toBe(0);
});

test.each([
  [["deny", "203.0.113.7"], "write --ttl 4h, or --forever"],
  [["deny", "203.0.113.7", "--ttl", "4h", "--forever"], "write --ttl 4h, or --forever"],
  [["deny", "203.0.113.7", "--ttl", "4"], "it takes a time"],
  [["deny", "host.example", "--forever"], '"host.example" is no network'],
  [["deny"], "has no entry"],
  [["list", "203.0.113.7"], "has too much"],
  [["block", "203.0.113.7"], "it takes allow, deny, gray, rm, list, why"],
  [["why", "203.0.113.0/24"], "is no address"],
  [["rm", "203.0.113.7"], "is on no list here"],
])("%j is refused", async (args, says) => {
  expect(await onFile()(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(says) });
});

test("a policy must be named, and one of them", async () => {
  expect((await run(["ip", "list"])).stderr).toContain("nothing says which policy");
  const both = ["ip", "list", "--policy", "a", "--policy-url", "https://a"];
  expect((await run(both)).stderr).toContain("--policy and --policy-url are given");
});
