/** What is taken down: a line each, in the order of what happened, and a folder that cannot be written is said. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { AuditFile } from "../../../../hosts/policy/service/audit-file.ts";
import { makeFolder } from "./stage.ts";

test("lines stand in their order, in a file that is its owner's", async () => {
  const said: string[] = [];
  const audit = new AuditFile(join(makeFolder(), "state"), (line) => said.push(line));
  const lines = Array.from({ length: 20 }, (_, index) => ({
    ...{ who: "alice", action: "edit", object: `${index}`, outcome: "done", why: "a\nb".repeat(400) },
  }));
  await Promise.all(lines.map(async (line) => await audit.add(line)));
  const kept = readFileSync(audit.path, "utf8").trimEnd().split("\n");
  const parsed = kept.map((line) => JSON.parse(line));
  expect(parsed.map(({ object }) => object)).toEqual(lines.map(({ object }) => object));
  expect(parsed[0]).toMatchObject({ who: "alice", at: expect.stringMatching(/^\d{4}-/) });
  expect(parsed[0].why.length).toBeLessThanOrEqual(500);
  expect([statSync(audit.path).mode & 0o077, said]).toEqual([0, []]);
});

test("a full file makes room for the next, and one that cannot be written is said", async () => {
  const said: string[] = [];
  const folder = makeFolder();
  const audit = new AuditFile(folder, (line) => said.push(line));
  const line = { who: "a", action: "edit", object: "o", outcome: "done", why: "" };
  writeFileSync(audit.path, "x".repeat(8 * 1024 * 1024));
  await audit.add(line);
  expect(statSync(join(folder, "audit.1.jsonl")).size).toBe(8 * 1024 * 1024);
  expect(readFileSync(audit.path, "utf8")).toContain('"object":"o"');
  await new AuditFile(audit.path, (text) => said.push(text)).add(line);
  expect(said).toEqual([expect.stringMatching(/cannot be written — E/)]);
});
