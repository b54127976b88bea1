/** Cursors come back as they went, and nothing else is one. */
import { expect, test } from "vitest";
import { readCursor, writeCursor } from "../../../../hosts/postanalytics/store/cursor.ts";

test("a cursor is read as it was written", () => {
  expect(readCursor(writeCursor([1795273367064, '["a","🧱"] 7 5']))).toEqual([1795273367064, '["a","🧱"] 7 5']);
  expect(readCursor(null)).toBeNull();
});

test.each([
  "",
  "x",
  "e30",
  writeCursor([1, ""]).slice(2),
  Buffer.from('["1","a"]').toString("base64url"),
  "A".repeat(20_000),
])("%s is none", (text) => {
  expect(() => readCursor(text)).toThrow(expect.objectContaining({ code: "MERLON_SEARCH" }));
});
