/** `merlon agent` as a process: what it says, what it refuses, its numbers, and what a kill at any moment leaves. */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { lineOf } from "../dataplane/agent/lines.ts";
import { until } from "../dataplane/envoy/stage.ts";
import { Receiver } from "../records/receiver.ts";
import { makeFolder, type Running, run, start } from "./stage.ts";

const LONG_MS = 120_000;

function startAgent(folder: string, ...flags: string[]): Running {
  return start(["agent", "--log", join(folder, "records.jsonl"), "--data", join(folder, "data"), ...flags]);
}

test("takes what the log has, answers for it, and says at its end how much it was", async () => {
  const folder = makeFolder();
  const running = startAgent(folder, "--metrics", "127.0.0.1:0");
  const [, metrics = ""] = await running.saw(/^metrics +(\S+)$/m);
  writeFileSync(join(folder, "records.jsonl"), `${lineOf(1)}${lineOf(2)}nonsense\n`);
  const text = await until(
    async () => await (await fetch(metrics)).text(),
    (shown) => shown.includes("waf_records_stored_total 2"),
  );
  expect(text).toContain('waf_agent_lines_total{result="record"} 2');
  expect(text).toContain('waf_agent_lines_total{result="invalid"} 1');
  expect(text).toContain("waf_agent_log_unread_bytes 0");
  running.child.kill("SIGTERM");
  expect(await running.ended()).toBe(0);
  expect(running.stderr()).toContain("2 records, 1 lines that were none");
});

test(
  "killed again and again, it loses no record of the log and the store has each once",
  async () => {
    const receiver = new Receiver();
    const store = await receiver.listen();
    onTestFinished(() => receiver.close());
    const folder = makeFolder();
    const url = ["--records-url", `http://127.0.0.1:${store}`, "--node-id", "envoy-1"];
    let written = 0;
    for (let round = 0; round < 4; round++) {
      const running = startAgent(folder, ...url);
      await running.saw(/^log /m);
      for (let i = 0; i < 50; i++) appendFileSync(join(folder, "records.jsonl"), lineOf(written++));
      await new Promise((resolve) => setTimeout(resolve, round * 150));
      running.child.kill("SIGKILL");
      await running.ended();
    }
    const last = startAgent(folder, ...url);
    await last.saw(/^log /m);
    await until(
      () => receiver.records.size,
      (size) => size === written,
    );
    last.child.kill("SIGTERM");
    expect(await last.ended()).toBe(0);
    expect(receiver.records.size).toBe(written);
    expect(receiver.faults).toEqual([]);
  },
  LONG_MS,
);

test.each([
  [["agent"], /--log is missing/],
  [["agent", "--log", "a"], /--data is missing/],
  [["agent", "--log", "a", "--listen-als", "127.0.0.1:0", "--data", "b"], /--log and --listen-als are given/],
  [["agent", "--listen-als", "127.0.0.1:0", "--data", "b", "--tls-cert", "c"], /--tls-key is missing/],
  [["agent", "--listen-als", "127.0.0.1:0", "--data", "b", "--admin", "http://a:1"], /--admin is for --log/],
  [["agent", "--log", "a", "--data", "b", "--tls-key", "c"], /--tls-key is for --listen-als/],
  [["agent", "--log", "a", "--data", "b", "--log-max", "5"], /--log-max has no --admin/],
  [["agent", "--log", "a", "--data", "b", "--admin", "localhost"], /--admin is "localhost"/],
])("%j is refused", async (args, expected) => {
  const { code, stderr } = await run(args);
  expect(stderr).toMatch(expected);
  expect(code).toBe(2);
});
