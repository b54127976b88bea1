/** The reader of Protocol Buffers: every kind of field, nested messages, and what is none. */
import { describe, expect, test } from "vitest";
import { ProtobufReader } from "../../../hosts/core/protobuf-reader.ts";

const reader = (...bytes: number[]): ProtobufReader => new ProtobufReader(Buffer.from(bytes), 0, bytes.length);

test("fields come in their order, those of unknown kinds too", () => {
  // 1: 300 · 2: "ab" · 3: fixed32 · 4: fixed64 · 5: true
  const read = reader(8, 0xac, 2, 18, 2, 0x61, 0x62, 29, 1, 2, 3, 4, 33, 1, 2, 3, 4, 5, 6, 7, 8, 40, 1);
  const seen: unknown[] = [];
  while (read.next()) seen.push([read.field, read.isBytes ? read.text() : read.number]);
  expect(seen).toEqual([
    [1, 300],
    [2, "ab"],
    [3, 0],
    [4, 0],
    [5, 1],
  ]);
  expect(read.bad).toBe(false);
});

test("a message within is walked over by itself", () => {
  const outer = reader(10, 2, 8, 7, 16, 1);
  expect(outer.next()).toBe(true);
  const inner = outer.inner();
  expect([inner.next(), inner.field, inner.number, inner.next()]).toEqual([true, 1, 7, false]);
  expect([outer.next(), outer.field]).toEqual([true, 2]);
});

describe("what is no message stops all readers of it", () => {
  test.each([
    ["a length beyond the end", [18, 5, 0x61]],
    ["a number without an end", [8, 0x80]],
    ["a number of eleven bytes", [8, ...Array.from({ length: 11 }, () => 0xff)]],
    ["a group", [11]],
    ["a fixed number that is cut", [29, 1, 2]],
  ])("%s", (_, bytes) => {
    const read = reader(...bytes);
    while (read.next());
    expect(read.bad).toBe(true);
  });

  test("also from within", () => {
    const outer = reader(10, 2, 8, 0x80, 16, 1);
    outer.next();
    outer.inner().next();
    expect([outer.bad, outer.next()]).toEqual([true, false]);
  });
});
