/** `merlon doctor`: its arguments, its lines and its exit code. What it finds: doctor/checks.test.ts. */
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { listen } from "../dataplane/sidecar/stage.ts";
import { run } from "./stage.ts";

const INFO = JSON.stringify({ version: "abc/1.40.0/Clean/RELEASE/BoringSSL" });

test.each([
  [["doctor", "nginx", "http://127.0.0.1:1"], '"nginx" is unknown', 2],
  [["doctor", "envoy", "127.0.0.1:9901"], "is no URL", 2],
  [["doctor", "envoy", "http://127.0.0.1:1", "--hops", "a"], '--hops is "a"', 2],
  [["doctor", "istio", "http://127.0.0.1:1"], "does not answer", 1],
])("refuses %j", async (args, words, expected) => {
  const { code, stderr } = await run(args);
  expect(stderr).toContain(words);
  expect(code).toBe(expected);
});

test("says what is wrong, how bad and how to mend it, for people and for scripts", async () => {
  const server = createServer(({ url }, response) => response.end(url === "/server_info" ? INFO : '{"configs":[]}'));
  onTestFinished(() => void server.close());
  const address = `http://127.0.0.1:${await listen(server)}`;
  const told = await run(["doctor", "envoy", address]);
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(/^ok {6}Envoy 1\.40\.0 answers\nbroken {2}no filter of Merlon's .*\n {8}fix: apply what/);
  const { stdout } = await run(["doctor", "envoy", address, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    version: "1.40.0",
    findings: [{ level: "broken", code: "filter-absent" }],
  });
});
