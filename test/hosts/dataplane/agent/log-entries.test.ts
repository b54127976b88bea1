/** Messages of Envoy's access log service: what the record is in, what it stands beside, and what is no message. */
import { expect, test } from "vitest";
import { parseLine } from "../../../../hosts/dataplane/agent/filter-record.ts";
import { readEntries } from "../../../../hosts/dataplane/agent/log-entries.ts";
import { sizedField } from "../../../assembly/protobuf-writer.ts";
import { entryOf, messageOf } from "./entries.ts";
import { lineOf } from "./lines.ts";

test("an entry with a record is a line as a file would have it", () => {
  const wanted = JSON.parse(lineOf(1));
  const lines = readEntries(messageOf(entryOf(JSON.stringify(wanted.record)), entryOf("{}", "wasm.other")));
  expect(lines?.length).toBe(1);
  const line = parseLine(lines?.[0] ?? "");
  expect(line?.record.id).toBe(wanted.record.id);
  expect(line?.response).toEqual({ status: 403, size: 263, time_ms: 2005 });
});

test.each([
  ["TCP logs", sizedField(3, "x")],
  ["nothing", Buffer.alloc(0)],
])("%s: no line, and no fault", (_, bytes) => {
  expect(readEntries(bytes)).toEqual([]);
});

test("a record that is none is a line that is none", () => {
  const [line = ""] = readEntries(messageOf(entryOf('{"v":1},"response":{}}'))) ?? [];
  expect(parseLine(line)).toBeNull();
});

test.each([
  ["bytes at random", Buffer.from("nonsense")],
  ["a message that is cut", messageOf(entryOf("{}")).subarray(0, -3)],
  ["more entries than Envoy sends", messageOf(...Array.from({ length: 4097 }, () => Buffer.alloc(0)))],
])("%s are no message", (_, bytes) => {
  expect(readEntries(bytes)).toBeNull();
});
