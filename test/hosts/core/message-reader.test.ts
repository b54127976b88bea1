/** Messages out of a stream: the same under every split, and bounded. */
import { expect, test } from "vitest";
import { MessageReader } from "../../../hosts/core/message-reader.ts";
import { frame } from "../../assembly/protobuf-writer.ts";

const MESSAGES = ["", "a", "second message", "x".repeat(300)];
const STREAM = Buffer.concat(MESSAGES.map((text) => frame(Buffer.from(text))));

function read(cuts: readonly number[]): string[] {
  const reader = new MessageReader(1024);
  const found: string[] = [];
  let from = 0;
  for (const to of [...cuts, STREAM.length]) {
    reader.push(STREAM.subarray(from, to));
    for (let next = reader.next(); next !== null; next = reader.next()) found.push(next.toString());
    from = to;
  }
  expect([reader.waiting, reader.fault]).toEqual([0, null]);
  return found;
}

test("every single cut, and every byte alone, give the same messages", () => {
  for (let at = 0; at <= STREAM.length; at++) expect(read([at])).toEqual(MESSAGES);
  expect(read(Array.from(STREAM.keys()))).toEqual(MESSAGES);
});

test.each([
  ["too_large", Buffer.from([0, 0, 0, 4, 1])],
  ["compressed", Buffer.from([1, 0, 0, 0, 1])],
])("what is %s is not read", (fault, bytes) => {
  const reader = new MessageReader(1024);
  reader.push(bytes);
  expect(reader.next()).toBeNull();
  expect(reader.fault).toBe(fault);
  reader.push(Buffer.from("more"));
  expect(reader.next()).toBeNull();
});

test("what waits costs what it weighs, not what it says that it will", () => {
  const reader = new MessageReader(1 << 30);
  reader.push(Buffer.from([0, 0x3f, 0, 0, 0, 1, 2, 3]));
  expect(reader.next()).toBeNull();
  expect(reader.waiting).toBe(8);
});
