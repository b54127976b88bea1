/** Rotation by the agent: a writer that opens its log anew when it is told, and one that is away for a while. */
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LogFollower } from "../../../../hosts/dataplane/agent/log-follower.ts";
import { LogRotation } from "../../../../hosts/dataplane/agent/log-rotation.ts";

test("a log that was read is set aside, the writer told, and the old one deleted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "merlon-agent-"));
  const log = join(folder, "records.jsonl");
  let status = 503;
  const asked: string[] = [];
  const admin = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => admin.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    admin.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const said: string[] = [];
  const rotation = new LogRotation({
    log,
    bytesMax: 100,
    admin: `http://127.0.0.1:${(admin.address() as AddressInfo).port}`,
    say: (line) => said.push(line),
  });
  writeFileSync(log, "short\n");
  const follower = await LogFollower.open(log, join(folder, "agent.json"));
  onTestFinished(() => follower.close());
  await follower.read();
  await rotation.look(follower);
  expect(asked).toEqual([]);
  appendFileSync(log, `${"a".repeat(200)}\n`);
  await follower.read();
  await rotation.look(follower);
  // The writer has not heard: what it writes to the old file is read on, and it is told again.
  expect(said).toHaveLength(1);
  appendFileSync(`${log}.read`, "late\n");
  expect((await follower.read())?.lines).toEqual(["late"]);
  status = 200;
  for (let tries = 0; asked.length < 2 && tries < 100; tries++) {
    await rotation.look(follower);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(asked).toEqual(["POST /reopen_logs", "POST /reopen_logs"]);
  writeFileSync(log, "new\n");
  expect((await follower.read())?.lines).toEqual(["new"]);
  await rotation.look(follower);
  expect(existsSync(`${log}.read`)).toBe(false);
  expect(rotation.counters).toEqual({ rotated: 1, failures: 1 });
});
