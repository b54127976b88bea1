/** Held bytes: order, cost, budget; and the ends of messages under every split. */
import { describe, expect, test } from "vitest";
import { BodyHold, HoldBudget, MessageBoundary } from "../../../hosts/core/body-hold.ts";
import { createCounters } from "../../../hosts/dataplane/sidecar/counters.ts";

function bytesOf(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => i % 251));
}

describe("a hold", () => {
  test.each([1, 2, 7, 100, 2048, 4096, 5000, 65536])("returns chunks of %i bytes in order", (size) => {
    const body = bytesOf(70_000);
    const hold = new BodyHold();
    for (let at = 0; at < body.length; at += size) hold.push(body.subarray(at, at + size));
    expect(hold.size).toBe(body.length);
    expect(Buffer.concat(hold.takeAll()).equals(body)).toBe(true);
    expect(hold.size).toBe(0);
    expect(hold.takeAll()).toEqual([]);
  });

  test("gives its beginning and keeps the rest, also while it grows", () => {
    const body = bytesOf(20_000);
    const hold = new BodyHold();
    const taken: Buffer[] = [];
    for (let at = 0; at < body.length; at += 333) {
      hold.push(body.subarray(at, at + 333));
      taken.push(...hold.take(Math.min(200, hold.size)));
    }
    taken.push(...hold.takeAll());
    expect(Buffer.concat(taken).equals(body)).toBe(true);
  });

  test("does not keep what it returned in step with what comes later", () => {
    const hold = new BodyHold();
    hold.push(Buffer.from("first"));
    const [first] = hold.takeAll();
    hold.push(Buffer.from("other"));
    expect(first?.toString()).toBe("first");
  });

  test("makes few objects of many single bytes, and does not keep their buffers", () => {
    const hold = new BodyHold();
    const big = Buffer.allocUnsafeSlow(65536);
    for (let i = 0; i < 8192; i++) hold.push(big.subarray(i, i + 1));
    const blocks = hold.takeAll();
    expect(blocks.length).toBeLessThanOrEqual(3);
    expect(blocks.some((block) => block.buffer === big.buffer)).toBe(false);
  });

  test("keeps a chunk that fills its buffer as it is", () => {
    const hold = new BodyHold();
    const chunk = Buffer.allocUnsafeSlow(8192);
    hold.push(chunk);
    expect(hold.takeAll()[0]?.buffer).toBe(chunk.buffer);
  });
});

test("a budget gives what it has and counts it", () => {
  const counters = createCounters();
  const budget = new HoldBudget(counters, 100);
  expect([budget.take(60), budget.take(41), budget.take(40), budget.take(1)]).toEqual([true, false, true, false]);
  expect(counters.heldBytes).toBe(100);
  budget.give(60);
  expect(budget.take(60)).toBe(true);
});

describe("message boundaries", () => {
  const sizes = [0, 3, 0, 0, 300, 1];
  const messages = sizes.map((size) => Buffer.concat([Buffer.from([0, 0, 0, size >> 8, size & 255]), bytesOf(size)]));
  const body = Buffer.concat(messages);
  const ends: number[] = [];
  for (const size of sizes) ends.push((ends.at(-1) ?? 0) + 5 + size);

  test.each([1, 2, 3, 4, 5, 6, 7, 11, 100, 1000])("are the same in pieces of %i bytes", (piece) => {
    const boundary = new MessageBoundary();
    let seen = 0;
    for (let at = 0; at < body.length; at += piece) {
      const chunk = body.subarray(at, at + piece);
      const released = boundary.feed(chunk);
      const after = at + chunk.length;
      const last = ends.filter((end) => end <= after).at(-1) ?? 0;
      expect(released > 0).toBe(last > at);
      if (released > 0) expect(at + released).toBe(last);
      expect(boundary.unfinished).toBe(after - last);
      seen = after;
    }
    expect(seen).toBe(body.length);
  });
});
