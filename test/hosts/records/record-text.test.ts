/** Records as bounded JSON: whatever a client could make of one, it fits, is a record, and says who and what. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../fuzz/property.ts";
import { type AttackRecord, RECORD_BYTES_MAX, recordSchema } from "../../../hosts/records/record.ts";
import { numberedText, recordText, slimRecord } from "../../../hosts/records/record-text.ts";
import { sampleHit, sampleRecord } from "./sample.ts";

/** The largest record that the schema takes, of a character that JSON makes as long as given. */
function largest(char: string): AttackRecord {
  const excerpt = Buffer.alloc(128, 7).toString("base64");
  const layer = { as: "percent", span: [0, 9] as [number, number], excerpt_b64: excerpt, excerpt_at: 0 };
  const hit = sampleHit({
    point: Array.from({ length: 32 }, () => char.repeat(256)),
    point_s: char.repeat(1024),
    reason: char.repeat(512),
    payload: char.repeat(2048),
    layers: Array.from({ length: 9 }, () => layer),
  });
  const { request } = sampleRecord();
  return sampleRecord({
    hits: Array.from({ length: 16 }, () => hit),
    masked: Array.from({ length: 64 }, () => char.repeat(1024)),
    request: {
      ...request,
      path: char.repeat(2048),
      path_template: char.repeat(2048),
      query: char.repeat(4096),
      headers: Array.from({ length: 64 }, () => [char.repeat(128), char.repeat(1024)] as [string, string]),
      body: { size: 9, inspected: 9, truncated: false, excerpt_b64: excerpt },
    },
  });
}

test.each(["a", '"', "漢", "\\"])("the largest record of %j fits, and is still one", (char) => {
  const record = largest(char);
  expect(recordSchema.safeParse(record).error).toBeUndefined();
  const text = numberedText(recordText(record), Number.MAX_SAFE_INTEGER);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(RECORD_BYTES_MAX);
  const read = recordSchema.parse(JSON.parse(text));
  expect(read).toMatchObject({ id: record.id, ts: record.ts, seq: Number.MAX_SAFE_INTEGER });
  expect(read.hits[0]).toMatchObject({ type: "sqli", stamps: ["sqli-union"] });
});

test("a small record is whole", () => {
  const record = sampleRecord({ seq: 7 });
  expect(JSON.parse(numberedText(recordText(record), 7))).toEqual(record);
});

test("the head of a record holds nothing of what the request held", () => {
  const record = sampleRecord();
  record.request.body = { size: 5, inspected: 5, truncated: false, excerpt_b64: "c2VjcmV0" };
  const slim = slimRecord(record);
  expect(recordSchema.safeParse(slim).error).toBeUndefined();
  expect(slim.request).toMatchObject({ query: "", headers: [], body: { size: 5, inspected: 5, truncated: true } });
  expect(JSON.stringify(slim)).not.toMatch(/c2VjcmV0|UNION|1%20/);
  expect(slim.hits[0]).toMatchObject({ type: "sqli", point_s: "query.id", layers: [], payload: "" });
});

test("any record of the schema's own texts fits", () => {
  const text = fc.string({ unit: "binary", maxLength: 300 });
  check(
    fc.property(text, fc.array(fc.tuple(text, text), { maxLength: 64 }), (path, headers) => {
      const record = sampleRecord();
      record.request = { ...record.request, path, headers };
      expect(Buffer.byteLength(recordText(record))).toBeLessThanOrEqual(RECORD_BYTES_MAX);
    }),
    50,
  );
});
