/**
 * The console within a host: without a folder it keeps nothing. The whole of it runs in
 * test/hosts/cli/console.test.ts.
 */
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { listen } from "../../dataplane/sidecar/stage.ts";
import { start } from "../stage.ts";

test("without --data records end with the process, and the link is all that is shown", {
  timeout: 120_000,
}, async () => {
  const port = await listen(createServer((_request, response) => response.end("well")));
  const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("merlon-console-"));
  const before = new Set(folders());
  const running = start(["protect", `http://127.0.0.1:${port}`, "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"]);
  await running.saw(/console {4}http:\/\/127\.0\.0\.1:\d+\/#k=/);
  await running.saw(/kept {7}until the end/);
  expect(running.stdout()).not.toContain("password");
  const own = folders().filter((name) => !before.has(name));
  expect(own.length).toBeGreaterThan(0);
  running.child.kill("SIGTERM");
  expect(await running.ended()).toBe(0);
  expect(folders().filter((name) => own.includes(name)).length).toBeLessThan(own.length);
});
