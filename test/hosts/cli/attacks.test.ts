/** `merlon attacks` on a real console: lists, one record, files, and what arrives now; text of clients escaped. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startConsole } from "../postanalytics/stage.ts";
import { sampleHit, sampleRecord } from "../records/sample.ts";
import { makeFolder, run, start } from "./stage.ts";

const TIMEOUT = { timeout: 60_000 };
const recent = (fields: Parameters<typeof sampleRecord>[0] = {}) =>
  sampleRecord({ ts: new Date().toISOString(), ...fields });

async function withToken() {
  const stage = await startConsole();
  const { token } = await stage.as("analyst");
  const file = join(makeFolder(), "token");
  writeFileSync(file, `${token}\n`);
  return { stage, flags: ["--api", stage.origin, "--token-file", file] };
}

describe("records at the terminal", TIMEOUT, () => {
  test("are listed, shown and exported, and nothing of them acts on it", async () => {
    const { stage, flags } = await withToken();
    const evil = "\u001b[2J\u202e\u009b31m\r\nforged";
    const { request } = sampleRecord();
    const record = recent({
      request: { ...request, path: `/${evil}`, host: evil },
      hits: [sampleHit({ payload: evil, point_s: evil })],
    });
    await stage.store.append([record, recent()]);
    const outputs = [
      await run(["attacks", "list", ...flags]),
      await run(["attacks", "list", "--records", ...flags]),
      await run(["attacks", "list", "--records", "--json", ...flags]),
      await run(["attacks", "show", record.ref, ...flags]),
      await run(["attacks", "show", record.ref, "--json", ...flags]),
      await run(["explain", record.ref, ...flags]),
      await run(["attacks", "export", ...flags]),
    ];
    for (const { code, stdout, stderr } of outputs) {
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain(record.ref);
      expect(["\u001b", "\u009b", "\u202e", "\r"].filter((one) => stdout.includes(one))).toEqual([]);
    }
    expect(outputs[3]?.stdout).toContain("because   sqli (sqli-union)");
    expect(JSON.parse(outputs[4]?.stdout ?? "")).toEqual(record);
    const out = join(makeFolder(), "a.csv");
    expect((await run(["attacks", "export", "--format", "csv", "--out", out, ...flags])).code).toBe(0);
    expect(readFileSync(out, "utf8").split("\r\n")).toHaveLength(4);
    const again = await run(["attacks", "export", "--out", out, ...flags]);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("there is such a file already")]);
  });

  test("are told as they arrive", async () => {
    const { stage, flags } = await withToken();
    const tail = start(["attacks", "tail", ...flags]);
    await expect.poll(() => stage.console.parts.live.size, { timeout: 30_000 }).toBe(1);
    const record = recent();
    await stage.store.append([record]);
    await tail.saw(new RegExp(record.ref));
    expect(tail.stdout()).toContain("GET shop.example/articles/7");
  });
});

describe("what is wrong is said in one line", TIMEOUT, () => {
  test.each<[string[], RegExp]>([
    [["list"], /nothing says where the records are/],
    [["burn"], /"burn" is nothing that attacks does/],
    [["show"], /the reference is missing/],
    [["list", "--api", "https://a.example"], /--token-file is missing/],
    [["list", "--api", "http://a.example", "--token-file", "x"], /plain HTTP/],
    [["list", "--api", "ftp://a.example", "--token-file", "x"], /takes the address of a console/],
    [["list", "--api", "https://a.example", "--data", "x"], /both given/],
    [["list", "--data", "/nowhere/at/all"], /no such data folder/],
    [["list", "--since", "yesterday", "--data", "x"], /--since is "yesterday"/],
  ])("%j", async (args, words) => {
    const { code, stderr } = await run(["attacks", ...args]);
    expect([code > 0, stderr]).toEqual([true, expect.stringMatching(words)]);
  });

  test("a token that is none, and a record that is not there", async () => {
    const { stage, flags } = await withToken();
    const missing = await run(["attacks", "show", "01K9ZZZZZZAAAAAA", ...flags]);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("there is no such record")]);
    const file = join(makeFolder(), "token");
    writeFileSync(file, "wrong");
    const denied = await run(["attacks", "list", "--api", stage.origin, "--token-file", file]);
    expect([denied.code, denied.stderr]).toEqual([1, expect.stringContaining("nobody is signed in")]);
  });
});
