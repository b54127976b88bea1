/** What is taken of a record to be searched, and that nothing in it can stop a database. */
import { expect, test } from "vitest";
import { columnsOf, ipKey } from "../../../../hosts/postanalytics/store/record-columns.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";

test("records that differ in what varies only have one kind", () => {
  const one = columnsOf(sampleRecord());
  const other = columnsOf(
    sampleRecord({
      client: { ip: "192.0.2.1", list: "none" },
      request: { ...sampleRecord().request, path: "/articles/8" },
    }),
  );
  expect(other.kind).toEqual(one.kind);
  expect(other.client.key).not.toBe(one.client.key);
  expect(other.path.key).not.toBe(one.path.key);
  expect(columnsOf(sampleRecord({ action: "monitored" })).kind.key).not.toBe(one.kind.key);
  const found = columnsOf(sampleRecord({ hits: [sampleHit({ type: "xss" })] }));
  expect([other.finding.key, other.look]).toEqual([one.finding.key, one.look]);
  expect(found.finding.key).not.toBe(one.finding.key);
  expect(found.look).not.toBe(one.look);
});

test("an address is one client, whatever else is known of it", () => {
  const keys = [null, "DE"].map((country) =>
    columnsOf(sampleRecord({ client: { ip: "192.0.2.1", list: "none", country } })),
  );
  expect(keys[0]?.client.key).toBe(keys[1]?.client.key);
});

test("no text holds what PostgreSQL refuses: NUL, half characters, points of any length", () => {
  const record = sampleRecord({ hits: [sampleHit({ point_s: "é".repeat(1024) })] });
  record.request = { ...record.request, path: "/a\0b\ud800", host: "a\0" };
  const { path, kind, marks } = columnsOf(record);
  const texts = [...path.columns, ...kind.columns, ...marks.flat()].filter((value) => typeof value === "string");
  expect(texts.filter((text) => text.includes("\0") || !text.isWellFormed())).toEqual([]);
  expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(600);
});

test.each([
  ["1.2.3.4", "00000000000000000000ffff01020304"],
  ["::ffff:1.2.3.4", "00000000000000000000ffff01020304"],
  ["::1", "00000000000000000000000000000001"],
  ["2001:DB8::A", "20010db800000000000000000000000a"],
  ["nonsense", ""],
])("%s sorts as %s", (address, key) => {
  expect(ipKey(address)).toBe(key);
});
