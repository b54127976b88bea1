/** How far a policy has come, in words. */
import { expect, test } from "vitest";
import { awaitActive, printStatus, progressLine } from "../../../../hosts/cli/policy-service/status.ts";
import { ServiceClient } from "../../../../hosts/policy/follow/service-client.ts";
import type { Status } from "../../../../hosts/policy/wire.ts";
import { BLOCKING, startHost, startService, WATCHING } from "../../policy/service/stage.ts";
import { Collector } from "../stage.ts";

const STATUS: Status = {
  ...{ version: 3, hash: "a".repeat(64), publishedAt: 0, active: 12, refused: 0, total: 12, tookMs: 812 },
  ...{ instances: [], hits: [] },
};

test.each<[Partial<Status>, string]>([
  [{}, "active on 12/12 nodes in 0.8 s"],
  [{ tookMs: null }, "active on 12/12 nodes"],
  [{ active: 10, tookMs: null }, "active on 10/12 nodes, 2 have not answered yet"],
  [{ active: 11, refused: 1, tookMs: null }, "active on 11/12 nodes, 1 refused it: see merlon policy status"],
  [{ active: 0, total: 0, tookMs: null }, "published; no node follows yet"],
])("%j is %s", (change, line) => {
  expect(progressLine({ ...STATUS, ...change })).toBe(line);
});

test("a change is awaited on real nodes", async () => {
  const { service, url } = await startService({ isOpen: true });
  await service.publish(BLOCKING);
  await startHost({ url });
  const client = new ServiceClient({ url });
  const stdout = new Collector();
  const io = { stdin: process.stdin, stdout, stderr: stdout, interactive: false };
  const { hash } = await service.publish(WATCHING);
  expect(await awaitActive(client, hash, 20_000, io)).toBe(true);
  expect(stdout.text).toMatch(/^active on 1\/1 nodes in \d\.\d s\n$/);
  await awaitActive(client, "0".repeat(64), 1000, io);
  expect(stdout.text).toContain("version 2 was published meanwhile");
  printStatus(service.status, io);
  expect(stdout.text).toMatch(/anyone +i1 +test +active +live +2/);
  await client.close();
});
