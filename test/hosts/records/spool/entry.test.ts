/** Entries: read as they were written, and nothing else is taken for one. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { check } from "../../../../fuzz/property.ts";
import { ENTRY_HEAD_BYTES, encodeEntry, readEntry } from "../../../../hosts/records/spool/entry.ts";

test("an entry is read as it was written, wherever it stands", () => {
  const seq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  check(
    fc.property(seq, fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(20), (number, content, at) => {
      const record = Buffer.from(content);
      const bytes = Buffer.concat([Buffer.alloc(at), encodeEntry(number, record), Buffer.from("more")]);
      const size = ENTRY_HEAD_BYTES + record.length;
      expect(readEntry(bytes, at)).toEqual({ kind: "entry", entry: { seq: number, record }, size });
    }),
    300,
  );
});

test("an entry with any bit changed is none", () => {
  const entry = encodeEntry(7, Buffer.from("a record"));
  for (let bit = 0; bit < entry.length * 8; bit++) {
    const bytes = Buffer.concat([entry, Buffer.alloc(64)]);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(readEntry(bytes, 0).kind, `bit ${bit}`).not.toBe("entry");
  }
});

test("zeros, and an entry cut anywhere, are an end", () => {
  const entry = encodeEntry(7, Buffer.from("a record"));
  expect(readEntry(Buffer.alloc(100), 0)).toEqual({ kind: "cut" });
  for (let size = 0; size < entry.length; size++) {
    expect(readEntry(entry.subarray(0, size), 0)).toEqual({ kind: "cut" });
  }
});
