/** Files of records: S2 for spreadsheets: no cell begins a formula, no cell breaks a line. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvCell, recordFile, recordLine } from "../../../../hosts/postanalytics/api/record-file.ts";
import { sampleHit, sampleRecord } from "../../records/sample.ts";
import { MemoryStore } from "../memory-store.ts";

describe("a cell", () => {
  test.each([
    ["plain", '"plain"'],
    ['a"b', '"a""b"'],
    ["=1+1", `"'=1+1"`],
    ["+1", `"'+1"`],
    ["-1", `"'-1"`],
    ["@SUM(A1)", `"'@SUM(A1)"`],
    [" =1", `"' =1"`],
    ["\t=1", `"\\u{9}=1"`],
    ["\uff1d1", `"'\uff1d1"`],
    ["a\r\nb", '"a\\u{d}\\u{a}b"'],
    ["a\u2028b", '"a\\u{2028}b"'],
    ["\u202ecod", '"\\u{202e}cod"'],
    [403, "403"],
  ])("%j is written %s", (value, cell) => expect(csvCell(value)).toBe(cell));

  test("never begins a formula or ends a line, whatever it holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const cell = csvCell(text);
        expect(cell).not.toMatch(/^"?\s*[=+\-@]/);
        expect(cell).not.toMatch(/[\r\n\u2028\u2029]/);
        expect(cell.slice(1, -1).replaceAll('""', "")).not.toContain('"');
      }),
    );
  });
});

test("every text of a record that a client wrote is safe in both formats", () => {
  const evil = "=cmd|'/c calc'!A1\r\n\u2028\u009b31m";
  const { request } = sampleRecord();
  const record = sampleRecord({
    request: { ...request, method: evil, host: evil, path: evil, query: evil },
    hits: [sampleHit({ payload: evil, point_s: evil })],
    app: { name: evil, id: 1 },
  });
  const csv = recordLine(record, "csv");
  expect(csv).not.toMatch(/[\r\n\u2028\u009b]/);
  expect(csv.split(',"').filter((cell) => /^\s*[=+\-@]/.test(cell))).toEqual([]);
  const line = recordLine(record, "jsonl");
  expect(line).not.toMatch(/[\r\n\u2028\u009b]/);
  expect(JSON.parse(line)).toEqual(record);
});

test("a file is read from the store page by page, and says where it was cut", async () => {
  const store = new MemoryStore();
  await store.append(Array.from({ length: 1201 }, () => sampleRecord()));
  const search = { window: { from: 0, to: Date.UTC(2100, 0, 1) }, where: "", tenants: null };
  const whole = await recordFile(store, search, "csv", 5000).text();
  expect(whole.split("\r\n")).toHaveLength(1 + 1201 + 1);
  const cut = await recordFile(store, search, "csv", 700).text();
  expect(cut.split("\r\n")).toHaveLength(1 + 700 + 1 + 1);
  expect(cut).toContain('"cut after 700 records"');
  expect((await recordFile(store, search, "jsonl", 1201).text()).trimEnd().split("\n")).toHaveLength(1201);
});
