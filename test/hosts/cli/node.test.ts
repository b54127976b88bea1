/** `merlon node`: tokens on stdout once, a list without them, and a node that enrols, follows and is sent away. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { ATTACK, makeFolder, run, start, startUpstream } from "./stage.ts";

const WAIT = { timeout: 60_000, interval: 50 };

test("add, list, revoke, rm", async () => {
  const folder = makeFolder();
  const state = ["--state", folder];
  expect((await run(["node", "list", ...state])).stdout).toBe("no nodes\n");
  const { stdout: token, stderr } = await run(["node", "add", "shop-1", "--ttl", "10m", ...state]);
  expect(token).toMatch(/^merlon_enrol_\S+\.\S+\.shop-1\n$/);
  expect(stderr).toContain("works once, within 10m");
  expect(stderr).not.toContain(token.trim());
  expect((await run(["node", "add", "shop-1", ...state])).stdout).not.toBe(token);
  const bearer = await run(["node", "add", "envoy-1", "--bearer", ...state]);
  expect(bearer.stdout).toMatch(/^merlon_node_\S+\n$/);
  await run(["node", "add", "alice", "--operator", ...state]);
  const { stdout } = await run(["node", "list", ...state]);
  const row = String.raw`\d{4}-\d\d-\d\d *\n`;
  const by = String.raw`a token to use until \d{4}-\d\d-\d\d \d\d:\d\d UTC`;
  const rows = ["envoy-1 +node +token +", "alice +operator +token +", `shop-1 +node +${by} +`].join(row) + row;
  expect(stdout).toMatch(new RegExp(`^name +role +by +since *\\n${rows}$`));
  for (const args of [["envoy-1"], ["shop-1", "--bearer"], ["bob", "--operator", "--ttl", "1h"], ["-"]]) {
    expect((await run(["node", "add", ...args, ...state])).code).toBe(2);
  }
  expect((await run(["node", "revoke", "shop-1", ...state])).stdout).toBe("shop-1 is not served any more\n");
  expect((await run(["node", "list", ...state])).stdout).toMatch(/shop-1 +node +nothing: revoked/);
  expect((await run(["node", "rm", "shop-1", ...state])).code).toBe(0);
  expect((await run(["node", "rm", "shop-1", ...state])).code).toBe(2);
  expect(readFileSync(join(folder, "audit.jsonl"), "utf8")).toContain('"action":"node.revoke","object":"shop-1"');
});

test.each([
  [["node", "make"], "it takes add, list, revoke, rm"],
  [["node", "add"], "the name is missing"],
  [["node", "list", "a"], "list shows all"],
  [["node", "add", "a", "--ttl", "1y"], "--ttl is"],
])("%j is refused", async (args, says) => {
  expect(await run([...args, "--state", makeFolder()])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(says),
  });
});

test("as processes: a node enrols by a token, follows by its certificate, and is sent away", async () => {
  const folder = makeFolder();
  const at = (name: string): string => join(folder, name);
  const state = ["--state", at("state")];
  writeFileSync(
    at("merlon.yaml"),
    "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: block}}\n",
  );
  writeFileSync(at("token"), (await run(["node", "add", "shop-1", ...state])).stdout);
  const own = ["--tls-name", "127.0.0.1", "--identity-ttl", "3s"];
  const serve = start(["policy", "serve", "--policy", at("merlon.yaml"), "--listen", "0", ...own, ...state]);
  const [, service = ""] = await serve.saw(/listening {2}(https:\S+)\n/);
  const known = (identity: string): string[] => ["--policy-url", service, "--identity", at(identity)];
  const enrolling = ["--enrol-file", at("token"), "--policy-cache", at("cache"), "--listen", "0"];
  const upstream = await startUpstream();
  const protect = start(["protect", upstream, ...known("identity"), ...enrolling]);
  const [, url = ""] = await protect.saw(/listening {2}(\S+)\n/);
  expect(protect.stderr()).toContain("enrolled as shop-1");
  const attacked = async (): Promise<number> => (await fetch(`${url}/?${ATTACK}`)).status;
  await vi.waitFor(async () => expect(await attacked()).toBe(403), WAIT);
  const first = readFileSync(at("identity/node.crt"), "utf8");
  await vi.waitFor(() => expect(readFileSync(at("identity/node.crt"), "utf8")).not.toBe(first), WAIT);
  // On a machine that stands still for seconds a certificate may be over, until the next one is there.
  await vi.waitFor(async () => {
    const status = await run(["policy", "status", ...known("identity")]);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/shop-1 +\S+ +sidecar +active +live/) });
  }, WAIT);
  // The token of a node that somebody copied.
  const thief = start(["protect", upstream, ...known("thief"), ...enrolling]);
  expect(await thief.ended()).toBe(1);
  expect(thief.stderr()).toContain("the enrolment token was used already");
  expect((await run(["node", "revoke", "shop-1", ...state])).code).toBe(0);
  expect((await run(["policy", "status", ...known("identity")])).stderr).toContain("shop-1 was revoked");
  await protect.saw(/shop-1 was revoked.*in force: last known good/);
  expect(await attacked()).toBe(403);
}, 180_000);
