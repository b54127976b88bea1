/** `merlon connector`: what it prints for which flags, and what it refuses. That Envoy takes it: test/conformance. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder, run } from "./stage.ts";

const PRINT = ["connector", "print", "envoy"];

test("prints ext_proc if nothing else is asked for, inline, open, with its time-out", async () => {
  const { code, stdout } = await run(PRINT);
  expect(code).toBe(0);
  for (const line of [
    "failure_mode_allow: true",
    "message_timeout: 0.2s",
    "request_body_mode: FULL_DUPLEX_STREAMED",
    "request_trailer_mode: SEND",
    "- request.id",
    "- request.time",
    "- source.address",
  ]) {
    expect(stdout).toContain(`${line}\n`);
  }
  expect(stdout).not.toContain("observability_mode");
  expect(stdout).not.toContain("x-merlon-mode");
});

test("is out of band in mode monitoring, and says a mode to the server", async () => {
  const watching = await run([...PRINT, "--mode", "monitoring"]);
  expect(watching.stdout).toContain("observability_mode: true\n");
  const blocking = await run([...PRINT, "--mode", "block", "--failure", "closed", "--body-mode", "BUFFERED"]);
  expect(blocking.stdout).toMatch(/key: x-merlon-mode\n +value: block\n/);
  expect(blocking.stdout).toContain("failure_mode_allow: false\n");
  expect(blocking.stdout).toContain("request_body_mode: BUFFERED\n");
});

test("prints the WebAssembly filter with the policy in it", async () => {
  const path = join(makeFolder(), "merlon.yaml");
  writeFileSync(path, "apiVersion: merlon.dev/v1alpha1\nkind: WafPolicy\nspec: {defaults: {mode: block}}\n");
  const { code, stdout } = await run([...PRINT, "--method", "wasm", "--policy", path, "--wasm", "/etc/merlon.wasm"]);
  expect(code).toBe(0);
  expect(stdout).toContain("filename: /etc/merlon.wasm\n");
  expect(stdout).toContain("allow_on_headers_stop_iteration: true\n");
  expect(stdout).toMatch(/value: '?\{"policy":"TVJMT/);
});

test.each([
  [["connector", "show", "envoy"], '"show envoy" is unknown'],
  [["connector", "print", "nginx"], '"print nginx" is unknown'],
  [[...PRINT, "--method", "lua"], '--method is "lua"'],
  [[...PRINT, "--upstream", "nowhere"], '--upstream is "nowhere"'],
  [[...PRINT, "--upstream", "127.0.0.1:0"], "--upstream has port 0"],
  [[...PRINT, "--wasm", "a.wasm"], "--wasm is for wasm"],
  [[...PRINT, "--method", "wasm", "--failure", "open"], "--failure is for ext_proc"],
])("refuses %j", async (args, words) => {
  const { code, stderr } = await run(args);
  expect(stderr).toContain(words);
  expect(code).toBe(2);
});
