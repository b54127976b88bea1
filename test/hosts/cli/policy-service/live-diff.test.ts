/** `merlon policy diff --live` and `--candidate`: a candidate beside the policy of a real sidecar, on real requests. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { parsePolicy } from "../../../../hosts/policy/policy-text.ts";
import { startService } from "../../policy/service/stage.ts";
import { ATTACK, makeFolder, run, start } from "../stage.ts";

const BLOCK = "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: block}}\n";
const WATCH = BLOCK.replace("block", "monitoring");

async function startUpstream(): Promise<string> {
  const server = createServer((_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  return `http://127.0.0.1:${bound !== null && typeof bound === "object" ? bound.port : 0}`;
}

test("exactly the requests that a candidate would stop, on a node of a service", async () => {
  const folder = makeFolder();
  const { service, tokens, url } = await startService();
  await service.publish(parsePolicy(WATCH, "p"));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const node = write("node", await tokens.add("shop-1", "node"));
  const operator = write("operator", await tokens.add("alice", "operator"));
  const candidate = write("new.yaml", BLOCK);
  const protect = start([
    "protect",
    await startUpstream(),
    "--listen",
    "0",
    "--policy-url",
    url,
    "--node-token-file",
    node,
  ]);
  const [, site = ""] = await protect.saw(/listening {2}(\S+)\n/);
  const flags = ["--policy-url", url, "--node-token-file", operator];
  const diff = start(["policy", "diff", "--live", "3s", "--candidate", candidate, ...flags]);
  while (
    service.instances.status(service.published).instances.length === 0 ||
    !String(service.pointer?.bytes).includes("endsAt")
  ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // The node shows the candidate once it has reported a comparison.
  const hash = /"candidate":\{"hash":"([0-9a-f]{64})/.exec(String(service.pointer?.bytes))?.[1] ?? "";
  while (service.instances.comparisons(hash).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const target of ["/fine", `/attack?${ATTACK}`, "/fine?a=b"]) await fetch(site + target);
  expect(await diff.ended()).toBe(0);
  expect(diff.stdout()).toMatch(
    /pass → block {2}\S+ {2}GET 127\.0\.0\.1:\d+\/attack {2}ptrav-\S+@query\.file\S* {2}shop-1\n/,
  );
  expect(diff.stdout()).toMatch(/\n3 requests on 1 nodes, 1 would be blocked, 0 would pass\n$/);
  expect(String(service.pointer?.bytes)).toContain('"candidate":null');
}, 180_000);

test("a candidate of the sidecar's own is told request by request", async () => {
  const folder = makeFolder();
  writeFileSync(join(folder, "now.yaml"), BLOCK);
  writeFileSync(join(folder, "new.yaml"), WATCH);
  const files = ["--policy", join(folder, "now.yaml"), "--candidate", join(folder, "new.yaml")];
  const protect = start(["protect", await startUpstream(), "--listen", "0", "--quiet", ...files]);
  const [, site = ""] = await protect.saw(/listening {2}(\S+)\n/);
  expect((await fetch(`${site}/a?${ATTACK}`)).status).toBe(403);
  await protect.saw(/would change {2}\S+ {2}block → pass {2}.*\/a {2}ptrav-/);
  protect.child.kill("SIGTERM");
  expect(await protect.ended()).toBe(0);
  expect(protect.stderr()).toContain("candidate: 1 requests, 0 would be blocked, 1 would pass");
}, 120_000);

test("what is missing is said before anyone is asked", async () => {
  expect((await run(["policy", "diff", "--live", "3s"])).stderr).toContain("--policy-url is missing");
  const flags = ["--policy-url", "http://127.0.0.1:1"];
  expect((await run(["policy", "diff", "--live", "3s", ...flags])).stderr).toContain("--candidate is missing");
  expect((await run(["policy", "diff", "--live", "3", "--candidate", "a", ...flags])).stderr).toContain("--live is");
  expect((await run(["policy", "diff", "--live", "3s", "--candidate", "/none", ...flags])).stderr).toContain(
    "cannot be read",
  );
});
