/** Entries of the log: read as written, and what a later version wrote is no one's harm. */
import { expect, test } from "vitest";
import {
  endpointEntry,
  idOfEntry,
  labelEntry,
  readEntry,
  recordEntry,
} from "../../../../hosts/postanalytics/store/log-entry.ts";
import { Traffic } from "../../records/inventory/stage.ts";
import { sampleRecord } from "../../records/sample.ts";

test("a record and a label are read as they were written", () => {
  const record = sampleRecord({ env: { wall: "🧱\0" } });
  const entry = readEntry(recordEntry(record));
  expect(entry).toMatchObject({ kind: "record", id: record.id });
  expect(JSON.parse(entry?.json ?? "")).toEqual(record);
  const label = { verdict: "false_positive", note: null, at: 5 } as const;
  expect(readEntry(labelEntry(record.id, label))).toEqual({
    kind: "label",
    id: record.id,
    json: JSON.stringify(label),
  });
  expect(idOfEntry(recordEntry(record))).toBe(record.id);
});

test("a kind of entry that is not known is passed over", () => {
  expect(readEntry(Buffer.from(`X${sampleRecord().id}{}`))).toBeNull();
});

test("a line of the inventory is read as it was written", () => {
  const traffic = new Traffic();
  traffic.send({ target: "/a" });
  for (const line of traffic.lines()) {
    expect(readEntry(endpointEntry(line))).toEqual({ kind: "endpoint", id: line.id, json: JSON.stringify(line) });
  }
});
