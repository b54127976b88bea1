/** Files of JSON lines. */
import { readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileSink } from "../../../../hosts/postanalytics/export/file-sink.ts";
import { sampleRecord } from "../../records/sample.ts";
import { temporaryFolder } from "../store/stage.ts";

test("records are appended, one a line, and a file that was rotated away is made again", async () => {
  const path = join(temporaryFolder(), "exports", "siem.jsonl");
  const sink = fileSink(path);
  const records = [sampleRecord(), sampleRecord({ mode: "monitoring" }), sampleRecord()];
  await sink.deliver(records.slice(0, 2));
  renameSync(path, `${path}.1`);
  await sink.deliver(records.slice(2));
  const linesOf = (file: string): unknown[] =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  expect([linesOf(`${path}.1`), linesOf(path)]).toEqual([records.slice(0, 2), records.slice(2)]);
  expect(statSync(path).mode & 0o077).toBe(0);
});
