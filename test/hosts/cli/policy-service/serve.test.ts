/** `merlon policy serve` and a `merlon protect` that follows it, as processes: changes count without a restart. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { ATTACK, makeFolder, type Running, run, start, startUpstream } from "../stage.ts";

const WAIT = { timeout: 60_000, interval: 50 };

function policyText(mode: string): string {
  return `apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: ${mode}}}\n`;
}

/** Replaces a file in one step. */
function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

async function urlOf(running: Running): Promise<string> {
  const [, url = ""] = await running.saw(/listening {2}(\S+)\n/);
  return url;
}

test("from the file to the node, by commands, and through the service's death", async () => {
  const folder = makeFolder();
  const path = join(folder, "merlon.yaml");
  const state = join(folder, "state");
  writeFileSync(path, policyText("monitoring"));
  const tokenFile = async (name: string, ...flags: string[]): Promise<string> => {
    const { stdout } = await run(["node", "add", name, "--state", state, ...flags]);
    writeFileSync(join(folder, name), stdout);
    return join(folder, name);
  };
  const [node, operator] = [await tokenFile("shop-1", "--bearer"), await tokenFile("alice", "--operator")];
  const serve = start(["policy", "serve", "--policy", path, "--state", state, "--listen", "0"]);
  const service = await urlOf(serve);
  const following = ["--policy-url", service, "--node-token-file", node, "--policy-cache", join(folder, "cache")];
  const protect = start(["protect", await startUpstream(), "--listen", "0", ...following]);
  const url = await urlOf(protect);
  await protect.saw(/mode {7}monitoring \(version 1 of/);
  const statusOf = async (target: string): Promise<number> => (await fetch(url + target)).status;
  expect(await statusOf(`/?${ATTACK}`)).toBe(200);

  put(path, policyText("block"));
  await vi.waitFor(async () => expect(await statusOf(`/?${ATTACK}`)).toBe(403), WAIT);
  put(path, policyText("blok"));
  await serve.saw(/"blok".*the version before stays published/);
  expect(await statusOf(`/?${ATTACK}`)).toBe(403);
  put(path, policyText("block"));

  const asOperator = ["--policy-url", service, "--node-token-file", operator];
  const proposed = await run(["exception", "propose", "--curl", `curl '${url}/?${ATTACK}'`, "--policy", path]);
  const applied = await run(["exception", "apply", "-", ...asOperator], proposed.stdout.replace("---\n", ""));
  expect(applied).toMatchObject({ code: 0, stdout: expect.stringMatching(/active on 1\/1 nodes in \d/) });
  expect([await statusOf(`/?${ATTACK}`), await statusOf(`/?x${ATTACK}`)]).toEqual([200, 403]);
  expect((await run(["exception", "list", ...asOperator])).stdout).toContain("query.file");
  expect((await run(["exception", "undo", ...asOperator])).code).toBe(0);
  expect(await statusOf(`/?${ATTACK}`)).toBe(403);
  expect((await run(["policy", "status", ...asOperator])).stdout).toMatch(/shop-1 +\S+ +sidecar +active +live/);

  serve.child.kill("SIGKILL");
  await protect.saw(/policy service does not answer.*in force: last known good/);
  expect(await statusOf(`/?${ATTACK}`)).toBe(403);
  expect(readFileSync(join(folder, "cache", "policy.bundle")).length).toBeGreaterThan(100);
}, 180_000);

test("tokens and policies do not cross a network in plain text", async () => {
  const path = join(makeFolder(), "merlon.yaml");
  writeFileSync(path, policyText("block"));
  const outcome = await run(["policy", "serve", "--policy", path, "--listen", "0.0.0.0:0", "--state", makeFolder()]);
  expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("write --tls-name policy.example") });
  expect((await run(["policy", "serve"])).stderr).toContain("--policy is missing");
  expect((await run(["policy", "serve", path])).stderr).toContain("one argument too many");
});

test("a restart with a broken file serves the version of before, and a first start does not", async () => {
  const folder = makeFolder();
  const path = join(folder, "merlon.yaml");
  const flags = ["--policy", path, "--state", join(folder, "state"), "--listen", "0", "--open"];
  writeFileSync(path, policyText("blok"));
  expect(await run(["policy", "serve", ...flags])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('"blok"'),
  });
  put(path, policyText("block"));
  const first = start(["policy", "serve", ...flags]);
  await urlOf(first);
  first.child.kill("SIGTERM");
  expect(await first.ended()).toBe(0);
  put(path, policyText("blok"));
  const second = start(["policy", "serve", ...flags]);
  const url = await urlOf(second);
  expect(second.stderr()).toContain("(the version before stays published)");
  expect((await (await fetch(`${url}/v1/policy`)).json()).version).toBe(1);
  put(path, policyText("off"));
  await second.saw(/version 2 is published, .*mode off/);
}, 120_000);
