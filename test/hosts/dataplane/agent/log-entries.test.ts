/** Messages of Envoy's access log service: what the record is in, what it stands beside, and what is no message. */
import { expect, test } from "vitest";
import { parseLine } from "../../../../hosts/dataplane/agent/filter-record.ts";
import { RECORD_STATE, readEntries } from "../../../../hosts/dataplane/agent/log-entries.ts";
import { numberField, sizedField } from "../../../assembly/protobuf-writer.ts";
import { lineOf } from "./lines.ts";

/** An entry as Envoy makes it, with this text in the filter state of this name. */
function entryOf(text: string, name: string = RECORD_STATE): Buffer {
  const any = Buffer.concat([
    sizedField(1, "type.googleapis.com/google.protobuf.BytesValue"),
    sizedField(2, sizedField(1, text)),
  ]);
  const state = sizedField(21, Buffer.concat([sizedField(1, name), sizedField(2, any)]));
  const duration = sizedField(23, Buffer.concat([numberField(1, 2), numberField(2, 5_900_000)]));
  const response = Buffer.concat([sizedField(1, numberField(1, 403)), numberField(2, 99), numberField(3, 263)]);
  return Buffer.concat([
    sizedField(1, Buffer.concat([sizedField(2, "address"), state, duration])),
    numberField(2, 2),
    sizedField(4, response),
  ]);
}

function messageOf(...entries: readonly Buffer[]): Buffer {
  const logs = Buffer.concat(entries.map((entry) => sizedField(1, entry)));
  return Buffer.concat([sizedField(1, sizedField(2, "merlon")), sizedField(2, logs)]);
}

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
