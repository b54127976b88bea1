/** `merlon policy stage`, `promote` and `withdraw` against a service as a process, with hosts that follow. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startHost } from "../../policy/service/stage.ts";
import { makeFolder, run, start } from "../stage.ts";

const HEAD = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec:\n  defaults: { mode: block }\n";

test("a file is tried on one host, and an operator ends it", async () => {
  const folder = makeFolder();
  const [path, next, state] = [join(folder, "merlon.yaml"), join(folder, "next.yaml"), join(folder, "state")];
  writeFileSync(path, HEAD);
  writeFileSync(next, `${HEAD}  rules: [{ name: new, when: 'path == "/cart"', type: rce }]\n`);
  const { stdout: token } = await run(["node", "add", "alice", "--operator", "--state", state]);
  writeFileSync(join(folder, "token"), token);
  const flags = ["--policy", path, "--state", state, "--listen", "0", "--open"];
  const serve = start(["policy", "serve", ...flags]);
  const [, url = ""] = await serve.saw(/listening {2}(\S+)\n/);
  const asOperator = ["--policy-url", url, "--node-token-file", join(folder, "token")];
  const hosts = [await startHost({ url, instance: "i1" }), await startHost({ url, instance: "i2" })];

  // Its hosts judge nothing here: the version stays on trial until somebody decides.
  const staging = start(["policy", "stage", next, "--canary", "1", "--stage", "60s", ...asOperator]);
  await staging.saw(/candidate [0-9a-f]{12} is shown beside the policy \(canaries: i[12]\)/);
  expect((await run(["policy", "status", ...asOperator])).stdout).toContain("is shown beside the policy");
  expect(await run(["policy", "promote", ...asOperator])).toMatchObject({
    code: 0,
    stdout: "it is published to all\n",
  });
  await staging.saw(/is published \(canaries: i[12]\) by alice/);
  expect(await staging.ended()).toBe(0);
  await serve.saw(/candidate [0-9a-f]{12} is published/);
  await Promise.all(hosts.map(async ({ follower }) => await follower.check()));
  expect(new Set(hosts.map(({ follower }) => follower.inForce.version))).toEqual(new Set([2]));

  expect(await run(["policy", "withdraw", ...asOperator])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("there is nothing to decide"),
  });
  const lines = readFileSync(join(state, "audit.jsonl"), "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line)).map(({ who, action }) => `${who} ${action}`)).toEqual([
    "command node.add",
    "file publish",
    "alice rollout.begin",
    "alice rollout.promote",
    "alice rollout",
  ]);
}, 180_000);

test("what the flags say is checked before anyone is asked", async () => {
  const path = join(makeFolder(), "merlon.yaml");
  writeFileSync(path, HEAD);
  const stage = async (...flags: string[]): Promise<string> =>
    (await run(["policy", "stage", path, "--policy-url", "http://127.0.0.1:1", ...flags])).stderr;
  expect(await stage("--canary", "0")).toContain("--canary is");
  expect(await stage("--canary", "90%")).toContain("it takes 1% to 50%");
  expect((await run(["policy", "stage", path])).stderr).toContain("--policy-url is missing");
}, 60_000);
