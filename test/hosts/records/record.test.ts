/** The shape of records: what a reader must keep, and what it refuses. */
import { expect, test } from "vitest";
import { recordSchema } from "../../../hosts/records/record.ts";
import { sampleRecord } from "./sample.ts";

test("a record is read as it was written, with fields that this version does not know", () => {
  const record = { ...sampleRecord(), later: { field: 1 } };
  record.client = { ...record.client, reputation: "new" };
  expect(recordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

test.each([
  ["id", "not-a-ulid"],
  ["ts", "yesterday"],
  ["mode", "blok"],
  ["action", "kept"],
  ["v", 2],
])("a record with %s %j is refused by that name", (field, value) => {
  const parsed = recordSchema.safeParse({ ...sampleRecord(), [field]: value });
  expect(parsed.error?.issues.map(({ path }) => path.join("."))).toEqual([field]);
});
