/**
 * The console within a host: without a folder it keeps nothing, and what passes through the host is in its inventory.
 * The whole of it runs in test/hosts/cli/console.test.ts.
 */
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { listen } from "../../dataplane/sidecar/stage.ts";
import { makeFolder, run, start } from "../stage.ts";

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

test("what passes through the host is learned, within seconds and at its end", { timeout: 180_000 }, async () => {
  const port = await listen(createServer((request, response) => request.resume().on("end", () => response.end("{}"))));
  const folder = makeFolder();
  const flags = ["--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", "--data", folder, "--quiet"];
  const running = start(["protect", `http://127.0.0.1:${port}`, ...flags]);
  const [, url = ""] = await running.saw(/^listening +(\S+)$/m);
  await running.saw(/^console +/m);
  const body = JSON.stringify({ name: "ada", password: "hunter2-canary" });
  const init = { method: "POST", body, headers: { "content-type": "application/json" } };
  await (await fetch(`${url}/people/17?dry=true`, init)).text();
  const list = async (): Promise<string> => (await run(["api", "list", "--json", "--data", folder])).stdout;
  await expect.poll(list, { timeout: 60_000, interval: 2000 }).toContain('"path":"/people/{id}"');
  await (await fetch(`${url}/late`)).text();
  running.child.kill("SIGTERM");
  expect(await running.ended()).toBe(0);
  const document = (await run(["api", "export", "--data", folder])).stdout;
  const { paths } = JSON.parse(document);
  expect(Object.keys(paths)).toEqual(["/late", "/people/{id}"]);
  const { schema } = paths["/people/{id}"].post.requestBody.content["application/json"];
  expect(schema.properties.password).toEqual({ type: "string", "x-merlon-sensitive": ["password"] });
  expect(document).not.toContain("canary");
});
