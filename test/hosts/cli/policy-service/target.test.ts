/** The same changes on a file and on a service, by the same commands. */
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { startService } from "../../policy/service/stage.ts";
import { makeFolder, run } from "../stage.ts";

const POLICY = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: block}}\n";
const EXCEPTION = `apiVersion: merlon.dev/v1alpha1
kind: WafException
metadata: { name: ours }
spec: { match: { point: query.q }, ignore: { stamps: [sqli-union] }, reason: a test, expiresAt: 2090-01-01 }
`;

/** @returns the flags of a target that is there for this test */
async function flagsOf(kind: string): Promise<string[]> {
  const folder = makeFolder();
  if (kind === "a file") {
    writeFileSync(join(folder, "real.yaml"), POLICY);
    symlinkSync(join(folder, "real.yaml"), join(folder, "merlon.yaml"));
    return ["--policy", join(folder, "merlon.yaml")];
  }
  const { service, tokens, url } = await startService();
  await service.publish(parsePolicy(POLICY, "p"));
  writeFileSync(join(folder, "token"), await tokens.add("alice", "operator"));
  return ["--policy-url", url, "--node-token-file", join(folder, "token")];
}

test.each(["a file", "a service"])("exceptions and entries on %s", async (kind) => {
  const flags = await flagsOf(kind);
  const outcomes = [
    await run(["exception", "apply", "-", ...flags], EXCEPTION),
    await run(["exception", "apply", "-", ...flags], EXCEPTION),
    await run(["exception", "list", ...flags]),
    await run(["exception", "expire", "ours", ...flags]),
    await run(["exception", "list", ...flags]),
    await run(["exception", "undo", "ours", ...flags]),
    await run(["exception", "list", ...flags]),
    await run(["ip", "deny", "203.0.113.0/24", "--ttl", "1h", "--reason", "INC", ...flags]),
    await run(["ip", "why", "203.0.113.7", ...flags]),
    await run(["ip", "list", ...flags]),
    await run(["ip", "deny", "127.0.0.1", "--forever", ...flags]),
    await run(["ip", "rm", "203.0.113.0/24", ...flags]),
    await run(["ip", "why", "203.0.113.7", ...flags]),
  ];
  expect(outcomes.map(({ code }) => code)).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
  const [applied, twice, listed, , expired, , none, , why, entries] = outcomes;
  expect(applied?.stdout).toMatch(/^exception ours applied, (?:in|version)/);
  expect(applied?.stderr).toMatch(/lets pass \d+ of \d+ known attacks/);
  expect(twice?.stderr).toContain("ours");
  expect(listed?.stdout).toMatch(/ours +sqli-union +query\.q +every request +2090/);
  expect(expired?.stdout).toContain("expired");
  expect(none?.stdout).toBe("no exceptions\n");
  expect(why?.stdout).toMatch(/^deny: 203\.0\.113\.0\/24, until .*, INC\n$/);
  expect(entries?.stdout).toMatch(/deny +203\.0\.113\.0\/24 /);
});

test("a change that would break the file is not made", async () => {
  const [, path = ""] = await flagsOf("a file");
  const scoped = EXCEPTION.replace("point: query.q", "path: no-slash");
  expect((await run(["exception", "apply", "-", "--policy", path], scoped)).code).toBe(2);
  expect(readFileSync(path, "utf8")).toBe(POLICY);
});
