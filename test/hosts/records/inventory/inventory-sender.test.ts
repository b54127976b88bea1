/** Sending: nothing is forgotten before the store has it, and a store that is away is told of once. */
import { expect, onTestFinished, test } from "vitest";
import { InventorySender } from "../../../../hosts/records/inventory/inventory-sender.ts";
import type { RecordSink, SinkAnswer } from "../../../../hosts/records/sink.ts";
import { Traffic } from "./stage.ts";

/** A store that answers as the test says, since a real one is neither away nor refuses at will. */
class ScriptedSink implements RecordSink {
  readonly batches: string[][] = [];
  readonly answer: (lines: readonly string[]) => SinkAnswer;

  constructor(answer: (lines: readonly string[]) => SinkAnswer) {
    this.answer = answer;
  }

  async send(batch: readonly Buffer[]): Promise<SinkAnswer> {
    const lines = batch.map(String);
    this.batches.push(lines);
    return this.answer(lines);
  }

  async close(): Promise<void> {}
}

const stored = (lines: readonly string[]): SinkAnswer => ({ kind: "stored", stored: lines.length, duplicates: 0 });

test("what is learned is sent by itself, and at the end", async () => {
  const traffic = new Traffic();
  const sink = new ScriptedSink(stored);
  const sender = new InventorySender(traffic.inventory, sink, () => {}, 5);
  onTestFinished(() => sender.close(0));
  traffic.send({ target: "/a" });
  await expect.poll(() => sink.batches.length, { timeout: 30_000 }).toBe(1);
  for (let i = 0; i < 3; i++) traffic.send({ target: "/b" });
  await sender.close(1000);
  expect(sink.batches.flat().some((line) => line.includes('"/b"'))).toBe(true);
  expect(traffic.lines()).toEqual([]);
});

test("a store that is away keeps nothing, and gets it all later", async () => {
  const traffic = new Traffic();
  let isAway = true;
  const notices: string[] = [];
  const sink = new ScriptedSink((lines) =>
    isAway ? { kind: "later", reason: "no answer", afterMs: 0 } : stored(lines),
  );
  const sender = new InventorySender(traffic.inventory, sink, ({ event }) => notices.push(event), 5);
  traffic.send({ target: "/a" });
  await expect.poll(() => notices, { timeout: 30_000 }).toEqual(["inventory_delayed"]);
  expect(traffic.lines().length).toBe(1);
  isAway = false;
  await sender.close(1000);
  expect(notices).toEqual(["inventory_delayed", "inventory_delivered"]);
  expect(traffic.lines()).toEqual([]);
});

test("one line that is refused holds up no other", async () => {
  const traffic = new Traffic();
  const sink = new ScriptedSink((lines) => {
    return lines.some((line) => line.includes('"/bad"')) ? { kind: "refused", reason: "no" } : stored(lines);
  });
  const sender = new InventorySender(traffic.inventory, sink, () => {}, 100_000);
  for (const target of ["/a", "/b", "/bad", "/c", "/d"]) traffic.send({ target });
  await sender.close(1000);
  expect(sender.rejected).toBe(1);
  expect(traffic.lines()).toEqual([]);
});
