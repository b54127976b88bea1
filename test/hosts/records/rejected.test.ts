/** Records that nobody takes are kept with the reason, up to a bound, and a folder that is gone stops nothing. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REJECTED_BYTES_MAX, rejectedFile } from "../../../hosts/records/rejected.ts";

test("each is a line of JSON; beyond the bound nothing is added", async () => {
  const folder = mkdtempSync(join(tmpdir(), "merlon-rejected-"));
  const path = join(folder, "rejected.jsonl");
  const keep = rejectedFile(folder);
  await keep(Buffer.from('{"a":1}'), "is no record");
  await keep(Buffer.from("b"), "neither");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { reason: "is no record", record: '{"a":1}' },
    { reason: "neither", record: "b" },
  ]);
  expect(statSync(path).mode & 0o077).toBe(0);
  writeFileSync(path, Buffer.alloc(REJECTED_BYTES_MAX - 5));
  await keep(Buffer.from("c"), "too much");
  expect(statSync(path).size).toBe(REJECTED_BYTES_MAX - 5);
  rmSync(folder, { recursive: true });
  await keep(Buffer.from("d"), "nowhere");
});
